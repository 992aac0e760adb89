package plan

import (
	"slices"
)

// A tree is a parsed expression.
type tree struct {
	root *node
	refs []Ref
}

// A node of a tree. What the fields mean depends on op.
type node struct {
	op   op
	name string // operator, function, variable, part of a loop
	kids []*node
	val  any       // of a literal
	ref  *Ref      // of a reference
	segs []span    // of a reference: its names, in source order
	fn   *Function // of a call; nil: there is no such function
	re   *pattern  // of "matches" with a literal pattern
	opt  bool      // of a member: ?. instead of .
	at   span      // where to look: the name or the operator
	all  span      // the whole of it
}

// A span is a range of bytes in the source.
type span struct{ from, to int }

func (s span) cover(t span) span { return span{min(s.from, t.from), max(s.to, t.to)} }

type op uint8

const (
	opLiteral  op = iota
	opList        // kids: elements
	opMap         // kids: key, value, key, value …
	opRef         //
	opVariable    // name: of a let
	opElement     // name: "" the current element of a loop, "index", "acc"
	opMember      // kids: object, key
	opChain       // kids: what is null as a whole once a ?. in it meets null
	opSlice       // kids: list or string, from or nil, to or nil
	opUnary       // name: ! - +; kids: operand
	opBinary      // name: operator; kids: left, right
	opCond        // kids: condition, then, else
	opLet         // name; kids: value, expression
	opCall        // name; kids: arguments, of which a predicate is a bare expression
)

// roots are the names that every expression can begin with, as far as they are
// in scope.
var roots = []string{"params", "secrets", "steps", "run", "item", "index", "stdout", "stderr", "exit_code", "timed_out", "outputs"}

func isRoot(name string) bool { return slices.Contains(roots, name) }

// extend makes the reference longer by a name, as far as names are part of
// references: what follows is looked up in the value.
func (r *Ref) extend(name string) bool {
	switch r.Root {
	case "params", "secrets", "outputs":
		return set(&r.Name, name)
	case "run":
		return set(&r.Field, name)
	case "steps":
		return set(&r.Step, name) || set(&r.Field, name) || r.Field == "outputs" && set(&r.Name, name)
	}
	return false
}

func set(field *string, value string) bool {
	if *field != "" || value == "" {
		return false
	}
	*field = value
	return true
}

// String is the reference as it is written.
func (r Ref) String() string {
	s := r.Root
	for _, name := range []string{r.Step, r.Field, r.Name} {
		if name != "" {
			s += "." + name
		}
	}
	return s
}
