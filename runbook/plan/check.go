package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CheckExpr parses src and checks it against the names in scope and the wanted
// result. It returns the expression and every problem of it, in source order.
// With problems the expression is still there, so that its references can be
// read as far as it parses.
func CheckExpr(src string, n Names, want Want) (*Expr, []ExprProblem) {
	e := NewExpr(src)
	t, err := parse(src)
	if err != nil {
		return e, []ExprProblem{problemOf(err)}
	}
	c := checker{src: src, names: n}
	e.typ = c.check(t.root)
	c.constants(t.root, &e.typ)
	c.result(t.root, e.typ, want)
	slices.SortStableFunc(c.problems, func(a, b ExprProblem) int { return cmp.Compare(a.Offset, b.Offset) })
	if e.refs = t.refs; e.refs == nil {
		e.refs = []Ref{} // found, and none
	}
	return e, c.problems
}

func problemOf(err error) ExprProblem {
	var e *syntaxError
	if errors.As(err, &e) {
		return ExprProblem{Offset: e.at.from, Length: e.at.to - e.at.from, Message: clip(e.message), Help: clip(e.help)}
	}
	return ExprProblem{Message: clip(err.Error())}
}

// clip keeps a message readable where a name in it is not.
func clip(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// checker finds out types, and what cannot work.
type checker struct {
	src      string
	names    Names
	vars     []typedName // of let, innermost last
	elements []loopTypes // innermost last
	problems []ExprProblem
}

type typedName struct {
	name string
	typ  Type
}

type loopTypes struct {
	element Type
	acc     *Type // of reduce
}

// failed is the type of what has a problem already: whatever is done with it is
// not another one.
var failed = Any

// reportAll reports a problem of the whole of a node.
func (c *checker) reportAll(n *node, help, format string, args ...any) Type {
	return c.report(widen(c.src, n.all), help, format, args...)
}

func (c *checker) report(at span, help, format string, args ...any) Type {
	p := ExprProblem{Offset: at.from, Length: at.to - at.from, Message: clip(fmt.Sprintf(format, args...)), Help: clip(help)}
	if !slices.Contains(c.problems, p) { // a < b < c holds b twice
		c.problems = append(c.problems, p)
	}
	return failed
}

// text is the source of a node, for messages.
func (c *checker) text(n *node) string {
	at := widen(c.src, n.all)
	s := c.src[at.from:at.to]
	switch {
	case s == "": // .name in a loop
		return "#"
	case len(s) > 60:
		return "this"
	}
	return s
}

// check finds the type of n. What may be absent is left so: it is the business
// of whoever uses it.
func (c *checker) check(n *node) Type {
	switch n.op {
	case opLiteral:
		return literalType(n.val)
	case opRef:
		return c.reference(n)
	case opVariable:
		for i := len(c.vars) - 1; i >= 0; i-- {
			if c.vars[i].name == n.name {
				return c.vars[i].typ
			}
		}
	case opElement:
		return c.element(n)
	case opList:
		return c.list(n)
	case opMap:
		return c.mapping(n)
	case opMember:
		return c.member(n)
	case opChain:
		t := c.check(n.kids[0])
		if t.absent == "" && t.kind != kindNull {
			t.absent = "what ?. looks into may be null"
		}
		return t
	case opSlice:
		return c.slice(n)
	case opUnary:
		return c.unary(n)
	case opBinary:
		return c.binary(n)
	case opCond:
		return c.conditional(n)
	case opLet:
		c.vars = append(c.vars, typedName{n.name, c.check(n.kids[0])})
		t := c.check(n.kids[1])
		c.vars = c.vars[:len(c.vars)-1]
		return t
	case opCall:
		return c.call(n)
	}
	return failed
}

func literalType(v any) Type {
	switch v.(type) {
	case nil:
		return Null
	case bool:
		return Bool
	case int64:
		return Integer
	case float64:
		return Number
	}
	return String
}

// present checks a node whose value is used, so that it must be there and must
// not be a secret.
func (c *checker) present(n *node) Type {
	return c.used(n, c.check(n))
}

func (c *checker) used(n *node, t Type) Type {
	switch {
	case t.absent != "":
		c.absent(n, t)
		return t.present()
	case t.holdsSecret():
		return c.secret(n)
	}
	return t
}

func (c *checker) absent(n *node, t Type) {
	other := "…"
	if t.kind == kindList {
		other = "[]"
	}
	c.reportAll(n, fmt.Sprintf("say what to use then: %s ?? %s", c.text(n), other), "%s may be null: %s", c.text(n), t.absent)
}

func (c *checker) secret(n *node) Type {
	return c.reportAll(n, "a secret may only be passed on: alone, inside text, or in toJSON(…)", "nothing can be computed with a secret")
}

// expect checks a node that must be of one of the kinds.
func (c *checker) expect(n *node, what string, kinds ...kind) Type {
	t := c.present(n)
	if !t.may(kinds...) {
		return c.reportAll(n, "", "%s must be %s, and %s is %s", what, orList(kinds), c.text(n), t)
	}
	return t
}

// result checks the type of the whole against what is wanted.
func (c *checker) result(n *node, t Type, want Want) {
	if t.holdsSecret() {
		switch {
		case !want.Secret:
			c.reportAll(n, "a secret may be used in env, stdin, with and args", "a secret cannot be used here")
		case t.kind != kindSecret:
			c.reportAll(n, "write toJSON(…) around it", "a list or map that holds a secret has no text of its own")
		}
	}
	if t.absent != "" && !(want.Absent && t.kind != kindSecret && c.harmless(n)) {
		c.absent(n, t)
		return
	}
	if t.kind == kindNull && !want.Absent {
		c.reportAll(n, "", "the result is null")
		return
	}
	if want.elements != "" && t.kind == kindList && !c.whole(n, t, want.elements) {
		return
	}
	if len(want.kinds) == 0 || t.may(want.kinds...) {
		return
	}
	help := ""
	if slices.Contains(want.kinds, kindBool) {
		switch t.kind {
		case kindString:
			help = fmt.Sprintf("compare it: %s != \"\"", c.text(n))
		case kindInt, kindNumber:
			help = fmt.Sprintf("compare it: %s != 0", c.text(n))
			if n.op == opRef && n.ref.Root == "exit_code" {
				help = "compare it: exit_code == 0"
			}
		case kindList, kindMap:
			help = fmt.Sprintf("ask for its length: len(%s) > 0", c.text(n))
		}
	}
	c.reportAll(n, help, "this must be %s, and %s is %s", orList(want.kinds), c.text(n), t)
}

// harmless reports whether a null result is not the absence of a step's output,
// which has to be handled where it is read.
func (c *checker) harmless(n *node) bool {
	for n.op == opChain {
		n = n.kids[0]
	}
	return n.op != opRef || n.ref.Root != "steps"
}
