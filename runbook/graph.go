package runbook

import (
	"slices"

	"github.com/cloudops-run/runbook/dag"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// Graph returns the steps of a plan as a graph named by their ids. Both kinds of
// edge are in it. It is nil where the steps depend on each other in a circle,
// which those of a loaded runbook never do.
func Graph(p *plan.Plan) *dag.Graph {
	names, deps := make([]string, len(p.Steps)), make([][]int, len(p.Steps))
	for i := range p.Steps {
		s := &p.Steps[i]
		names[i] = s.ID
		deps[i] = s.Needs
		if len(s.After) > 0 {
			deps[i] = slices.Concat(s.Needs, s.After)
		}
	}
	g, err := dag.New(names, deps)
	if err != nil {
		return nil
	}
	return g
}
