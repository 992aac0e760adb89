package run

import (
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// What follows for others when a node has ended: those that wait for it may have
// their turn, and those that need it may have none any more.

// release tells the steps that wait for step i that it has ended. In a serial
// block they are told when all that it waits for has ended too: one that is skipped
// early must not let what follows it start beside what it should have followed.
func (m *Machine) release(i int) {
	n := &m.nodes[i]
	k, local := m.in(i)
	if n.failed() || n.reason == event.ReasonNeed {
		m.doom(k, local)
	}
	if !k.serial {
		m.letGo(k, local)
		return
	}
	for stack := []int{local}; len(stack) > 0; {
		local, stack = stack[len(stack)-1], stack[:len(stack)-1]
		if n := &m.nodes[k.first+local]; n.passed || !n.status.Ended() || !m.passed(k, n.step) {
			continue
		}
		m.nodes[k.first+local].passed = true
		m.letGo(k, local)
		for _, waiters := range [][]int32{k.graph.needs.of(local), k.graph.after.of(local)} {
			for _, w := range waiters {
				stack = append(stack, int(w))
			}
		}
	}
}

// passed reports whether all that a step waits for has ended, and all that waits
// for in turn.
func (m *Machine) passed(k *block, s *plan.Step) bool {
	for _, before := range [][]int{s.Needs, s.After} {
		for _, n := range before {
			if !m.nodes[k.first+n].passed {
				return false
			}
		}
	}
	return true
}

// letGo takes the edges to a node that has ended off those that wait for it.
func (m *Machine) letGo(k *block, local int) {
	n := &m.nodes[k.first+local]
	if n.meetsNeeds() {
		for _, w := range k.graph.needs.of(local) {
			m.arrive(k.first + int(w))
		}
	}
	if n.meetsOrder() {
		for _, w := range k.graph.after.of(local) {
			m.arrive(k.first + int(w))
		}
	}
}

// arrive takes one edge off those a node waits for.
func (m *Machine) arrive(i int) {
	n := &m.nodes[i]
	n.open--
	if n.open == 0 && n.status == event.StatusPending {
		m.enter(i)
	}
}

// enter is for a node whose turn has come: it may start, or its guards are
// looked at.
func (m *Machine) enter(i int) {
	if !m.guarded(i) {
		m.makeReady(i)
		return
	}
	k, local := m.in(i)
	k.gated.add(local)
	m.work.add(m.nodes[i].block)
}

// doom marks what cannot run any more because, directly or not, it needs step
// i of the block. All of it is marked before the first of it is skipped, so that
// the skips can be told in file order.
func (m *Machine) doom(k *block, i int) {
	for stack := []int{i}; len(stack) > 0; {
		last := len(stack) - 1
		i, stack = stack[last], stack[:last]
		for _, w := range k.graph.needs.of(i) {
			w := int(w)
			if m.nodes[k.first+w].status == event.StatusPending && !k.doomed.has(w) {
				k.doomed.add(w)
				stack = append(stack, w)
			}
		}
	}
}
