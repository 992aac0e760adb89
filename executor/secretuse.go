package executor

import (
	"github.com/cloudops-run/runbook/runbook/plan"
)

// usedSecrets is the secrets that the steps which are not left out, handlers,
// rollbacks, guards and other secrets can use, by name.
func usedSecrets(p *plan.Plan, runs func(step int) bool) map[string]bool {
	u := secretUse{plan: p, used: map[string]bool{}}
	u.block(p, runs)
	for i := len(p.Secrets) - 1; i >= 0; i-- { // one names only those before it
		if s := &p.Secrets[i]; u.used[s.Name] {
			u.values(s.File)
			u.values(s.Exec...)
			u.exprs(s.Value)
		}
	}
	return u.used
}

// secretUse gathers the names of secrets.
type secretUse struct {
	plan *plan.Plan
	used map[string]bool
}

func (u *secretUse) block(p *plan.Plan, runs func(step int) bool) {
	u.guards(p.Require)
	u.lock(p.Lock)
	u.outputs(p.Outputs)
	groups := make([]bool, len(p.Groups))
	for i := range p.Steps {
		if !runs(i) {
			continue
		}
		u.step(&p.Steps[i])
		for at := p.Steps[i].Group; at > 0 && !groups[at-1]; at = p.Groups[at-1].Parent {
			groups[at-1] = true
			u.group(&p.Groups[at-1])
		}
	}
	for _, handlers := range [][]plan.Step{p.OnFailure, p.Finally} {
		for i := range handlers {
			u.step(&handlers[i])
		}
	}
}

func (u *secretUse) group(g *plan.Group) {
	for _, w := range g.With {
		u.values(w.Value)
	}
	u.guard(g.If)
	u.guards(g.Require)
	if g.Approval != nil {
		u.values(*g.Approval)
	}
	u.lock(g.Lock)
	u.outputs(g.Outputs)
}

func (u *secretUse) step(s *plan.Step) {
	u.guard(s.If)
	u.guard(s.Unless)
	u.guards(s.Require)
	u.lock(s.Lock)
	for _, v := range []*plan.Value{s.Approval, s.Stdin, s.Stdout} {
		if v != nil {
			u.values(*v)
		}
	}
	if f := s.Foreach; f != nil {
		u.exprs(f.In, f.Key)
		for _, a := range f.Matrix {
			u.exprs(a.In)
		}
	}
	for _, w := range s.With {
		u.values(w.Value)
	}
	u.command(&s.Command)
	u.vars(s.Env)
	u.values(s.EnvFiles...)
	u.values(s.WorkingDir, s.Timeout, s.GracePeriod)
	if t := s.Retry; t != nil {
		u.values(t.Delay, t.MaxDelay, t.MaxElapsed)
		u.exprs(t.If)
	}
	u.exprs(s.Expect)
	u.outputs(s.Outputs)
	if s.Rollback != nil {
		u.step(s.Rollback)
	}
	if s.Body != nil {
		u.block(s.Body, func(int) bool { return true })
	}
}

func (u *secretUse) guards(list []plan.Guard) {
	for i := range list {
		u.guard(&list[i])
	}
}

func (u *secretUse) guard(g *plan.Guard) {
	if g == nil {
		return
	}
	u.exprs(g.Expr)
	u.values(g.Message)
	if g.Probe != nil {
		u.command(&g.Probe.Command)
		u.exprs(g.Probe.Expect)
	}
}

func (u *secretUse) command(c *plan.Command) {
	for _, a := range c.Args {
		u.values(a.Value)
	}
	u.vars(c.Env)
}

func (u *secretUse) lock(l *plan.Lock) {
	if l != nil {
		u.values(l.Name, l.Wait)
	}
}

func (u *secretUse) outputs(list []plan.Output) {
	for _, o := range list {
		u.exprs(o.Expr)
	}
}

func (u *secretUse) vars(list []plan.Var) {
	for _, v := range list {
		u.values(v.Value)
	}
}

func (u *secretUse) values(list ...plan.Value) {
	for _, v := range list {
		u.exprs(v.Exprs()...)
	}
}

func (u *secretUse) exprs(list ...*plan.Expr) {
	for _, e := range list {
		if e == nil {
			continue
		}
		for _, r := range e.Refs() {
			if r.Root != "secrets" {
				continue
			}
			if r.Name != "" {
				u.used[r.Name] = true
				continue
			}
			for i := range u.plan.Secrets { // all of them
				u.used[u.plan.Secrets[i].Name] = true
			}
		}
	}
}
