package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Decision says what a resume does about a step that had an attempt before or
// waits for an approval, or that the plan does not have any more.
type Decision struct {
	StepID  string
	Phase   event.Phase // of a handler
	Do      Fate
	Why     string    // for a person
	Asks    bool      // its unless is asked first
	Ended   string    // how its last attempt did: a status word, interrupted or Undone; without one, Waits, Approved or Rejected
	Started time.Time // when its last attempt was started
	Attempt int       // its number
}

// Fate is what becomes of a step that had an attempt before.
type Fate string

const (
	Keep   Fate = "keep"   // it counts as it ended
	Rerun  Fate = "rerun"  // it had completed, or nobody knows, and is run again
	Run    Fate = "run"    // it did not complete
	Mark   Fate = "mark"   // it counts as done, because somebody says so
	Decide Fate = "decide" // somebody must say
	Later  Fate = "later"  // it depends on what another step puts out this time
	Ask    Fate = "ask"    // its approval is asked for
	Fail   Fate = "fail"   // it fails, for its approval was refused
	Gone   Fate = "gone"   // the runbook does not have it any more
)

// How a step stands of which there is no attempt that counts.
const (
	Undone   = "rolled_back"
	Waits    = "waiting" // for an approval
	Approved = "approved"
	Rejected = "rejected"
)

var fates = map[fate]Fate{doRun: Run, doKeep: Keep, doRerun: Rerun, doMark: Mark, doNothing: Decide}

// Explain says what would become of every step that had an attempt before, in
// the order of the plan. The machine must be new; it is of no use afterwards.
// Nothing is started: what depends on what a step puts out this time is told as
// such, unless it needs a decision in any case.
func (m *Machine) Explain(now time.Time) []Decision {
	m.run.closed = false
	before := m.memory.clone()
	x := explanation{machine: m, before: before, resets: map[string]string{}, answers: map[string]event.Event{}, told: map[string]bool{}}
	for _, e := range m.Handle(now, Begin{}) {
		if r, ok := e.(Record); ok {
			x.note(r.Event)
		}
	}
	for i := range m.first[onFailure] {
		x.step(i)
	}
	x.open()
	x.rest()
	x.handlers()
	return x.list
}

// note takes down what the machine does at once.
func (x *explanation) note(e *event.Event) {
	switch e.Type {
	case event.Reset:
		x.resets[e.StepID] = e.Message
	case event.ApprovalRequested, event.ApprovalGranted, event.ApprovalRejected:
		x.answers[e.StepID] = *e
	}
}

type explanation struct {
	machine *Machine
	before  *Memory
	resets  map[string]string      // what was reset, and why
	answers map[string]event.Event // what came last of a question
	told    map[string]bool
	list    []Decision
}

func (x *explanation) step(i int) {
	m := x.machine
	id := m.stepID(i)
	if why, reset := x.resets[id]; reset && (m.isLoop(i) || m.isBody(i)) {
		if p := x.before.past[id]; p != nil {
			x.add(id, p, Rerun, why, false)
		}
		if m.nodes[i].inner == 0 {
			goes := x.goesOn(i)
			for _, inner := range x.inside(id) {
				if goes(inner) {
					x.add(inner, x.before.past[inner], Rerun, why, false)
				}
			}
			return
		}
		for j := m.blocks[m.nodes[i].inner].first; j < m.blocks[m.nodes[i].inner].first+m.blocks[m.nodes[i].inner].size; j++ {
			x.reset(j, why)
		}
		return
	}
	if b := m.nodes[i].inner; b != 0 {
		for j := m.blocks[b].first; j < m.blocks[b].first+m.blocks[b].size; j++ {
			x.step(j)
		}
	}
	group := m.isLoop(i) || m.isBody(i)
	if p := x.before.of(id, group); p != nil {
		do, why, asks := x.fate(i, p)
		x.add(id, p, do, why, asks)
	} else {
		x.without(id)
	}
	if !group || m.nodes[i].inner != 0 {
		return
	}
	goes := x.goesOn(i)
	for _, inner := range x.inside(id) { // of what could not be expanded yet
		if goes(inner) {
			x.hidden(i, inner)
		}
	}
}

