package runbook

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema"
)

// A Given is a value for a param.
type Given struct {
	Name   string
	Text   string // as on a command line or in a variable: read as what the param is declared to be
	Value  any    // of the right type already, where Typed: one of those of [plan.DecodeJSON]
	Typed  bool
	Origin string // where it comes from, for people: "-p", "params.yaml"
	Pos    Pos    // in a file; zero: it is in none
}

// Bind returns the plan with its params set: to what is given, of several to the
// last; else to the environment variable that the param names, where that is
// not empty; else to the default. The plan is nil where a diagnostic is an
// error. Values are in no diagnostic, nor are the source lines that hold them.
func (r *Runbook) Bind(given []Given) (*plan.Plan, Diagnostics) {
	b := binder{runbook: r, plan: *r.plan, params: map[string]int{}}
	b.plan.Params = slices.Clone(r.plan.Params)
	for i, p := range b.plan.Params {
		b.params[p.Name] = i
	}
	last := map[string]int{}
	for i, g := range given {
		last[g.Name] = i
	}
	for i, g := range given {
		if last[g.Name] == i {
			b.give(g)
		}
	}
	b.rest(last)
	if !b.found.Errors() {
		b.included(&b.plan, b.plan.ParamValues())
	}
	if b.found.Errors() {
		return nil, b.found
	}
	return &b.plan, b.found
}

type binder struct {
	runbook *Runbook
	plan    plan.Plan
	params  map[string]int
	found   Diagnostics
}

func (b *binder) add(g Given, message, help string) {
	pos := g.Pos
	if pos == (Pos{}) {
		pos = Pos{File: g.Origin}
	}
	b.found = append(b.found, Diagnostic{Rule: ruleParam, Pos: pos, End: pos, Message: message, Help: help})
}

func (b *binder) give(g Given) {
	i, ok := b.params[g.Name]
	if !ok {
		names := make([]string, len(b.plan.Params))
		for i, p := range b.plan.Params {
			names[i] = p.Name
		}
		help := didYouMean(schema.Closest(g.Name, names))
		switch {
		case help != "":
		case len(names) == 0:
			help = "the runbook has no params"
		default:
			help = "its params are " + listed(names, "and")
		}
		b.add(g, fmt.Sprintf("the runbook has no param %q", shorten(g.Name)), help)
		return
	}
	declared := b.runbook.params[i]
	value := g.Value
	if !g.Typed {
		if !utf8.ValidString(g.Text) {
			b.add(g, fmt.Sprintf("param %q holds bytes that are not UTF-8 text", g.Name), "give such bytes in a file that the step reads, or in base64")
			return
		}
		var err error
		if value, err = read(g.Text, declared.node); err != nil {
			var help readError
			errors.As(err, &help)
			b.add(g, fmt.Sprintf("param %q %s", g.Name, err), help.help)
			return
		}
	}
	problems := declared.fragment.Check(value)
	for _, p := range problems {
		where := ""
		if len(p.Pointer) > 0 {
			where = placeIn(p.Pointer) + " of "
		}
		b.add(g, fmt.Sprintf("%sparam %q %s", where, g.Name, p.Message), "")
	}
	if len(problems) == 0 {
		p := &b.plan.Params[i]
		p.Value, p.Set, p.Source = value, true, g.Origin
	}
}

// rest looks into the environment for what was not given, and tells of what is
// nowhere.
func (b *binder) rest(given map[string]int) {
	for i := range b.plan.Params {
		declared := b.runbook.params[i]
		if _, ok := given[b.plan.Params[i].Name]; ok {
			continue
		}
		if declared.env != nil {
			name := literal(declared.env)
			if text, ok := b.runbook.lookupEnv(name); ok && text != "" {
				b.give(Given{Name: b.plan.Params[i].Name, Text: text, Origin: "env " + name})
				continue
			}
		}
		if !b.plan.Params[i].Set {
			b.missing(declared)
		}
	}
}

func (b *binder) missing(p *param) {
	name := p.key.Value
	help := "give it with -p " + name + "=..."
	if p.env != nil {
		help += ", or in the variable " + literal(p.env)
	}
	if _, text := lookup(p.node, "description"); isText(text) {
		help += "; it is: " + shorten(literal(text))
	}
	s := newSource(b.runbook.file, b.runbook.source)
	pos := s.pos(p.key.Line, p.key.Column)
	d := Diagnostic{Rule: ruleParam, Pos: pos, End: Pos{pos.File, pos.Line, pos.Col + len(name)},
		Message: fmt.Sprintf("the param %q has no value", name), Help: help}
	d.Line, d.lineCol = s.excerpt(pos)
	b.found = append(b.found, d)
}

// lookupEnv looks a variable up where the options said.
func (r *Runbook) lookupEnv(name string) (string, bool) {
	if r.environment != nil {
		return r.environment(name)
	}
	return os.LookupEnv(name)
}
