// Package event defines what a run reports while it happens: one flat record,
// the same for consoles, files, journals and library users.
//
// The package imports nothing else of this module, so every reader of a run can
// depend on it without depending on the engine.
package event

import (
	"time"

	"github.com/google/uuid"
)

// Type says what happened. The set may grow; readers should ignore a type they
// do not know.
type Type string

const (
	RunStarted    Type = "run_started"    // the first event of a run
	RunCancelling Type = "run_cancelling" // nothing new starts; Reason where nobody asked for it; a second one with ReasonKilled: what runs is killed
	RunPaused     Type = "run_paused"     // only what waits for an approval, or with ReasonUndecided for a decision, is left; the run can be resumed
	RunResumed    Type = "run_resumed"    // a run goes on; with ReasonRollback only to undo what it has done; By
	RunCompleted  Type = "run_completed"  // the last event of a run, whatever its Status
	Expanded      Type = "expanded"       // the instances of a step with foreach are known: Items; or those steps of an included runbook that one of them runs
	Waiting       Type = "waiting"        // for Lock, which Holder has, as long as Delay at most
	Started       Type = "started"        // an attempt is about to start; Command
	Stdout        Type = "stdout"         // one line; Line or DataB64
	Stderr        Type = "stderr"         // one line; Line or DataB64
	Retrying      Type = "retrying"       // the attempt failed and another follows after Delay; Result
	Completed     Type = "completed"      // Result
	Failed        Type = "failed"         // Result, Error, Reason
	Cancelled     Type = "cancelled"      // Result when an attempt had started
	Timeout       Type = "timeout"        // Result, Error
	Skipped       Type = "skipped"        // Reason
	RolledBack    Type = "rolled_back"    // the step's rollback has completed
	Interrupted   Type = "interrupted"    // the engine died while an attempt ran; what became of it is not known
	Reset         Type = "reset"          // resume runs the step again, or all that is in it; Message says why
	Progress      Type = "progress"       // Completed, Total, Current
	Warning       Type = "warning"        // Message
	Dropped       Type = "dropped"        // Count output lines, progress events or warnings this handler did not get

	ApprovalRequested Type = "approval_requested" // Message is the question; Count is of the instances it is about, 0 without foreach
	ApprovalGranted   Type = "approval_granted"   // By
	ApprovalRejected  Type = "approval_rejected"  // By, Message; a failure of the step follows
)

// An Event is one thing that happened. Fields that do not apply are zero and
// are left out of the JSON form. A handler may keep an Event; nothing in it is
// changed after it was delivered.
type Event struct {
	Type        Type      `json:"event_type"`
	RunID       uuid.UUID `json:"run_id"`
	Seq         uint64    `json:"seq"`                   // 1, 2, 3 … over all events of an engine
	Timestamp   time.Time `json:"timestamp"`             // UTC
	ExecutionID uuid.UUID `json:"execution_id,omitzero"` // one step of one run; the same for all its attempts
	StepID      string    `json:"step_id,omitempty"`     // as written in the runbook; step[key] for an instance, outer/inner for a step of an included runbook
	Attempt     int       `json:"attempt,omitempty"`     // from 1
	Phase       Phase     `json:"phase,omitempty"`       // empty: one of the runbook's steps

	Name      string   `json:"name,omitempty"`      // run_started: the runbook's name; started: the step's, if it has one
	Command   []string `json:"command,omitempty"`   // started: program and arguments
	Lead      int      `json:"lead,omitempty"`      // started: how many words of Command come before what the runbook says: a shell or interpreter and its options
	Line      string   `json:"line,omitempty"`      // stdout, stderr: the line without its newline; written even when empty, unless DataB64 is there
	DataB64   string   `json:"data_b64,omitempty"`  // stdout, stderr: the line where it is not UTF-8
	Partial   bool     `json:"partial,omitempty"`   // stdout, stderr: the line goes on in the next event
	Result    *Result  `json:"result,omitempty"`    // how the step, or this attempt of it, ended
	Status    Status   `json:"status,omitzero"`     // run_completed: of the whole run
	Stats     *Stats   `json:"stats,omitempty"`     // run_completed
	Error     string   `json:"error,omitempty"`     // what went wrong, for a person
	Reason    Reason   `json:"reason,omitempty"`    // what went wrong, for a program
	Tolerated bool     `json:"tolerated,omitempty"` // failed, timeout: continue_on_error says go on
	Message   string   `json:"message,omitempty"`   // warning, skipped, run_cancelling: for a person
	Delay     Duration `json:"delay,omitempty"`     // retrying: until the next attempt; waiting: at most
	Signal    string   `json:"signal,omitempty"`    // run_cancelling: SIGINT, SIGTERM, SIGHUP; empty: by the library
	Done      int      `json:"completed,omitempty"` // progress: steps that have ended
	Total     int      `json:"total,omitempty"`     // run_started, progress: steps of the run, handlers left out, foreach counted once
	Current   []string `json:"current,omitempty"`   // progress: ids of the steps that run now
	Count     int      `json:"count,omitempty"`     // dropped, approval_requested
	Outputs   Values   `json:"outputs,omitempty"`   // completed: without the secret ones
	Items     []Item   `json:"items,omitempty"`     // expanded: in order
	Lock      string   `json:"lock,omitempty"`      // waiting: the name
	Holder    string   `json:"holder,omitempty"`    // waiting: who has the lock, for a person
	By        string   `json:"by,omitempty"`        // approval_granted, approval_rejected, run_cancelling, run_resumed, and what was decided by hand: who did
	Kept      bool     `json:"kept,omitempty"`      // it holds from before the run was resumed, and was not done again

	// Fingerprint is what the step was, a hash for each part of it: started,
	// approval_requested, completed where Kept. A resume compares it. That of
	// run_started and run_resumed is of the files the run is kept in.
	Fingerprint Fingerprint `json:"fingerprint,omitempty"`
}

