// Package run holds a run as a value: a state machine with no goroutine,
// channel, lock, clock, input or output in it. The live loop, virtual time in
// tests and, one day, an engine for several machines drive the same machine.
//
// Serial, parallel and dependency order are one loop: a step is ready when the
// edges it waits for are met, ready steps start in file order, and a limit says
// how many at once. What is decided nowhere else is decided here:
//
//   - Between two attempts a step is running, but holds no slot.
//   - An attempt that timed out, or that the engine lost hold of, is not retried.
//   - With stop_on_error a failure ends the retries of other steps too: one
//     between two attempts ends as its last attempt did.
//   - A step that ends as stopped although nobody cancelled the run cancels it.
//   - An attempt that ends by itself while it is being stopped counts as it
//     ended; only a retry does not follow.
//   - Handlers of on_failure that were never due stay pending and have no
//     event. A finally handler that may not run any more is skipped.
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
	Reason    event.Reason // set where Ending does not say it: event.ReasonOutput, event.ReasonExpect; else empty
	Outputs   event.Values // those that may be recorded; they count where the attempt completes the step
	RetryIf   *bool        // the answer of retry.if; nil: it was not asked
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
