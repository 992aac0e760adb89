package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A surveyor asks about one step after the other, each after those that it waits
// for. What it finds of a step that would not run is told to the machine, so that
// the next expressions see it as they would in the run.
type surveyor struct {
	run     *liveRun
	ctx     context.Context
	blocked string // why the run may not begin
	gates   map[run.Question]reply
}

// A reply is what holds said.
type reply struct {
	answer  tri
	because string
	err     error
}

// A finding is what was found of a step.
type finding struct {
	SurveyStep
	reason  event.Reason // why it would be skipped or fail; empty: it would run, or nobody knows
	fails   bool         // with it, the step fails the run
	halts   string       // the step whose failure stops what comes after this one
	mayFail string       // what a guard waits for that may fail it; empty: none does
}

// tri is an answer that may not be known.
type tri uint8

const (
	unknown tri = iota
	yes
	no
)

// wholeRun is what the guards of the runbook mean for each of its steps; the zero
// finding: nothing.
func (s *surveyor) wholeRun(p *plan.Plan) finding {
	var all finding
	for i := range p.Require {
		answer, because, err := s.holds(run.Question{Node: run.Itself, Which: run.Require, Guard: &p.Require[i]})
		switch {
		case err != nil:
			s.blocked = s.hide(err.Error())
		case answer == no:
			s.blocked = s.message(run.Itself, &p.Require[i])
		case answer == unknown && all.Verdict == "":
			all.Verdict, all.Because = Undecided, because
		}
		if s.blocked != "" {
			all.Verdict, all.Because = Blocked, ""
			all.Message = "the run may not begin: " + s.blocked
			all.reason = event.ReasonStopped
			return all
		}
	}
	return all
}

// block asks about steps that are ordered together: those of the runbook, or
// those of an included one that is inside of a step. all is what holds for each
// of them in place of running.
func (s *surveyor) block(p *plan.Plan, nodes []run.Node, all finding) []finding {
	found := make([]finding, len(nodes))
	seen := make([]bool, len(nodes))
	var leftOut []int
	by := ""
	if p == s.run.plan {
		leftOut, by = s.run.machine.LeftOut()
	}
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		step := &p.Steps[i]
		for _, edges := range [][]int{step.Needs, step.After} {
			for _, on := range edges {
				visit(on)
			}
		}
		f := &found[i]
		_, out := slices.BinarySearch(leftOut, i)
		switch {
		case out:
			f.Verdict, f.Message, f.reason = LeftOut, by, event.ReasonLeftOut
		case all.Verdict == Blocked:
			*f = all
		case !behind(f, p, i, found):
			s.step(f, step, nodes[i])
		}
		late(f, all, p, i, found)
		f.StepID = s.run.machine.StepID(nodes[i])
		if p.StopOnError {
			f.halts = haltedBy(f, step, found)
		}
		s.suppose(nodes[i], f)
	}
	for i := range nodes {
		visit(i)
	}
	return found
}

// behind reports whether step i would not be begun because of a step before it.
func behind(f *finding, p *plan.Plan, i int, found []finding) bool {
	step := &p.Steps[i]
	for _, need := range step.Needs {
		if on := &found[need]; on.Verdict == Blocked && (on.fails || on.reason == event.ReasonNeed || on.reason == event.ReasonStopped) {
			f.Verdict, f.reason = Blocked, event.ReasonNeed
			f.Message = fmt.Sprintf("step %q, which it needs, is blocked", on.StepID)
			return true
		}
	}
	for _, edges := range [][]int{step.Needs, step.After} {
		for _, on := range edges {
			if cause := found[on].halts; cause != "" {
				f.Verdict, f.reason = Blocked, event.ReasonStopped
				f.Message = fmt.Sprintf("step %q is blocked, and with stop_on_error nothing new starts after that", cause)
				return true
			}
		}
	}
	return false
}

// haltedBy is the failed step that ends the run before what comes after f.
func haltedBy(f *finding, step *plan.Step, found []finding) string {
	if f.fails {
		return f.StepID
	}
	for _, edges := range [][]int{step.Needs, step.After} {
		for _, on := range edges {
			if found[on].halts != "" {
				return found[on].halts
			}
		}
	}
	return ""
}

// late makes a step that would run one of which that is not known: because the
// run, or a step that it needs, may turn out not to be allowed.
func late(f *finding, all finding, p *plan.Plan, i int, found []finding) {
	if f.Verdict != WillRun {
		return
	}
	if all.Verdict == Undecided {
		f.Verdict, f.Because = Undecided, all.Because
		return
	}
	for _, need := range p.Steps[i].Needs {
		if because := found[need].mayFail; because != "" {
			f.Verdict, f.Because, f.mayFail = Undecided, because, because
			return
		}
	}
}

