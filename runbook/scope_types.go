package runbook

import (
	"github.com/cloudops-run/runbook/runbook/plan"
)

var (
	whyNoOutputs = map[string]string{"outputs": "outputs cannot read each other"}
	whyNoItem    = map[string]string{"item": "item is what foreach finds, so it cannot be used to find it", "index": "index is known only in what foreach repeats"}
)

// outputTypes are the outputs of a step as other steps see them.
func (x *scopes) outputTypes(t *step) map[string]plan.Type {
	if types, ok := x.results[t]; ok {
		return types
	}
	types := map[string]plan.Type{}
	if x.busy[t] { // steps that read each other's outputs: a circle, which is told elsewhere
		for _, o := range t.outputs {
			types[o.key.Value] = plan.Any
		}
		return types
	}
	x.busy[t] = true
	x.visit(t, func() {
		if t.uses != nil {
			if child := x.child(t); child != nil {
				types = child.fileOutputs()
			}
			return
		}
		n := x.withItem(x.names())
		n.Attempt = &plan.AttemptNames{Status: true}
		n.Why = whyNoOutputs
		for _, o := range t.outputs {
			u := use{key: o.key.Value, names: &n, want: plan.WantAny}
			if o.secret {
				u.secrets = secretsPass
			}
			e := x.bare(o.expr, u)
			switch {
			case o.secret:
				types[o.key.Value] = plan.Opaque
			case o.expr == nil && !o.broken:
				types[o.key.Value] = plan.String
			case e == nil:
				types[o.key.Value] = plan.Any
			default:
				types[o.key.Value] = e.Type()
			}
		}
	})
	delete(x.busy, t)
	x.results[t] = types
	return types
}

// fileOutputs are the outputs of an included runbook.
func (x *scopes) fileOutputs() map[string]plan.Type {
	types := make(map[string]plan.Type, len(x.doc.outputs))
	x.visit(nil, func() {
		n := x.names()
		for _, o := range x.doc.outputs {
			types[o.key.Value] = plan.Any
			if e := x.bare(o.expr, use{key: o.key.Value, names: &n, want: plan.WantAny}); e != nil {
				types[o.key.Value] = e.Type()
			}
		}
	})
	return types
}

// itemType is the type of item in a step with foreach.
func (x *scopes) itemType(s *step) plan.Type {
	if t, ok := x.items[s]; ok {
		return t
	}
	x.items[s] = plan.Any // of a circle
	var t plan.Type
	x.visit(s, func() {
		n := x.names()
		n.Why = whyNoItem
		switch f := s.foreach; {
		case f.in != nil:
			t = x.elements(f.in, use{key: "foreach", names: &n, want: plan.WantItems})
		default:
			fields := map[string]plan.Type{}
			for _, a := range f.matrix {
				fields[a.name.Value] = x.elements(a.in, use{key: a.name.Value, names: &n, want: plan.WantItems})
			}
			x.combinations(f)
			t = plan.Object(fields, false)
		}
	})
	x.items[s] = t
	return t
}

func (x *scopes) elements(in *node, u use) plan.Type {
	if isList(in) {
		return plan.ItemOf(literalType(in))
	}
	e := x.bare(in, u)
	if e == nil {
		return plan.Any
	}
	x.constantItems(in, e)
	return plan.ItemOf(e.Type())
}
