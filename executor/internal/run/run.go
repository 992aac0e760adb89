// Package run holds a run as a value: a state machine with no goroutine,
// channel, lock, clock, input or output in it. The live loop, virtual time in
// tests and, one day, an engine for several machines drive the same machine.
//
// Serial, parallel and dependency order are one loop: a step is ready when the
// edges it waits for are met, ready steps start in file order, and a limit says
// how many at once. So are the instances of a foreach and the steps of an
// included runbook that one of them runs: they are blocks of nodes inside of a
// node, as the steps of the runbook are a block, and a node is ready while
// something inside of it is. What is decided nowhere else is decided here:
//
//   - Between two attempts a step is running, but holds no slot.
//   - An attempt that timed out is not retried unless retry.if says so; one that
//     the engine lost hold of never is.
//   - With stop_on_error a failure ends the retries of other steps too: one
//     between two attempts ends as its last attempt did.
//   - A step that ends as stopped although nobody cancelled the run cancels it.
//   - An attempt that ends by itself while it is being stopped counts as it
//     ended; only a retry does not follow.
//   - Handlers of on_failure that were never due stay pending and have no
//     event. A finally handler that may not run any more is skipped.
//   - Waiting for an approval or a lock is waiting, after which unless and
//     require are asked again; waiting for a slot is not.
//   - An expression before the first attempt that has no value fails the step
//     (expression), as a probe without an answer does (probe).
//   - A guard or a lock of a foreach that names the item is asked for each
//     instance, every other once, before the items are looked at. A probe names
//     the item where a variable or the folder of its step does.
//   - An empty foreach completes without asking for its approval.
//   - max_concurrency of a foreach counts items that were begun and have not
//     ended, also between two attempts and before their guards have answered;
//     that of a runbook counts attempts that run.
//   - A failed item that max_failures tolerates is told as tolerated. The next
//     one is a failure of the run at once, although the foreach ends only when
//     what was begun has ended. continue_on_error without max_failures tolerates
//     every item; with it, the foreach as a whole. A rejection is never
//     tolerated.
//   - A foreach of which nothing failed completes, also if all its items were
//     skipped as not wanted. If a failure elsewhere kept items from starting it
//     is skipped (stopped).
//   - A run that its own require or lock does not let begin runs no handlers: it
//     has done nothing, and without its lock another run may be at work. So does
//     one with such guards that is cancelled before its first attempt.
//   - A run that is paused lets go of its own lock, and takes it again before it
//     goes on; what it requires is not asked again once an attempt was started.
//   - An attempt that is known beforehand not to be able to start has no started
//     event; its step goes from pending to failed, or, with a retry, to retrying.
//   - Only steps of the runbook and of included ones are rolled back, handlers
//     are not, and neither is a step of which nothing ran. A rollback that completed is told by rolled_back.
//
// Answers to probes and held locks are not recorded. A machine that was told the
// events of a run asks again what led to no event, and goes on from approvals
// and expansions, which are recorded.
//
// The caller carries out effects in the order given. Of those that need care:
// a [Probe] runs in the background and without a slot, as many at a time as the
// caller likes; whatever happens [Probed] must follow, also after a [Stop] or
// [KillNow] with attempt 0, or the run does not end. A [Lock] is taken, and
// waited for, in the background; [Unlock] may come before its answer, and then
// also means that a lock taken meanwhile is to be let go of. [End] with the
// status paused ends the loop but not the run.
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
	LogLost   int          // bytes that the log lacks
	Warnings  []string     // what the user should know although the attempt is decided
	Reason    event.Reason // set where Ending does not say it: event.ReasonOutput, event.ReasonExpect; else empty
	Outputs   event.Values // those that may be recorded; they count where the attempt completes the step
	NoProcess bool         // Stopped: before a process came to be
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
