package run

import (
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Node names a step of the run, or something inside of one. A rollback has the
// Node of what it undoes, but for Phase.
type Node struct {
	Phase event.Phase
	Index int // its place in plan.Phase(string(Phase)); of a rollback, in plan.Steps
	Job   int // 0: the step itself; from 1: an instance, or a step of an included runbook; see [Machine.Inner]
}

// Itself stands for the run as a whole, which has guards and a lock of its own.
var Itself = Node{Phase: "run"}

// Which says which guard of a node a probe belongs to.
type Which string

const (
	If      Which = "if"
	Unless  Which = "unless"
	Require Which = "require"
)

// An Input is something that happened outside the machine: one of [Begin],
// [SlotFree], [Finished], [Probed], [Locked], [LockWaits], [LockBusy],
// [Approve], [Reject], [Unattended], [Tick], [Cancel], [Kill] and [Abort].
type Input interface{ input() }

// Begin starts the run. A machine that was brought up to date by Apply gets it
// too and goes on from there.
type Begin struct{}

// Refuse, in place of [Begin], says that the run may not begin: what it needs
// before its first step is not there. No handler runs.
type Refuse struct {
	Reason event.Reason
	Error  string
}

// SlotFree says that a slot for one attempt was acquired. At most one [Start]
// comes back; where none comes the slot is not wanted any more.
type SlotFree struct{}

// Finished says that an attempt has ended, or, in place of [SlotFree], that the
// one of [Machine.Next] cannot start: NotStarted. Any other that does not run,
// or not any more, is ignored.
type Finished struct {
	Node    Node
	Attempt int
	Outcome Outcome
}

// Probed is the answer to a [Probe]. One that nobody waits for is ignored.
type Probed struct {
	Node  Node
	Which Which
	Index int    // of the guard, as asked
	Yes   bool   // the exit code was 0 and expect holds
	Error string // why there is no answer; empty: Yes is the answer
}

// Locked says that the lock asked for by [Lock] is held.
type Locked struct{ Node Node }

// LockWaits says that somebody else has the lock and that it is waited for. It
// comes once at most, and before [Locked] or [LockBusy].
type LockWaits struct {
	Node   Node
	Holder string // for a person
}

// LockBusy says that somebody else has the lock and that the time to wait for
// it, if any, is over.
type LockBusy struct {
	Node   Node
	Holder string // for a person
	Error  string // the lock could not be asked for at all, and why; else empty
}

// Approve answers the question of a step that waits for an approval; of any
// other it is ignored. A paused run goes on.
type Approve struct {
	Node    Node
	By      string
	Message string
}

// Reject is the other answer: the step fails, and nothing tolerates it.
type Reject struct {
	Node    Node
	By      string
	Message string
}

// Unattended says that nobody will answer any more: see
// [Options.AwaitApprovals].
type Unattended struct{}

// Tick says that the time of [Machine.NextTick] may have come.
type Tick struct{}

// Cancel asks for an orderly end: running attempts are stopped, what waits is
// cancelled, and the finally handlers run. During finally it changes only how
// the run ends. A second one is ignored; see [Kill].
type Cancel struct {
	Signal  string // such as SIGINT; empty: not by a signal
	Message string
	By      string // who, for the record
}

// Kill asks for the quickest end that is still written down: what runs is
// killed and no handler starts any more.
type Kill struct{ By string }

// Abort says that the engine cannot go on, such as when its journal cannot be
// written. Nothing starts any more, no handler either; what runs comes to its own
// end, unless a [Cancel] or [Kill] follows; and the run ends with this error.
type Abort struct{ Error string }

func (Begin) input()      {}
func (Refuse) input()     {}
func (SlotFree) input()   {}
func (Finished) input()   {}
func (Probed) input()     {}
func (Locked) input()     {}
func (LockWaits) input()  {}
func (LockBusy) input()   {}
func (Approve) input()    {}
func (Reject) input()     {}
func (Unattended) input() {}
func (Tick) input()       {}
func (Cancel) input()     {}
func (Kill) input()       {}
func (Abort) input()      {}

// An Effect is something the caller must do, in the order given: one of
// [Record], [Start], [Stop], [KillNow], [Probe], [Lock], [Unlock] and [End].
type Effect interface{ effect() }

// Record is an event to write down before any later effect is carried out. The
// machine has applied it already. Seq, and Command of a started event, are the
// caller's to fill.
type Record struct{ *event.Event }

// Start says to carry out an attempt, and to send [Finished] when it has ended.
type Start struct {
	Node    Node
	Attempt int // from 1
}

// Stop says to end an attempt gracefully, or, where Attempt is 0, the probe that
// the node waits for. It gets it once at most. The [Probed] that follows may say
// anything; it must come.
type Stop struct {
	Node    Node
	Attempt int
}

// KillNow says to end an attempt at once. It may follow a [Stop].
type KillNow struct {
	Node    Node
	Attempt int
}

// Probe says to run a probe of a node and to send [Probed] when it has ended. It
// holds no slot; a caller with many of them may carry out a few at a time.
type Probe struct {
	Node  Node
	Which Which
	Index int // of the guard, where there are several
	Probe *plan.Probe
}

// Lock says to take a lock and to send [Locked], or, after waiting as long as
// Wait says, [LockBusy]; and [LockWaits] first where it has to wait. It must not
// block the caller. A node has one lock at most.
type Lock struct {
	Node Node
	Name string
	Wait time.Duration // 0: not at all
}

// Unlock says to let go of the node's lock, or to wait for it no longer, in
// which case nothing more is to be sent.
type Unlock struct{ Node Node }

// End follows the last record: no input has any effect from here on. That of a
// paused run, after which [Machine.Status] is event.StatusPaused, is different:
// an [Approve], [Reject], [Cancel], [Kill], [Abort] or [Begin] sets the machine
// going again, whether it is this one or another that was told the same events.
type End struct{}

func (Record) effect()  {}
func (Start) effect()   {}
func (Stop) effect()    {}
func (KillNow) effect() {}
func (Probe) effect()   {}
func (Lock) effect()    {}
func (Unlock) effect()  {}
func (End) effect()     {}
