package runbook

import (
	"errors"
	"strings"

	"github.com/cloudops-run/runbook/dag"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// checkCycles: steps do not depend on each other in a circle. Each group of
// steps that do is told once, at its earliest step.
func checkCycles(c *checker, d *document) {
	if d.strategyUnreadable || d.order() != plan.DependencyGraph {
		return
	}
	names, deps := make([]string, len(d.steps)), make([][]int, len(d.steps))
	for i, s := range d.steps {
		names[i] = literal(s.id)
		for _, need := range s.needs {
			if need >= 0 {
				deps[i] = append(deps[i], need)
			}
		}
	}
	_, err := dag.New(names, deps)
	var cycle *dag.CycleError
	if !errors.As(err, &cycle) {
		return
	}
	reportCycle(c, d, cycle)
	for _, also := range cycle.Also {
		reportCycle(c, d, also)
	}
}

func reportCycle(c *checker, d *document, cycle *dag.CycleError) {
	at, next := d.steps[cycle.Nodes[0]], cycle.Nodes[1]
	for k, need := range at.needs {
		if need == next {
			if next == at.index {
				c.at(at.dependsOn[k], ruleCycle, "remove it", "step %q depends on itself: %s", cycle.Path[0], chain(cycle.Path))
			} else {
				c.at(at.dependsOn[k], ruleCycle, "remove one of these dependencies", "steps depend on each other in a circle: %s", chain(cycle.Path))
			}
			return
		}
	}
}

// chain is a path through steps, without the middle of an endless one.
func chain(path []string) string {
	const most = 40
	if len(path) > most {
		path = append(append(append([]string{}, path[:most/2]...), "..."), path[len(path)-most/2:]...)
	}
	return strings.Join(path, " -> ")
}
