package plan

import (
	"errors"
	"slices"
)

// What is done at most to find out whether a part of an expression without names
// has a value. A file may hold a great many of them; what takes more is found
// out when it is needed.
const (
	constantSteps = 20_000
	constantBytes = 256 << 10
)

// constants reports the parts of an expression that depend on nothing and can
// never have a value. Where the whole depends on nothing, its type is that of
// its value.
func (c *checker) constants(root *node, typ *Type) {
	f := folding{checker: c}
	if f.fold(root) != (needs{}) {
		return
	}
	v, ok := f.value(root)
	if ok && typ.kind == kindAny && typ.absent == "" && len(c.problems) == 0 {
		*typ = valueType(v, 0)
	}
}

// valueType is the type of a value that is there.
func valueType(v any, depth int) Type {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return Type{kind: kindList, empty: true}
		}
		if depth > maxDepthOfTypes {
			return ListOf(Any)
		}
		t := valueType(v[0], depth+1)
		for _, x := range v[1:] {
			t = join(t, valueType(x, depth+1))
		}
		return listOf(t)
	case map[string]any:
		fields := make(map[string]Type, len(v))
		for k, x := range v {
			if depth > maxDepthOfTypes {
				return MapOf(Any)
			}
			fields[k] = valueType(x, depth+1)
		}
		return Object(fields, true)
	}
	return Type{kind: kindOf(v)}
}

// maxDepthOfTypes is how deep the types of values are told.
const maxDepthOfTypes = 10

// folding goes through an expression for what is constant in it.
type folding struct {
	*checker
	vars []folded // of let, innermost last
}

// A folded variable has a value that is known, or not.
type folded struct {
	variable
	known bool
}

// needs is what a part of an expression depends on: what is outside of it, and
// the element of the loop around it. With neither it is constant.
type needs struct{ outside, element bool }

// fold finds out what a node depends on. In one that depends on something, the
// parts that do not have been evaluated.
func (f *folding) fold(n *node) needs {
	switch n.op {
	case opLiteral:
		return needs{}
	case opRef:
		return needs{outside: true}
	case opElement:
		return needs{element: true}
	case opVariable:
		_, known := f.variable(n.name)
		return needs{outside: !known}
	case opLet:
		return f.let(n)
	}
	all := needs{outside: n.op == opCall && n.fn == nil}
	var space [4]bool
	known := space[:0]
	for i, k := range n.kids {
		if k == nil {
			known = append(known, false)
			continue
		}
		d := f.fold(k)
		known = append(known, d == needs{})
		all.outside = all.outside || d.outside
		// What a function evaluates for each element gets the element from it.
		all.element = all.element || d.element && !(n.op == opCall && n.fn != nil && n.fn.param(i).lazy)
	}
	if all == (needs{}) {
		return all
	}
	for i, k := range n.kids {
		if known[i] {
			f.value(k)
		}
	}
	f.partly(n, known)
	return all
}

// let remembers a value that is known.
func (f *folding) let(n *node) needs {
	v := folded{variable: variable{name: n.name}}
	all := f.fold(n.kids[0])
	if all == (needs{}) {
		v.value, v.known = f.value(n.kids[0])
	}
	f.vars = append(f.vars, v)
	body := f.fold(n.kids[1])
	if body == (needs{}) {
		f.value(n.kids[1])
	}
	f.vars = f.vars[:len(f.vars)-1]
	return needs{all.outside || body.outside || !v.known, all.element || body.element}
}

func (f *folding) variable(name string) (any, bool) {
	for i := len(f.vars) - 1; i >= 0; i-- {
		if f.vars[i].name == name {
			return f.vars[i].value, f.vars[i].known
		}
	}
	return nil, false
}

// value is the value of a constant. That it has none is reported, unless
// something is wrong with it already.
func (f *folding) value(n *node) (v any, ok bool) {
	if n.op == opLiteral {
		return n.val, true
	}
	m := machine{src: f.src, nextLook: clockFrom, steps: maxSteps - constantSteps, bytes: maxAllocation - constantBytes}
	for _, v := range f.vars {
		m.vars = append(m.vars, v.variable)
	}
	v, err := m.run(n)
	var e *EvalError
	if err == nil || !errors.As(err, &e) {
		return v, err == nil
	}
	if e.limit && (m.steps > maxSteps || m.bytes > maxAllocation) {
		return nil, false // perhaps it has one
	}
	f.impossible(span{e.Offset, e.Offset + e.Length}, e.Message)
	return nil, false
}

// impossible reports that a part of the expression can have no value.
func (f *folding) impossible(at span, message string) {
	told := slices.ContainsFunc(f.problems, func(p ExprProblem) bool {
		return p.Offset < at.to && at.from < p.Offset+p.Length
	})
	if !told {
		f.report(at, "", "%s", message)
	}
}

// partly reports what fails whatever the other operands turn out to be.
func (f *folding) partly(n *node, known []bool) {
	constant := func(i int) any {
		if i >= len(known) || !known[i] {
			return nil
		}
		v, _ := f.value(n.kids[i])
		return v
	}
	switch {
	case n.op == opBinary && (n.name == "/" || n.name == "%"):
		if by, ok := float(constant(1)); ok && by == 0 {
			f.impossible(widen(f.src, n.kids[1].all), errDivision.Error())
		}
	case n.op == opBinary && n.name == "matches":
		if text, ok := constant(1).(string); ok {
			if _, err := compilePattern(text); err != nil {
				f.impossible(widen(f.src, n.kids[1].all), err.Error())
			}
		}
	case n.op == opMember && n.kids[0].op == opList:
		if i, ok := constant(1).(int64); ok {
			if _, err := (&machine{src: f.src}).member(n, make([]any, len(n.kids[0].kids)), i); err != nil {
				f.impossible(widen(f.src, n.all), err.Error())
			}
		}
	case n.op == opCall && n.name == "repeat":
		if times, ok := constant(1).(int64); ok && times < 0 {
			f.impossible(widen(f.src, n.kids[1].all), errRepeat.Error())
		}
	case n.op == opCall && (n.name == "sort" || n.name == "sortBy"):
		last := len(n.kids) - 1
		if word, ok := constant(last).(string); ok && !n.fn.param(last).lazy {
			if _, err := order([]any{word}, 0); err != nil {
				f.impossible(widen(f.src, n.kids[last].all), err.Error())
			}
		}
	}
}

// Constant returns the value of an expression that names nothing, where it has
// one and it does not take much to find it.
func (e *Expr) Constant() (v any, ok bool) {
	t, err := e.parsed()
	if err != nil || len(t.refs) > 0 {
		return nil, false
	}
	return (&folding{checker: &checker{src: e.src}}).value(t.root)
}

// ConstantLength is how many elements an expression that names nothing gives;
// -1 where that is not known. It counts ranges without making them.
func (e *Expr) ConstantLength() int {
	t, err := e.parsed()
	if err != nil || len(t.refs) > 0 {
		return -1
	}
	f := folding{checker: &checker{src: e.src}}
	if n := t.root; n.op == opBinary && n.name == ".." {
		from, _ := f.value(n.kids[0])
		to, _ := f.value(n.kids[1])
		a, ok := from.(int64)
		b, ok2 := to.(int64)
		if length := b - a + 1; ok && ok2 && length >= 0 && b >= a {
			return int(length)
		}
	}
	switch v, _ := f.value(t.root); v := v.(type) {
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return -1
}