// goesOn tells what was inside of a node that could not be expanded yet from
// what will not be there any more.
func (x *explanation) goesOn(i int) func(inner string) bool {
	m := x.machine
	all := func(string) bool { return true }
	if !m.isLoop(i) || m.exprsWaitFor(m.fileOf(i), foreachExprs(m.nodes[i].step.Foreach)) != "" {
		return all
	}
	list, err := m.itemsOf(i)
	if err != nil {
		return all
	}
	keys := map[string]bool{}
	for k := range list {
		keys[list[k].Key] = true
	}
	return func(inner string) bool {
		key, ok := strings.CutPrefix(inner, m.stepID(i)+"[")
		key, _, _ = strings.Cut(key, "]/")
		return ok && keys[strings.TrimSuffix(key, "]")]
	}
}

func foreachExprs(f *plan.Foreach) []*plan.Expr {
	list := []*plan.Expr{f.In}
	for _, a := range f.Matrix {
		list = append(list, a.In)
	}
	return slices.DeleteFunc(list, func(e *plan.Expr) bool { return e == nil })
}

// reset tells of everything at a node, which is run again.
func (x *explanation) reset(i int, why string) {
	id := x.machine.stepID(i)
	for _, id := range append(x.inside(id), id) {
		if p := x.before.past[id]; p != nil {
			x.add(id, p, Rerun, why, false)
		}
	}
}

// inside is what is remembered inside of a step and was not told yet.
func (x *explanation) inside(id string) []string {
	var ids []string
	for _, inner := range x.before.inside[id] {
		if x.before.past[inner] != nil && !x.told[inner] {
			ids = append(ids, inner)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return x.before.past[a].order - x.before.past[b].order })
	return ids
}

// fate is what becomes of a node, as far as it can be told.
func (x *explanation) fate(i int, p *past) (do Fate, why string, asks bool) {
	m := x.machine
	n := &m.nodes[i]
	if why, reset := x.resets[m.stepID(i)]; reset {
		return Rerun, why, false
	}
	if n.kept && n.reason != event.ReasonMarkedDone {
		return Keep, "", false
	}
	f, why, _ := m.judge(i, p)
	if f != doNothing && f != doKeep && f != doRerun || p.unknown() || p.undoing {
		return fates[f], why, false
	}
	if waits := m.waitsFor(i); waits != "" && !m.named(i, m.options.Rerun) && !m.named(i, m.options.Keep) {
		return Later, fmt.Sprintf("known after %s", waits), false
	}
	return fates[f], why, f == doKeep && doneProbe(n.step) != nil && m.concerns(i, n.step.Unless) && !m.named(i, m.options.Keep)
}

// waitsFor names a step that has to end before it is known what node i is made
// of; empty: it is known.
func (m *Machine) waitsFor(i int) string {
	return m.exprsWaitFor(m.fileOf(i), valuesOf(m.nodes[i].step))
}

func (m *Machine) exprsWaitFor(file scopeKey, exprs []*plan.Expr) string {
	for _, e := range exprs {
		for _, r := range e.Refs() {
			switch r.Root {
			case "params":
				if waits := m.paramsWaitFor(file); waits != "" {
					return waits
				}
			case "steps":
				if s, ok := m.stepState(file, r.Step, Hidden{}); !ok || s.Status == event.StatusPending.String() || s.Status == event.StatusRunning.String() {
					return r.Step
				}
			}
		}
	}
	return ""
}

// paramsWaitFor names a step that has to end before the params of an included
// runbook are known.
func (m *Machine) paramsWaitFor(file scopeKey) string {
	if file.group == 0 { // the plan's own; and what is inside of a node is there only once its own are known
		return ""
	}
	g := &m.planOf(file).Groups[file.group-1]
	for _, w := range g.With {
		if waits := m.exprsWaitFor(scopeKey{file.owner, g.Parent}, w.Value.Exprs()); waits != "" {
			return waits
		}
	}
	return ""
}

// valuesOf is every expression that a step's fingerprint depends on.
func valuesOf(s *plan.Step) []*plan.Expr {
	list := slices.Concat(s.WorkingDir.Exprs())
	for _, a := range s.Command.Args {
		list = append(list, a.Value.Exprs()...)
	}
	for _, vars := range [][]plan.Var{s.Env, s.Command.Env} {
		for _, v := range vars {
			list = append(list, v.Value.Exprs()...)
		}
	}
	for _, v := range s.EnvFiles {
		list = append(list, v.Exprs()...)
	}
	for _, v := range []*plan.Value{s.Stdin, s.Stdout} {
		if v != nil {
			list = append(list, v.Exprs()...)
		}
	}
	return list
}

