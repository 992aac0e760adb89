package executor

import (
	"fmt"
	"slices"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// mistakes is what is wrong with what steps are given, as far as params decide
// it: all that would fail a step when its turn comes.
func (t part) mistakes(p *plan.Plan, longest time.Duration) []Lack {
	x := mistakes{longest: longest, told: map[string]int{}}
	used := usedSecrets(p, t.runs)
	x.block(&given{part: t, plan: p, owner: Lack{File: p.File}}, func(name string) bool { return used[name] })
	return x.found
}

// mistakes goes over the steps of a plan and of the plans that are bodies in it.
type mistakes struct {
	longest time.Duration
	told    map[string]int
	found   []Lack
}

// given is a plan with values for its params.
type given struct {
	part
	plan   *plan.Plan
	prefix string   // of the ids of its steps
	owner  Lack     // what of it is no step's is told as of this
	items  bool     // it is one of several that a loop makes of it
	held   []string // names of the locks that are held around it
}

// A turn is one time that a step runs, as far as it is known.
type turn struct {
	in    *given
	step  *plan.Step
	id    string
	scope *plan.Scope
	known func(plan.Ref) bool
	item  bool // it is that of an item
}

func (x *mistakes) block(b *given, used func(secret string) bool) {
	m := newGuess(b.plan)
	scope := m.scope(0)
	x.add(b.owner, b.items, b.plan.Mistakes(scope, knownIn(scope), used, x.longest))
	if l := b.plan.Lock; l != nil {
		b.held = append(slices.Clip(b.held), lockName(l, scope, knownIn(scope))...)
	}
	for g := range b.plan.Groups {
		if x.wanted(b, m, g+1) && slices.ContainsFunc(b.plan.Groups[g].Steps, b.runs) {
			x.group(b, m, g+1)
		}
	}
	for i := range b.plan.Steps {
		s := &b.plan.Steps[i]
		if !b.runs(i) && !b.undoes(i) || !x.wanted(b, m, s.Group) {
			continue
		}
		scope := m.scope(s.Group)
		at := turn{in: b, step: s, id: b.prefix + s.ID, scope: scope, known: knownIn(scope), item: b.items}
		x.step(at, b.runs(i), b.undoes(i), func() ([]event.Item, error) {
			return m.Items(run.Node{Phase: event.Main, Index: i})
		})
	}
	for _, steps := range b.handlers(b.plan) {
		for i := range steps {
			s := &steps[i]
			x.once(turn{in: b, step: s, id: b.prefix + s.ID, scope: scope, known: knownIn(scope)}, true, false)
		}
	}
}

// wanted reports whether an included runbook may be.
func (x *mistakes) wanted(b *given, m *guess, group int) bool {
	for ; group > 0; group = b.plan.Groups[group-1].Parent {
		g := &b.plan.Groups[group-1]
		around := m.scope(g.Parent)
		if g.If != nil && g.If.Expr != nil && decided(g.If.Expr, around, knownIn(around), false) {
			return false
		}
	}
	return true
}

// group looks at an included runbook as a whole.
func (x *mistakes) group(b *given, m *guess, group int) {
	g := &b.plan.Groups[group-1]
	around, scope := m.scope(g.Parent), m.scope(group)
	at := Lack{File: b.fileOf(g.Parent), Line: g.Line, StepID: b.prefix + g.ID}
	_, errs := m.BindKnown(g.Params, g.With, around, knownIn(around))
	x.add(at, b.items, errs)
	x.add(at, b.items, g.Mistakes(around, scope, knownIn(around), knownIn(scope), x.longest))
}

// step looks at a step, and at each of its items if they are known.
func (x *mistakes) step(at turn, runs, undoes bool, itemsOf func() ([]event.Item, error)) {
	f := at.step.Foreach
	if f == nil {
		x.once(at, runs, undoes)
		return
	}
	if at.spared() {
		return
	}
	itemNamed := false
	common := at
	common.known = func(r plan.Ref) bool {
		itemNamed = itemNamed || isItem(r)
		return at.known(r)
	}
	var items []event.Item
	known := slices.IndexFunc(listRefs(f), func(r plan.Ref) bool { return !at.known(r) }) < 0
	if known {
		var err error
		if items, err = itemsOf(); err != nil {
			x.fail(at, fmt.Errorf("foreach: %w", err))
		} else if len(items) == 0 {
			return
		}
	}
	x.once(common, runs, undoes)
	if !itemNamed {
		return
	}
	for k := range items {
		one, scope := at, *at.scope
		scope.Item, scope.Index, scope.HasItem = items[k].Value, k, true
		one.id, one.scope, one.item = at.id+"["+items[k].Key+"]", &scope, true
		one.known = func(r plan.Ref) bool { return isItem(r) || at.known(r) }
		x.once(one, runs, undoes)
	}
}

func isItem(r plan.Ref) bool { return r.Root == "item" || r.Root == "index" }

// spared reports whether it is certain that a step is not run.
func (at *turn) spared() bool {
	s := at.step
	certain := func(g *plan.Guard, want bool) bool {
		return g != nil && g.Expr != nil && decided(g.Expr, at.scope, at.known, want)
	}
	return certain(s.If, false) || certain(s.Unless, true)
}

// once looks at one turn of a step.
func (x *mistakes) once(at turn, runs, undoes bool) {
	s := at.step
	if at.spared() {
		return
	}
	if runs {
		x.fail(at, s.Mistakes(at.scope, at.known, x.longest)...)
		x.locks(at)
	}
	if s.Body != nil {
		x.body(at)
	}
	if s.Rollback != nil && undoes {
		undo := at
		undo.step = s.Rollback
		if !undo.spared() {
			for _, err := range s.Rollback.Mistakes(at.scope, at.known, x.longest) {
				x.fail(at, fmt.Errorf("rollback: %w", err))
			}
		}
	}
}

// locks finds a lock that would never be had. Names that are written out were
// compared when the runbook was read.
func (x *mistakes) locks(at turn) {
	for _, name := range lockName(at.step.Lock, at.scope, at.known) {
		if slices.Contains(at.in.held, name) {
			x.fail(at, fmt.Errorf("lock: the value of %s is the name of the runbook's own lock, which is held until the run has ended", at.step.Lock.Name))
		}
	}
}

// lockName is the name of a lock, if it is known.
func lockName(l *plan.Lock, scope *plan.Scope, known func(plan.Ref) bool) []string {
	if l == nil {
		return nil
	}
	name, ok, _, err := l.Name.ResolveTri(scope, known)
	if err != nil || !ok || name.Text == "" {
		return nil
	}
	return []string{name.Text}
}

// body looks at the runbook that a step runs.
func (x *mistakes) body(at turn) {
	s := at.step
	body := *s.Body
	values, errs := run.New(&body, run.Options{}).BindKnown(body.Params, s.With, at.scope, at.known)
	x.fail(at, errs...)
	body.Params = slices.Clone(body.Params)
	for i := range body.Params {
		p := &body.Params[i]
		p.Value, p.Set = values[p.Name]
	}
	x.block(&given{
		part: at.in.inside(), plan: &body, prefix: at.id + "/", owner: at.place(), items: at.item, held: at.in.held,
	}, func(string) bool { return false })
}

func (x *mistakes) fail(at turn, errs ...error) { x.add(at.place(), at.item, errs) }

func (at *turn) place() Lack {
	return Lack{File: at.in.fileOf(at.step.Group), Line: at.step.Line, StepID: at.id}
}

// fileOf is the file that the steps of a group are written in.
func (b *given) fileOf(group int) string {
	if group > 0 {
		return b.plan.Groups[group-1].File
	}
	return b.plan.File
}

// mostAlike is how many items are told to share a mistake.
const mostAlike = 10

// add tells what is wrong. What was told of a step is not told of its items, and
// what is wrong with many of them not of all.
func (x *mistakes) add(l Lack, item bool, errs []error) {
	for _, err := range errs {
		key := fmt.Sprintf("%s: %v", plan.PlainID(l.StepID), err)
		alike, before := x.told[key]
		switch {
		case before && (alike == 0 || !item || alike > mostAlike):
			continue
		case item:
			x.told[key] = alike + 1
		default:
			x.told[key] = 0
		}
		l.Message, l.Mistake = err.Error(), true
		if alike == mostAlike {
			l.Message += ", and so for more items"
		}
		x.found = append(x.found, l)
	}
}
