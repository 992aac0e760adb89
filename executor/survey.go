package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Survey says what a run would do as things are now. Nothing was run for it
// but probes, which only read.
type Survey struct {
	Blocked string       // why the run could not begin; empty: it could
	Steps   []SurveyStep // in file order
}

// A SurveyStep is what a run would do about one step.
type SurveyStep struct {
	StepID  string
	Verdict Verdict
	Because string // what it depends on, such as "until step \"build\" has run"; may be empty
	Message string // of a require that does not hold
}

// Verdict is what a run would do about a step.
type Verdict string

const (
	WillRun     Verdict = "will_run"
	AlreadyDone Verdict = "already_done" // its unless holds
	NotWanted   Verdict = "not_wanted"   // its if does not
	Blocked     Verdict = "blocked"      // a require does not hold, or a step it needs is blocked
	Undecided   Verdict = "unknown"      // it depends on what is not known yet
)

// Survey asks the guards of a compiled runbook, and says for each step what a
// run would do. What depends on a step that has not run is unknown: nothing is
// guessed. The error is that of a secret that cannot be had, or of ctx.
func (e *Engine) Survey(ctx context.Context, p *plan.Plan) (Survey, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Survey{}, err
	}
	r := &liveRun{id: id, plan: p, executions: derivedIDs(id, p)}
	if err := r.init(e); err != nil {
		return Survey{}, err
	}
	e.claim(r)
	defer e.disclaim(r)
	defer r.dir.remove()
	secrets, err := r.fetchSecrets(ctx)
	if err == nil {
		err = r.vault.fill(secrets)
	}
	if err != nil {
		return Survey{}, err
	}
	s := surveyor{run: r, ctx: ctx, steps: make([]SurveyStep, len(p.Steps))}
	survey := Survey{Steps: s.steps}
	for i := range p.Require {
		if yes, _, err := s.holds(run.Itself, &p.Require[i]); err != nil {
			survey.Blocked = err.Error()
		} else if yes == no {
			survey.Blocked = s.message(run.Itself, &p.Require[i])
		}
		if survey.Blocked != "" {
			break
		}
	}
	for i := range p.Steps {
		s.steps[i] = s.step(i)
	}
	return survey, ctx.Err()
}

// surveyor asks about one step after the other. Steps come before those that
// wait for them in nearly every runbook; of one that comes later the verdict is
// not known yet, and so is what depends on it.
type surveyor struct {
	run   *liveRun
	ctx   context.Context
	steps []SurveyStep
}

// tri is an answer that may not be known.
type tri uint8

const (
	unknown tri = iota
	yes
	no
)

func (s *surveyor) step(i int) SurveyStep {
	step := &s.run.plan.Steps[i]
	n := run.Node{Phase: event.Main, Index: i}
	result := SurveyStep{StepID: step.ID, Verdict: WillRun}
	for _, need := range step.Needs {
		if s.steps[need].Verdict == Blocked {
			result.Verdict, result.Message = Blocked, fmt.Sprintf("step %q, which it needs, is blocked", s.run.plan.Steps[need].ID)
			return result
		}
	}
	type question struct {
		guard   *plan.Guard
		on      tri
		verdict Verdict
	}
	var questions []question
	if step.If != nil {
		questions = append(questions, question{step.If, no, NotWanted})
	}
	if step.Unless != nil {
		questions = append(questions, question{step.Unless, yes, AlreadyDone})
	}
	for k := range step.Require {
		questions = append(questions, question{&step.Require[k], no, Blocked})
	}
	for _, q := range questions {
		answer, because, err := s.holds(n, q.guard)
		switch {
		case err != nil:
			result.Verdict, result.Message = Blocked, s.run.vault.current().String(err.Error())
			return result
		case answer == q.on:
			result.Verdict = q.verdict
			if q.verdict == Blocked {
				result.Message = s.message(n, q.guard)
			}
			return result
		case answer == unknown && result.Verdict != Undecided:
			result.Verdict, result.Because = Undecided, because
		}
	}
	return result
}

// holds asks a guard. because is what an unknown answer waits for.
func (s *surveyor) holds(n run.Node, g *plan.Guard) (answer tri, because string, err error) {
	scope := s.run.scope(n)
	if g.Expr != nil {
		v, known, refs, err := g.Expr.EvalTri(scope, s.known)
		if err != nil || !known {
			return unknown, waitsFor(refs), err
		}
		if v == true {
			return yes, "", nil
		}
		return no, "", nil
	}
	q := s.run.newProbe(run.Probe{Node: n, Probe: g.Probe})
	if refs := s.unknownIn(q); len(refs) > 0 {
		return unknown, waitsFor(refs), nil
	}
	ok, err := s.run.probe(s.ctx, q)
	if ok {
		return yes, "", err
	}
	return no, "", err
}

// known reports whether a name has its value before anything has run.
func (s *surveyor) known(r plan.Ref) bool {
	switch r.Root {
	case "params", "secrets":
		return true
	case "run":
		return r.Field == "name"
	}
	return false
}

// unknownIn are the names in a probe, and in what it runs with, that have no
// value yet.
func (s *surveyor) unknownIn(q *probe) (refs []plan.Ref) {
	values := []plan.Value{q.step.WorkingDir}
	for _, a := range q.Command.Args {
		values = append(values, a.Value)
	}
	for _, v := range slices.Concat(q.step.Env, q.Command.Env) {
		values = append(values, v.Value)
	}
	values = append(values, q.step.EnvFiles...)
	for _, v := range values {
		for _, e := range v.Exprs() {
			for _, r := range e.Refs() {
				if !s.known(r) {
					refs = append(refs, r)
				}
			}
		}
	}
	return refs
}

func (s *surveyor) message(n run.Node, g *plan.Guard) string {
	text, err := g.Message.Resolve(s.run.scope(n))
	if err != nil || text.Text == "" {
		return "a require does not hold"
	}
	return s.run.vault.current().String(text.Text)
}

// waitsFor says when names will have their values.
func waitsFor(refs []plan.Ref) string {
	var words []string
	for _, r := range refs {
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
	if len(words) == 0 {
		return ""
	}
	return "until " + strings.Join(words, " and ")
}
