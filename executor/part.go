package executor

import (
	"slices"

	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A part is what of the steps of a plan may run this time. The zero value is all
// of them.
type part struct {
	out        []bool // by index: it does not run; nil: every step may
	undo       []bool // by index: its rollback may run all the same; nil: of each that may
	onlyUndo   bool   // no step runs but rollbacks
	noRollback bool
}

// part is what a new run may run.
func (o RunOptions) part(p *plan.Plan) part {
	t := part{noRollback: o.NoRollback}
	if list := o.leftOut(p); len(list) > 0 {
		t.out = make([]bool, len(p.Steps))
		for _, i := range list {
			t.out[i] = true
		}
	}
	return t
}

// resumed is what a run may run that goes on: what is kept of it is not run, but
// may be undone.
func (o RunOptions) resumed(p *plan.Plan, decisions []Decision) part {
	t := o.part(p)
	if t.out == nil {
		t.out = make([]bool, len(p.Steps))
	}
	t.undo = make([]bool, len(p.Steps))
	kept := map[string]bool{}
	for _, d := range decisions {
		kept[d.StepID] = d.Do == Keep || d.Do == Mark
	}
	for i := range p.Steps {
		t.undo[i] = !t.out[i]
		t.out[i] = t.out[i] || kept[p.Steps[i].ID]
	}
	return t
}

// undone is what runs where a run goes on only to undo what it has done.
func undone(p *plan.Plan, m *run.Memory) part {
	t := part{onlyUndo: true, undo: make([]bool, len(p.Steps))}
	ran := m.Ran()
	for i := range p.Steps {
		t.undo[i] = ran[p.Steps[i].ID]
	}
	return t
}

// undoesAny reports whether there is a rollback among what was done.
func (t part) undoesAny(p *plan.Plan) bool {
	for i := range p.Steps {
		if t.undo[i] && undoable(&p.Steps[i]) {
			return true
		}
	}
	return false
}

func undoable(s *plan.Step) bool {
	if s.Rollback != nil {
		return true
	}
	return s.Body != nil && slices.ContainsFunc(s.Body.Steps, func(in plan.Step) bool { return undoable(&in) })
}

// inside is what runs of the runbook that a step runs.
func (t part) inside() part { return part{onlyUndo: t.onlyUndo, noRollback: t.noRollback} }

func (t part) runs(i int) bool { return !t.onlyUndo && (t.out == nil || !t.out[i]) }

// undoes reports whether the rollback of step i may run.
func (t part) undoes(i int) bool {
	switch {
	case t.undo != nil:
		return !t.noRollback && t.undo[i]
	case t.onlyUndo:
		return true
	}
	return !t.noRollback && t.runs(i)
}

// handlers are the steps that may run after those of the runbook.
func (t part) handlers(p *plan.Plan) [][]plan.Step {
	if t.onlyUndo {
		return nil
	}
	return [][]plan.Step{p.OnFailure, p.Finally}
}
