package executor

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/hashicorp/go-multierror"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// RunOptions say how a compiled runbook is run this time. The zero value runs
// all of it, undoes what a failure leaves, and pauses where an approval is asked
// for.
type RunOptions struct {
	Approve    []string // ids of steps that are approved beforehand
	ApproveAll bool
	ApprovedBy string   // who did, for the record
	Reject     []string // ids of steps whose approval is refused when they ask for it

	// AwaitApprovals says that somebody will call [Engine.Approve] or
	// [Engine.Reject]: the run waits for them, up to [Engine.Unattended], where
	// it would pause.
	AwaitApprovals bool

	NoRollback bool // a failure undoes nothing

	// DropOutput leaves Stdout and Stderr of results empty. Kept for every step, up
	// to 2 MiB of each, they are what a long run needs most memory for; the logs
	// have them.
	DropOutput bool

	// Only, From and Skip choose steps, by id. Only: these. From: these and what,
	// directly or not, waits for them. Both: either. Neither: all. Skip: of those,
	// all but these. A step left out counts as met; outputs of it that are read are
	// given in Outputs.
	Only, Skip, From []string

	// Asked is what is noted of where the run comes from, for runs that are kept.
	// What the engine knows itself it fills in.
	Asked state.Asked

	// Of a run that is resumed, by id: Rerun runs a step again; Keep lets one
	// count as it ended although it has changed; MarkDone lets one count as done
	// although it did not complete. By says who decides.
	Rerun, Keep, MarkDone []string
	By                    string

	// Outputs are those, by step, of steps that are left out or marked as done.
	Outputs map[string]map[string]any
}

// machine is o as the machine of r needs it.
func (o RunOptions) machine(r *liveRun, random func() float64) run.Options {
	return run.Options{
		RunID: r.id,
		ExecutionIDs: func(phase event.Phase, i int) uuid.UUID {
			return r.executions[r.index(run.Node{Phase: phase, Index: i})]
		},
		Random:         random,
		Only:           o.Only,
		Skip:           o.Skip,
		From:           o.From,
		ApproveAll:     o.ApproveAll,
		Approved:       o.Approve,
		Rejected:       o.Reject,
		ApprovedBy:     o.ApprovedBy,
		NoRollback:     o.NoRollback,
		AwaitApprovals: o.AwaitApprovals,
		Durable:        r.disk.run != nil,
		Memory:         r.memory,
		Rerun:          o.Rerun,
		Keep:           o.Keep,
		MarkDone:       o.MarkDone,
		By:             o.By,
		Outputs:        canonicalOutputs(o.Outputs),
		Key:            r.disk.key,
		Holds:          func(v any) (string, bool) { return findIn(r.vault.current(), v) },
		Undo:           r.undo,
		Dir:            r.dir.own,
	}
}

// check returns every step that o names and p does not have, or that does not ask
// what o answers.
func (o RunOptions) check(p *plan.Plan) error {
	known := map[string]bool{}
	for i := range p.Steps {
		known[p.Steps[i].ID] = true
	}
	for _, g := range p.Groups {
		known[g.ID] = true
	}
	var problems *multierror.Error
	for _, names := range []struct {
		option string
		ids    []string
	}{{"only", o.Only}, {"skip", o.Skip}, {"from", o.From}} {
		// Steps to decide on are those of the run, which may have instances and be
		// of a runbook that is not this one any more: see checkDecisions.
		for _, id := range names.ids {
			if !known[id] {
				problems = multierror.Append(problems, fmt.Errorf("%s: there is no step %q", names.option, id))
			}
		}
	}
	asking := p.Approvals()
	for _, names := range []struct {
		option string
		ids    []string
	}{{"approve", o.Approve}, {"reject", o.Reject}} {
		for _, id := range names.ids {
			switch {
			case slices.Contains(asking, plan.PlainID(id)):
			case known[id]:
				problems = multierror.Append(problems, fmt.Errorf("%s: step %q asks for no approval", names.option, id))
			default:
				problems = multierror.Append(problems, fmt.Errorf("%s: there is no step %q", names.option, id))
			}
		}
	}
	return validationError("options", problems)
}

// checkOutputs returns every output of a step left out that a step reads.
func (o RunOptions) checkOutputs(p *plan.Plan) error {
	var problems *multierror.Error
	for _, m := range o.MissingOutputs(p) {
		problems = multierror.Append(problems, fmt.Errorf("outputs: step %q is left out, and its output %q, which step %q reads, is not given", m.Step, m.Output, m.Readers[0]))
	}
	return validationError("options", problems)
}

// Approve answers the question of a step that waits for an approval; by says
// who does, for the record. The error is [ErrNotFound] for a run that the engine
// does not know, [ErrNotWaiting] for a step that does not wait, and [ErrTooLate]
// for a run that has ended or paused.
func (e *Engine) Approve(id uuid.UUID, stepID, by string) error {
	return e.answer(id, stepID, func(n run.Node) run.Input { return run.Approve{Node: n, By: by} })
}

// Reject is the other answer: the step fails, and nothing tolerates it.
func (e *Engine) Reject(id uuid.UUID, stepID, by, message string) error {
	return e.answer(id, stepID, func(n run.Node) run.Input { return run.Reject{Node: n, By: by, Message: message} })
}

func (e *Engine) answer(id uuid.UUID, stepID string, in func(run.Node) run.Input) error {
	r, ok := e.planRun(id)
	if !ok {
		return ErrNotFound
	}
	if r.over() {
		return fmt.Errorf("step %q: %w", stepID, ErrTooLate)
	}
	n, ok := r.waiting(stepID)
	if !ok {
		return fmt.Errorf("step %q: %w", stepID, ErrNotWaiting)
	}
	r.send(in(n))
	return nil
}

// waiting finds a step that waits for an approval.
func (r *liveRun) waiting(stepID string) (run.Node, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.machine.Waiting() {
		if r.machine.StepID(n) == stepID {
			return n, true
		}
	}
	return run.Node{}, false
}

// Unattended says that nobody will answer any more: a run that waits for
// approvals pauses when nothing else is left of it. The error is [ErrNotFound].
func (e *Engine) Unattended(id uuid.UUID) error {
	r, ok := e.planRun(id)
	if !ok {
		return ErrNotFound
	}
	r.send(run.Unattended{})
	return nil
}
