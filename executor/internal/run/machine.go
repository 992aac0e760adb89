package run

import (
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema/fragment"
)

// Options are what a run needs to know beside its plan.
type Options struct {
	RunID uuid.UUID

	// ExecutionIDs names the i-th step of a phase: steps, on_failure or finally.
	// Nil: derived from RunID and the step's id, the same each time, as those of
	// instances, of steps of included runbooks and of rollbacks always are.
	ExecutionIDs func(phase event.Phase, i int) uuid.UUID

	// Random shortens retry delays that have jitter. It returns numbers from 0
	// up to, but not including, 1. Nil: no jitter.
	Random func() float64

	// Only, From and Skip choose steps, by id. Only: these. From: these and what,
	// directly or not, waits for them. Both: either. Neither: all. Skip: of those,
	// all but these. The id of an included runbook stands for all its steps. A
	// step left out counts as met.
	Only, Skip, From []string

	// ApproveAll and Approved, ids of steps, are approvals given beforehand.
	// What they approve is recorded all the same, as by ApprovedBy.
	// Rejected, ids too, are refusals; they go before approvals.
	ApproveAll bool
	Approved   []string
	Rejected   []string
	ApprovedBy string

	// AwaitApprovals says that somebody is there to answer: the run waits for
	// [Approve] or [Reject], up to [Unattended], where it would pause.
	AwaitApprovals bool

	NoRollback bool // a failure undoes nothing

	// Durable says that the run may be resumed: its events tell what the steps
	// were made of.
	Durable bool

	// Memory is what the run has done before; nil: it is new. It is not changed.
	Memory *Memory

	// Rerun, Keep and MarkDone, ids of steps, decide what is to become of steps
	// that had an attempt before: to run again; to count as they ended although
	// they have changed; to count as done although they did not complete, with
	// Outputs. By says who decides.
	Rerun, Keep, MarkDone []string
	By                    string

	// Outputs are those, by step, of what is marked as done or left out.
	Outputs map[string]event.Values

	// Key is hashed with what the steps are made of, so that their fingerprints
	// tell nothing to those who do not know it.
	Key string

	// Holds returns the name of a secret that is in a value, and whether there is
	// one. What it says decides nothing but what is refused to be recorded. Nil: no
	// value holds one.
	Holds func(v any) (secret string, found bool)

	Undo bool   // only undo what the run has done
	Dir  string // run.dir
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
	static  int    // how many nodes are steps and handlers; later ones came to be in the run
	nodes   []node // steps, on_failure, finally, one after the other; then what came to be
	blocks  []block
	first   [over]int // the first static node of each stage

	state           // recorded
	memory  *Memory // recorded: what of the run before it was resumed still counts; nil: nothing
	queues          // follow from what is recorded
	gating          // not recorded: questions that are asked again where they were not answered
	effects []Effect
	now     time.Time

	// What is computed once, when first needed.
	byID   []int32            // static nodes in the order of their ids
	jobsBy map[jobName]int32  // the others
	names  map[*plan.Plan]ids // where expressions find steps
	states map[int32]plan.StepState
	params map[scopeKey]bound
	// fragments are the schemas of params of included runbooks, by their text.
	fragments map[string]*fragment.Fragment
	loops     map[*plan.Step]*loop
	graphs    map[*plan.Plan]graph
}

// A stage is the part of the run that may start attempts now.
type stage uint8

const (
	main stage = iota
	rollback
	onFailure
	finally
	over
)

var phases = [over]event.Phase{event.Main, event.Rollback, event.OnFailure, event.Finally}

