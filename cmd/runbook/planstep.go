package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// step prints one step; edges only where they are not the file's order. n is its
// place among the steps, -1: it is a handler.
func (v *planView) step(s *plan.Step, edges bool, n int) {
	head := v.paint.cyan(sink.Escape(s.ID)) + "  " + v.effect(s.Effect)
	if s.Name != "" {
		head += "  " + sink.Escape(s.Name)
	}
	fmt.Fprintf(v.w, "%s  %s\n", v.margin, head)
	if n >= 0 && v.leftOut[s.ID] {
		v.line(v.paint.yellow("left out"))
		v.afterSkip("it counts as done,", s, n)
		return
	}
	if s.Description != "" && !v.brief {
		fmt.Fprintln(v.w, v.paint.dim(indent(s.Description, v.margin+"    # ")))
	}
	names := v.names(s.Group)
	shown := names.shown(s)
	if s.Body == nil {
		v.command(shown)
	}
	v.loop(s, names)
	if v.brief {
		v.surroundings(shown.surroundings())
		v.waits(shown.late)
		return
	}
	if edges {
		v.list("needs", v.ids(s.Needs))
		v.list("after", v.ids(s.After))
	}
	v.guards(s, names, n)
	v.lock(s.Lock, names)
	if s.Body == nil {
		v.surroundings(shown.surroundings().without(v.common))
	}
	v.waits(shown.late)
	if s.Body == nil {
		v.list("", v.conditions(s, names, shown))
	}
	v.rollback(s, names)
	if s.Body != nil {
		v.body(s, names)
	}
}

func (v *planView) command(s shown) {
	if s.err != nil {
		v.line(v.paint.red("cannot run: ") + sink.Escape(s.err.Error()))
		if s.Program == "" {
			return
		}
	}
	for i, line := range commandLines(s.Invocation) {
		if i > 0 {
			line = "  " + line
		}
		v.line(line)
	}
}

// waits says which steps must have run before all of a step is known.
func (v *planView) waits(refs []plan.Ref) {
	v.list("known after", escaped(words(refs)))
}

func escaped(words []string) []string {
	for i := range words {
		words[i] = sink.Escape(words[i])
	}
	return words
}

// loop says how often the step runs.
func (v *planView) loop(s *plan.Step, n names) {
	f := s.Foreach
	if f == nil {
		return
	}
	keys, because := n.keys(f)
	text := ""
	switch {
	case because != nil:
		text = "× known after " + strings.Join(escaped(words(because)), ", ")
	case keys == nil:
		text = "× each of " + sink.Escape(foreachText(f))
	default:
		text = fmt.Sprintf("× %d", len(keys))
		if len(keys) > 0 {
			shown := escaped(keys[:min(len(keys), maxKeys)])
			text += ": " + strings.Join(shown, ", ")
			if len(keys) > maxKeys {
				text += ", …"
			}
		}
	}
	if f.MaxConcurrency > 0 {
		text += fmt.Sprintf("; at most %d at a time", f.MaxConcurrency)
	}
	if f.MaxFailures > 0 {
		text += fmt.Sprintf("; %s tolerated", plural(f.MaxFailures, "failure"))
	}
	v.line(text)
}

// maxKeys is how many items of a loop are named.
const maxKeys = 12

func foreachText(f *plan.Foreach) string {
	if f.In != nil {
		return f.In.Source()
	}
	var axes []string
	for _, a := range f.Matrix {
		axes = append(axes, a.Name)
	}
	return strings.Join(axes, " × ")
}

// guards are the questions before a step, and what a no does to those after it.
func (v *planView) guards(s *plan.Step, n names, place int) {
	maySkip := false
	if g := s.If; g != nil {
		maySkip = v.guard("if", g, s, n)
	}
	if g := s.Unless; g != nil && v.guard("unless", g, s, n) {
		maySkip = true
	}
	if g := v.group(s); g != nil && g.If != nil {
		if v.guard("if", g.If, s, v.names(g.Parent)) {
			maySkip = true
		}
	}
	if maySkip && place >= 0 {
		v.afterSkip("if it is skipped,", s, place)
	}
	v.groupRequires(s, place)
	v.requires(s.Require, s, n)
	if s.Approval != nil {
		v.asks(*s.Approval, n)
	}
	if g := v.group(s); g != nil && g.Approval != nil && len(g.Steps) > 0 && g.Steps[0] == place {
		v.asks(*g.Approval, v.names(g.Parent))
	}
}

