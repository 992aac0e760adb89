package run

import (
	"slices"

	"github.com/cloudops-run/runbook/executor/event"
)

// handles reports whether what is there for a failure runs.
func (m *Machine) handles() bool {
	return m.failure() >= 0 && !m.cancelled && m.cutShort < 0 && m.broken == "" && m.refused == ""
}

// openRollbacks lines up what undoes the steps that ran, the last one to start
// first.
func (m *Machine) openRollbacks() {
	list := m.order
	if m.memory != nil {
		list = append(m.startedBefore(), m.order...)
	}
	if m.options.NoRollback && !m.undoing {
		list = nil
	}
	b := m.newBlock(inTurn, -1, len(list))
	m.stages[rollback] = b
	jobs := make([]job, len(list))
	for k := range list {
		undoes := list[len(list)-1-k]
		n := &m.nodes[undoes]
		jobs[k] = job{id: m.stepID(int(undoes)), top: undoes, undoes: undoes}
		n.undone = int32(len(m.nodes))
		m.nodes = append(m.nodes, node{step: n.step.Rollback, block: b, status: event.StatusPending, open: 1, job: &jobs[k]})
		m.know(len(m.nodes) - 1)
	}
}

// startedBefore is the nodes with a rollback that ran before the run was resumed,
// whatever has become of them since, but for those that were started again: in
// the order of their start.
func (m *Machine) startedBefore() []int32 {
	var list []int32
	for i := range m.nodes {
		n := &m.nodes[i]
		if n.step.Rollback != nil && m.stageOf(i) == main && !m.startedNow(i) && m.memory.ran[m.stepID(i)] > 0 {
			list = append(list, int32(i))
		}
	}
	slices.SortStableFunc(list, func(a, b int32) int {
		return m.memory.ran[m.stepID(int(a))] - m.memory.ran[m.stepID(int(b))]
	})
	return list
}

// startedNow reports whether something of a node ran since the run was resumed.
func (m *Machine) startedNow(i int) bool {
	n := &m.nodes[i]
	return n.attempts-n.before > n.idle
}

// recordRolledBack says of a step that it was undone.
func (m *Machine) recordRolledBack() bool {
	for k := &m.blocks[m.stages[rollback]]; m.undone < k.size; m.undone++ {
		n := &m.nodes[k.first+m.undone]
		if !n.status.Ended() {
			return false
		}
		if undone := int(n.job.undoes); n.status == event.StatusCompleted && !m.nodes[undone].rolledBack {
			m.recordAbout(undone, event.Event{Type: event.RolledBack})
			return true
		}
	}
	return false
}

// undoneStatus is how a run stands that went on only to undo what it had done. One
// of which something is still to be undone stands as it did, unless it had
// completed.
func (m *Machine) undoneStatus() event.Status {
	undone, left := 0, 0
	for k, i := &m.blocks[m.stages[rollback]], 0; i < k.size; i++ {
		switch m.nodes[k.first+i].status {
		case event.StatusCompleted:
			undone++
		case event.StatusSkipped: // its own if says that there is nothing to undo
		default:
			left++
		}
	}
	before := m.options.Memory.Status
	switch {
	case left == 0 && undone > 0:
		return event.StatusRolledBack
	case !before.Ended(), left > 0 && before == event.StatusCompleted && m.cancelled:
		return event.StatusCancelled
	case left > 0 && before == event.StatusCompleted:
		return event.StatusFailed
	}
	return before
}
