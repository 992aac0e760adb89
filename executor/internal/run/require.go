package run

import (
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// What an included runbook requires is asked once its params are known and
// before anything in it runs: by its gate where its steps are among those of
// another, else by the node whose body it is. It sees the names of its own file,
// and its probes run in the folder of that.

// requiresOf is what must hold before node i, or what is inside of it, begins.
func (m *Machine) requiresOf(i int) []plan.Guard {
	s := m.nodes[i].step
	if s.Body != nil && !m.isRollback(i) {
		return s.Body.Require
	}
	return s.Require
}

// asksInside reports whether a guard of node i sees the names of the runbook that
// is behind or inside of it, not those of the file that the node is written in.
func (m *Machine) asksInside(i int, which Which) bool {
	if i < 0 || which != Require {
		return false
	}
	k, _ := m.in(i)
	return k.kind == gatesOf || m.isBody(i)
}

// inside is the file of the runbook that is behind node i, a gate, or inside of it.
func (m *Machine) inside(i int) scopeKey {
	if k, local := m.in(i); k.kind == gatesOf {
		return scopeKey{owner: int32(k.owner), group: local + 1}
	}
	return scopeKey{owner: int32(i)}
}

// guardScope is what a guard of node i sees.
func (m *Machine) guardScope(i int, which Which, h Hidden) *plan.Scope {
	if m.asksInside(i, which) {
		return m.fileScope(m.inside(i), h)
	}
	return m.scopeOf(i, h)
}

// passRequire goes on with one thing that node i requires.
func (m *Machine) passRequire(i int, g *gate, guard *plan.Guard) bool {
	if m.asksInside(i, Require) {
		if _, err := m.bind(m.inside(i), Hidden{}); err != nil {
			m.failGate(i, event.ReasonExpression, err.Error())
			return false
		}
	}
	return m.passGuard(i, g, Require, guard, g.k)
}

// Asker is what asks a guard of a node: a step that gives its probe a folder and
// variables, and what its expressions see.
func (m *Machine) Asker(n Node, which Which, h Hidden) (*plan.Step, *plan.Scope) {
	dir := m.plan.Dir
	i, ok := m.index(n)
	switch {
	case n == Itself:
		i = -1
	case !ok:
		return nil, nil
	case !m.asksInside(i, which):
		return m.nodes[i].step, m.scopeOf(i, h)
	default:
		dir = m.dirOf(m.inside(i))
	}
	return &plan.Step{Dir: dir, WorkingDir: plan.Text(dir)}, m.guardScope(i, which, h)
}

func (m *Machine) dirOf(at scopeKey) string {
	p := m.planOf(at)
	if at.group > 0 {
		return p.Groups[at.group-1].Dir
	}
	return p.Dir
}

// RequireMessage is what a require of node n says that does not hold.
func (m *Machine) RequireMessage(n Node, g *plan.Guard) string {
	_, scope := m.Asker(n, Require, Hidden{})
	return requireMessage(g, scope)
}

// requireMessage is what a require says that does not hold.
func requireMessage(g *plan.Guard, scope *plan.Scope) string {
	if text := messageText(g.Message, scope); text != "" {
		return text
	}
	if g.Expr != nil {
		return "require does not hold: " + g.Expr.Source()
	}
	return "require does not hold"
}

// messageText is a message with what its expressions give, and a word where one
// gives nothing: it is told all the same. Empty: it says nothing.
func messageText(message plan.Value, scope *plan.Scope) string {
	var b strings.Builder
	says := false
	for _, part := range message.Parts() {
		text, err := plan.Template(part).Resolve(scope)
		if err == nil && !text.Secret {
			says = says || text.Text != ""
			b.WriteString(text.Text)
			continue
		}
		if v, err := part.Expr.Eval(scope); err == nil && v == nil {
			b.WriteString("null")
		} else {
			b.WriteString("(no value: " + part.Expr.Source() + ")")
		}
	}
	if !says {
		return ""
	}
	return b.String()
}
