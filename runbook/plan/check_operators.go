package plan

import "fmt"

func (c *checker) binary(n *node) Type {
	left, right := n.kids[0], n.kids[1]
	if c.tightNot(n) {
		return failed
	}
	switch n.name {
	case "&&", "||":
		c.expect(left, "a condition", kindBool)
		c.assuming(left, n.name == "&&", func() { c.expect(right, "a condition", kindBool) })
		return Bool
	case "??":
		t := c.check(left)
		if t.kind == kindNull {
			return c.check(right)
		}
		absent := t.absent != "" || t.kind == kindAny
		u := c.check(right)
		if !absent {
			return t
		}
		return join(t.present(), u)
	case "==", "!=":
		return c.equality(n)
	}
	t, u := c.present(left), c.present(right)
	bad := func(help string) Type {
		return c.report(n.at, help, "%s does not work on %s and %s: %s is %s, %s is %s", n.name, t, u, c.text(left), t, c.text(right), u)
	}
	switch n.name {
	case "<", ">", "<=", ">=":
		if !(t.numeric() && u.numeric() || t.may(kindString) && u.may(kindString)) {
			return bad(mixedHelp(t, u))
		}
		return Bool
	case "in":
		if !u.may(kindList, kindMap) {
			help := ""
			if u.kind == kindString && t.may(kindString) {
				help = fmt.Sprintf("for a part of a string write %s contains %s", c.text(right), c.text(left))
			}
			return bad(help)
		}
		if u.kind == kindMap && !t.may(kindString) {
			return bad("")
		}
		if right.op == opList {
			for _, k := range right.kids {
				c.word(t, k)
			}
		}
		c.word(u.element(), left)
		return Bool
	case "matches", "contains", "startsWith", "endsWith":
		if !t.may(kindString) || !u.may(kindString) {
			help := ""
			if n.name == "contains" && t.kind == kindList {
				help = fmt.Sprintf("for an element of a list write %s in %s", c.text(right), c.text(left))
			}
			return bad(help)
		}
		return Bool
	case "..":
		if !t.may(kindInt) || !u.may(kindInt) {
			return bad("")
		}
		return ListOf(Integer)
	case "+":
		if t.kind == kindString && u.kind == kindString {
			return String
		}
		if (t.kind == kindAny || u.kind == kindAny) && t.may(kindString) && u.may(kindString) {
			if t.kind == kindString || u.kind == kindString {
				return String
			}
			return Any
		}
		if t.kind == kindString && u.numeric() || u.kind == kindString && t.numeric() {
			number := left
			if u.numeric() {
				number = right
			}
			return bad(fmt.Sprintf("to make text of a number write string(%s)", c.text(number)))
		}
	}
	if !t.numeric() || !u.numeric() || n.name == "%" && (!t.may(kindInt) || !u.may(kindInt)) {
		return bad("")
	}
	if t.kind == kindInt && u.kind == kindInt && n.name != "/" && n.name != "**" {
		return Integer
	}
	return Number
}

// equality may compare with null: that is how absence is asked for. What can
// never be equal is a mistake.
func (c *checker) equality(n *node) Type {
	left, right := n.kids[0], n.kids[1]
	t, u := c.check(left), c.check(right)
	for _, side := range []struct {
		n *node
		t Type
		o Type
	}{{left, t, u}, {right, u, t}} {
		switch {
		case side.t.holdsSecret():
			c.secret(side.n)
			return Bool
		case side.t.absent != "" && side.o.kind != kindNull:
			c.absent(side.n, side.t)
			return Bool
		}
	}
	c.word(t, right)
	c.word(u, left)
	if t.kind == kindNull || u.kind == kindNull || t.may(u.kind) || u.kind == kindAny {
		return Bool
	}
	c.report(n.at, mixedHelp(t, u), "%s and %s are never equal: %s is %s, %s is %s", c.text(left), c.text(right), c.text(left), t, c.text(right), u)
	return Bool
}

// mixedHelp says how a string and something else can be compared.
func mixedHelp(t, u Type) string {
	if u.kind == kindString {
		t, u = u, t
	}
	switch {
	case t.kind == kindString && u.numeric():
		return "int(…) makes a number of a string, string(…) a string of a number"
	case t.kind == kindString && u.kind == kindBool:
		return "true and false are written without quotes"
	}
	return ""
}

// tightNot reports a not that stands before the first word of a comparison, and
// turns around that word alone, where the whole is meant.
func (c *checker) tightNot(n *node) bool {
	not := n.kids[0]
	if not.op != opUnary || not.name != "!" || n.name == "&&" || n.name == "||" || n.name == "??" {
		return false
	}
	t := c.check(not.kids[0])
	if t.may(kindBool) || t.absent != "" || t.holdsSecret() {
		return false
	}
	x, y := c.text(not.kids[0]), c.text(n.kids[1])
	help := fmt.Sprintf("write not (%s %s %s)", x, n.name, y)
	switch n.name {
	case "in", "matches", "contains", "startsWith", "endsWith":
		help = fmt.Sprintf("write %s not %s %s", x, n.name, y)
	}
	c.report(not.at, help, "not turns around %s alone, which is %s", x, t)
	return true
}
