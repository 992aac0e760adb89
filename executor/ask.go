package executor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/internal/output"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// probeTimeout is how long a probe may take to answer.
const probeTimeout = 30 * time.Second

// An answer is what a command that only reads said. It is kept in memory: no
// log and no handler gets its output.
type answer struct {
	out            Outcome
	stdout, stderr string
	truncated      bool // stdout or stderr lacks its middle
}

// ask runs a command that is not a step: a probe, or a program that prints a
// secret.
func (r *liveRun) ask(ctx context.Context, inv plan.Invocation) answer {
	var stdout, stderr output.Capture
	out := r.engine.runner.Run(ctx, Attempt{
		RunID:      r.id,
		Number:     1,
		Invocation: inv,
		Env:        r.variables[:],
		Stdout:     &stdout,
		Stderr:     &stderr,
	})
	return answer{out: out, stdout: stdout.String(), stderr: stderr.String(), truncated: stdout.Truncated() || stderr.Truncated()}
}

// attempt is what expressions can read of it.
func (a *answer) attempt() *plan.Attempt {
	return &plan.Attempt{
		Stdout: strings.TrimRight(a.stdout, "\r\n"), StdoutTruncated: a.truncated,
		Stderr: strings.TrimRight(a.stderr, "\r\n"), StderrTruncated: a.truncated,
		ExitCode: a.out.ExitCode, HasExit: a.out.Ending == Exited,
	}
}

// newProbe is what a probe needs of the machine. The loop calls it.
func (r *liveRun) newProbe(p run.Probe) *probe {
	q := &probe{Probe: p.Probe}
	q.scope = r.scopeOf(func(h run.Hidden) (scope *plan.Scope) {
		q.step, scope = r.machine.Asker(p.Node, p.Which, h)
		return scope
	})
	return q
}

// A probe is a question of a step, or of the run.
type probe struct {
	*plan.Probe
	step  *plan.Step
	scope *plan.Scope
}

// probe asks a question. No answer is not an answer: it is an error.
func (r *liveRun) probe(ctx context.Context, p *probe) (yes bool, err error) {
	inv, err := p.step.ProbeInvocation(p.Probe, p.scope)
	if err != nil {
		return false, err
	}
	inv.Timeout = probeTimeout
	a := r.ask(ctx, inv)
	switch {
	case a.out.Ending == TimedOut:
		return false, fmt.Errorf("the probe did not end within %v", probeTimeout)
	case a.out.Ending != Exited:
		return false, fmt.Errorf("the probe gave no answer: %s", a.out.Error)
	case a.out.ExitCode != 0 || p.Expect == nil:
		return a.out.ExitCode == 0, nil
	}
	scope := *p.scope
	scope.Attempt = a.attempt()
	if yes, err = truth(p.Expect, &scope); err != nil {
		return false, fmt.Errorf("expect: %w", err)
	}
	return yes, nil
}
