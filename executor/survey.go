package executor

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Survey says what a run would do as things are now. Nothing was run for it
// but probes, which only read.
type Survey struct {
	Blocked string       // why the run could not begin; empty: it could, or that is not known
	Steps   []SurveyStep // in file order
}

// A SurveyStep is what a run would do about one step. A step with foreach is
// one, whatever its items come to.
type SurveyStep struct {
	StepID  string
	Verdict Verdict
	Because string // what it depends on, such as "until step \"build\" has run"; may be empty
	Message string // why it is blocked or left out, or how many items of a foreach would run; may be empty
}

// Verdict is what a run would do about a step.
type Verdict string

const (
	WillRun     Verdict = "will_run"
	AlreadyDone Verdict = "already_done" // its unless holds
	NotWanted   Verdict = "not_wanted"   // its if does not, or its foreach has no items
	LeftOut     Verdict = "left_out"     // by the options of the run
	Blocked     Verdict = "blocked"      // a require does not hold, or it comes behind a step of which that is true
	Undecided   Verdict = "unknown"      // it depends on what is not known yet
)

// Survey asks the guards of a compiled runbook, and says for each step what a
// run with these options would do. What depends on a step that has not run is
// unknown: nothing is guessed. The error is that of a step in the options that
// the runbook does not have, of a secret that cannot be had, or of ctx.
func (e *Engine) Survey(ctx context.Context, p *plan.Plan, o RunOptions) (Survey, error) {
	if err := o.check(p); err != nil {
		return Survey{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Survey{}, err
	}
	r := &liveRun{id: id, plan: p, options: o, executions: derivedIDs(id, p)}
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
	s := surveyor{run: r, ctx: ctx, gates: map[run.Question]reply{}}
	nodes := make([]run.Node, len(p.Steps))
	for i := range nodes {
		nodes[i] = run.Node{Phase: event.Main, Index: i}
	}
	var survey Survey
	for _, f := range s.block(p, nodes, s.wholeRun(p)) {
		survey.Steps = append(survey.Steps, f.SurveyStep)
	}
	survey.Blocked = s.blocked
	return survey, ctx.Err()
}

// LeftOut is the ids of the steps of p that o leaves out, in file order.
func (o RunOptions) LeftOut(p *plan.Plan) []string {
	var ids []string
	for _, i := range o.leftOut(p) {
		ids = append(ids, p.Steps[i].ID)
	}
	return ids
}

func (o RunOptions) leftOut(p *plan.Plan) []int {
	if len(o.Only)+len(o.Skip)+len(o.From) == 0 {
		return nil
	}
	steps, _ := run.New(p, run.Options{Only: o.Only, Skip: o.Skip, From: o.From}).LeftOut()
	return steps
}

// MissingOutputs is what steps of p that run read of those that o leaves out, and
// that is not among o.Outputs. Without it the run does not begin.
func (o RunOptions) MissingOutputs(p *plan.Plan) []plan.MissingOutput {
	out := o.leftOut(p)
	if len(out) == 0 {
		return nil
	}
	return p.MissingOutputs(func(i int) bool {
		_, found := slices.BinarySearch(out, i)
		return !found
	}, func(step, output string) bool {
		_, found := o.Outputs[step][output]
		return found
	})
}
