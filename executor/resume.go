package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-multierror"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/process"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Decision says what a resume does about a step that had an attempt before, or
// waits for an approval.
type Decision struct {
	StepID    string      `json:"step_id"`
	Do        Fate        `json:"do"`
	Why       string      `json:"why,omitempty"`        // for a person, such as which part of the step changed
	AsksFirst bool        `json:"asks_first,omitempty"` // whether its unless still holds
	Phase     event.Phase `json:"phase,omitempty"`      // of a handler
	Ended     string      `json:"ended"`                // how its last attempt did: a status, interrupted or rolled_back; without one waiting, approved or rejected
	StartedAt time.Time   `json:"started_at,omitzero"`  // of its last attempt
	Attempt   int         `json:"attempt,omitempty"`    // the number of that
}

// Fate is what becomes of a step when its run is resumed.
type Fate = run.Fate

const (
	Keep   = run.Keep   // it counts as it ended
	Rerun  = run.Rerun  // it had completed, or nobody knows, and it is run again
	Again  = run.Run    // it did not complete, and is run
	Mark   = run.Mark   // it counts as done, because somebody says so
	Decide = run.Decide // somebody must say
	Later  = run.Later  // it depends on what another step puts out this time
	Ask    = run.Ask    // its approval is asked for
	Fail   = run.Fail   // it fails, for its approval was refused
	Gone   = run.Gone   // the runbook does not have it any more
)

// An UndecidedError says that a run cannot be resumed before somebody has said
// what is to become of some of its steps: by [RunOptions] Rerun, Keep or
// MarkDone. Nothing was started.
type UndecidedError struct{ Decisions []Decision }

func (e *UndecidedError) Error() string {
	ids := make([]string, len(e.Decisions))
	for i, d := range e.Decisions {
		ids[i] = fmt.Sprintf("%q", d.StepID)
	}
	if len(ids) == 1 {
		return fmt.Sprintf("step %s needs a decision: %s", ids[0], e.Decisions[0].Why)
	}
	return fmt.Sprintf("steps %s need a decision", strings.Join(ids, ", "))
}

// Decisions is what a [*ValidationError] is about that says that Rerun, Keep or
// MarkDone name what cannot be decided on.
const Decisions = "decisions"

// ErrCompleted is returned for resuming a run that has completed.
var ErrCompleted = errors.New("the run has completed: there is nothing to resume")

// ErrUndone is returned for rolling back a run of which nothing is left to undo.
var ErrUndone = errors.New("nothing that the run did is left to undo")

// errNoState is returned where runs are not kept.
var errNoState = errors.New("the engine keeps no runs: its configuration has no state folder")

// Resume goes on with a run that is kept: one that failed, was cancelled, is
// paused, or whose engine died. p is the runbook as it is now. What has completed
// and is as it was is kept; see the decisions of [Engine.Explain] for the rest.
// The errors are an [*UndecidedError], [ErrCompleted], a [*state.BusyError] where
// another engine has the run, and those of [Engine.ExecuteCompiled]; what is kept
// needs nothing any more.
func (e *Engine) Resume(ctx context.Context, id uuid.UUID, p *plan.Plan, o RunOptions) error {
	return e.goOn(ctx, &liveRun{id: id, plan: p, options: o})
}

// RollBack undoes what a run has done: it runs the rollbacks of all its steps
// that were started and are not undone, and nothing else. p is best the plan that
// the run was made of. Where nothing is left to undo the error is [ErrUndone], and
// nothing is recorded.
func (e *Engine) RollBack(ctx context.Context, id uuid.UUID, p *plan.Plan, o RunOptions) error {
	return e.goOn(ctx, &liveRun{id: id, plan: p, options: o, undo: true})
}

func (e *Engine) goOn(ctx context.Context, r *liveRun) (err error) {
	if err := errors.Join(checkTimeouts(r.plan, e.config), r.options.check(r.plan)); err != nil {
		return err
	}
	if e.state == nil {
		return errNoState
	}
	if r.disk.run, err = e.state.Lock(r.id); err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		if r.disk.journal != nil {
			err = errors.Join(err, r.disk.journal.Close())
		}
		err = errors.Join(err, r.disk.run.Release())
	}()
	seq, notices, err := r.recollect()
	if err != nil {
		return err
	}
	if err := r.disk.run.CheckPlan(); err != nil { // whatever the plan is now, the record of a damaged run is not to be built on
		return err
	}
	may := undone(r.plan, r.memory)
	if r.undo && !may.undoesAny(r.plan) {
		return ErrUndone
	}
	if !r.undo {
		if may, err = r.mayResume(); err != nil {
			return err
		}
	}
	warnings, err := e.checkBefore(r.plan, may)
	if err != nil {
		return err
	}
	if r.options.Asked.Params != nil {
		if err := r.disk.run.GiveParams(r.options.Asked.Params); err != nil {
			return err
		}
	}
	r.executions, r.isPlan, r.byStep = derivedIDs(r.id, r.plan), true, true
	e.stream.from(seq)
	if err := e.start(ctx, r); err != nil {
		return err
	}
	for _, w := range warnings {
		notices = append(notices, w.Error())
	}
	for _, n := range notices {
		r.notice(n)
	}
	return nil
}

