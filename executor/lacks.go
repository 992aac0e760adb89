package executor

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/cloudops-run/runbook/executor/internal/process"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Lack is what keeps a step from running: a mistake in what it is given, or
// something that it needs of this machine and does not find there.
type Lack struct {
	File    string // the runbook that the step is written in
	Line    int    // of the step; 0: it was made in Go
	StepID  string // as in the plan; in a runbook that a loop includes, after the id of the step that includes it; empty: the run as a whole
	Message string
	Mistake bool // it is so on every machine: a value is not fit, with these params
	Warning bool // the run begins all the same
}

func (l Lack) Error() string {
	text := inStep(l.StepID, l.Message)
	switch {
	case l.Line > 0:
		return fmt.Sprintf("%s:%d: %s", l.File, l.Line, text)
	case l.File != "":
		return fmt.Sprintf("%s: %s", l.File, text)
	}
	return text
}

// Lacks is what keeps steps of p that o lets run from running, as far as it is
// certain before the first step.
//
// First are the mistakes in what steps are given, as far as params decide it: an
// argument that would be taken for an option, items of a foreach with the same
// key, a timeout over longest.
//
// Then comes what steps need of this machine and do not find: env files,
// programs, and the working folders of the steps that come first. Nothing that a
// value decides which is not known yet is among it, and no env file that a step
// before names, and so may make. Unless all of it are warnings, the run does not
// begin.
func (o RunOptions) Lacks(p *plan.Plan, longest time.Duration) []Lack {
	part := o.part(p)
	return append(part.mistakes(p, longest), part.lacks(p)...)
}

// lacks is what steps need of this machine and do not find.
func (t part) lacks(p *plan.Plan) []Lack {
	l := lacks{base: inherited(), files: map[string]envFile{}, programs: map[string]error{}, starts: map[start]error{}, told: map[string]bool{}}
	l.look(&blockOf{part: t, plan: p, file: p.File})
	return l.found
}

// checkBefore is the errors among [RunOptions.Lacks] for a part of a plan, and
// its warnings.
func (e *Engine) checkBefore(p *plan.Plan, t part) (warnings []Lack, err error) {
	found := t.mistakes(p, e.config.MaxTimeout)
	if _, local := e.runner.(*localRunner); local {
		found = append(found, t.lacks(p)...)
	}
	var problems *multierror.Error
	for _, l := range found {
		if l.Warning {
			warnings = append(warnings, l)
		} else {
			problems = multierror.Append(problems, l)
		}
	}
	return warnings, validationError("plan", problems)
}

// lacks goes over the steps of a plan and of the plans that are bodies in it.
type lacks struct {
	base     []string           // what steps inherit
	files    map[string]envFile // read already
	programs map[string]error   // looked up already
	starts   map[start]error    // checked already
	told     map[string]bool    // once each, however many steps need it
	found    []Lack
}

// A start is a program in its working folder.
type start struct{ program, dir string }

type envFile struct {
	vars []plan.EnvVar
	err  error
}

// A blockOf is a plan whose steps are looked at.
type blockOf struct {
	part
	plan   *plan.Plan
	file   string
	prefix string                 // of ids
	outer  func(path string) bool // whether a step before this body may make the file; nil: it is no body
	makers map[string]*makers
}

func (l *lacks) look(b *blockOf) {
	m := newGuess(b.plan)
	b.makers = map[string]*makers{}
	anywhere := func(path string) bool { return b.makersOf(path).any }
	l.probes(b, &plan.Step{}, b.plan.Require)
	for g := range b.plan.Groups {
		if slices.ContainsFunc(b.plan.Groups[g].Steps, func(i int) bool { return b.runs(i) }) && b.wanted(m, g+1) {
			group := &b.plan.Groups[g]
			l.probes(b, &plan.Step{ID: group.ID, Line: group.Line, Group: group.Parent}, group.Require)
		}
	}
	for i := range b.plan.Steps {
		s := &b.plan.Steps[i]
		if !b.runs(i) || !b.wanted(m, s.Group) {
			continue
		}
		made, first := func(path string) bool { return b.makersOf(path).before(i) }, b.first(i)
		if s.Retry != nil { // it finds what is there by then, made by whatever runs beside it
			made, first = anywhere, false
		}
		l.step(b, s, m.scope(s.Group), made, first)
	}
	scope := m.scope(0)
	for _, steps := range b.handlers(b.plan) {
		for i := range steps {
			l.step(b, &steps[i], scope, anywhere, false)
		}
	}
	for i := range b.plan.Steps {
		if s := &b.plan.Steps[i]; s.Rollback != nil && b.undoes(i) && b.wanted(m, s.Group) {
			undo := *s.Rollback
			undo.ID, undo.If, undo.Unless = s.ID, s.If, s.Unless
			l.step(b, &undo, m.scope(s.Group), anywhere, false)
		}
	}
}

// first reports whether no step that runs comes before step i.
func (b *blockOf) first(i int) bool {
	s := &b.plan.Steps[i]
	return b.outer == nil && !slices.ContainsFunc(slices.Concat(s.Needs, s.After), func(j int) bool { return b.runs(j) || !b.first(j) })
}

// wanted reports whether it is certain that an included runbook is.
func (b *blockOf) wanted(m *guess, group int) bool {
	for ; group > 0; group = b.plan.Groups[group-1].Parent {
		g := &b.plan.Groups[group-1]
		around := m.scope(g.Parent)
		if g.If != nil && g.If.Expr != nil && !decided(g.If.Expr, around, knownIn(around), true) {
			return false
		}
	}
	return true
}

