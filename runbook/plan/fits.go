package plan

import "fmt"

// IsText reports whether every value of the type is text.
func (t Type) IsText() bool { return t.kind == kindString && t.absent == "" }

// Refuses says why a value is not of type t, in words to follow its name; empty: it
// may be. It is for values that are there, but not computed: given from outside.
func (t Type) Refuses(v any) string {
	if v == nil && t.absent != "" {
		return ""
	}
	return valueType(v, 0).Misfit(t.present())
}

// Misfit says why no value of type t, or not each of them, is of type want, in
// words to follow the name of the value; empty: all may be. It is about kinds,
// those of elements and keys included, and tells only what is certain.
func (t Type) Misfit(want Type) string {
	switch {
	case t.kind == kindAny || want.kind == kindAny || t.kind == kindSecret:
		return ""
	case !t.may(want.kind):
		return fmt.Sprintf("must be %s, and is %s", want, t)
	case t.kind == kindList:
		return t.misfitElements(want)
	case t.kind == kindMap:
		return t.misfitKeys(want)
	}
	return ""
}

func (t Type) misfitElements(want Type) string {
	e, w := t.element(), want.element()
	if w.kind != kindAny && w.absent == "" {
		switch {
		case e.kind == kindNull:
			return "must have no null in it"
		case e.absent != "":
			return "must have no null in it, and may: " + e.absent
		}
	}
	if why := e.Misfit(w); why != "" {
		return "takes a list of which each element " + why
	}
	return ""
}

func (t Type) misfitKeys(want Type) string {
	for _, name := range want.names() {
		f, ok := t.fields[name]
		required := want.fields[name].absent == ""
		switch {
		case !ok && t.fields != nil && !t.open && required:
			return fmt.Sprintf("must have the key %q", name)
		case !ok:
			continue
		case f.absent != "":
			if required {
				return fmt.Sprintf("must have the key %q, which may be null: %s", name, f.absent)
			}
			continue
		}
		if why := f.Misfit(want.fields[name]); why != "" {
			return fmt.Sprintf("takes a map of which the key %q %s", name, why)
		}
	}
	if want.fields == nil && want.elem != nil {
		for _, name := range t.names() {
			if why := t.fields[name].Misfit(*want.elem); why != "" {
				return fmt.Sprintf("takes a map of which the key %q %s", name, why)
			}
		}
		if t.fields == nil && t.elem != nil {
			if why := t.elem.Misfit(*want.elem); why != "" {
				return "takes a map of which each value " + why
			}
		}
	}
	return ""
}

// Outcomes are the values an expression can have, where they are few and known:
// those of a constant, of both branches of a condition, and of a param as ofParam
// lists them. Nil: they are not known.
func (e *Expr) Outcomes(ofParam func(name string) []any) []any {
	t, err := e.parsed()
	if err != nil {
		return nil
	}
	if v, ok := e.Constant(); ok {
		return []any{v}
	}
	return outcomes(t.root, ofParam)
}

func outcomes(n *node, ofParam func(name string) []any) []any {
	switch {
	case n.op == opLiteral:
		return []any{n.val}
	case n.op == opRef && n.ref.Root == "params" && n.ref.Name != "":
		return ofParam(n.ref.Name)
	case n.op == opCond:
		x, y := outcomes(n.kids[1], ofParam), outcomes(n.kids[2], ofParam)
		if x != nil && y != nil {
			return append(x[:len(x):len(x)], y...)
		}
	}
	return nil
}
