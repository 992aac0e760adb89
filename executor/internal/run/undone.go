package run

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// A step that was rolled back is pending again, and so is what needed it,
// directly or not: without it the result of that means nothing. So it is unless
// it was started anew since.

// undoneStep is a step that was rolled back when so many had been started.
type undoneStep struct {
	id    string // without what it is inside of
	order int
}

// forgetUndone makes the memory forget what needed what was rolled back.
func (m *Machine) forgetUndone() {
	var list []undoneStep
	for id, order := range m.memory.undone {
		list = append(list, undoneStep{id, order})
	}
	m.forgetNeeding(m.plan, m.blocks[m.stages[main]].graph, "", list)
}

// forgetNeeding does so for steps of a plan, whose ids in the run begin with a
// prefix.
func (m *Machine) forgetNeeding(p *plan.Plan, g graph, prefix string, undone []undoneStep) {
	// What was undone last is looked at first: once is enough for what needs it.
	slices.SortFunc(undone, func(a, b undoneStep) int {
		return cmp.Or(b.order-a.order, strings.Compare(a.id, b.id))
	})
	seen := make([]bool, len(p.Steps))
	bodies := map[string][]undoneStep{}
	for _, u := range undone {
		i, ok := m.topStep(p, u.id)
		if !ok {
			continue
		}
		s := &p.Steps[i]
		if at := bodyPrefix(s, u.id); at != "" {
			bodies[at] = append(bodies[at], undoneStep{u.id[len(at):], u.order})
		}
		for stack := []int{i}; len(stack) > 0; {
			i, stack = stack[len(stack)-1], stack[:len(stack)-1]
			for _, w := range g.needs.of(i) {
				if !seen[w] {
					seen[w] = true
					stack = append(stack, int(w))
					m.memory.drop(prefix+p.Steps[w].ID, func(p *past) bool { return p.completed() && p.order <= u.order })
				}
			}
		}
	}
	for at, inner := range bodies {
		i, _ := m.topStep(p, at)
		body := p.Steps[i].Body
		m.forgetNeeding(body, m.graphFor(body), prefix+at, inner)
	}
}

// topStep finds the step of a plan that an id is, or is inside of.
func (m *Machine) topStep(p *plan.Plan, id string) (int, bool) {
	for k, c := range id + "/" {
		if c != '[' && c != '/' {
			continue
		}
		if at, ok := m.idsOf(p)[id[:k]]; ok && at.stage == main && at.group == 0 {
			return at.index, true
		}
	}
	return 0, false
}

// stepNamed finds what a plan says of something in the run; nil: nothing.
func (m *Machine) stepNamed(p *plan.Plan, id string) *plan.Step {
	i, ok := m.topStep(p, id)
	if !ok {
		return nil
	}
	s := &p.Steps[i]
	if at := bodyPrefix(s, id); at != "" {
		return m.stepNamed(s.Body, id[len(at):])
	}
	return s
}

// bodyPrefix is what the ids of the steps begin with that are beside one in the
// body of a step; empty: it is in none.
func bodyPrefix(s *plan.Step, id string) string {
	rest := id[len(s.ID):]
	switch {
	case s.Body == nil:
		return ""
	case s.Foreach == nil:
		if strings.HasPrefix(rest, "/") {
			return s.ID + "/"
		}
	default:
		if key, _, ok := strings.Cut(rest, "]/"); ok {
			return s.ID + key + "]/"
		}
	}
	return ""
}
