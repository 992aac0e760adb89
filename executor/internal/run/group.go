package run

import (
	"fmt"
	"slices"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// An included runbook whose steps are among those of another has a node of its
// own where it has a guard, an approval or a lock, or params that steps decide:
// its gate. The steps behind it wait until it has let the first of them through;
// it has no attempt, and but for its approval no event. Its lock is held until
// the last of them has ended.

// dependsOnRun reports whether what is given to params can be told only when
// steps have ended, so that it may not fit then.
func dependsOnRun(with []plan.Binding) bool {
	return slices.ContainsFunc(with, func(w plan.Binding) bool {
		return slices.ContainsFunc(w.Value.Exprs(), func(e *plan.Expr) bool {
			return slices.ContainsFunc(e.Refs(), func(r plan.Ref) bool { return r.Root == "steps" || r.Root == "run" })
		})
	})
}

// addGates makes the gates of the included runbooks of p, whose steps are the
// nodes of block b and its handlers those after them.
func (m *Machine) addGates(b int32, p *plan.Plan, prefix string, top int32) {
	guarded := false
	for i := range p.Groups {
		g := &p.Groups[i]
		guarded = guarded || g.If != nil || len(g.Require) > 0 || g.Approval != nil || g.Lock != nil || dependsOnRun(g.With)
	}
	if !guarded {
		return
	}
	gates := m.newBlock(gatesOf, m.blocks[b].owner, len(p.Groups))
	m.blocks[gates].steps = b
	m.blocks[b].gates = gates
	for i := range p.Groups {
		g := &p.Groups[i]
		at := top
		if at < 0 && len(g.Steps) > 0 {
			at = int32(g.Steps[0])
		}
		m.nodes = append(m.nodes, node{
			step:   &plan.Step{ID: g.ID, Group: g.Parent, If: g.If, Require: g.Require, Approval: g.Approval, Lock: g.Lock},
			block:  gates,
			status: event.StatusPending,
			job:    &job{id: prefix + g.ID, top: max(at, 0), undoes: -1},
		})
		m.know(len(m.nodes) - 1)
	}
	for i := range p.Steps {
		for gate := range m.gatesOver(m.blocks[b].first + i) {
			m.nodes[gate].open++
		}
	}
}

// gatesOver yields the gates that node i is behind, the nearest first.
func (m *Machine) gatesOver(i int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		k, _ := m.in(i)
		group := m.nodes[i].step.Group
		if k.kind != byEdges || k.gates == 0 {
			return
		}
		for gates := &m.blocks[k.gates]; group > 0; {
			gate := gates.first + group - 1
			if !yield(gate) {
				return
			}
			group = m.nodes[gate].step.Group
		}
	}
}

// passGates reports whether the gates before node i let it through.
func (m *Machine) passGates(i int) bool {
	gate := -1
	for g := range m.gatesOver(i) {
		if at := m.nodes[g].gate; at == nil || !at.passed {
			gate = g // the outermost decides first
		}
	}
	if gate < 0 {
		return true
	}
	at := m.nodes[gate].gate
	switch {
	case at == nil || at.refused == "":
		m.hold(i)
		if at == nil {
			gates, local := m.in(gate)
			gates.gated.add(local)
			m.work.add(m.nodes[gate].block)
		}
	case at.refused == event.ReasonIf:
		m.skipGate(i, event.ReasonIf, fmt.Sprintf("%s: %s", m.stepID(gate), at.message))
	case m.failedBehind(gate, at.refused):
		m.skipGate(i, event.ReasonNeed, fmt.Sprintf("%q could not begin: %s", m.stepID(gate), at.message))
	default:
		m.failGate(i, at.refused, at.message)
	}
	return false
}

// failedBehind reports whether a step behind a gate has failed in place of it.
// One does, and the others could not run.
func (m *Machine) failedBehind(gate int, reason event.Reason) bool {
	k := &m.blocks[m.blocks[m.nodes[gate].block].steps]
	for i := k.first; i < k.first+k.size; i++ {
		n := &m.nodes[i]
		if n.status != event.StatusFailed || n.reason != reason || n.attempts > 0 {
			continue
		}
		for g := range m.gatesOver(i) {
			if g == gate {
				return true
			}
		}
	}
	return false
}

// openGate lets the steps behind a gate look at it again.
func (m *Machine) openGate(gate int) {
	m.hold(gate)
	b := m.blocks[m.nodes[gate].block].steps
	k := &m.blocks[b]
	for local := range k.size {
		i := k.first + local
		if n := &m.nodes[i]; n.status != event.StatusPending || n.open > 0 {
			continue
		}
		for g := range m.gatesOver(i) {
			if g == gate {
				k.gated.add(local)
			}
		}
	}
	m.work.add(b)
}

// leaveGates is for a step that has ended: a gate that nothing is behind any
// more is done with.
func (m *Machine) leaveGates(i int) {
	for gate := range m.gatesOver(i) {
		n := &m.nodes[gate]
		if n.open--; n.open > 0 {
			continue
		}
		if n.approval == requested {
			m.awaiting--
		}
		n.status = event.StatusCompleted
		m.hold(gate)
	}
}
