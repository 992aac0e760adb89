package executor

import (
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A guess is a run that does not begin: what its steps are given as far as it is
// known beforehand.
type guess struct {
	*run.Machine
	scopes map[int]*plan.Scope // by group; thousands of steps have the same
}

func newGuess(p *plan.Plan) *guess {
	return &guess{run.New(p, run.Options{}), map[int]*plan.Scope{}}
}

// scope is what the expressions of a group can name.
func (g *guess) scope(group int) *plan.Scope {
	s := g.scopes[group]
	if s == nil {
		s = g.GroupScope(group)
		g.scopes[group] = s
	}
	return s
}
