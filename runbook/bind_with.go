package runbook

import (
	"fmt"
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema/fragment"
)

// A bindingPlace is where a value for a param of an included runbook stands.
type bindingPlace struct {
	found Diagnostic // without its message
	named string     // the file that is included
}

func (c *checker) placeOf(value *node, named string) bindingPlace {
	pos := c.src.pos(value.Line, value.Column)
	d := Diagnostic{Rule: ruleParam, Pos: pos, End: pos}
	d.Line, d.lineCol = c.src.excerpt(pos)
	return bindingPlace{d, named}
}

// included checks what is given to the params of the included runbooks of p, as
// far as params decide it. A value that depends on a step is checked in the run.
func (b *binder) included(p *plan.Plan, params plan.Values) {
	groups := make([]plan.Values, len(p.Groups))
	around := func(group int) plan.Values {
		if group > 0 {
			return groups[group-1]
		}
		return params
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		groups[i] = b.with(g.Params, g.With, g.If, around(g.Parent))
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Body != nil {
			b.included(s.Body, b.with(s.Body.Params, s.With, s.If, around(s.Group)))
		}
	}
}

// with checks the values of one included runbook and returns those that are
// known. Where it is known that it will not run nothing is said, and nothing is
// known.
func (b *binder) with(declared []plan.Param, with []plan.Binding, when *plan.Guard, around plan.Values) plan.Values {
	scope := &plan.Scope{Params: around}
	known := func(r plan.Ref) bool {
		_, ok := around[r.Name]
		return r.Root == "params" && ok
	}
	if when != nil && when.Expr != nil {
		if v, ok, _, err := when.Expr.EvalTri(scope, known); ok && err == nil && v == false {
			return nil
		}
	}
	values := plan.Values{}
	for _, p := range declared {
		if p.Set {
			values[p.Name] = p.Value
		}
	}
	for i := range with {
		w := &with[i]
		delete(values, w.Name)
		at := slices.IndexFunc(declared, func(p plan.Param) bool { return p.Name == w.Name })
		if w.Secret || at < 0 {
			continue
		}
		v, ok, err := w.Value.EvalTri(scope, known)
		if err != nil {
			b.wrong(w, err.Error())
			continue
		}
		if !ok {
			continue
		}
		problems := schemaOf(declared[at]).Check(v)
		for _, p := range problems {
			where := ""
			if len(p.Pointer) > 0 {
				where = placeIn(p.Pointer) + " of it "
			}
			b.wrong(w, where+p.Message)
		}
		if len(problems) == 0 {
			values[w.Name] = v
		}
	}
	return values
}

func schemaOf(p plan.Param) *fragment.Fragment {
	v, _ := plan.DecodeJSON(p.Schema)
	m, _ := v.(map[string]any)
	f, _ := fragment.New(m)
	return f
}

// wrong reports a value that these params make unfit.
func (b *binder) wrong(w *plan.Binding, message string) {
	place, ok := b.runbook.places[w]
	if !ok {
		return
	}
	d := place.found
	d.Message = fmt.Sprintf("with these params, param %q of %q %s", w.Name, place.named, message)
	b.found = append(b.found, d)
}
