package executor

import (
	"context"
	"io"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/process"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Runner carries out attempts. The engine's own starts a process on this
// machine for each; a test, or an engine for several machines, has another.
type Runner interface {
	// Run carries out one attempt and returns when it has ended. When ctx ends
	// it must end the attempt gracefully, and when a.Kill is closed at once.
	// Several calls run at the same time.
	Run(ctx context.Context, a Attempt) Outcome
}

// An Attempt is one try at one step, with every value known.
type Attempt struct {
	RunID       uuid.UUID
	ExecutionID uuid.UUID
	StepID      string
	Phase       event.Phase
	Number      int // from 1
	Invocation  plan.Invocation
	Env         []string        // the engine's own variables for this attempt, as NAME=value, on top of all others
	Kill        <-chan struct{} // closed: end it now

	// Stdout and Stderr take what the attempt writes, each from one goroutine,
	// and not after Run has returned. They do not fail and do not block for long.
	Stdout, Stderr io.Writer

	// spec is the process, where it was looked into before the attempt was
	// recorded as started.
	spec *process.Spec

	// open takes what the output goes to; nil: it is there. It is called right before the process starts; undo is for a start
	// that has to wait for descriptors, and must not hold any.
	open func() (undo func(), err error)
}

// An Outcome is how an attempt ended.
type Outcome = run.Outcome

// How an attempt came to its end.
const (
	Exited     = run.Exited
	Signaled   = run.Signaled
	TimedOut   = run.TimedOut
	Stopped    = run.Stopped
	NotStarted = run.NotStarted
	Broken     = run.Broken
)
