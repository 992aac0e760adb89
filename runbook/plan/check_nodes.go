package plan

import (
	"fmt"
	"slices"
)

func (c *checker) element(n *node) Type {
	if len(c.elements) == 0 {
		return c.report(n.at, "", "# stands for an element only inside of a function such as filter")
	}
	l := c.elements[len(c.elements)-1]
	switch {
	case n.name == "index":
		return Integer
	case n.name == "acc" && l.acc == nil:
		return c.report(n.at, "", "#acc is known only inside of reduce")
	case n.name == "acc":
		return *l.acc
	}
	return l.element
}

func (c *checker) list(n *node) Type {
	if len(n.kids) == 0 {
		return Type{kind: kindList, empty: true}
	}
	t := c.stored(n.kids[0])
	for _, k := range n.kids[1:] {
		t = join(t, c.stored(k))
	}
	return listOf(t)
}

// stored checks what is passed on as it is, into a list or as the result of a
// condition: it must be there, and may be a secret.
func (c *checker) stored(n *node) Type {
	t := c.check(n)
	if t.absent != "" && !c.harmless(n) {
		c.absent(n, t)
		return t.present()
	}
	return t
}

func (c *checker) mapping(n *node) Type {
	fields := map[string]Type{}
	open := false
	for i := 0; i+1 < len(n.kids); i += 2 {
		key := n.kids[i]
		if name, ok := key.val.(string); ok && key.op == opLiteral {
			if _, twice := fields[name]; twice {
				c.report(key.at, "", "the key %q is given twice", name)
			}
			fields[name] = c.stored(n.kids[i+1])
			continue
		}
		c.expect(key, "the key of a map", kindString, kindInt, kindNumber, kindBool)
		t := c.stored(n.kids[i+1])
		if t.holdsSecret() {
			fields["("+c.text(key)+")"] = t // the map holds it
		}
		open = true
	}
	return Object(fields, open)
}

// member checks x.key and x[key].
func (c *checker) member(n *node) Type {
	object := n.kids[0]
	t := c.check(object)
	optional := false
	switch name, _ := n.kids[1].val.(string); {
	case n.opt && t.kind == kindNull:
		return Null
	case n.opt && t.absent != "":
		t, optional = t.present(), true
	case t.absent != "" && n.kids[1].op == opLiteral && name != "":
		c.reportAll(object, fmt.Sprintf("say what to use then: %s?.%s ?? …", c.text(object), name), "%s may be null: %s", c.text(object), t.absent)
		t = t.present()
	default:
		t = c.used(object, t)
	}
	if t.holdsSecret() {
		return c.secret(object)
	}
	r := c.inside(n, t)
	if optional && r.absent == "" {
		r.absent = "what ?. looks into may be null"
	}
	return r
}

func (c *checker) inside(n *node, t Type) Type {
	key := n.kids[1]
	name, isName := key.val.(string)
	isName = isName && key.op == opLiteral
	switch t.kind {
	case kindMap:
		if !isName {
			c.expect(key, "the key of a map", kindString)
			return Any
		}
		if f, ok := t.fields[name]; ok {
			return f
		}
		if t.fields != nil && !t.open {
			return c.report(n.at, didYouMean(name, t.names()), "%s has no %q", c.text(n.kids[0]), name)
		}
		if t.elem != nil {
			return *t.elem
		}
		return Any
	case kindList:
		if isName {
			x := c.text(n.kids[0])
			help := fmt.Sprintf("write %s[0] for its first element", x)
			if t.element().may(kindMap) {
				help += fmt.Sprintf(", or map(%s, .%s) for that of all", x, name)
			}
			return c.report(n.at, help, "%s is a list, and has no %q", x, name)
		}
		c.expect(key, "a place in a list", kindInt)
		return t.element()
	case kindAny:
		if !isName {
			c.expect(key, "a place or key", kindInt, kindString)
		}
		return Any
	}
	what, help := "no parts", ""
	if isName {
		what = fmt.Sprintf("no %q", name)
		if name == "length" || name == "size" {
			help = fmt.Sprintf("write len(%s)", c.text(n.kids[0]))
		}
	}
	if n.kids[0].op == opRef && t.kind == kindString {
		if n.kids[0].ref.Root == "stdout" {
			return c.report(n.at, "if it is JSON, write fromJSON(stdout)", "stdout is a string, and has %s", what)
		}
	}
	return c.report(n.at, help, "%s is %s, and has %s", c.text(n.kids[0]), t, what)
}