// without is for a step of which no attempt counts: it was undone, or there is
// something to say about its approval.
func (x *explanation) without(id string) {
	if x.told[id] || x.before.knows(id) {
		return
	}
	m := x.before
	given, yes := m.approved[id]
	no, refused := m.refused[id]
	_, waits := m.asked[id]
	back, undone := m.rolled[id]
	d := Decision{StepID: id}
	switch now := x.answers[id]; {
	case now.Type == event.ApprovalGranted:
		d.Do, d.Why, d.Ended = Run, "approved by "+now.By, Approved
	case now.Type == event.ApprovalRejected:
		d.Do, d.Why, d.Ended = Fail, rejection(&now), Rejected
	case now.Type == event.ApprovalRequested && (yes || refused):
		d.Do, d.Why, d.Ended = Ask, "it has changed since that was answered", Waits
	case now.Type == event.ApprovalRequested && waits:
		d.Do, d.Ended = Ask, Waits
	case refused:
		d.Do, d.Why, d.Ended = Fail, rejection(&no), Rejected
	case waits:
		d.Do, d.Ended = Ask, Waits
	case undone:
		d = back
	case yes:
		d.Do, d.Why, d.Ended = Run, "approved by "+given.by, Approved
	default:
		return
	}
	x.told[id] = true
	x.list = append(x.list, d)
}

// open is for questions and for what was undone that no step of the plan has as
// its own: of included runbooks, and of what is inside of a step.
func (x *explanation) open() {
	ids := slices.Concat(slices.Collect(maps.Keys(x.before.asked)), slices.Collect(maps.Keys(x.before.rolled)))
	slices.Sort(ids)
	for _, id := range ids {
		group := slices.ContainsFunc(x.machine.plan.Groups, func(g plan.Group) bool { return g.ID == id })
		if group || x.machine.stepNamed(x.machine.plan, id) != nil {
			x.without(id)
		}
	}
}

// handlers are those that ran before: they belong to the end of the run, and the
// next one is another end.
func (x *explanation) handlers() {
	for _, phase := range []event.Phase{event.OnFailure, event.Finally} {
		why := "it belongs to the end of the run"
		if phase == event.OnFailure {
			why = "if the run fails"
		}
		for _, s := range x.machine.plan.Phase(string(phase)) {
			if d, ran := x.before.handled[phaseID{phase, s.ID}]; ran {
				d.Why = why
				x.list = append(x.list, d)
			}
		}
	}
}

// hidden is for something inside of node i that cannot be looked at yet: its
// items, or the step before it, are not known.
func (x *explanation) hidden(i int, id string) {
	p := x.before.past[id]
	m := x.machine
	switch {
	case m.listed(id, m.options.Rerun):
		x.add(id, p, Rerun, "asked for", false)
	case m.listed(id, m.options.MarkDone) && !p.counts():
		x.add(id, p, Mark, "", false)
	case m.stepNamed(m.plan, id) == nil: // told as gone
	case p.unknown() || p.undoing:
		if repeatable(m.stepNamed(m.plan, id)) {
			x.add(id, p, Rerun, p.trouble(), false)
		} else {
			x.add(id, p, Decide, p.trouble(), false)
		}
	case p.completed():
		x.add(id, p, Later, fmt.Sprintf("known when %s has begun", m.stepID(i)), false)
	default:
		x.add(id, p, Run, "it "+pastVerb(p), false)
	}
}

// rest is what the plan does not have any more.
func (x *explanation) rest() {
	var ids []string
	for id := range x.before.past {
		if !x.told[id] {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return x.before.past[a].order - x.before.past[b].order })
	for _, id := range ids {
		x.add(id, x.before.past[id], Gone, "the runbook does not have it any more", false)
	}
}

func (x *explanation) add(id string, p *past, do Fate, why string, asks bool) {
	if x.told[id] {
		return
	}
	x.told[id] = true
	x.list = append(x.list, p.decision(id, do, why, asks))
}

func (p *past) decision(id string, do Fate, why string, asks bool) Decision {
	return Decision{
		StepID: id, Do: do, Why: why, Asks: asks, Ended: p.word(), Started: p.start.Timestamp, Attempt: p.start.Attempt,
	}
}

// word is how the last attempt ended.
func (p *past) word() string {
	switch {
	case p.unknown():
		return "interrupted"
	case p.end == nil:
		return event.StatusFailed.String()
	}
	return statusAfter(p.end.Type).String()
}
