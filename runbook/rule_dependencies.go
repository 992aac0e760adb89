package runbook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema"
)

// maxSuggestions is how many unknown names are compared with every id; in a file
// of many thousands of steps more would take too long.
const maxSuggestions = 20

// checkDependencies: depends_on names steps, and suits the strategy. It fills in
// the needs of every step.
func checkDependencies(c *checker, d *document) {
	g := dependencies{checker: c, document: d, handlers: map[string]string{}, nameless: map[string]bool{}}
	for _, s := range d.steps {
		switch {
		case s.dependsOnKey == nil:
		case d.order() == plan.Parallel && !d.strategyUnreadable:
			c.at(s.dependsOnKey, ruleDependency, "remove it, or use the strategy dependency_graph", "\"depends_on\" has no meaning with the strategy parallel")
		default:
			g.resolve(s)
		}
	}
	for _, s := range slices.Concat(d.onFailure, d.finally) {
		if s.dependsOnKey != nil {
			c.at(s.dependsOnKey, ruleDependency, "remove it; put the steps in the order they should run in", "\"depends_on\" has no meaning in %s, whose steps run in file order", s.phase)
		}
	}
}

type dependencies struct {
	*checker
	*document
	steps    map[string]int
	handlers map[string]string // to their phase
	nameless map[string]bool   // the names of steps without an id
	ids      []string
	asked    int
}

func (g *dependencies) index() {
	g.steps, g.ids = make(map[string]int, len(g.document.steps)), make([]string, 0, len(g.document.steps))
	for i, s := range g.document.steps {
		if s.id == nil {
			// Without an id a step's name is what others most likely meant.
			g.nameless[literal(s.name)] = true
			continue
		}
		if _, ok := g.steps[s.id.Value]; !ok {
			g.steps[s.id.Value] = i
			g.ids = append(g.ids, s.id.Value)
		}
	}
	for _, s := range slices.Concat(g.onFailure, g.finally) {
		if s.id != nil {
			g.handlers[s.id.Value] = s.phase
		}
	}
}

func (g *dependencies) resolve(s *step) {
	if g.steps == nil {
		g.index()
	}
	s.needs = make([]int, len(s.dependsOn))
	var seen map[int]bool
	if len(s.dependsOn) > 16 {
		seen = make(map[int]bool, len(s.dependsOn))
	}
	for k, n := range s.dependsOn {
		i, ok := g.steps[literal(n)]
		if !ok {
			s.needs[k] = -1
			g.unknown(n)
			continue
		}
		twice := seen[i] || seen == nil && slices.Contains(s.needs[:k], i)
		if seen != nil {
			seen[i] = true
		}
		s.needs[k] = i
		if twice {
			g.warn(n, ruleDependency, "remove one of them", "%q is listed twice", literal(n))
		}
	}
}

func (g *dependencies) unknown(n *node) {
	name := literal(n)
	if g.nameless[name] && name != "" {
		return
	}
	if phase := g.handlers[name]; phase != "" {
		g.at(n, ruleUnknownStep, "depend on one of steps", "%q is in %s, and no step can wait for that", name, phase)
		return
	}
	help := ""
	if g.asked < maxSuggestions {
		g.asked++
		help = didYouMean(schema.Closest(name, g.ids))
	}
	if group, _, inside := strings.Cut(name, "/"); inside {
		if _, ok := g.steps[group]; ok {
			help = fmt.Sprintf("depend on %q, which stands for all its steps", group)
		}
	}
	// The step that is meant may be one that could not be read.
	if help == "" && g.someStepsUnreadable {
		return
	}
	if g.isDynamic(n) {
		g.literalWord("depends_on", n)
		return
	}
	g.at(n, ruleUnknownStep, help, "there is no step %q", shorten(name))
}
