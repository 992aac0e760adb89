package run

import (
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// Options are what a run needs to know beside its plan.
type Options struct {
	RunID uuid.UUID

	// ExecutionIDs names the i-th step of a phase. Nil: derived from RunID and
	// the step's id, the same each time.
	ExecutionIDs func(phase event.Phase, i int) uuid.UUID

	// Random shortens retry delays that have jitter. It returns numbers from 0
	// up to, but not including, 1. Nil: no jitter.
	Random func() float64
}

// A Machine is one run of a plan. Inputs go in through [Machine.Handle], which
// answers with effects to carry out. Everything it decides is an event first:
// [Machine.Apply] is the only writer of the state of the run, so that a machine
// made anew and given the same events is in the same state.
//
// It has no goroutine, lock, clock, input or output; its owner calls it from
// one goroutine at a time.
type Machine struct {
	plan    *plan.Plan
	options Options
	graph   graph  // of the steps; handlers wait for the one before them
	nodes   []node // steps, on_failure, finally: one after the other
	first   [over + 1]int

	state           // recorded
	queues          // follow from what is recorded
	byID    []int32 // nodes in the order of their ids; nil until an event is looked up
	told    []uint8 // how each node's running attempt was asked to end; not recorded
	now     time.Time
	effects []Effect
}

// A stage is the part of the run that may start attempts now.
type stage uint8

const (
	main stage = iota
	onFailure
	finally
	over
)

var phases = [over]event.Phase{event.Main, event.OnFailure, event.Finally}

// state is what the events say about the run as a whole.
type state struct {
	status        event.Status
	stage         stage
	left          [over]int // nodes of each stage that have not ended
	stats         event.Stats
	failure       int // the first failure that nothing tolerates; -1: none
	failures      int // how many of them
	cutShort      int // a step that was stopped although nobody cancelled the run; -1: none
	handlerFailed bool
	cancelled     bool
	killed        bool
	signal        string // that cancelled the run
	broken        string // why the engine could not go on; empty: it can
}

// queues are nodes by what happens to them next.
type queues struct {
	ready   indexSet // may start now
	doomed  indexSet // pending, and need what did not complete
	active  indexSet // have started and not ended
	running int      // attempts that run: the active ones that are not between two attempts
	delays  delays
}

// node is what the events say about one step.
type node struct {
	id        uuid.UUID // zero until it is asked for
	status    event.Status
	reason    event.Reason
	tolerated bool
	between   bool  // running, but between two attempts
	open      int32 // edges that are not met yet
	attempts  int
	started   time.Time     // the first attempt
	due       time.Time     // between attempts: the next
	result    *event.Result // of the last attempt that ended
	note      string        // why there is no result
}

// New returns a run of p that has not begun. It does not change p. The edges of
// p are indexes into its steps, without cycles.
func New(p *plan.Plan, o Options) *Machine {
	total := len(p.Steps) + len(p.OnFailure) + len(p.Finally)
	m := &Machine{
		plan:    p,
		options: o,
		graph:   newGraph(p.Steps),
		nodes:   make([]node, total),
		told:    make([]uint8, total),
		first:   [over + 1]int{0, len(p.Steps), len(p.Steps) + len(p.OnFailure), total},
		state: state{
			status:   event.StatusPending,
			failure:  -1,
			cutShort: -1,
			left:     [over]int{len(p.Steps), len(p.OnFailure), len(p.Finally)},
			stats:    event.Stats{Total: len(p.Steps)},
		},
		queues: queues{
			ready:  newIndexSet(total),
			doomed: newIndexSet(total),
			active: newIndexSet(total),
		},
	}
	for i := range m.nodes {
		m.nodes[i].status = event.StatusPending
		m.nodes[i].open = 1 // a handler: the one before it, or its stage
		if i < len(p.Steps) {
			m.nodes[i].open = int32(len(p.Steps[i].Needs) + len(p.Steps[i].After))
		}
	}
	return m
}

// Status is where the run stands: pending, running, or how it ended.
func (m *Machine) Status() event.Status { return m.status }

// Done reports whether the run has ended.
func (m *Machine) Done() bool { return m.status.Ended() }

// Stats counts the steps that have ended, handlers left out.
func (m *Machine) Stats() event.Stats { return m.stats }

// Failure is the step whose failure decided the run: the first one that nothing
// tolerated.
func (m *Machine) Failure() (Node, bool) {
	if m.failure < 0 {
		return Node{}, false
	}
	return m.node(m.failure), true
}

// HandlerFailed reports whether a handler failed that was not allowed to. The
// status of the run does not tell.
func (m *Machine) HandlerFailed() bool { return m.handlerFailed }

// EngineError is what ended the run where the engine itself could not go on;
// else it is empty.
func (m *Machine) EngineError() string { return m.broken }

// NodeStatus is where a step stands. It is running between two attempts too. A
// handler whose turn never came stays pending.
func (m *Machine) NodeStatus(n Node) event.Status {
	i, ok := m.index(n)
	if !ok {
		return event.StatusUnknown
	}
	return m.nodes[i].status
}

// Result is what is known of a step: how it ended, or how its last attempt did.
func (m *Machine) Result(n Node) event.Result {
	i, ok := m.index(n)
	if !ok {
		return event.Result{ExitCode: -1}
	}
	at := &m.nodes[i]
	var r event.Result
	if at.result != nil {
		r = *at.result
	} else {
		r = event.Result{ID: m.executionID(i), StepID: m.step(i).ID, Phase: n.Phase, ExitCode: -1, Error: at.note}
		if at.attempts > 0 {
			r.StartedAt = at.started.UTC()
		}
	}
	r.Status, r.Reason, r.Attempts = at.status, at.reason, at.attempts
	return r
}

// ExecutionID names a step of this run.
func (m *Machine) ExecutionID(n Node) uuid.UUID {
	i, ok := m.index(n)
	if !ok {
		return uuid.Nil
	}
	return m.executionID(i)
}

// maxCurrent keeps what is said about a run with thousands of steps at once
// readable.
const maxCurrent = 10

// Running is the ids of the steps that have started and not ended, in file
// order, the first ten at most. One between two attempts is among them.
func (m *Machine) Running() []string {
	var ids []string
	for i := range m.active.all {
		if len(ids) == maxCurrent {
			break
		}
		ids = append(ids, m.step(i).ID)
	}
	return ids
}

// WantsSlot reports whether an attempt could start if there was a slot for it.
func (m *Machine) WantsSlot() bool {
	if m.ready.size == 0 || m.Done() {
		return false
	}
	limit := m.plan.MaxConcurrency
	return m.stage != main || limit <= 0 || m.running < limit
}

// NextTick is when a step's next attempt falls due; false: none is waiting.
func (m *Machine) NextTick() (time.Time, bool) {
	m.dropStaleDelays()
	if len(m.delays) == 0 {
		return time.Time{}, false
	}
	return m.delays[0].due, true
}

// index is where a node is kept.
func (m *Machine) index(n Node) (int, bool) {
	for s, phase := range phases {
		if phase == n.Phase {
			i := m.first[s] + n.Index
			return i, n.Index >= 0 && i < m.first[s+1]
		}
	}
	return 0, false
}

func (m *Machine) node(i int) Node {
	s := m.stageOf(i)
	return Node{Phase: phases[s], Index: i - m.first[s]}
}

func (m *Machine) stageOf(i int) stage {
	switch {
	case i < m.first[onFailure]:
		return main
	case i < m.first[finally]:
		return onFailure
	}
	return finally
}

func (m *Machine) step(i int) *plan.Step {
	s := m.stageOf(i)
	switch k := i - m.first[s]; s {
	case main:
		return &m.plan.Steps[k]
	case onFailure:
		return &m.plan.OnFailure[k]
	default:
		return &m.plan.Finally[k]
	}
}

func (m *Machine) executionID(i int) uuid.UUID {
	n := &m.nodes[i]
	if n.id != uuid.Nil {
		return n.id
	}
	at := m.node(i)
	if m.options.ExecutionIDs != nil {
		n.id = m.options.ExecutionIDs(at.Phase, at.Index)
	} else {
		n.id = uuid.NewSHA1(m.options.RunID, []byte(string(at.Phase)+"/"+m.step(i).ID))
	}
	return n.id
}
