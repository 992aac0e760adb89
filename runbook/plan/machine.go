package plan

import (
	"errors"
	"fmt"
	"time"
)

// A machine evaluates one expression once.
type machine struct {
	src     string
	scope   *Scope
	known   func(Ref) bool // nil: everything is
	because []Ref          // what was asked for and is not known
	vars    []variable     // of let, innermost last
	loops   []loop         // innermost last

	steps, nextLook, bytes int // see bounds.go
	began                  time.Time
}

type variable struct {
	name  string
	value any
}

// A loop is where a function is in its list.
type loop struct {
	element, acc any
	index        int
	reducing     bool
}

// unknown is the value of what is not known yet. Whatever is computed with it
// is unknown too, unless its value makes no difference.
type unknown struct{}

// errNull leaves a chain of ?. that met null.
var errNull = errors.New("null")

// An EvalError says why an expression has no value, and where in its source. It
// never holds a value.
type EvalError struct {
	Source         string // of the expression
	Offset, Length int    // in bytes
	Message        string
	limit          bool
}

// Error is the message, with the part of the expression it is about.
func (e *EvalError) Error() string {
	part := e.Source[e.Offset : e.Offset+e.Length]
	if part == "" || len(part) > 200 {
		return clip(e.Message)
	}
	return fmt.Sprintf("%s, in %q", clip(e.Message), part)
}

// Eval evaluates e. The result is of the types of [DecodeJSON], or a
// [SecretText]; it may share memory with the scope and must not be changed. The
// error is an *[EvalError], or that of a source that does not parse.
func (e *Expr) Eval(s *Scope) (any, error) {
	t, err := e.parsed()
	if err != nil {
		return nil, fmt.Errorf("%w, in %q", err, e.src)
	}
	m := machine{src: e.src, scope: s, nextLook: clockFrom}
	return m.run(t.root)
}

func (m *machine) run(n *node) (any, error) {
	v, err := m.eval(n)
	if err == nil {
		err = m.checkResult(v)
	}
	if err != nil {
		return nil, m.at(n, err)
	}
	return v, nil
}

// at puts the place of n on an error that has none.
func (m *machine) at(n *node, err error) error {
	var placed *EvalError
	if errors.As(err, &placed) || err == errNull {
		return err
	}
	_, limit := err.(*limitError)
	place := widen(m.src, n.all)
	return &EvalError{Source: m.src, Offset: place.from, Length: place.to - place.from, Message: err.Error(), limit: limit}
}

// eval evaluates a node.
func (m *machine) eval(n *node) (any, error) {
	if err := m.tick(1); err != nil {
		return nil, m.at(n, err)
	}
	switch n.op {
	case opLiteral:
		return n.val, nil
	case opRef:
		v, err := m.lookup(n)
		if err != nil {
			return nil, m.at(n, err)
		}
		return v, nil
	case opVariable:
		for i := len(m.vars) - 1; i >= 0; i-- {
			if m.vars[i].name == n.name {
				return m.vars[i].value, nil
			}
		}
		return nil, m.at(n, fmt.Errorf("there is no %q here", n.name))
	case opElement:
		return m.element(n)
	case opLet:
		return m.let(n)
	case opCond:
		return m.conditional(n)
	case opChain:
		v, err := m.eval(n.kids[0])
		if err == errNull {
			return nil, nil
		}
		return v, err
	case opBinary:
		if f := lazy(n.name); f != nil {
			return f(m, n)
		}
	case opCall:
		return m.call(n)
	}
	return m.strict(n)
}

// strict evaluates what needs all its operands.
func (m *machine) strict(n *node) (any, error) {
	var space [3]any
	operands := space[:0]
	missing := false
	for _, k := range n.kids {
		if k == nil {
			operands = append(operands, nil)
			continue
		}
		v, err := m.eval(k)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(unknown); ok {
			missing = true
		}
		operands = append(operands, v)
	}
	if missing {
		return unknown{}, nil
	}
	v, err := m.apply(n, operands)
	if err != nil {
		return nil, m.at(n, err)
	}
	return v, nil
}

func (m *machine) apply(n *node, x []any) (any, error) {
	switch n.op {
	case opList:
		if err := m.list(len(x)); err != nil {
			return nil, err
		}
		return append(make([]any, 0, len(x)), x...), nil
	case opMap:
		return m.mapping(x)
	case opMember:
		return m.member(n, x[0], x[1])
	case opSlice:
		return m.slice(n, x[0], x[1], x[2])
	case opUnary:
		return unary(n.name, x[0])
	case opBinary:
		return m.binary(n, x[0], x[1])
	}
	return nil, errors.New("this is not part of the expression language")
}

func (m *machine) element(n *node) (any, error) {
	if len(m.loops) == 0 {
		return nil, m.at(n, errors.New("# stands for an element only inside of a function such as filter"))
	}
	l := &m.loops[len(m.loops)-1]
	switch {
	case n.name == "index":
		return int64(l.index), nil
	case n.name == "acc" && l.reducing:
		return l.acc, nil
	case n.name == "acc":
		return nil, m.at(n, errors.New("#acc is known only inside of reduce"))
	}
	return l.element, nil
}

func (m *machine) let(n *node) (any, error) {
	v, err := m.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	m.vars = append(m.vars, variable{n.name, v})
	v, err = m.eval(n.kids[1])
	m.vars = m.vars[:len(m.vars)-1]
	return v, err
}

func (m *machine) mapping(x []any) (any, error) {
	if err := m.allocate(mapBytes + len(x)/2*entryBytes); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(x)/2)
	for i := 0; i < len(x); i += 2 {
		key, err := keyText(x[i])
		if err != nil {
			return nil, err
		}
		out[key] = x[i+1]
	}
	return out, nil
}

// keyText is a value as the key of a map.
func keyText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64, float64, bool:
		return ToText(v)
	}
	return "", fmt.Errorf("%s cannot be the key of a map", describe(v))
}