// step asks the guards of one step, and then about what is inside of it.
func (s *surveyor) step(f *finding, step *plan.Step, n run.Node) {
	f.Verdict = WillRun
	questions := s.run.machine.Questions(n)
	for k, q := range questions {
		answer, because, err := s.ask(q, q.Node != n)
		switch {
		case err != nil:
			f.block(step, event.ReasonProbe, fmt.Sprintf("%s: %s", q.Which, s.hide(err.Error())))
			return
		case answer == unknown:
			f.Verdict, f.Because = Undecided, because
			if !step.ContinueOnError && slices.ContainsFunc(questions[k:], func(q run.Question) bool { return q.Which == run.Require }) {
				f.mayFail = because
			}
			return
		case answer == no && q.Which == run.If:
			f.Verdict, f.reason = NotWanted, event.ReasonIf
			return
		case answer == yes && q.Which == run.Unless:
			f.Verdict, f.reason = AlreadyDone, event.ReasonUnless
			return
		case answer == no && q.Which == run.Require:
			f.block(step, event.ReasonRequire, s.message(q.Node, q.Guard))
			return
		}
	}
	switch {
	case s.run.machine.HasItems(n):
		s.loop(f, step, n)
	case s.run.machine.HasBody(n):
		s.body(f, step, n)
	}
}

func (f *finding) block(step *plan.Step, reason event.Reason, message string) {
	f.Verdict, f.Because, f.Message, f.reason = Blocked, "", message, reason
	f.fails = !step.ContinueOnError
}

// suppose tells the machine of a step that would not run.
func (s *surveyor) suppose(n run.Node, f *finding) {
	e := event.Event{Type: event.Skipped, Reason: f.reason}
	if f.reason == event.ReasonLeftOut {
		e.Outputs = canonicalOutputs(s.run.options.Outputs)[f.StepID]
	}
	switch {
	case f.reason == "":
		return
	case f.reason == reasonEmpty:
		e.Type, e.Reason = event.Completed, ""
	case f.Verdict == Blocked && f.reason != event.ReasonNeed && f.reason != event.ReasonStopped:
		e.Type, e.Tolerated = event.Failed, !f.fails
	}
	s.run.machine.Suppose(n, e)
}

// ask asks a question; that of an included runbook once for all of its steps.
func (s *surveyor) ask(q run.Question, once bool) (tri, string, error) {
	r, ok := s.gates[q]
	if !ok {
		r.answer, r.because, r.err = s.holds(q)
		if once {
			s.gates[q] = r
		}
	}
	return r.answer, r.because, r.err
}

// holds asks a guard. because is what an unknown answer waits for.
func (s *surveyor) holds(asked run.Question) (answer tri, because string, err error) {
	n, g := asked.Node, asked.Guard
	if g.Expr != nil {
		scope := s.run.scopeOf(func(h run.Hidden) (scope *plan.Scope) {
			_, scope = s.run.machine.Asker(n, asked.Which, h)
			return scope
		})
		v, known, refs, err := g.Expr.EvalTri(scope, func(r plan.Ref) bool { return s.run.machine.Late(n, asked.Which, r) == nil })
		if err != nil || !known {
			return unknown, s.waitsFor(n, asked.Which, refs), err
		}
		truth, ok := v.(bool)
		switch {
		case !ok:
			return unknown, "", errors.New(g.Expr.Source() + " is neither true nor false")
		case truth:
			return yes, "", nil
		}
		return no, "", nil
	}
	q := s.run.newProbe(run.Probe{Node: n, Which: asked.Which, Probe: g.Probe})
	if because := s.waitsFor(n, asked.Which, refsOf(q)); because != "" {
		return unknown, because, nil
	}
	ok, err := s.run.probe(s.ctx, q)
	if ok {
		return yes, "", err
	}
	return no, "", err
}

// refsOf is the names in a probe, and in what it runs with.
func refsOf(q *probe) (refs []plan.Ref) {
	values := append(slices.Clone(q.step.EnvFiles), q.step.WorkingDir)
	for _, a := range q.Command.Args {
		values = append(values, a.Value)
	}
	for _, v := range slices.Concat(q.step.Env, q.Command.Env) {
		values = append(values, v.Value)
	}
	for _, v := range values {
		for _, e := range v.Exprs() {
			refs = append(refs, e.Refs()...)
		}
	}
	if q.Expect != nil {
		refs = append(refs, q.Expect.Refs()...)
	}
	return refs
}

func (s *surveyor) message(n run.Node, g *plan.Guard) string {
	return s.hide(s.run.machine.RequireMessage(n, g))
}

func (s *surveyor) hide(text string) string { return s.run.vault.current().String(text) }

// waitsFor says when names in a guard, or, where which is empty, elsewhere in a
// node, will have their values; empty: they have.
func (s *surveyor) waitsFor(n run.Node, which run.Which, refs []plan.Ref) string {
	var words []string
	for _, named := range refs {
		for _, r := range s.run.machine.Late(n, which, named) {
			word := "the run has begun"
			switch r.Root {
			case "steps":
				word = fmt.Sprintf("step %q has run", r.Step)
			case "item", "index":
				word = "its items are known"
			}
			if !slices.Contains(words, word) {
				words = append(words, word)
			}
		}
	}
	if len(words) == 0 {
		return ""
	}
	return "until " + strings.Join(words, " and ")
}
