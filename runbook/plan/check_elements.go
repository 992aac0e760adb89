package plan

import (
	"fmt"
	"maps"
	"slices"
)

// elementsOf checks that a function can take each element of a list, and returns
// the type of the list as far as it can.
func (c *checker) elementsOf(f *Function, n *node, t Type) Type {
	if f.takes == nil {
		return t
	}
	e := t.element()
	if !c.whole(n, t, f.Name) {
		return ListOf(e.present())
	}
	if e.may(f.takes...) {
		return t
	}
	help := ""
	if slices.Equal(f.takes, []kind{kindString}) {
		help = fmt.Sprintf("to make text of each element write map(%s, string(#))", c.text(n))
	}
	return c.reportAll(n, help, "%s takes a list in which each element is %s, and in %s it is %s", f.Name, orList(f.takes), c.text(n), e)
}

// whole checks that no element of a list may be null, for something that takes
// none, and reports whether that is so.
func (c *checker) whole(n *node, t Type, what string) bool {
	e := t.element()
	why := e.absent
	switch {
	case e.kind == kindNull:
		why = elementIsNull
	case why == "":
		return true
	}
	x := c.text(n)
	if at := widen(c.src, n.all); slices.ContainsFunc(c.problems, func(p ExprProblem) bool { return p.Offset == at.from && p.Length == at.to-at.from }) {
		x += " ?? []" // the list may be null, too, and that was told
	}
	// Braces, because a # behind a space begins a comment in unquoted YAML.
	c.reportAll(n, fmt.Sprintf("leave these out: filter(%s, {# != nil})", x), "elements of %s may be null, which %s cannot take: %s", x, what, why)
	return false
}

// A path is what of the element of a loop is not null: itself, or a key in it.
type path []string

// facts are what is known not to be null of the innermost element where a
// condition has turned out to be as said.
func facts(n *node, is bool) []path {
	if n.op == opUnary && n.name == "!" {
		return facts(n.kids[0], !is)
	}
	if n.op != opBinary {
		return nil
	}
	left, right := n.kids[0], n.kids[1]
	switch {
	case n.name == "&&" && is, n.name == "||" && !is:
		return append(facts(left, is), facts(right, is)...)
	case n.name == "!=" && is, n.name == "==" && !is:
		if isNull(left) {
			left, right = right, left
		}
		if p, ok := pathOf(left); ok && isNull(right) {
			return []path{p}
		}
	case n.name == "==" && right.op == opLiteral && right.val == "completed":
		if p, ok := pathOf(left); ok && len(p) > 0 && p[len(p)-1] == "status" {
			return []path{append(p[:len(p)-1:len(p)-1], outputsOfCompleted)}
		}
	}
	return nil
}

// outputsOfCompleted ends the path to an instance of a foreach that is known to
// have completed, so that its outputs are there.
const outputsOfCompleted = "outputs of completed"

func isNull(n *node) bool { return n.op == opLiteral && n.val == nil }

// pathOf is the path that a node reads of the innermost element.
func pathOf(n *node) (path, bool) {
	switch n.op {
	case opElement:
		return nil, n.name == ""
	case opChain:
		return pathOf(n.kids[0])
	case opMember:
		name, ok := n.kids[1].val.(string)
		if p, inside := pathOf(n.kids[0]); inside && ok && n.kids[1].op == opLiteral {
			return append(p, name), true
		}
	}
	return nil, false
}

// narrow is t where what the paths lead to is not null.
func narrow(t Type, paths []path) Type {
	for _, p := range paths {
		t = narrowed(t, p)
	}
	return t
}

func narrowed(t Type, p path) Type {
	t = t.present()
	if len(p) == 0 {
		return t
	}
	if p[0] == outputsOfCompleted {
		if !t.instance {
			return t
		}
		p = path{"outputs"}
	}
	if f, ok := t.fields[p[0]]; ok {
		t.fields = maps.Clone(t.fields)
		t.fields[p[0]] = narrowed(f, p[1:])
	}
	return t
}

// assuming checks something where a condition has turned out to be as said.
func (c *checker) assuming(condition *node, is bool, check func()) {
	if len(c.elements) > 0 {
		if paths := facts(condition, is); paths != nil {
			top := &c.elements[len(c.elements)-1]
			before := top.element
			top.element = narrow(before, paths)
			defer func() { c.elements[len(c.elements)-1].element = before }()
		}
	}
	check()
}
