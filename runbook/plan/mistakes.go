package plan

import (
	"fmt"
	"time"
)

// Mistakes is what is wrong with the values of s as far as they are known, and
// would fail the step when its turn comes, whatever the rest turns out to be: an
// argument that would be taken for an option, a null, a timeout that is none or
// is over longest. No value is in it. What cannot be told yet is no mistake.
func (s *Step) Mistakes(scope *Scope, known func(Ref) bool, longest time.Duration) []error {
	r := resolver{scope: scope, known: known, dir: s.Dir}
	r.guards(s.If, s.Unless, s.Require)
	if s.Approval != nil {
		r.value("approval", *s.Approval)
	}
	r.lock(s.Lock, longest)
	timeless := *s // times have bounds too
	timeless.Timeout, timeless.GracePeriod = Value{}, Value{}
	r.invocation(&timeless, s.Command)
	r.within("timeout", s.Timeout, longest, false)
	r.within("grace_period", s.GracePeriod, longest, true)
	if t := s.Retry; t != nil {
		r.within("retry.delay", t.Delay, longest, true)
		r.within("retry.max_delay", t.MaxDelay, longest, false)
		r.within("retry.max_elapsed", t.MaxElapsed, 0, false)
		r.check("retry.if", t.If)
	}
	r.check("expect", s.Expect)
	r.outputs(s.Outputs)
	return r.errs
}

// Mistakes is [Step.Mistakes] of an included runbook as a whole: around is what
// the runbook sees that includes it, scope what it sees itself.
func (g *Group) Mistakes(around, scope *Scope, knownAround, known func(Ref) bool, longest time.Duration) []error {
	r := resolver{scope: around, known: knownAround, dir: g.Dir}
	r.guards(g.If, nil, nil)
	if g.Approval != nil {
		r.value("approval", *g.Approval)
	}
	r.lock(g.Lock, longest)
	r.scope, r.known = scope, known
	r.guards(nil, nil, g.Require)
	r.outputs(g.Outputs)
	return r.errs
}

// Mistakes is [Step.Mistakes] of the run as a whole: its lock, what it requires
// and, of its secrets, those that are used.
func (p *Plan) Mistakes(scope *Scope, known func(Ref) bool, used func(secret string) bool, longest time.Duration) []error {
	r := resolver{scope: scope, known: known, dir: p.Dir}
	r.lock(p.Lock, longest)
	r.guards(nil, nil, p.Require)
	for i := range p.Secrets {
		s := &p.Secrets[i]
		if !used(s.Name) {
			continue
		}
		key := fmt.Sprintf("secret %q: ", s.Name)
		r.value(key+"file", s.File)
		if len(s.Exec) > 0 {
			r.prefixed(key, func() { r.args(Exec("", s.Exec[1:])) })
		}
	}
	r.outputs(p.Outputs)
	return r.errs
}

func (r *resolver) guards(wanted, unless *Guard, require []Guard) {
	r.guard("if", wanted)
	r.guard("unless", unless)
	for i := range require {
		r.guard("require", &require[i])
	}
}

func (r *resolver) guard(key string, g *Guard) {
	if g == nil {
		return
	}
	r.check(key, g.Expr)
	if g.Probe == nil {
		return
	}
	r.prefixed(key+": ", func() {
		r.args(g.Probe.Command)
		r.vars(nil, g.Probe.Command.Env)
		r.check("expect", g.Probe.Expect)
	})
}

func (r *resolver) lock(l *Lock, longest time.Duration) {
	if l == nil {
		return
	}
	n := len(r.errs)
	name := r.text("lock", l.Name)
	if len(r.errs) == n && name == "" && l.Name.Known(r.known) {
		r.fail("lock", fmt.Errorf("the value of %s is empty, and a lock has a name", l.Name))
	}
	r.within("lock.wait", l.Wait, longest, true)
}

func (r *resolver) outputs(list []Output) {
	for i := range list {
		o := &list[i]
		if o.Expr == nil {
			continue
		}
		v, known, err := r.eval(o.Expr)
		if err == nil && known && v == nil && !o.Nullable {
			err = errNullOutput
		}
		r.fail("outputs."+o.Name, err)
	}
}

// check evaluates what is no value of its own.
func (r *resolver) check(key string, e *Expr) {
	if e == nil {
		return
	}
	_, _, err := r.eval(e)
	r.fail(key, err)
}

// within checks a duration that params decide; a literal one was checked when
// the runbook was read. A longest of 0 is no bound.
func (r *resolver) within(key string, v Value, longest time.Duration, zero bool) {
	if _, literal := v.Literal(); literal {
		return
	}
	n := len(r.errs)
	d := r.duration(key, v)
	switch {
	case len(r.errs) > n || !v.Known(r.known):
	case longest > 0 && d > longest:
		r.fail(key, fmt.Errorf("the value of %s is over the maximum of %s; make it shorter, or raise the maximum with --max-timeout", v, DurationText(longest)))
	case d == 0 && !zero:
		r.fail(key, fmt.Errorf("the value of %s is not longer than zero", v))
	}
}

// prefixed puts a prefix before what is found meanwhile.
func (r *resolver) prefixed(prefix string, look func()) {
	found := r.errs
	r.errs = nil
	look()
	for _, err := range r.errs {
		found = append(found, fmt.Errorf("%s%w", prefix, err))
	}
	r.errs = found
}
