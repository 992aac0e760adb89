package plan

import "slices"

// A MissingOutput is one of a step that does not run, which steps that run read
// without a word on what is to be done where it is null.
type MissingOutput struct {
	Step, Output string
	Secret       bool
	Readers      []string // ids, in file order
}

// MissingOutputs is what is read of the steps that do not run and is not given,
// in the order it is read in. What is written with ?? is not among it.
func (p *Plan) MissingOutputs(runs func(step int) bool, given func(step, output string) bool) []MissingOutput {
	f := missing{plan: p, runs: runs, given: given}
	for i := range p.Groups {
		if g := &p.Groups[i]; slices.ContainsFunc(g.Steps, runs) {
			f.within, f.reader = g.Parent, g.ID
			f.guard(g.If)
			f.bindings(g.With)
			f.text(g.Approval)
			f.lock(g.Lock)
		}
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; runs(i) && !f.unwanted(s) {
			f.within, f.reader = s.Group, s.ID
			f.step(s)
		}
	}
	return f.found
}

// missing goes over what steps read.
type missing struct {
	plan   *Plan
	runs   func(int) bool
	given  func(step, output string) bool
	found  []MissingOutput
	within int // the group whose names are meant
	reader string
}

// unwanted reports whether the params decide that a step does not run.
func (f *missing) unwanted(s *Step) bool {
	if s.If == nil || s.If.Expr == nil || s.Group > 0 {
		return false
	}
	params := f.plan.ParamValues()
	v, known, _, err := s.If.Expr.EvalTri(&Scope{Params: params}, func(r Ref) bool {
		_, set := params[r.Name]
		return r.Root == "params" && set
	})
	return known && err == nil && v == false
}

func (f *missing) step(s *Step) {
	f.guard(s.If)
	f.guard(s.Unless)
	for i := range s.Require {
		f.guard(&s.Require[i])
	}
	f.text(s.Approval)
	f.lock(s.Lock)
	if l := s.Foreach; l != nil {
		f.expr(l.In, WantItems)
		f.expr(l.Key, WantKey)
		for _, a := range l.Matrix {
			f.expr(a.In, WantItems)
		}
	}
	f.bindings(s.With)
	f.command(&s.Command)
	for i := range s.Env {
		f.text(&s.Env[i].Value)
	}
	for i := range s.EnvFiles {
		f.text(&s.EnvFiles[i])
	}
	for _, v := range []*Value{&s.WorkingDir, s.Stdin, s.Stdout, &s.Timeout, &s.GracePeriod} {
		f.text(v)
	}
	if r := s.Retry; r != nil {
		f.text(&r.Delay)
		f.text(&r.MaxDelay)
		f.text(&r.MaxElapsed)
		f.expr(r.If, WantBool)
	}
	f.expr(s.Expect, WantBool)
	for i := range s.Outputs {
		f.expr(s.Outputs[i].Expr, WantText) // whoever reads it does not expect null
	}
	if s.Rollback != nil {
		f.step(s.Rollback)
	}
}

func (f *missing) command(c *Command) {
	for i := range c.Args {
		f.value(&c.Args[i].Value, WantWords)
	}
	for i := range c.Env {
		f.text(&c.Env[i].Value)
	}
}

func (f *missing) guard(g *Guard) {
	if g == nil {
		return
	}
	f.expr(g.Expr, WantBool)
	f.text(&g.Message)
	if g.Probe != nil {
		f.command(&g.Probe.Command)
		f.expr(g.Probe.Expect, WantBool)
	}
}

func (f *missing) lock(l *Lock) {
	if l != nil {
		f.text(&l.Name)
		f.text(&l.Wait)
	}
}

func (f *missing) bindings(with []Binding) {
	for i := range with {
		f.text(&with[i].Value)
	}
}

func (f *missing) text(v *Value) { f.value(v, WantText) }

func (f *missing) value(v *Value, want Want) {
	if v == nil {
		return
	}
	if v.Whole() == nil {
		want = WantText
	}
	for _, e := range v.Exprs() {
		f.expr(e, want)
	}
}

func (f *missing) expr(e *Expr, want Want) {
	if e == nil {
		return
	}
	for _, r := range e.Refs() {
		if r.Root == "steps" && r.Field == "outputs" && r.Name != "" {
			f.reference(e, want, r)
		}
	}
}

// reference looks at the mention of an output. That of an included runbook is
// made of outputs of its steps.
func (f *missing) reference(e *Expr, want Want, r Ref) {
	id := r.Step
	if f.within > 0 {
		id = f.plan.Groups[f.within-1].ID + "/" + id
	}
	if i := slices.IndexFunc(f.plan.Steps, func(s Step) bool { return s.ID == id }); i >= 0 {
		if !f.runs(i) && !f.given(id, r.Name) && !handlesNull(e, want, r) {
			f.add(i, r.Name)
		}
		return
	}
	i := slices.IndexFunc(f.plan.Groups, func(g Group) bool { return g.ID == id })
	if i < 0 || handlesNull(e, want, r) {
		return
	}
	outer := f.within
	f.within = i + 1
	for _, o := range f.plan.Groups[i].Outputs {
		if o.Name == r.Name {
			f.expr(o.Expr, WantText)
		}
	}
	f.within = outer
}

func (f *missing) add(step int, output string) {
	s := &f.plan.Steps[step]
	i := slices.IndexFunc(f.found, func(m MissingOutput) bool { return m.Step == s.ID && m.Output == output })
	if i < 0 {
		i = len(f.found)
		secret := slices.ContainsFunc(s.Outputs, func(o Output) bool { return o.Name == output && o.Secret })
		f.found = append(f.found, MissingOutput{Step: s.ID, Output: output, Secret: secret})
	}
	if m := &f.found[i]; !slices.Contains(m.Readers, f.reader) {
		m.Readers = append(m.Readers, f.reader)
	}
}

// handlesNull reports whether an expression may find null for an output, and
// still be what is wanted: the checker has nothing more to say then.
func handlesNull(e *Expr, want Want, r Ref) bool {
	return problems(e, want, r, "it is left out") <= problems(e, want, r, "")
}

// problems counts those of an expression of which nothing is known but that an
// output may be null.
func problems(e *Expr, want Want, r Ref, null string) int {
	outputs := map[string]Type{}
	for _, other := range e.Refs() {
		outputs[other.Name] = Any
	}
	_, list := CheckExpr(e.Source(), Names{
		Item: &Any, Failure: HasFailure, Attempt: &AttemptNames{Outputs: outputs, Status: true},
		Step: func(id string) (StepNames, bool) {
			types := outputs
			if id == r.Step && null != "" {
				types = map[string]Type{}
				for name := range outputs {
					types[name] = Any
				}
				types[r.Name] = Any.MaybeAbsent(null)
			}
			return StepNames{Outputs: types}, true
		},
	}, want)
	return len(list)
}
