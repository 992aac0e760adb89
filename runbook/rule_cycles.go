package runbook

import (
	"errors"
	"strings"

	"github.com/cloudops-run/runbook/dag"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// checkCycles: steps do not depend on each other in a circle. Each group of
// steps that do is told once, at its earliest step. What is in no circle must
// still fit the order of the file where the strategy is serial.
func checkCycles(c *checker, d *document) {
	if d.strategyUnreadable || d.order() == plan.Parallel {
		return
	}
	for _, s := range d.steps {
		for k, need := range s.needs {
			if need == s.index {
				c.at(s.dependsOn[k], ruleCycle, "remove it", "step %[1]q depends on itself: %[1]s -> %[1]s", literal(s.dependsOn[k]))
			}
		}
	}
	inCircle := map[edge]bool{}
	for _, cycle := range cycles(d) {
		c.cycle(d, cycle)
		for i, from := range cycle.Nodes[:len(cycle.Nodes)-1] {
			inCircle[edge{from, cycle.Nodes[i+1]}] = true
		}
	}
	if d.order() != plan.Serial {
		return
	}
	for _, s := range d.steps {
		for k, need := range s.needs {
			if need > s.index && !inCircle[edge{s.index, need}] {
				c.at(s.dependsOn[k], ruleDependency, "move the step up, or use the strategy dependency_graph",
					"step %q comes later, in line %d, and serial runs the steps in file order", literal(s.dependsOn[k]), d.steps[need].node.Line)
			}
		}
	}
}

type edge struct{ from, to int }

func cycles(d *document) []*dag.CycleError {
	names, deps := make([]string, len(d.steps)), make([][]int, len(d.steps))
	for i, s := range d.steps {
		names[i] = literal(s.id)
		for _, need := range s.needs {
			if need >= 0 && need != i {
				deps[i] = append(deps[i], need)
			}
		}
		for _, r := range s.references {
			deps[i] = append(deps[i], r.to)
		}
	}
	_, err := dag.New(names, deps)
	var first *dag.CycleError
	if !errors.As(err, &first) {
		return nil
	}
	return append([]*dag.CycleError{first}, first.Also...)
}

func (c *checker) cycle(d *document, cycle *dag.CycleError) {
	at, next := d.steps[cycle.Nodes[0]], cycle.Nodes[1]
	for k, need := range at.needs {
		if need != next {
			continue
		}
		c.at(at.dependsOn[k], ruleCycle, "remove one of these dependencies", "steps depend on each other in a circle: %s", chain(cycle.Path))
		return
	}
	for _, r := range at.references {
		if r.to == next {
			c.part(r.node, r.offset, r.length, Diagnostic{Rule: ruleCycle, Help: "remove one of these dependencies; reading from a step is waiting for it",
				Message: "steps depend on each other in a circle: " + chain(cycle.Path)})
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
