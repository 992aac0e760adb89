// Package run holds a run as a value: a state machine with no goroutine,
// channel, lock, clock, input or output in it. The live loop, virtual time in
// tests and, one day, an engine for several machines drive the same machine.
package run

import (
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// An Outcome is how one attempt ended: what a Runner reports and what the
// machine decides on.
type Outcome struct {
	Ending    Ending
	ExitCode  int    // -1 unless Ending is Exited
	Signal    string // Signaled: the name, such as SIGSEGV
	Error     string // for a person; empty for an exit code 0
	StartedAt time.Time
	EndedAt   time.Time
	Duration  time.Duration // on the monotonic clock
	Truncated bool          // the captured output lacks its middle
	LogPath   string
	Warnings  []string     // what the user should know although the attempt is decided
	Reason    event.Reason // set where Ending does not say it, such as event.ReasonOutput; else empty
}

// Ending is how an attempt came to its end.
type Ending uint8

const (
	Exited     Ending = iota // by itself, with ExitCode
	Signaled                 // by a signal the engine did not send
	TimedOut                 // told to stop after its timeout, whatever it then exited with
	Stopped                  // told to stop by a cancel, whatever it then exited with
	NotStarted               // no process came to be; Error says why
	Broken                   // the engine could not carry it out to the end; Error says why
)