// groupRequires prints what included runbooks require before the first of their
// steps that runs.
func (v *planView) groupRequires(s *plan.Step, place int) {
	for at := s.Group; at > 0; at = v.plan.Groups[at-1].Parent {
		g := &v.plan.Groups[at-1]
		first := slices.IndexFunc(g.Steps, func(i int) bool { return !v.leftOut[v.plan.Steps[i].ID] })
		if first >= 0 && g.Steps[first] == place {
			v.requires(g.Require, &plan.Step{Dir: g.Dir, WorkingDir: plan.Text(g.Dir)}, v.names(at))
		}
	}
}

// afterSkip says what it means for the steps that need one which does not run.
func (v *planView) afterSkip(when string, s *plan.Step, place int) {
	var still []int
	for _, i := range v.dependents[place] {
		if !v.leftOut[v.plan.Steps[i].ID] {
			still = append(still, i)
		}
	}
	if len(still) == 0 {
		return
	}
	text := strings.Join(v.ids(still), ", ") + " still run"
	if len(still) == 1 {
		text += "s"
	}
	if state, _ := v.view.step(s.ID); len(s.Outputs) > 0 && state.Outputs == nil {
		text += ", its outputs being null"
	}
	v.list(when, []string{text})
}

func (v *planView) group(s *plan.Step) *plan.Group {
	if s.Group == 0 {
		return nil
	}
	return &v.plan.Groups[s.Group-1]
}

func (v *planView) asks(question plan.Value, n names) {
	f := freezer{names: n}
	text, _ := f.text(question).Literal()
	v.line(v.paint.yellow("asks: ") + sink.Escape(text))
}

// guard prints an if or unless and reports whether it may skip the step.
func (v *planView) guard(word string, g *plan.Guard, s *plan.Step, n names) bool {
	if g.Expr == nil {
		v.list(word, []string{n.probe(g.Probe, s) + " says yes"})
		return true
	}
	text := sink.Escape(oneLine(g.Expr.Source()))
	yes, known, because := n.condition(g.Expr)
	skips := yes == (word == "unless")
	switch {
	case known && skips && word == "if":
		v.line(v.paint.yellow("skipped: ") + text + " does not hold")
	case known && skips:
		v.line(v.paint.yellow("skipped: ") + text + " holds")
	case known && yes:
		v.list(word, []string{text + ", which holds"})
		return false
	case known:
		v.list(word, []string{text + ", which does not hold"})
		return false
	default:
		if after := escaped(words(because)); len(after) > 0 {
			text += ", known after " + strings.Join(after, ", ")
		}
		v.list(word, []string{text})
	}
	return true
}

func (v *planView) requires(list []plan.Guard, s *plan.Step, n names) {
	for _, g := range list {
		text := ""
		if g.Probe != nil {
			text = n.probe(g.Probe, s)
		} else {
			text = sink.Escape(oneLine(g.Expr.Source()))
			if yes, known, _ := n.condition(g.Expr); known && !yes {
				f := freezer{names: n}
				message, _ := f.text(g.Message).Literal()
				v.line(v.paint.red("fails: ") + sink.Escape(message))
			}
		}
		v.list("requires", []string{text})
	}
}

// probe is the command line of a probe.
func (n names) probe(p *plan.Probe, s *plan.Step) string {
	asked := *s
	asked.Command, asked.Stdin, asked.Stdout = p.Command, nil, nil
	text := strings.Join(commandLines(n.shown(&asked).Invocation), "; ")
	if p.Expect != nil {
		text += " (expect " + sink.Escape(oneLine(p.Expect.Source())) + ")"
	}
	return text
}

