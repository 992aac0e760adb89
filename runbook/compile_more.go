package runbook

import (
	"encoding/json"
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// more fills in what a step has besides a command and its surroundings.
func (k *compiler) more(to *plan.Step, s *step) {
	to.If, to.Unless = k.guard(s.guards.wanted), k.guard(s.guards.done)
	to.Require = k.guards(s.require)
	to.Lock = k.lock(s.lock)
	to.Foreach = k.foreach(s.foreach)
	to.Expect = k.expr(s.expect)
	to.Outputs = k.outputs(s.outputs)
	if s.approval != nil {
		v := k.valueOf(s.approval)
		to.Approval = &v
	}
	if s.rollback != nil {
		to.Rollback = &plan.Step{}
		k.step(to.Rollback, s.rollback)
	}
}

func (k *compiler) guard(g *guard) *plan.Guard {
	if g == nil {
		return nil
	}
	to := &plan.Guard{Expr: k.expr(g.expr), Message: k.valueOf(g.message)}
	if g.probe != nil {
		to.Probe = &plan.Probe{Command: k.command(g.probe), Expect: k.expr(g.expect)}
	}
	return to
}

func (k *compiler) guards(list []*guard) []plan.Guard {
	if len(list) == 0 {
		return nil
	}
	gs := make([]plan.Guard, len(list))
	for i, g := range list {
		gs[i] = *k.guard(g)
	}
	return gs
}

func (k *compiler) lock(l *lock) *plan.Lock {
	if l == nil {
		return nil
	}
	return &plan.Lock{Name: k.valueOf(l.name), Wait: k.valueOf(l.wait)}
}

func (k *compiler) foreach(f *foreach) *plan.Foreach {
	if f == nil {
		return nil
	}
	to := &plan.Foreach{Key: k.expr(f.itemKey), MaxConcurrency: number(f.maxConcurrency), MaxFailures: number(f.maxFailures)}
	to.In, to.Items = k.itemsOf(f.in)
	for _, a := range f.matrix {
		axis := plan.Axis{Name: a.name.Value}
		axis.In, axis.Items = k.itemsOf(a.in)
		to.Matrix = append(to.Matrix, axis)
	}
	return to
}

func (k *compiler) itemsOf(n *node) (*plan.Expr, plan.List) {
	if n == nil || isScalar(n) {
		return k.expr(n), nil
	}
	list, _ := dataOf(n).([]any)
	if len(list) == 0 {
		return nil, nil
	}
	return nil, list
}

func (k *compiler) outputs(list []*output) []plan.Output {
	if len(list) == 0 {
		return nil
	}
	to := make([]plan.Output, len(list))
	for i, o := range list {
		to[i] = plan.Output{Name: o.key.Value, Expr: k.expr(o.expr), Secret: o.secret}
		if e := to[i].Expr; e != nil {
			to[i].Nullable = e.Type().MayBeNull()
		}
	}
	return to
}

func (k *compiler) secrets(list []*secret) []plan.Secret {
	if len(list) == 0 {
		return nil
	}
	to := make([]plan.Secret, len(list))
	for i, s := range list {
		to[i] = plan.Secret{Name: s.key.Value, Line: s.key.Line, Env: literal(s.env), Value: k.expr(s.value)}
		if s.file != nil {
			to[i].File = k.pathOf(s.file)
		}
		if s.command != nil {
			to[i].Exec = append([]plan.Value{plan.Text(k.program(literal(s.command.program)))}, k.values(s.command.args)...)
		}
	}
	return to
}

func compileParams(list []*param) []plan.Param {
	if len(list) == 0 {
		return nil
	}
	to := make([]plan.Param, len(list))
	for i, p := range list {
		to[i] = plan.Param{Name: p.key.Value, Schema: p.canonical()}
		if p.fallback != nil {
			to[i].Value, to[i].Set, to[i].Source = dataOf(p.fallback), true, "default"
		}
	}
	return to
}

// with is what a step gives for the params of what it includes. Literals that
// are no text are expressions of themselves, so that they keep their type.
func (k *compiler) with(s *step) []plan.Binding {
	if len(s.with) == 0 {
		return nil
	}
	to := make([]plan.Binding, len(s.with))
	for i, w := range s.with {
		to[i].Name = w.key.Value
		k.includes.places[&to[i]] = k.placeOf(w.value, s.included.named)
		if isText(w.value) {
			to[i].Value = k.valueOf(w.value)
			to[i].Secret = slices.ContainsFunc(to[i].Value.Exprs(), k.holdsSecret)
			continue
		}
		b, err := json.Marshal(dataOf(w.value))
		if err == nil {
			to[i].Value = plan.ExprValue(plan.NewExpr(string(b)))
		}
	}
	return to
}