// decided reports whether a condition is certain to be want.
func decided(e *plan.Expr, scope *plan.Scope, known func(plan.Ref) bool, want bool) bool {
	v, ok, _, err := e.EvalTri(scope, known)
	return ok && err == nil && v == want
}

// knownIn is what is known of names before a run begins.
func knownIn(scope *plan.Scope) func(plan.Ref) bool {
	return func(r plan.Ref) bool {
		_, set := scope.Params[r.Name]
		return r.Root == "params" && set || r.Root == "run" && r.Field == "name"
	}
}

// step looks at one step. Its probes need what its command needs, so only an
// expression can spare it.
func (l *lacks) step(b *blockOf, s *plan.Step, scope *plan.Scope, made func(path string) bool, first bool) {
	if s.If != nil && s.If.Expr != nil && !decided(s.If.Expr, scope, knownIn(scope), true) {
		return
	}
	if s.Unless != nil && s.Unless.Expr != nil && !decided(s.Unless.Expr, scope, knownIn(scope), false) {
		return
	}
	l.probes(b, s, slices.Concat(guardOf(s.If), guardOf(s.Unless), s.Require))
	if s.Body != nil {
		l.body(b, s, scope, made)
		return
	}
	add := func(err error) { l.add(b, s, false, err.Error()) }
	known := knownIn(scope)
	ownPath := s.BareEnv || slices.ContainsFunc(slices.Concat(s.Env, s.Command.Env), func(v plan.Var) bool { return v.Name == "PATH" })
	for _, v := range s.EnvFiles {
		path, ok := pathFrom(s.Dir, v, scope, known)
		if !ok {
			ownPath = true // who knows
			continue
		}
		file, read := l.files[path]
		if !read {
			file.vars, file.err = readEnvFiles([]string{path})
			l.files[path] = file
		}
		if errors.Is(file.err, syscall.EMFILE) || errors.Is(file.err, syscall.ENFILE) {
			ownPath = true
			continue // other runs will give descriptors back
		}
		ownPath = ownPath || file.err != nil || slices.ContainsFunc(file.vars, func(v plan.EnvVar) bool { return v.Name == "PATH" })
		if file.err != nil && !made(path) {
			add(file.err)
		}
	}
	program := s.Command.Program
	if !strings.Contains(program, "/") {
		if !ownPath {
			l.program(b, s, program)
		}
		program = ""
	}
	dir, ok := pathFrom(s.Dir, s.WorkingDir, scope, known)
	if first && ok {
		if err := l.check(start{program, dir}); err != nil {
			add(err)
		}
	}
}

func (l *lacks) lookUp(program string) error {
	err, known := l.programs[program]
	if !known {
		_, err = process.LookPath(program, environ(l.base, nil, nil), "")
		l.programs[program] = err
	}
	return err
}

func (l *lacks) check(s start) error {
	err, known := l.starts[s]
	if !known {
		spec := process.Spec{Path: s.program, Argv0: s.program, Dir: s.dir}
		err = spec.Check()
		l.starts[s] = err
	}
	return err
}

// program tells of one that the PATH here does not have.
func (l *lacks) program(b *blockOf, s *plan.Step, name string) {
	if l.lookUp(name) != nil {
		l.add(b, s, true, fmt.Sprintf("program %q is not found in PATH here", name))
	}
}

// probes looks at those of a step. Its env files count for them too, but what
// they say of PATH does only when they are read.
func (l *lacks) probes(b *blockOf, s *plan.Step, list []plan.Guard) {
	if s.BareEnv || slices.ContainsFunc(s.Env, func(v plan.Var) bool { return v.Name == "PATH" }) || len(s.EnvFiles) > 0 {
		return // who knows
	}
	for i := range list {
		if p := list[i].Probe; p != nil && !strings.Contains(p.Command.Program, "/") {
			l.program(b, s, p.Command.Program)
		}
	}
}

func guardOf(g *plan.Guard) []plan.Guard {
	if g == nil {
		return nil
	}
	return []plan.Guard{*g}
}

func pathFrom(dir string, v plan.Value, scope *plan.Scope, known func(plan.Ref) bool) (string, bool) {
	text, ok, _, err := v.ResolveTri(scope, known)
	if err != nil || !ok || text.Secret {
		return "", false
	}
	if text.Text == "" || filepath.IsAbs(text.Text) || dir == "" {
		return text.Text, true
	}
	return filepath.Join(dir, text.Text), true
}

// body looks at the steps of what a loop includes, with the params that are the
// same for all items.
func (l *lacks) body(b *blockOf, s *plan.Step, scope *plan.Scope, made func(path string) bool) {
	body := *s.Body
	body.Params = slices.Clone(body.Params)
	for i := range body.Params {
		p := &body.Params[i]
		w := slices.IndexFunc(s.With, func(w plan.Binding) bool { return w.Name == p.Name })
		if w < 0 {
			continue
		}
		p.Value, p.Set = nil, false
		if value := s.With[w].Value; !s.With[w].Secret && value.Known(knownIn(scope)) {
			v, err := value.Eval(scope)
			p.Value, p.Set = v, err == nil
		}
	}
	l.look(&blockOf{part: b.inside(), plan: &body, file: body.File, prefix: b.prefix + s.ID + "/", outer: made})
}

// add tells what is missing once, at the first step that needs it.
func (l *lacks) add(b *blockOf, s *plan.Step, warning bool, message string) {
	if l.told[message] {
		return
	}
	l.told[message] = true
	file := b.file
	if s.Group > 0 {
		file = b.plan.Groups[s.Group-1].File
	}
	l.found = append(l.found, Lack{File: file, Line: s.Line, StepID: b.prefix + s.ID, Message: message, Warning: warning})
}