// state is what the events say about the run as a whole.
type state struct {
	status        event.Status
	began         bool // an attempt was started
	startedAt     time.Time
	stage         stage
	stages        [over]int32 // the block of each; of rollback 0 until it comes to that
	stats         event.Stats
	order         []int32 // the nodes with a rollback that ran, or run, in the order in which they started
	failed        []int32 // steps of the runbook that failed and were not tolerated, in that order
	cutShort      int     // a step that was stopped although nobody cancelled the run; -1: none
	handlerFailed bool
	awaiting      int // nodes that wait for an approval
	cancelled     bool
	cancelledIn   stage // where the run stood then
	killed        bool
	signal        string       // that cancelled the run
	undoing       bool         // the run goes on only to undo what it has done
	broken        string       // why the engine could not go on; empty: it can
	refused       event.Reason // why the run may not begin; empty: it may
	refusal       string
}

// queues are nodes by what happens to them next.
type queues struct {
	leftOut indexSet // steps to skip because somebody said so
	running int      // attempts that run
	between int      // nodes between two attempts
	delays  delays
	work    work // blocks to look at
}

// New returns a run of p that has not begun. It does not change p. The edges of
// p are indexes into its steps, without cycles.
func New(p *plan.Plan, o Options) *Machine {
	total := len(p.Steps) + len(p.OnFailure) + len(p.Finally)
	m := &Machine{
		plan:    p,
		options: o,
		static:  total,
		nodes:   make([]node, 0, total),
		state: state{
			status:   event.StatusPending,
			cutShort: -1,
			stats:    event.Stats{Total: len(p.Steps)},
		},
	}
	m.run.closed = p.Lock != nil || len(p.Require) > 0
	m.await = o.AwaitApprovals
	for _, s := range []stage{main, onFailure, finally} {
		steps := p.Phase(string(phases[s]))
		m.first[s] = len(m.nodes)
		b := m.newBlock(inTurn, -1, len(steps))
		m.stages[s] = b
		for i := range steps {
			m.nodes = append(m.nodes, node{step: &steps[i], block: b, status: event.StatusPending, open: 1})
		}
		if s == main {
			k := &m.blocks[b]
			k.kind, k.graph, k.limit, k.stops = byEdges, newGraph(steps), p.MaxConcurrency, p.StopOnError
			k.serial = p.Strategy == plan.Serial
			for i := range steps {
				m.nodes[i].open = int32(len(steps[i].Needs) + len(steps[i].After))
			}
		}
		m.work.add(b)
	}
	m.addGates(m.stages[main], p, "", -1)
	if len(o.Only)+len(o.Skip)+len(o.From) > 0 {
		m.leaveOut()
	}
	if o.Memory != nil {
		m.memory = o.Memory.clone()
		m.forgetUndone()
	}
	return m
}

// Status is where the run stands: pending, running, paused, interrupted where a
// step needs a decision, or how it ended.
func (m *Machine) Status() event.Status { return m.status }

// Done reports whether the machine has come to rest: the run has ended or, as
// Status tells, is paused.
func (m *Machine) Done() bool { return m.status.Ended() || m.rests() }

// rests reports whether the run waits for somebody outside.
func (m *Machine) rests() bool {
	return m.status == event.StatusPaused || m.status == event.StatusInterrupted
}

// Stats counts the steps that have ended, handlers left out. A step with foreach
// is one.
func (m *Machine) Stats() event.Stats { return m.stats }

// Failure is the step whose failure decided the run: the first one that nothing
// tolerated. Of a step with foreach or of an included runbook it is the instance
// or the step inside.
func (m *Machine) Failure() (Node, bool) {
	i := m.failure()
	if i < 0 {
		return Node{}, false
	}
	return m.node(m.cause(i)), true
}

// HandlerFailed reports whether a handler or a rollback failed that was not
// allowed to. The status of the run does not tell.
func (m *Machine) HandlerFailed() bool { return m.handlerFailed }

// EngineError is what ended the run where the engine itself could not go on;
// else it is empty.
func (m *Machine) EngineError() string { return m.broken }

// CancelledIn is the part of the run that a cancel met; false: there was none,
// or it came when nothing was left to end.
func (m *Machine) CancelledIn() (event.Phase, bool) {
	if !m.cancelled || m.cancelledIn == over {
		return event.Main, false
	}
	return phases[m.cancelledIn], true
}

