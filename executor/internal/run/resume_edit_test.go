package run

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// edit changes something in a plan. It returns the step that is not as it was, if
// that is still there, and what of it is told as changed; empty: its order only,
// or what does not count.
func edit(t *rapid.T, p *plan.Plan) (id, part string) {
	if len(p.Steps) == 0 {
		p.Steps = append(p.Steps, plan.Step{ID: "new", Command: plan.Exec("run", nil)})
		return "", ""
	}
	defer straighten(p)
	i := rapid.IntRange(0, len(p.Steps)-1).Draw(t, "edited")
	s := &p.Steps[i]
	switch oneOf(t, "edit", "args", "stdin", "outputs", "effect", "items", "foreach", "no foreach", "unless", "approval",
		"added", "removed", "edges", "reordered", "inside") {
	case "args":
		s.Command = plan.Exec("run", plan.Texts([]string{s.ID, "more"}))
		return s.ID, partOf(s, "args")
	case "stdin":
		text := plan.Text("text")
		s.Stdin = &text
		return s.ID, partOf(s, "stdin")
	case "outputs":
		s.Outputs = []plan.Output{{Name: "more"}}
		return s.ID, partOf(s, "outputs")
	case "effect":
		s.Effect = oneOf(t, "effect", plan.Read, plan.Write)
	case "items":
		if s.Foreach != nil {
			s.Foreach.Items = oneOf(t, "new items", nil, plan.List{"b"}, plan.List{"b", "a"}, plan.List{"x", "a", "y"})
		}
	case "foreach":
		if s.Foreach == nil {
			s.Foreach = &plan.Foreach{Items: plan.List{"a", "b"}}
		}
	case "no foreach":
		s.Foreach = nil
	case "unless":
		s.Unless = drawGuard(t, false)
	case "approval":
		question := plan.Text("really?")
		s.Approval = &question
	case "added":
		p.Steps = append(p.Steps, plan.Step{ID: "new", Command: plan.Exec("run", nil), After: []int{i}})
		return "", ""
	case "removed":
		removeStep(p, i)
		return "", ""
	case "edges":
		s.Needs, s.After = nil, nil
		return "", ""
	case "reordered":
		swapSteps(p, i, rapid.IntRange(0, len(p.Steps)-1).Draw(t, "with"))
		return "", ""
	case "inside":
		if s.Body != nil {
			id, _ := edit(t, s.Body)
			if s.Foreach == nil && id != "" {
				return s.ID + "/" + id, ""
			}
		}
	}
	return s.ID, ""
}

// partOf is what is told of a step of which something was changed; of what is
// around others that is nothing.
func partOf(s *plan.Step, part string) string {
	if s.Foreach != nil || s.Body != nil {
		return ""
	}
	return part
}

// straighten gives a serial runbook the edges that it has whatever is in it: each
// step comes after the one before it, and needs only earlier ones.
func straighten(p *plan.Plan) {
	if p.Strategy != plan.Serial {
		return
	}
	for k := range p.Steps {
		s := &p.Steps[k]
		later := func(e int) bool { return e >= k }
		s.Needs, s.After = slices.DeleteFunc(s.Needs, later), slices.DeleteFunc(s.After, later)
		if k > 0 && !slices.Contains(s.Needs, k-1) && !slices.Contains(s.After, k-1) {
			s.After = append(s.After, k-1)
		}
	}
}

func removeStep(p *plan.Plan, i int) {
	p.Steps = slices.Delete(p.Steps, i, i+1)
	for k := range p.Steps {
		for _, edges := range []*[]int{&p.Steps[k].Needs, &p.Steps[k].After} {
			*edges = slices.DeleteFunc(*edges, func(e int) bool { return e == i })
			for at, e := range *edges {
				if e > i {
					(*edges)[at] = e - 1
				}
			}
		}
	}
}

func swapSteps(p *plan.Plan, a, b int) {
	p.Steps[a], p.Steps[b] = p.Steps[b], p.Steps[a]
	for k := range p.Steps {
		for _, edges := range []*[]int{&p.Steps[k].Needs, &p.Steps[k].After} {
			for at, e := range *edges {
				switch e {
				case a:
					(*edges)[at] = b
				case b:
					(*edges)[at] = a
				}
			}
			slices.Sort(*edges)
		}
	}
}

// TestEditAndResume goes on with another plan than the run began with.
func TestEditAndResume(t *testing.T) {
	check(t, 4, func(rt *rapid.T) {
		s := drawDurable(rt)
		sim := simulate(rt, s.copy(), s.machine(), nil)
		events := sim.events()
		journal := slices.Clone(events[:rapid.IntRange(1, len(events)).Draw(rt, "dies after")])
		next := s.goOn(journal, s.answers())
		edited := viaJSON(rt, *s.plan)
		next.plan = &edited
		first, part := edit(rt, &edited)
		next.resumed.edited, next.resumed.part = first, part
		next.resumed.undo = oneOf(rt, "undo", false, false, false, false, true)
		if rapid.Bool().Draw(rt, "decided") {
			next.resumed.decide(rt)
		}
		sim = resumeSim(rt, next)
		for range 20 {
			journal = append(slices.Clone(journal), sim.events()...)
			list := sim.m.Undecided()
			if len(list) == 0 {
				return
			}
			next = next.goOn(journal, s.answers())
			for _, d := range list {
				switch {
				case rapid.Bool().Draw(rt, "run"):
					next.resumed.rerun = append(next.resumed.rerun, d.StepID)
				case d.Ended == "completed" && !factsOf(journal)[d.StepID].undoing:
					next.resumed.keep = append(next.resumed.keep, d.StepID)
				default:
					next.resumed.mark = append(next.resumed.mark, d.StepID)
				}
			}
			next.resumed.edited, next.resumed.earlier = plainOf(list[0].StepID), first
			sim = resumeSim(rt, next)
		}
		rt.Fatalf("the run does not come to its end")
	})
}