func (c *checker) slice(n *node) Type {
	t := c.expect(n.kids[0], "what [:] cuts", kindString, kindList)
	for _, k := range n.kids[1:] {
		if k != nil {
			c.expect(k, "a place", kindInt)
		}
	}
	t.words = nil // a part of a word is another
	return t
}

func (c *checker) unary(n *node) Type {
	if n.name == "!" {
		return c.expect(n.kids[0], "what not turns around", kindBool)
	}
	t := c.expect(n.kids[0], fmt.Sprintf("what %s stands before", n.name), kindInt, kindNumber)
	if t.kind == kindInt {
		return Integer
	}
	return Number
}

func (c *checker) conditional(n *node) Type {
	c.expect(n.kids[0], "a condition", kindBool)
	var t, u Type
	c.assuming(n.kids[0], true, func() { t = c.stored(n.kids[1]) })
	c.assuming(n.kids[0], false, func() { u = c.stored(n.kids[2]) })
	return join(t, u)
}

// absences are functions of the grammar that this language leaves out, and why.
var absences = map[string]string{
	"now":  "a run must come to the same result when it is resumed; run.started_at is when it began",
	"date": "there are no dates in expressions", "duration": "there are no dates in expressions", "timezone": "there are no dates in expressions",
}

func (c *checker) call(n *node) Type {
	f := n.fn
	if f == nil {
		known := make([]string, 0, 64)
		for name := range functions() {
			known = append(known, name)
		}
		slices.Sort(known)
		help := absences[n.name]
		if help == "" {
			if near := nearest(n.name, known); near != "" {
				help = fmt.Sprintf("did you mean %q?", near)
			}
		}
		c.report(n.at, help, "there is no function %q", n.name)
		for _, k := range n.kids {
			c.check(k)
		}
		return failed
	}
	if problem := f.arity(len(n.kids)); problem != "" {
		return c.report(n.at, "it is called as "+f.Signature, "%s for %s", problem, n.name)
	}
	types := make([]Type, len(n.kids))
	for i, k := range n.kids {
		types[i] = c.argument(f, i, k, types, len(n.kids) > 1 && f.params[min(1, len(f.params)-1)].lazy)
	}
	if len(f.params) > 1 && f.params[1].name == "condition" && len(n.kids) > 1 {
		types[0] = ListOf(narrow(types[0].element(), facts(n.kids[1], true)))
	}
	if f.of != nil {
		return f.of(types)
	}
	return f.result
}

// argument checks the i-th argument of a call; before are the types of those
// before it. Of a call that is valued, not the elements are used but what another
// argument says of each.
func (c *checker) argument(f *Function, i int, k *node, before []Type, valued bool) Type {
	p := f.param(i)
	switch {
	case f.Name == "toJSON":
		return c.stored(k)
	case !p.lazy && len(p.kinds) == 0:
		return c.present(k)
	case !p.lazy:
		t := c.present(k)
		if t.may(p.kinds...) {
			if t.kind == kindList && slices.Contains(p.kinds, kindList) && !valued {
				return c.elementsOf(f, k, t)
			}
			return t
		}
		help := ""
		if t.kind == kindMap && slices.Contains(p.kinds, kindList) {
			help = fmt.Sprintf("keys(%[1]s), values(%[1]s) and toPairs(%[1]s) make lists of a map", c.text(k))
		} else if slices.Equal(p.kinds, []kind{kindString}) {
			help = fmt.Sprintf("to make text of it write string(%s)", c.text(k))
		}
		return c.reportAll(k, help, "%s takes %s, and %s is %s", f.Name, orList(p.kinds), c.text(k), t)
	}
	l := loopTypes{element: before[0].element()}
	if f.Name == "reduce" {
		l.acc = new(Type)
	}
	c.elements = append(c.elements, l)
	defer func() { c.elements = c.elements[:len(c.elements)-1] }()
	switch p.name {
	case "condition":
		return c.expect(k, "the condition", kindBool)
	case "key":
		return c.expect(k, "the key", kindString, kindInt, kindNumber, kindBool)
	}
	if f.Name == "map" {
		return c.stored(k)
	}
	if f.takes != nil {
		return c.expect(k, "the value for each element", f.takes...)
	}
	return c.present(k)
}
