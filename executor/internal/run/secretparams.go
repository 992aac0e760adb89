package run

import (
	"fmt"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// A secret that is given to a param of an included runbook is none of the
// machine's business, and neither is whether it fits. Whoever has the secrets asks
// for that: before the first step of those that are fetched, and before an attempt
// of those that a step has put out. No error shows anything of a secret.

// SecretMisfits is what of the secrets is given wrongly to included runbooks, as
// far as h is enough to tell, in the order of the plan.
func (m *Machine) SecretMisfits(h Hidden) (problems []error) {
	add := func(id string, params []plan.Param, with []plan.Binding, wanted *plan.Guard, scope *plan.Scope) {
		if wanted != nil && wanted.Expr != nil {
			if v, known, _, err := wanted.Expr.EvalTri(scope, fetched(scope)); known && err == nil && v == false {
				return
			}
		}
		for _, err := range m.secretMisfits(params, with, scope) {
			problems = append(problems, fmt.Errorf("step %q: %w", id, err))
		}
	}
	for i := range m.plan.Groups {
		g := &m.plan.Groups[i]
		for _, s := range g.Steps {
			if m.runsStep(s) {
				add(g.ID, g.Params, g.With, g.If, m.fileScope(scopeKey{-1, g.Parent}, h))
				break
			}
		}
	}
	for i := range m.plan.Steps {
		if s := &m.plan.Steps[i]; s.Body != nil && m.runsStep(i) {
			add(s.ID, s.Body.Params, s.With, s.If, m.scopeOf(m.first[main]+i, h))
		}
	}
	return problems
}

func (m *Machine) runsStep(i int) bool { return m.leftOut.size == 0 || !m.leftOut.has(i) }

// SecretMisfit is the first secret that does not fit its param among those that
// the file of a node was given, or one around it.
func (m *Machine) SecretMisfit(n Node, h Hidden) error {
	i, ok := m.index(n)
	if !ok {
		return nil
	}
	for at := m.fileOf(i); ; {
		var problems []error
		switch {
		case at.group > 0:
			g := &m.planOf(at).Groups[at.group-1]
			outer := scopeKey{at.owner, g.Parent}
			problems = m.secretMisfits(g.Params, g.With, m.fileScope(outer, h))
			at = outer
		case at.owner >= 0:
			step := m.nodes[at.owner].step
			problems = m.secretMisfits(step.Body.Params, step.With, m.scopeOf(int(at.owner), h))
			at = m.fileOf(int(at.owner))
		default:
			return nil
		}
		if len(problems) > 0 {
			return problems[0]
		}
	}
}

// fetched is what is known before the first step once the secrets are.
func fetched(scope *plan.Scope) func(plan.Ref) bool {
	return func(r plan.Ref) bool {
		_, set := scope.Params[r.Name]
		return r.Root == "params" && set || r.Root == "secrets" || r.Root == "run" && r.Field == "name"
	}
}

func (m *Machine) secretMisfits(params []plan.Param, with []plan.Binding, scope *plan.Scope) (problems []error) {
	for _, w := range with {
		if !w.Secret {
			continue
		}
		v, known, err := w.Value.EvalTri(scope, func(r plan.Ref) bool {
			return r.Root == "steps" || (r.Root == "item" || r.Root == "index") && scope.HasItem || fetched(scope)(r)
		})
		secret, ok := v.(plan.SecretText)
		if err != nil || !known || !ok {
			continue // it is not known yet, or has no value, which is told where it is used
		}
		if err := m.fits(params, w.Name, secret.Reveal()); err != nil {
			problems = append(problems, fmt.Errorf("with.%s: %w", w.Name, err))
		}
	}
	return problems
}
