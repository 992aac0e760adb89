package run

import (
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Question is a guard that decides about a node, and the node in whose place
// it is asked: the node itself, or the gate of an included runbook it is behind.
type Question struct {
	Node  Node
	Which Which
	Guard *plan.Guard
}

// Questions is what is asked before a node, in order, as far as its guards go.
func (m *Machine) Questions(n Node) []Question {
	i, ok := m.index(n)
	if !ok {
		return nil
	}
	list := m.questionsOf(i)
	for gate := range m.gatesOver(i) { // the outermost decides first
		list = append(m.questionsOf(gate), list...)
	}
	return list
}

func (m *Machine) questionsOf(i int) (list []Question) {
	s := m.nodes[i].step
	add := func(which Which, g *plan.Guard) {
		if g != nil && m.concerns(i, g) {
			list = append(list, Question{m.node(i), which, g})
		}
	}
	add(If, s.If)
	add(Unless, s.Unless)
	requires := m.requiresOf(i)
	for k := range requires {
		add(Require, &requires[k])
	}
	return list
}

// HasItems and HasBody say what comes to be inside of a node: the instances of
// a foreach, the steps of an included runbook.
func (m *Machine) HasItems(n Node) bool {
	i, ok := m.index(n)
	return ok && m.isLoop(i)
}

func (m *Machine) HasBody(n Node) bool {
	i, ok := m.index(n)
	return ok && m.isBody(i)
}

// AsksItems reports whether a guard of a step with foreach asks about each item.
func (m *Machine) AsksItems(n Node) bool {
	i, ok := m.index(n)
	if !ok || !m.isLoop(i) {
		return false
	}
	l := m.loopOf(m.nodes[i].step)
	for _, each := range l.each {
		if each {
			return true
		}
	}
	return false
}

// LeftOut is the steps that [Options] leave out, and what that is called.
func (m *Machine) LeftOut() (steps []int, by string) {
	if m.leftOut.size == 0 {
		return nil, ""
	}
	for i := range m.leftOut.all {
		steps = append(steps, i)
	}
	return steps, m.leftOutBy()
}

// Late is what a name in a guard of node n, or, where which is empty, in any other
// of its expressions waits for, with the ids that steps have in the run; nil: it
// has its value. A param of an included runbook waits for what its value was made
// of.
func (m *Machine) Late(n Node, which Which, r plan.Ref) []plan.Ref {
	if n == Itself {
		return m.late(scopeKey{owner: -1}, false, r)
	}
	i, ok := m.index(n)
	if !ok {
		return []plan.Ref{r}
	}
	if m.asksInside(i, which) {
		return m.late(m.inside(i), false, r)
	}
	return m.late(m.fileOf(i), m.isInstance(i), r)
}

func (m *Machine) late(at scopeKey, item bool, r plan.Ref) []plan.Ref {
	switch r.Root {
	case "params":
		return m.lateParam(at, r.Name)
	case "steps":
		return m.lateStep(at, r)
	case "item", "index":
		if item {
			return nil
		}
		return []plan.Ref{r}
	case "run":
		if r.Field == "name" {
			return nil
		}
		return []plan.Ref{r}
	}
	return nil
}

// lateParam is what a param waits for; all of them where name is empty.
func (m *Machine) lateParam(at scopeKey, name string) (late []plan.Ref) {
	var with []plan.Binding
	from, item := scopeKey{}, false
	switch {
	case at.group > 0:
		g := &m.planOf(at).Groups[at.group-1]
		with, from = g.With, scopeKey{at.owner, g.Parent}
	case at.owner >= 0:
		with, from, item = m.nodes[at.owner].step.With, m.fileOf(int(at.owner)), m.isInstance(int(at.owner))
	}
	for _, w := range with {
		if name != "" && name != w.Name {
			continue
		}
		for _, e := range w.Value.Exprs() {
			for _, r := range e.Refs() {
				late = append(late, m.late(from, item, r)...)
			}
		}
	}
	return late
}

// lateStep is a step that has not ended, or an included runbook of which a step
// has not.
func (m *Machine) lateStep(at scopeKey, r plan.Ref) []plan.Ref {
	p, id, prefix, first := m.planOf(at), r.Step, "", m.first[main]
	if at.group > 0 {
		id = p.Groups[at.group-1].ID + "/" + id
	}
	if at.owner >= 0 {
		prefix, first = m.stepID(int(at.owner))+"/", m.blocks[m.nodes[at.owner].inner].first
	}
	place, ok := m.idsOf(p)[id]
	steps := []int{place.index}
	switch {
	case !ok:
		return nil // whoever evaluates it says so
	case place.group > 0:
		steps = p.Groups[place.group-1].Steps
	case at.owner < 0:
		first = m.first[place.stage]
	}
	for _, i := range steps {
		if !m.nodes[first+i].status.Ended() {
			r.Step = prefix + id
			return []plan.Ref{r}
		}
	}
	return nil
}

// Suppose says of a node how it would end, so that what follows it can be asked.
func (m *Machine) Suppose(n Node, e event.Event) {
	i, ok := m.index(n)
	if !ok {
		return
	}
	m.apply(i, &e, e.Timestamp)
}
