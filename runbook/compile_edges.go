package runbook

import (
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// include appends the steps of an included runbook and returns their places.
func (k *compiler) include(s *step) []int {
	f := s.included
	g := plan.Group{
		ID: k.prefix + literal(s.id), File: f.src.file, Line: s.node.Line, Parent: k.group,
		Dir: f.dir, Params: compileParams(f.doc.params), With: k.with(s),
		If: k.guard(s.guards.wanted), Lock: k.lock(s.lock),
	}
	if s.approval != nil {
		v := k.valueOf(s.approval)
		g.Approval = &v
	}
	k.plan.Groups = append(k.plan.Groups, g)
	place := len(k.plan.Groups)
	child := compiler{checker: f.checker, doc: f.doc, plan: k.plan, prefix: g.ID + "/", group: place, opaque: secretParams(g.With)}
	child.env = child.vars(f.doc.env, f.doc.defaults.env)
	from := len(k.plan.Steps)
	child.steps()
	members := make([]int, len(k.plan.Steps)-from)
	for i := range members {
		members[i] = from + i
	}
	to := &k.plan.Groups[place-1]
	to.Outputs, to.Steps = child.outputs(f.doc.outputs), members
	to.Require = child.guards(f.doc.preface.require)
	return members
}

// edges adds those of a step of the file: to each of the steps that it became
// from each of the steps that the others became. What needs a success must be
// told to all of them; what only waits, to those that no other of them precedes.
func (k *compiler) edges(i int) {
	s, members := k.doc.steps[i], k.places[i]
	var needs, after []int
	for _, n := range s.needs {
		if n >= 0 {
			needs = append(needs, k.places[n]...)
		}
	}
	for _, r := range s.references {
		if r.needs {
			needs = append(needs, k.places[r.to]...)
		} else {
			after = append(after, k.places[r.to]...)
		}
	}
	if k.doc.order() == plan.Serial && i > 0 {
		after = append(after, k.ends(k.places[i-1], false)...)
	}
	if len(needs)+len(after) == 0 {
		return
	}
	first := members
	if len(members) > 1 && len(after) > 0 {
		first = k.ends(members, true)
	}
	for _, m := range members {
		to := &k.plan.Steps[m]
		to.Needs = sorted(append(to.Needs, needs...))
	}
	for _, m := range first {
		to := &k.plan.Steps[m]
		to.After = sorted(append(to.After, after...))
	}
	for _, m := range members {
		to := &k.plan.Steps[m]
		to.After = without(to.After, to.Needs)
	}
}

// ends are those of an included runbook's steps that no other of them comes
// before or, where first is false, after.
func (k *compiler) ends(members []int, first bool) []int {
	if len(members) < 2 {
		return members
	}
	inner := make(map[int]bool, len(members))
	for _, m := range members {
		inner[m] = false
	}
	for _, m := range members {
		s := &k.plan.Steps[m]
		for _, list := range [2][]int{s.Needs, s.After} {
			for _, n := range list {
				if _, ok := inner[n]; !ok {
					continue
				}
				if first {
					inner[m] = true
				} else {
					inner[n] = true
				}
			}
		}
	}
	var ends []int
	for _, m := range members {
		if !inner[m] {
			ends = append(ends, m)
		}
	}
	return ends
}

func sorted(list []int) []int {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// without is list, sorted, without what is in other, sorted too.
func without(list, other []int) []int {
	if len(list) == 0 || len(other) == 0 {
		return list
	}
	kept := list[:0]
	for _, n := range list {
		if _, found := slices.BinarySearch(other, n); !found {
			kept = append(kept, n)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}