// Refused is why the run could not begin: event.ReasonRequire, ReasonProbe,
// ReasonExpression or ReasonLock, and a message; empty: it could.
func (m *Machine) Refused() (event.Reason, string) { return m.refused, m.refusal }

// NodeStatus is where a step stands. It is running between two attempts too, and
// while instances or steps inside of it have not ended. A handler whose turn
// never came stays pending.
func (m *Machine) NodeStatus(n Node) event.Status {
	i, ok := m.index(n)
	if !ok {
		return event.StatusUnknown
	}
	return m.nodes[i].status
}

// RolledBack reports whether the step was undone.
func (m *Machine) RolledBack(n Node) bool {
	i, ok := m.index(n)
	return ok && m.nodes[i].rolledBack
}

// Outputs are what a completed step was recorded to have put out. The map is the
// machine's own. That of a step with foreach is empty; see [Machine.Scope].
func (m *Machine) Outputs(n Node) event.Values {
	i, ok := m.index(n)
	if !ok {
		return nil
	}
	return m.nodes[i].outputs
}

// Result is what is known of a step: how it ended, or how its last attempt did.
func (m *Machine) Result(n Node) event.Result {
	i, ok := m.index(n)
	if !ok {
		return event.Result{ExitCode: -1}
	}
	at := &m.nodes[i]
	var r event.Result
	if at.last != nil {
		r = m.lastResult(i)
	} else {
		r = event.Result{ID: m.executionID(i), StepID: m.stepID(i), Phase: m.phase(i), ExitCode: -1, Error: at.note}
		if at.attempts > 0 {
			r.StartedAt = at.started.UTC()
		}
	}
	r.Status, r.Reason, r.Attempts = at.status, at.reason, at.attempts
	return r
}

// maxCurrent keeps what is said about a run with thousands of steps at once
// readable.
const maxCurrent = 10

// Running is the ids of the steps that have started and not ended, in file
// order, the first ten at most. One between two attempts is among them; in
// place of a step with foreach are its instances.
func (m *Machine) Running() []string {
	if m.stage == over {
		return nil
	}
	return m.current(nil, m.stages[m.stage])
}

func (m *Machine) current(list []string, b int32) []string {
	k := &m.blocks[b]
	for local := range k.active.all {
		if len(list) == maxCurrent {
			break
		}
		if i := k.first + local; m.nodes[i].inner != 0 {
			list = m.current(list, m.nodes[i].inner)
		} else {
			list = append(list, m.stepID(i))
		}
	}
	return list
}

// Waiting is what waits for an approval, in the order of the runbook.
func (m *Machine) Waiting() []Node {
	var list []Node
	for i := 0; m.awaiting > len(list) && i < len(m.nodes); i++ {
		if m.nodes[i].approval == requested && !m.nodes[i].status.Ended() {
			list = append(list, m.node(i))
		}
	}
	return list
}

// WantsSlot reports whether an attempt could start if there was a slot for it.
func (m *Machine) WantsSlot() bool {
	return m.status == event.StatusRunning && m.stage < over && !m.run.closed && m.blocks[m.stages[m.stage]].wants()
}

// Next is the attempt that a [SlotFree] of the same moment would start, unless
// its time is over; false: none. Where it is known that it cannot start,
// [Finished] says so in place of [SlotFree].
func (m *Machine) Next(now time.Time) (n Node, attempt int, ok bool) {
	m.now = now
	m.wake()
	if !m.WantsSlot() {
		return Node{}, 0, false
	}
	i := m.nextReady()
	return m.node(i), m.nextAttempt(i), true
}

// NextTick is when a step's next attempt falls due; false: none is waiting.
func (m *Machine) NextTick() (time.Time, bool) {
	m.dropStaleDelays()
	if len(m.delays) == 0 {
		return time.Time{}, false
	}
	return m.delays[0].due, true
}
