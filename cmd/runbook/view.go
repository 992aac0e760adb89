package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// hidden stands for every secret that is shown.
const hidden = "***"

// A view shows the steps of a plan as far as their values are known: nothing of
// the run yet, or what its events have told so far. Secrets are never among it.
type view struct {
	plan   *plan.Plan
	step   func(id string) (plan.StepState, bool) // what is known of the plan's steps
	groups []*groupView

	late    map[string][]plan.Ref // params of the plan that are not known, and what they wait for
	leftOut map[string]bool       // steps that do not run, by id
}

// A groupView is an included runbook: its params as far as they are known.
type groupView struct {
	params plan.Values
	late   map[string][]plan.Ref // params that are not known, and what they wait for
}

func newView(p *plan.Plan) *view {
	v := &view{plan: p, step: func(string) (plan.StepState, bool) { return plan.StepState{}, false }}
	v.bind()
	return v
}

// leaveOut makes steps known that are not to run: they count as done, and have
// only the outputs they are given.
func (v *view) leaveOut(ids []string, outputs map[string]map[string]any) {
	if len(ids) == 0 {
		return
	}
	v.leftOut = map[string]bool{}
	for _, id := range ids {
		v.leftOut[id] = true
	}
	v.step = func(id string) (plan.StepState, bool) {
		if v.leftOut[id] {
			return plan.StepState{Status: event.StatusSkipped.String(), Outputs: plan.Values(outputs[id])}, true
		}
		i := slices.IndexFunc(v.plan.Groups, func(g plan.Group) bool { return g.ID == id })
		if i < 0 || slices.ContainsFunc(v.plan.Groups[i].Steps, func(s int) bool { return !v.leftOut[v.plan.Steps[s].ID] }) {
			return plan.StepState{}, false
		}
		return v.groupLeftOut(i), true
	}
	v.bind()
}

// groupLeftOut is what there is of an included runbook of which nothing runs.
func (v *view) groupLeftOut(i int) plan.StepState {
	state := plan.StepState{Status: event.StatusCompleted.String(), Outputs: plan.Values{}}
	scope := v.names(i + 1).scope
	for _, o := range v.plan.Groups[i].Outputs {
		if value, err := o.Expr.Eval(scope); err == nil {
			state.Outputs[o.Name] = value
		} else {
			state.Outputs[o.Name] = nil
		}
	}
	return state
}

// bind evaluates what included runbooks are given. A group comes after the one
// that includes it.
func (v *view) bind() {
	v.groups = v.groups[:0]
	for i := range v.plan.Groups {
		g := &v.plan.Groups[i]
		scope := v.names(g.Parent)
		bound := &groupView{params: plan.Values{}, late: map[string][]plan.Ref{}}
		for _, p := range g.Params {
			if p.Set {
				bound.params[p.Name] = p.Value
			}
		}
		for _, w := range g.With {
			value, because := scope.value(w.Value)
			if because == nil {
				bound.params[w.Name] = value
			} else {
				delete(bound.params, w.Name)
				bound.late[w.Name] = because
			}
		}
		v.groups = append(v.groups, bound)
	}
}

// names are what expressions of a group see; 0 is the plan itself.
type names struct {
	prefix string // of its steps' ids in the plan
	scope  *plan.Scope
	known  func(plan.Ref) bool
	late   map[string][]plan.Ref
}

func (v *view) names(group int) names {
	params := v.plan.ParamValues()
	prefix := ""
	late := v.late
	if group > 0 && group <= len(v.groups) {
		params, late = v.groups[group-1].params, v.groups[group-1].late
		prefix = v.plan.Groups[group-1].ID + "/"
	}
	n := names{prefix: prefix, late: late}
	n.scope = &plan.Scope{
		Params:  params,
		Secrets: func(string) (string, bool) { return hidden, true },
		Step:    func(id string) (plan.StepState, bool) { return v.step(prefix + id) },
		Run:     plan.RunState{Name: v.plan.Name},
	}
	n.known = func(r plan.Ref) bool {
		switch r.Root {
		case "params":
			_, ok := params[r.Name]
			return ok || r.Name == "" && len(late) == 0
		case "secrets":
			return true
		case "steps":
			_, ok := v.step(prefix + r.Step)
			return ok
		case "run":
			return r.Field == "name"
		}
		return false
	}
	return n
}

// value evaluates v; because is what it waits for, nil where it is known.
func (n names) value(v plan.Value) (value any, because []plan.Ref) {
	for _, e := range v.Exprs() {
		if !e.Known(n.known) {
			because = append(because, n.missing(e)...)
		}
	}
	if because != nil {
		return nil, because
	}
	value, err := v.Eval(n.scope)
	if err != nil {
		return nil, []plan.Ref{}
	}
	return value, nil
}

