package run

import (
	"slices"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// stepState is what a step is for expressions of a file.
func (m *Machine) stepState(at scopeKey, id string, h Hidden) (plan.StepState, bool) {
	p := m.planOf(at)
	if at.group > 0 {
		id = p.Groups[at.group-1].ID + "/" + id
	}
	place, ok := m.idsOf(p)[id]
	switch {
	case !ok:
		return plan.StepState{}, false
	case place.group > 0:
		return m.groupState(scopeKey{at.owner, place.group}, h), true
	case at.owner >= 0:
		return m.stateOf(m.blocks[m.nodes[at.owner].inner].first+place.index, h), true
	}
	return m.stateOf(m.first[place.stage]+place.index, h), true
}

func (m *Machine) idsOf(p *plan.Plan) ids {
	list, ok := m.names[p]
	if ok {
		return list
	}
	list = make(ids, len(p.Steps))
	for _, s := range []stage{main, onFailure, finally} {
		steps := p.Phase(string(phases[s]))
		for i := range steps {
			list[steps[i].ID] = idPlace{stage: s, index: i}
		}
	}
	for i := range p.Groups {
		list[p.Groups[i].ID] = idPlace{group: i + 1}
	}
	if m.names == nil {
		m.names = map[*plan.Plan]ids{}
	}
	m.names[p] = list
	return list
}

// stateOf is what expressions see of a node. That of one that has ended is made
// once: the lists of a foreach are long, and each of its successors may ask.
func (m *Machine) stateOf(i int, h Hidden) plan.StepState {
	s, ok := m.states[int32(i)]
	if !ok {
		s = m.makeState(i)
		if m.nodes[i].status.Ended() {
			if m.states == nil {
				m.states = map[int32]plan.StepState{}
			}
			m.states[int32(i)] = s
		}
	}
	switch {
	case h.Outputs == nil:
	case s.Foreach:
		s.SecretLists = m.secretLists(i, h)
	default:
		s.Secret = h.Outputs(m.node(i))
	}
	return s
}

// secretLists is the secret outputs of a foreach: null where an instance has
// none, as in every list of outputs.
func (m *Machine) secretLists(i int, h Hidden) map[string][]any {
	n := &m.nodes[i]
	if n.inner == 0 || !slices.ContainsFunc(n.step.Outputs, func(o plan.Output) bool { return o.Secret }) {
		return nil
	}
	all := map[string][]any{}
	k := &m.blocks[n.inner]
	for _, o := range n.step.Outputs {
		if !o.Secret {
			continue
		}
		list := make([]any, k.size)
		for local := range list {
			if m.nodes[k.first+local].status != event.StatusCompleted {
				continue
			}
			if secret := h.Outputs(m.node(k.first + local)); secret != nil {
				if text, ok := secret(o.Name); ok {
					list[local] = plan.NewSecretText(text)
				}
			}
		}
		all[o.Name] = list
	}
	return all
}

func (m *Machine) makeState(i int) plan.StepState {
	n := &m.nodes[i]
	s := plan.StepState{Status: n.status.String(), Ran: n.ran(), Foreach: m.isLoop(i)}
	s.ExitCode, s.HasExit = n.exit()
	if n.last != nil {
		s.Duration = n.last.duration
	}
	if n.status == event.StatusCompleted || n.status == event.StatusSkipped && n.outputs != nil {
		s.Outputs = plan.Values(n.outputs)
		if s.Outputs == nil {
			s.Outputs = plan.Values{}
		}
	}
	if n.inner == 0 {
		return s
	}
	k := &m.blocks[n.inner]
	for j := k.first; j < k.first+k.size && !s.Ran; j++ {
		s.Ran = m.ran(j)
	}
	if k.kind == items {
		m.addLists(&s, n, k)
	}
	return s
}

// ran reports whether an attempt of the node, or of one inside of it, started.
func (m *Machine) ran(i int) bool {
	n := &m.nodes[i]
	if n.inner == 0 {
		return n.ran()
	}
	k := &m.blocks[n.inner]
	for j := k.first; j < k.first+k.size; j++ {
		if m.ran(j) {
			return true
		}
	}
	return false
}

// addLists adds what there is of the instances of a foreach.
func (m *Machine) addLists(s *plan.StepState, n *node, k *block) {
	s.Outputs = plan.Values{}
	declared := n.step.Outputs
	if n.step.Body != nil {
		declared = n.step.Body.Outputs
	}
	for _, o := range declared {
		list := make([]any, k.size)
		for local := range list {
			if one := &m.nodes[k.first+local]; one.status == event.StatusCompleted {
				list[local] = one.outputs[o.Name]
			}
		}
		if !o.Secret {
			s.Outputs[o.Name] = list
		}
	}
	s.Each = make([]plan.EachState, k.size)
	for local := range s.Each {
		one := &m.nodes[k.first+local]
		s.Each[local] = plan.EachState{Item: one.job.item, Status: one.status.String()}
		if one.status == event.StatusCompleted {
			s.Each[local].Outputs = plan.Values(one.outputs)
		}
	}
}

// groupState is what expressions see of an included runbook whose steps are
// among those of another.
func (m *Machine) groupState(at scopeKey, h Hidden) plan.StepState {
	p := m.planOf(at)
	g := &p.Groups[at.group-1]
	first := m.first[main]
	if at.owner >= 0 {
		first = m.blocks[m.nodes[at.owner].inner].first
	}
	var s plan.StepState
	status := event.StatusCompleted
	for _, step := range g.Steps {
		n := &m.nodes[first+step]
		s.Ran = s.Ran || m.ran(first+step)
		if n.last != nil {
			s.Duration += n.last.duration
		}
		if !n.meetsNeeds() && status == event.StatusCompleted {
			status = n.status
		}
	}
	s.Status = status.String()
	if status == event.StatusCompleted {
		s.Outputs, _ = evalOutputs(g.Outputs, m.fileScope(at, h))
	}
	return s
}