// recollect opens the journal of a run that is locked, and reads what the run has
// done. seq is its last number; notices are to be told when the run goes on.
func (r *liveRun) recollect() (seq uint64, notices []string, err error) {
	kept := r.disk.run
	j, past, err := kept.OpenJournal()
	if err != nil {
		return 0, nil, err
	}
	r.disk.journal = j
	if err := kept.ForgetOutputs(); err != nil {
		return 0, nil, err
	}
	if r.disk.key, err = kept.Key(); err != nil {
		return 0, nil, err
	}
	events, notices, err := kept.TakeAnswers(j, past.Events)
	if err != nil {
		return 0, nil, err
	}
	if n := len(events); n > 0 {
		seq = events[n-1].Seq
	}
	unrecorded, err := kept.Unrecorded(events)
	if err != nil {
		return 0, nil, err
	}
	r.memory = run.Remember(append(events, unrecorded...))
	if past.Torn > 0 {
		notices = append(notices, fmt.Sprintf("the last record of the journal was not complete, as a crash leaves it; its %d bytes are now in %s", past.Torn, past.Kept))
	}
	return seq, notices, nil
}

// mayResume says what of the plan a resume may run, or why there is none.
func (r *liveRun) mayResume() (part, error) {
	if r.memory.Status == event.StatusCompleted {
		return part{}, ErrCompleted
	}
	list := explain(r.id, r.plan, r.memory, r.options, r.disk.run.Dir(), r.disk.key)
	if err := r.options.checkDecisions(list); err != nil {
		return part{}, err
	}
	may := r.options.resumed(r.plan, list)
	undecided := slices.DeleteFunc(list, func(d Decision) bool { return d.Do != Decide })
	if len(undecided) > 0 {
		return part{}, &UndecidedError{undecided}
	}
	return may, nil
}

// Explain says what [Engine.Resume] would do about every step that had an attempt
// before, in the order of p. Nothing is started or changed for it.
func (e *Engine) Explain(id uuid.UUID, p *plan.Plan, o RunOptions) ([]Decision, error) {
	if e.state == nil {
		return nil, errNoState
	}
	kept, err := e.state.Run(id)
	if err != nil {
		return nil, err
	}
	events, err := kept.Events()
	if err != nil {
		return nil, err
	}
	key, err := kept.Key()
	if err != nil {
		return nil, err
	}
	unrecorded, err := kept.Unrecorded(events)
	if err != nil {
		return nil, err
	}
	list := explain(id, p, run.Remember(append(events, unrecorded...)), o, kept.Dir(), key)
	return list, o.checkDecisions(list)
}

func explain(id uuid.UUID, p *plan.Plan, m *run.Memory, o RunOptions, dir, key string) []Decision {
	r := &liveRun{id: id, plan: p, options: o, executions: derivedIDs(id, p), memory: m, dir: runFolder{own: dir}, disk: disk{key: key}}
	options := o.machine(r, nil)
	options.Durable = true
	return decisions(run.New(p, options).Explain(time.Now()))
}

func decisions(list []run.Decision) []Decision {
	var all []Decision
	for _, d := range list {
		all = append(all, Decision{
			StepID: d.StepID, Phase: d.Phase, Do: d.Do, Why: d.Why, AsksFirst: d.Asks, Ended: d.Ended, StartedAt: d.Started, Attempt: d.Attempt,
		})
	}
	return all
}

// nothing reports whether the run has nothing of the step that could count.
func (d *Decision) nothing() bool {
	return d.Do == Ask || d.Do == Fail || d.Ended == run.Undone || d.Ended == run.Approved
}

// A said decision is what an option says of a step and all inside of it.
type said struct{ option, id string }

// checkDecisions returns every step that o decides on and that had no attempt,
// or that is decided on twice, by itself or as a part of another.
func (o RunOptions) checkDecisions(list []Decision) error {
	var problems *multierror.Error
	var before []said
	for _, names := range []struct {
		option string
		ids    []string
	}{{"rerun", o.Rerun}, {"keep", o.Keep}, {"mark done", o.MarkDone}} {
		for _, id := range names.ids {
			now := said{names.option, id}
			problems = multierror.Append(problems, now.check(list, before))
			before = append(before, now)
		}
	}
	return validationError(Decisions, problems)
}

func (s said) check(list []Decision, before []said) error {
	for _, b := range before {
		switch {
		case b.id == s.id:
			return fmt.Errorf("step %q: both %s and %s", s.id, b.option, s.option)
		case b.option != s.option && plan.Covers(b.id, s.id):
			return fmt.Errorf("step %q: %s, but %s for all of %q", s.id, s.option, b.option, b.id)
		case b.option != s.option && plan.Covers(s.id, b.id):
			return fmt.Errorf("step %q: %s, but %s for all of %q", b.id, b.option, s.option, s.id)
		}
	}
	k := slices.IndexFunc(list, func(d Decision) bool { return d.Phase == event.Main && plan.Covers(s.id, d.StepID) })
	if k < 0 {
		return fmt.Errorf("%s: step %q had no attempt in this run", s.option, s.id)
	}
	switch d := &list[k]; {
	case d.StepID != s.id:
		return nil
	case s.option == "mark done" && d.nothing():
		return fmt.Errorf("mark done: of step %q there is nothing that could count (%s)", s.id, d.Ended)
	case s.option == "keep" && d.Ended != event.StatusCompleted.String():
		return fmt.Errorf("keep: step %q did not complete (%s); to count it as done, mark it as done", s.id, d.Ended)
	}
	return nil
}

// StillRunning returns the processes on this machine that a step of a run has
// left, which only those of an engine that was killed has: as far as the system
// tells, which it does by the variables that a process was started with.
func StillRunning(id uuid.UUID, stepID string) []int {
	return process.Carrying("RUNBOOK_RUN_ID="+id.String(), "RUNBOOK_STEP_ID="+stepID)
}

func canonicalOutputs(given map[string]map[string]any) map[string]event.Values {
	all := make(map[string]event.Values, len(given))
	for id, values := range given {
		v, err := event.Canonical(values)
		if err != nil {
			continue // what cannot be written down is no output
		}
		all[id] = v.(map[string]any)
	}
	return all
}