// Phase says which part of a runbook a step belongs to.
type Phase string

const (
	Main      Phase = ""
	Rollback  Phase = "rollback" // undoes the step whose id it has
	OnFailure Phase = "on_failure"
	Finally   Phase = "finally"
)

// Reason says why a step failed or was skipped, in a word that does not change.
type Reason string

const (
	ReasonExit    Reason = "exit"    // an exit code that success_exit_codes does not hold
	ReasonSignal  Reason = "signal"  // killed by a signal the engine did not send
	ReasonStart   Reason = "start"   // the process could not be started
	ReasonTimeout Reason = "timeout" // timeout: told to stop after its time
	ReasonOutput  Reason = "output"  // its stdout file could not be written, or an output is missing or not allowed
	ReasonExpect  Reason = "expect"  // the exit code was right, but expect does not hold

	ReasonRequire    Reason = "require"    // a require does not hold; Error is its message
	ReasonProbe      Reason = "probe"      // a probe could not be asked, so nobody knows
	ReasonExpression Reason = "expression" // an expression before the first attempt has no value
	ReasonForeach    Reason = "foreach"    // its items are not a list, too many, or have keys that cannot be told apart
	ReasonRejected   Reason = "rejected"   // somebody said no; nothing tolerates it
	ReasonSecret     Reason = "secret"     // of a run that may not begin: a secret cannot be had
	ReasonLock       Reason = "lock"       // somebody else holds its lock

	ReasonIf        Reason = "if"        // skipped: not wanted
	ReasonUnless    Reason = "unless"    // skipped: already done
	ReasonLeftOut   Reason = "left_out"  // skipped: by --only, --skip or --from
	ReasonNeed      Reason = "need"      // skipped: a step it needs did not complete
	ReasonStopped   Reason = "stopped"   // skipped: stop_on_error after a failure elsewhere, or max_failures of its foreach
	ReasonCancelled Reason = "cancelled" // cancelled before or while it ran

	ReasonInterrupted Reason = "interrupted" // cancelled: it was interrupted before the run was resumed, and its turn did not come again
	ReasonMarkedDone  Reason = "marked_done" // completed: By somebody's word, not by an attempt
	ReasonUndecided   Reason = "undecided"   // run_paused: somebody must say what is to become of a step
	ReasonRollback    Reason = "rollback"    // run_resumed: to undo, not to go on

	ReasonKilled Reason = "killed" // run_cancelling: asked for again, so what runs is killed and no handler starts
	ReasonEngine Reason = "engine" // run_cancelling, run_completed, failed: the engine itself could not go on; Error
)

// EventHandler receives the events of an engine, in Seq order, from one
// goroutine of its own behind a bounded queue: a slow handler delays no step.
// Output lines, progress and warnings that it cannot keep up with are dropped for
// it and counted in a dropped event; state events are never dropped. A handler that
// panics gets no further events.
type EventHandler interface {
	OnEvent(Event)
}