// missing is what an expression waits for.
func (n names) missing(e *plan.Expr) []plan.Ref { return n.waitsFor(e.Refs()) }

// waitsFor is what names wait for, with the ids that steps have in the plan. A
// param of an included runbook waits for what it is given.
func (n names) waitsFor(refs []plan.Ref) []plan.Ref {
	late := []plan.Ref{}
	for _, r := range refs {
		switch {
		case n.known(r):
			continue
		case r.Root == "params" && r.Name == "":
			for _, name := range slices.Sorted(maps.Keys(n.late)) {
				late = append(late, n.late[name]...)
			}
			continue
		case r.Root == "params" && n.late[r.Name] != nil:
			late = append(late, n.late[r.Name]...)
			continue
		case r.Root == "steps":
			r.Step = n.prefix + r.Step
		}
		late = append(late, r)
	}
	return late
}

// condition evaluates a condition as far as it can be.
func (n names) condition(e *plan.Expr) (yes, known bool, because []plan.Ref) {
	result, known, because, err := e.EvalTri(n.scope, n.known)
	if err != nil {
		return false, false, nil
	}
	yes, isBool := result.(bool)
	return yes, known && isBool, n.waitsFor(because)
}

// words name what values wait for: steps, the start of the run, the item.
func words(refs []plan.Ref) []string {
	var list []string
	for _, r := range refs {
		word := ""
		switch r.Root {
		case "steps":
			word = r.Step
		case "run":
			word = "the start"
			if r.Field == "status" || r.Field == "failure" || r.Field == "failed_steps" {
				word = "the steps"
			}
		case "params":
			word = "param " + r.Name
		}
		if word != "" && !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}

// A shown is a step with every value that is known in its place, and the source
// of the others.
type shown struct {
	plan.Invocation
	late   []plan.Ref // what the others wait for
	stdin  string     // how to tell of it
	secret bool       // a secret is in an argument
	err    error      // it could not be carried out
}

// shown shows a step of the plan.
func (v *view) shown(s *plan.Step) shown { return v.names(s.Group).shown(s) }

func (n names) shown(s *plan.Step) shown {
	f := freezer{names: n}
	frozen := f.step(s)
	out := shown{late: f.late}
	if f.late == nil {
		out.Invocation, out.err = s.Invocation(n.scope)
	}
	if f.late != nil || out.err != nil {
		var err error
		if out.Invocation, err = frozen.Invocation(nil); err != nil && out.err == nil {
			out.err = err
		}
	}
	out.secret = f.secretArg || slices.Contains(out.SecretArgs, true)
	switch {
	case s.Stdin == nil:
	case f.secretStdin || out.SecretStdin:
		out.stdin = "text with a secret in it"
	case f.lateStdin:
		out.stdin = commandLine([]string{s.Stdin.String()})
	case out.Stdin != nil:
		out.stdin = plural(len(*out.Stdin), "byte")
	}
	return out
}

// A freezer replaces values by text.
type freezer struct {
	names
	late                              []plan.Ref
	secretArg, secretStdin, lateStdin bool
}

func (f *freezer) step(s *plan.Step) *plan.Step {
	c := *s
	c.Command.Args = f.args(s.Command.Args)
	c.Env, c.Command.Env = f.vars(s.Env), f.vars(s.Command.Env)
	c.EnvFiles = slices.Clone(s.EnvFiles)
	for i, v := range c.EnvFiles {
		c.EnvFiles[i] = f.text(v)
	}
	c.WorkingDir = f.text(s.WorkingDir)
	c.Timeout, c.GracePeriod = f.duration(s.Timeout), f.duration(s.GracePeriod)
	if s.Stdin != nil {
		before := len(f.late)
		text := f.text(*s.Stdin)
		c.Stdin, f.lateStdin, f.secretStdin = &text, len(f.late) > before, hasSecret(*s.Stdin)
	}
	if s.Stdout != nil {
		text := f.text(*s.Stdout)
		c.Stdout = &text
	}
	return &c
}

func hasSecret(v plan.Value) bool {
	return slices.ContainsFunc(v.Exprs(), func(e *plan.Expr) bool {
		return slices.ContainsFunc(e.Refs(), func(r plan.Ref) bool { return r.Root == "secrets" })
	})
}

func (f *freezer) args(args []plan.Arg) []plan.Arg {
	var frozen []plan.Arg
	for _, a := range args {
		f.secretArg = f.secretArg || hasSecret(a.Value)
		if e := a.Value.Whole(); e != nil && e.Known(f.known) && a.Flag == "" {
			if list, err := e.Eval(f.scope); err == nil {
				if items, ok := list.([]any); ok {
					for _, item := range items {
						text, _ := plan.ToText(item)
						frozen = append(frozen, plan.Arg{Value: plan.Text(text)})
					}
					continue
				}
			}
		}
		frozen = append(frozen, plan.Arg{Flag: a.Flag, Value: f.text(a.Value)})
	}
	return frozen
}

func (f *freezer) vars(vars []plan.Var) []plan.Var {
	frozen := slices.Clone(vars)
	for i := range frozen {
		frozen[i].Value = f.text(frozen[i].Value)
	}
	return frozen
}

// text is v with the holes filled that are known.
func (f *freezer) text(v plan.Value) plan.Value {
	if _, literal := v.Literal(); literal {
		return v
	}
	var b strings.Builder
	for _, p := range v.Parts() {
		if p.Expr == nil {
			b.WriteString(p.Text)
			continue
		}
		source := "${{ " + p.Expr.Source() + " }}"
		if !p.Expr.Known(f.known) {
			f.late = append(f.late, f.missing(p.Expr)...)
			b.WriteString(source)
			continue
		}
		text, err := plan.ExprValue(p.Expr).Resolve(f.scope)
		if err != nil {
			text.Text = source
		}
		b.WriteString(text.Text)
	}
	return plan.Text(b.String())
}

// duration is v if it is known; else nothing, since its source is no duration.
func (f *freezer) duration(v plan.Value) plan.Value {
	before := len(f.late)
	text := f.text(v)
	if len(f.late) > before {
		return plan.Value{}
	}
	return text
}

// A liveView is a view of what a run has told so far.
type liveView struct {
	*view
	paint paint

	mu    sync.Mutex
	ended map[string]plan.StepState
}

func newLiveView(p *plan.Plan, colors paint) *liveView {
	v := &liveView{view: newView(p), paint: colors, ended: map[string]plan.StepState{}}
	v.view.step = func(id string) (plan.StepState, bool) {
		s, ok := v.ended[id]
		return s, ok
	}
	return v
}

// OnEvent takes in how steps ended.
func (v *liveView) OnEvent(e event.Event) {
	switch e.Type {
	case event.Completed, event.Failed, event.Timeout, event.Skipped, event.Cancelled:
	default:
		return
	}
	if e.Phase != event.Main || strings.Contains(e.StepID, "[") {
		return
	}
	state := plan.StepState{Status: statusOf[e.Type], Outputs: plan.Values(e.Outputs)}
	if e.Result != nil {
		state.ExitCode, state.HasExit = e.Result.ExitCode, e.Result.ExitCode >= 0
		state.Ran, state.Duration = e.Result.Attempts > 0, e.Result.Duration
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended[e.StepID] = state
}

var statusOf = map[event.Type]string{
	event.Completed: event.StatusCompleted.String(), event.Failed: event.StatusFailed.String(), event.Timeout: event.StatusTimeout.String(),
	event.Skipped: event.StatusSkipped.String(), event.Cancelled: event.StatusCancelled.String(),
}

// question shows what a step that asks would do.
func (v *liveView) question(stepID, question string, count int) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.bind()
	var b strings.Builder
	fmt.Fprintln(&b)
	if s, body := v.find(stepID); s != nil {
		p := planView{w: &b, paint: v.paint, view: body, brief: true}
		p.step(s, false, -1)
	}
	if count > 1 {
		fmt.Fprintf(&b, "    %d times\n", count)
	}
	fmt.Fprintln(&b, v.paint.bold(indent(question, "  ")))
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// find is the step of an id, and the plan it is in: that of the runbook, or the
// body of one of its loops.
func (v *liveView) find(id string) (*plan.Step, *view) {
	at, step := v.view, id
	if i := strings.LastIndex(id, "]/"); i >= 0 {
		top, _, _ := strings.Cut(id, "[")
		step = id[i+2:]
		for j := range v.plan.Steps {
			if s := &v.plan.Steps[j]; s.ID == top && s.Body != nil {
				at = newView(s.Body)
			}
		}
	}
	step, _, _ = strings.Cut(step, "[")
	for _, steps := range [][]plan.Step{at.plan.Steps, at.plan.OnFailure, at.plan.Finally} {
		for i := range steps {
			if steps[i].ID == step {
				return &steps[i], at
			}
		}
	}
	return nil, at
}
