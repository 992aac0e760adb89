package run

import (
	"github.com/cloudops-run/runbook/executor/event"
)

// A Node names a step of the run: Index is its place in plan.Phase(string(Phase)).
type Node struct {
	Phase event.Phase
	Index int
}

// An Input is something that happened outside the machine: one of [Begin],
// [SlotFree], [Finished], [Tick], [Cancel], [Kill] and [Abort].
type Input interface{ input() }

// Begin starts the run. A machine that was brought up to date by Apply gets it
// too and goes on from there.
type Begin struct{}

// SlotFree says that a slot for one attempt was acquired. At most one [Start]
// comes back; where none comes the slot is not wanted any more.
type SlotFree struct{}

// Finished says that an attempt has ended. One that does not run, or not any
// more, is ignored.
type Finished struct {
	Node    Node
	Attempt int
	Outcome Outcome
}

// Tick says that the time of [Machine.NextTick] may have come.
type Tick struct{}

// Cancel asks for an orderly end: running attempts are stopped, what waits is
// cancelled, and the finally handlers run. During finally it changes only how
// the run ends. A second one is ignored; see [Kill].
type Cancel struct {
	Signal  string // such as SIGINT; empty: not by a signal
	Message string
}

// Kill asks for the quickest end that is still written down: what runs is
// killed and no handler starts any more.
type Kill struct{}

// Abort says that the engine cannot go on, such as when its journal cannot be
// written. Running attempts are stopped, no handler starts, and the run ends
// with this error.
type Abort struct{ Error string }

func (Begin) input()    {}
func (SlotFree) input() {}
func (Finished) input() {}
func (Tick) input()     {}
func (Cancel) input()   {}
func (Kill) input()     {}
func (Abort) input()    {}

// An Effect is something the caller must do, in the order given: one of
// [Record], [Start], [Stop], [KillNow] and [End].
type Effect interface{ effect() }

// Record is an event to write down before any later effect is carried out. The
// machine has applied it already. Seq, and Command of a started event, are the
// caller's to fill.
type Record struct{ event.Event }

// Start says to carry out an attempt, and to send [Finished] when it has ended.
type Start struct {
	Node    Node
	Attempt int // from 1
}

// Stop says to end an attempt gracefully. An attempt gets it once at most.
type Stop struct {
	Node    Node
	Attempt int
}

// KillNow says to end an attempt at once. It may follow a [Stop].
type KillNow struct {
	Node    Node
	Attempt int
}

// End follows the last record: no input has any effect from here on.
type End struct{}

func (Record) effect()  {}
func (Start) effect()   {}
func (Stop) effect()    {}
func (KillNow) effect() {}
func (End) effect()     {}
