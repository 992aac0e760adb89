package executor

import (
	"fmt"
	"slices"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// reasonEmpty is that of what would complete with nothing done inside of it. No
// event has it.
const reasonEmpty event.Reason = "nothing inside"

// loop asks about each item of a step with foreach, if its list is known and a
// question is about items.
func (s *surveyor) loop(f *finding, step *plan.Step, n run.Node) {
	if because := s.waitsFor(n, "", listRefs(step.Foreach)); because != "" {
		f.Verdict, f.Because = Undecided, because
		return
	}
	items, err := s.run.machine.Items(n)
	switch {
	case err != nil:
		f.block(step, event.ReasonForeach, "foreach: "+s.hide(err.Error()))
		return
	case len(items) > 0 && step.Body == nil && !s.run.machine.AsksItems(n):
		return
	}
	s.run.machine.Suppose(n, event.Event{Type: event.Expanded, Items: items})
	if len(items) == 0 {
		f.Verdict, f.Message, f.reason = NotWanted, "its list is empty", reasonEmpty
		return
	}
	inner := s.run.machine.Inner(n)
	found := make([]finding, len(inner))
	for i, one := range inner {
		s.step(&found[i], step, one)
		found[i].StepID = s.run.machine.StepID(one)
		s.suppose(one, &found[i])
	}
	s.sum(f, step, found, step.Foreach.MaxFailures)
	if done := len(found) - count(found, WillRun); f.Verdict == WillRun && done > 0 {
		f.Message = fmt.Sprintf("%d of %d items", len(found)-done, len(found))
	}
}

// listRefs is the names in what makes the list of a foreach.
func listRefs(f *plan.Foreach) (refs []plan.Ref) {
	if f.In != nil {
		refs = append(refs, f.In.Refs()...)
	}
	for _, axis := range f.Matrix {
		if axis.In != nil {
			refs = append(refs, axis.In.Refs()...)
		}
	}
	if f.Key != nil {
		for _, r := range f.Key.Refs() {
			if r.Root != "item" && r.Root != "index" { // of the list itself
				refs = append(refs, r)
			}
		}
	}
	return refs
}

// body asks about the steps of the included runbook that a step runs.
func (s *surveyor) body(f *finding, step *plan.Step, n run.Node) {
	s.run.machine.Suppose(n, event.Event{Type: event.Expanded})
	s.sum(f, step, s.block(step.Body, s.run.machine.Inner(n), finding{}), 0)
}

// sum is what is found of a step from what was found inside of it, of which so
// many may fail.
func (s *surveyor) sum(f *finding, step *plan.Step, found []finding, mayFail int) {
	failed := 0
	for i := range found {
		in := &found[i]
		if f.mayFail == "" && !step.ContinueOnError {
			f.mayFail = in.mayFail
		}
		if !in.fails {
			continue
		}
		if failed++; failed > mayFail {
			f.block(step, in.reason, fmt.Sprintf("%s: %s", in.StepID, in.Message))
			return
		}
	}
	switch {
	case count(found, WillRun) > 0:
		f.Verdict = WillRun
	case count(found, Undecided) > 0:
		f.Verdict = Undecided
		f.Because = found[slices.IndexFunc(found, func(in finding) bool { return in.Verdict == Undecided })].Because
	case count(found, Blocked) > 0: // no more than may fail
		f.Verdict, f.reason, f.Message = Blocked, reasonEmpty, found[slices.IndexFunc(found, func(in finding) bool { return in.Verdict == Blocked })].Message
	case count(found, NotWanted) == len(found):
		f.Verdict, f.reason = NotWanted, reasonEmpty
	default:
		f.Verdict, f.reason = AlreadyDone, reasonEmpty
	}
}

func count(found []finding, v Verdict) (n int) {
	for i := range found {
		if found[i].Verdict == v {
			n++
		}
	}
	return n
}
