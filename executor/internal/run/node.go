package run

import (
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// node is what the events say about one step, one instance of a step, or one
// rollback.
type node struct {
	step       *plan.Step
	block      int32     // that it is in
	inner      int32     // the block of what is inside of it; 0: nothing yet
	id         uuid.UUID // zero until it is asked for
	status     event.Status
	reason     event.Reason
	tolerated  bool
	between    bool // running, but between two attempts
	passed     bool // of a serial block: it has ended, and so has all that it waits for
	counted    bool // among the failures of its block although it has not ended
	rolledBack bool
	waits      bool // for a lock, or did
	approval   approval
	told       uint8 // how its running attempt was asked to end; not recorded
	open       int32 // edges that are not met yet
	undone     int32 // its rollback; 0: none
	attempts   int
	before     int       // attempts before the run was resumed; they count for the numbers, not for retries
	idle       int       // further attempts of which nothing ran
	kept       bool      // ended before the run was resumed
	started    time.Time // the first attempt, or what is inside
	due        time.Time // between attempts: the next
	last       *ending   // of the last attempt that ended; nil: none did
	note       string    // why there is none
	outputs    event.Values
	job        *job  // nil for what is in the plan's own lists
	gate       *gate // not recorded; nil: its guards were not looked at yet
}

// job is what a node that came to be in the run has beside a step.
type job struct {
	id     string // step[key], or outer/inner
	top    int32  // the step of the runbook that it is inside of
	undoes int32  // of a rollback: the node; else -1
	index  int    // of an instance
	item   any    // of an instance
}

// approval is where the question of a step stands.
type approval uint8

const (
	unasked approval = iota
	requested
	granted
	rejected
)

// running reports whether an attempt of the node runs.
func (n *node) running() bool {
	return n.status == event.StatusRunning && !n.between && n.inner == 0
}

// ran reports whether anything of the node ran, or may have.
func (n *node) ran() bool { return n.attempts-n.before > n.idle || n.kept && n.attempts > 0 }

// failed reports whether the node ended in a failure that nothing tolerates.
func (n *node) failed() bool {
	return (n.status == event.StatusFailed || n.status == event.StatusTimeout) && !n.tolerated
}

// meetsNeeds reports whether what needs this node may run.
func (n *node) meetsNeeds() bool {
	switch n.status {
	case event.StatusCompleted:
		return true
	case event.StatusFailed, event.StatusTimeout:
		return n.tolerated
	case event.StatusSkipped:
		return n.reason != event.ReasonNeed && n.reason != event.ReasonStopped
	}
	return false
}

// meetsOrder reports whether what only comes after this node may run. One that
// ends as cancelled because it was so before the run was resumed is past.
func (n *node) meetsOrder() bool {
	return n.status.Ended() && n.status != event.StatusCancelled || n.kept
}

// index is where a node is kept.
func (m *Machine) index(n Node) (int, bool) {
	if n.Phase == event.Rollback {
		n.Phase = event.Main
		i, ok := m.index(n)
		if !ok || m.nodes[i].undone == 0 {
			return 0, false
		}
		return int(m.nodes[i].undone), true
	}
	for s, phase := range phases {
		if phase != n.Phase || n.Index < 0 || n.Index >= len(m.plan.Phase(string(phase))) {
			continue
		}
		i := m.first[s] + n.Index
		if n.Job == 0 {
			return i, true
		}
		j := m.static + n.Job - 1
		return j, n.Job > 0 && j < len(m.nodes) && m.nodes[j].job.undoes < 0 && int(m.nodes[j].job.top) == i
	}
	return 0, false
}

func (m *Machine) node(i int) Node {
	top, number := i, 0
	if j := m.nodes[i].job; j != nil {
		if j.undoes >= 0 {
			n := m.node(int(j.undoes))
			n.Phase = event.Rollback
			return n
		}
		top, number = int(j.top), i-m.static+1
	}
	s := m.stageOf(top)
	return Node{Phase: phases[s], Index: top - m.first[s], Job: number}
}

// stageOf is the part of the run that a node belongs to.
func (m *Machine) stageOf(i int) stage {
	if j := m.nodes[i].job; j != nil {
		if j.undoes >= 0 {
			return rollback
		}
		i = int(j.top)
	}
	switch {
	case i < m.first[onFailure]:
		return main
	case i < m.first[finally]:
		return onFailure
	}
	return finally
}

func (m *Machine) phase(i int) event.Phase { return phases[m.stageOf(i)] }

func (m *Machine) stepID(i int) string {
	if j := m.nodes[i].job; j != nil {
		return j.id
	}
	return m.nodes[i].step.ID
}

// Step is what the plan says of a node; nil: there is no such node.
func (m *Machine) Step(n Node) *plan.Step {
	if i, ok := m.index(n); ok {
		return m.nodes[i].step
	}
	return nil
}

// StepID is the id of a node: as in the runbook, step[key] for an instance,
// outer/inner for a step of an included runbook. That of a rollback is that of
// the step it undoes.
func (m *Machine) StepID(n Node) string {
	if i, ok := m.index(n); ok {
		return m.stepID(i)
	}
	return ""
}

// Inner is what came to be inside a node: the instances of a step with foreach
// in the order of their items, or the steps of an included runbook in file
// order.
func (m *Machine) Inner(n Node) []Node {
	i, ok := m.index(n)
	if !ok || m.nodes[i].inner == 0 {
		return nil
	}
	k := &m.blocks[m.nodes[i].inner]
	list := make([]Node, k.size)
	for local := range list {
		list[local] = m.node(k.first + local)
	}
	return list
}

// Rollbacks is what the run undoes, in that order; nil before it comes to it.
func (m *Machine) Rollbacks() []Node {
	if m.stages[rollback] == 0 {
		return nil
	}
	k := &m.blocks[m.stages[rollback]]
	list := make([]Node, k.size)
	for local := range list {
		list[local] = m.node(k.first + local)
	}
	return list
}

// ExecutionID names a step of this run.
func (m *Machine) ExecutionID(n Node) uuid.UUID {
	i, ok := m.index(n)
	if !ok {
		return uuid.Nil
	}
	return m.executionID(i)
}

func (m *Machine) executionID(i int) uuid.UUID {
	n := &m.nodes[i]
	if n.id != uuid.Nil {
		return n.id
	}
	if m.options.ExecutionIDs != nil && n.job == nil {
		at := m.node(i)
		n.id = m.options.ExecutionIDs(at.Phase, at.Index)
	} else {
		n.id = uuid.NewSHA1(m.options.RunID, []byte(string(m.phase(i))+"/"+m.stepID(i)))
	}
	return n.id
}

// isInstance reports whether a node is one of a foreach.
func (m *Machine) isInstance(i int) bool { return m.blocks[m.nodes[i].block].kind == items }

// isLoop reports whether instances come to be inside a node.
func (m *Machine) isLoop(i int) bool {
	n := &m.nodes[i]
	return n.step.Foreach != nil && !m.isInstance(i) && !m.isRollback(i)
}

// isBody reports whether the steps of an included runbook come to be inside a
// node.
func (m *Machine) isBody(i int) bool {
	return m.nodes[i].step.Body != nil && !m.isLoop(i) && !m.isRollback(i)
}

func (m *Machine) isRollback(i int) bool {
	j := m.nodes[i].job
	return j != nil && j.undoes >= 0
}
