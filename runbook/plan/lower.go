package plan

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// node lowers one node and what is under it. After a failure what it returns
// means nothing.
func (l *lowering) node(n ast.Node) *node {
	if n == nil || l.err != nil {
		return &node{}
	}
	at := l.span(n.Location())
	// a < b < c and a ?: b hold a node twice, which doubles with every level.
	if l.count++; l.count > 2*maxTokens {
		l.fail(at, "", "the expression is too large")
		return &node{}
	}
	switch n := n.(type) {
	case *ast.NilNode:
		return literal(nil, at)
	case *ast.BoolNode:
		return literal(n.Value, at)
	case *ast.IntegerNode:
		return literal(int64(n.Value), at)
	case *ast.FloatNode:
		return literal(number(n.Value), at)
	case *ast.StringNode:
		return literal(n.Value, at)
	case *ast.IdentifierNode:
		return l.identifier(n.Value, at)
	case *ast.PointerNode:
		return l.element(n.Name, at)
	case *ast.MemberNode:
		return l.member(n, at)
	case *ast.ChainNode:
		kid := l.node(n.Node)
		return &node{op: opChain, kids: []*node{kid}, at: kid.at, all: kid.all}
	case *ast.SliceNode:
		return l.parent(&node{op: opSlice, at: at}, n.Node, n.From, n.To)
	case *ast.UnaryNode:
		op := n.Operator
		if op == "not" {
			op = "!"
		}
		return l.parent(&node{op: opUnary, name: op, at: at}, n.Node)
	case *ast.BinaryNode:
		return l.binary(n, at)
	case *ast.ConditionalNode:
		c := l.parent(&node{op: opCond}, n.Cond, n.Exp1, n.Exp2)
		c.at = c.kids[0].all
		return c
	case *ast.VariableDeclaratorNode:
		return l.let(n, at)
	case *ast.ArrayNode:
		return l.parent(&node{op: opList, at: at}, n.Nodes...)
	case *ast.MapNode:
		return l.mapping(n, at)
	case *ast.PredicateNode:
		return l.node(n.Node)
	case *ast.BuiltinNode:
		return l.call(n.Name, n.Arguments, at)
	case *ast.CallNode:
		if name, ok := n.Callee.(*ast.IdentifierNode); ok {
			return l.call(name.Value, n.Arguments, at)
		}
		l.fail(at, "functions are written before their argument: f(x), or x | f()", "values have no functions of their own")
	case *ast.SequenceNode:
		l.fail(l.span(n.Nodes[1].Location()), "an expression is one value; name parts of it with let", "only one expression can stand here")
	default:
		l.fail(at, "", "this is not part of the expression language")
	}
	return &node{}
}

func literal(v any, at span) *node { return &node{op: opLiteral, val: v, at: at, all: at} }

// parent lowers the kids of n and sets what it covers. A missing kid is nil.
func (l *lowering) parent(n *node, kids ...ast.Node) *node {
	n.all = n.at
	n.kids = make([]*node, len(kids))
	for i, k := range kids {
		if k == nil {
			continue
		}
		kid := l.node(k)
		n.kids[i] = kid
		if n.all == (span{}) {
			n.all = kid.all
		}
		n.all = n.all.cover(kid.all)
	}
	return n
}

func (l *lowering) identifier(name string, at span) *node {
	switch {
	case slices.Contains(l.bound, name):
		return &node{op: opVariable, name: name, at: at, all: at}
	case name == "null":
		return literal(nil, at)
	}
	ref := Ref{Root: name, Offset: at.from, Length: at.to - at.from}
	l.refs = append(l.refs, ref)
	return &node{op: opRef, name: name, ref: &ref, segs: append(make([]span, 0, 4), at), at: at, all: at}
}

func (l *lowering) element(name string, at span) *node {
	switch name {
	case "", "index", "acc":
	default:
		l.fail(at, "# is the element, #index its place, #acc what reduce has so far", "there is no #%s", name)
	}
	if at.to > at.from && l.src[at.from] == '.' {
		at.to = at.from // .name is #.name: nothing is written where # is meant
	}
	return &node{op: opElement, name: name, at: at, all: at}
}

// member makes a reference longer, or looks into a value.
func (l *lowering) member(n *ast.MemberNode, at span) *node {
	object := l.node(n.Node)
	key, isName := n.Property.(*ast.StringNode)
	if l.err != nil {
		return object
	}
	if isName && object.op == opRef && object.ref.extend(key.Value) {
		keyAt := l.span(key.Location())
		object.segs = append(object.segs, keyAt)
		object.at = keyAt
		object.all = object.all.cover(keyAt)
		object.ref.Length = object.all.to - object.ref.Offset
		for i := len(l.refs) - 1; i >= 0; i-- {
			if l.refs[i].Offset == object.ref.Offset {
				l.refs[i] = *object.ref
				break
			}
		}
		return object
	}
	m := &node{op: opMember, opt: n.Optional, at: at, all: object.all.cover(at)}
	m.kids = []*node{object, l.node(n.Property)}
	if isName {
		m.at = m.kids[1].at
	}
	m.all = m.all.cover(m.kids[1].all)
	return m
}

func (l *lowering) binary(n *ast.BinaryNode, at span) *node {
	b := l.parent(&node{op: opBinary, name: n.Operator, at: at}, n.Left, n.Right)
	if l.err != nil {
		return b
	}
	switch b.name {
	case "and":
		b.name = "&&"
	case "or":
		b.name = "||"
	case "^":
		b.name = "**"
	case "matches":
		if text, ok := b.kids[1].val.(string); ok && b.kids[1].op == opLiteral {
			re, err := compilePattern(text)
			if err != nil {
				l.fail(b.kids[1].at, "", "%v", err)
			}
			b.re = re
		}
	}
	return b
}

func (l *lowering) let(n *ast.VariableDeclaratorNode, at span) *node {
	v := &node{op: opLet, name: n.Name, at: at}
	if isRoot(n.Name) {
		l.fail(at, "", "%q is already the name of something else", n.Name)
	}
	value := l.node(n.Value)
	l.bound = append(l.bound, n.Name)
	body := l.node(n.Expr)
	l.bound = l.bound[:len(l.bound)-1]
	v.kids = []*node{value, body}
	v.all = at.cover(value.all).cover(body.all)
	return v
}

func (l *lowering) mapping(n *ast.MapNode, at span) *node {
	var kids []ast.Node
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			continue
		}
		kids = append(kids, pair.Key, pair.Value)
	}
	return l.parent(&node{op: opMap, at: at}, kids...)
}

func (l *lowering) call(name string, args []ast.Node, at span) *node {
	n := l.parent(&node{op: opCall, name: name, fn: function(name), at: at}, args...)
	if open := strings.IndexByte(l.src[at.to:], '('); open >= 0 {
		n.all.to = max(n.all.to, at.to+open+1)
	}
	return n
}