func (v *planView) lock(l *plan.Lock, n names) {
	if l == nil {
		return
	}
	f := freezer{names: n}
	name, _ := f.text(l.Name).Literal()
	text := quote(name)
	if wait, err := f.duration(l.Wait).Duration("wait", nil); err == nil && wait > 0 {
		text += ", waited for up to " + plan.DurationText(wait)
	}
	v.list("lock", []string{text})
}

func (v *planView) rollback(s *plan.Step, n names) {
	if s.Rollback == nil {
		return
	}
	undo := *s.Rollback
	undo.Group = s.Group
	lines := commandLines(n.shown(&undo).Invocation)
	v.line(v.paint.dim("undone by ") + strings.Join(lines, "; "))
}

// body prints the steps of an included runbook that run for each item.
func (v *planView) body(s *plan.Step, n names) {
	p := *s.Body
	p.Params = append([]plan.Param(nil), p.Params...)
	late := map[string][]plan.Ref{}
	for i := range p.Params {
		for _, w := range s.With {
			if w.Name != p.Params[i].Name {
				continue
			}
			value, because := n.value(w.Value)
			p.Params[i].Value, p.Params[i].Set = value, because == nil
			if because != nil {
				late[w.Name] = because
			}
		}
	}
	given := newView(&p)
	given.late = late
	given.bind()
	inner := &planView{view: given, w: v.w, paint: v.paint, config: v.config, margin: v.margin + "    "}
	inner.needed()
	inner.requires(p.Require, &plan.Step{Dir: p.Dir, WorkingDir: plan.Text(p.Dir)}, inner.names(0))
	for i := range p.Steps {
		inner.step(&p.Steps[i], p.Strategy == plan.DependencyGraph, i)
	}
}

// conditions are its times, retries and what counts as success.
func (v *planView) conditions(s *plan.Step, n names, shown shown) []string {
	timeout := shown.Timeout
	if timeout == 0 {
		timeout = v.config.DefaultTimeout
	}
	words := []string{"timeout " + plan.DurationText(timeout)}
	if _, known := s.Timeout.Literal(); !known && shown.Timeout == 0 {
		words[0] = "timeout " + s.Timeout.String()
	}
	if shown.GracePeriod != plan.DefaultGracePeriod {
		words = append(words, "grace period "+plan.DurationText(shown.GracePeriod))
	}
	if s.Retry != nil {
		words = append(words, n.retry(s.Retry))
	}
	if len(s.SuccessExit) > 0 {
		words = append(words, "success is exit code "+strings.Trim(strings.ReplaceAll(fmt.Sprint(s.SuccessExit), " ", ", "), "[]"))
	}
	if s.Expect != nil {
		words = append(words, "expect "+sink.Escape(oneLine(s.Expect.Source())))
	}
	if s.ContinueOnError {
		words = append(words, "a failure is tolerated")
	}
	if s.Idempotent {
		words = append(words, "idempotent")
	}
	return words
}

func (n names) retry(r *plan.Retry) string {
	words := "retried " + plural(r.Times, "time")
	if r.If != nil {
		words += " if " + sink.Escape(oneLine(r.If.Source()))
	}
	f := freezer{names: n}
	frozen := *r
	frozen.Delay, frozen.MaxDelay, frozen.MaxElapsed = f.duration(r.Delay), f.duration(r.MaxDelay), f.duration(r.MaxElapsed)
	d, err := frozen.Delays(nil)
	switch {
	case err != nil:
		return words
	case d.Delay > 0 && r.Backoff == plan.Exponential:
		words += " after " + plan.DurationText(d.Delay) + ", doubling"
	case d.Delay > 0:
		words += " after " + plan.DurationText(d.Delay)
	}
	if d.MaxDelay > 0 {
		words += " up to " + plan.DurationText(d.MaxDelay)
	}
	if d.MaxElapsed > 0 {
		words += ", for " + plan.DurationText(d.MaxElapsed) + " at most"
	}
	return words
}

// oneLine is text of an expression without its line breaks.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
