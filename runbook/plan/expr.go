package plan

import (
	"encoding/json"
	"sync"
)

// An Expr is an expression: its source, which is all that is kept on disk, and
// what was made of it when it was first needed. It may be used by several
// goroutines. In JSON it is a string.
type Expr struct {
	src  string
	typ  Type
	refs []Ref // where it was checked; else found in tree
	once sync.Once
	tree *tree
	err  error
}

// NewExpr is the expression src, unchecked: what is wrong with it shows when it
// is evaluated. [CheckExpr] finds it beforehand.
func NewExpr(src string) *Expr { return &Expr{src: src} }

// Source returns the expression as it was written, without ${{ and }}.
func (e *Expr) Source() string { return e.src }

// String is [Expr.Source].
func (e *Expr) String() string { return e.src }

// Type returns what [CheckExpr] found the result to be; any for an expression
// that was not checked.
func (e *Expr) Type() Type { return e.typ }

// Equal reports whether two expressions have the same source; nil equals nil.
func (e *Expr) Equal(f *Expr) bool {
	if e == nil || f == nil {
		return e == f
	}
	return e.src == f.src
}

// Refs returns what the expression names from outside itself, in source order,
// with repetitions. An expression that does not parse has none.
func (e *Expr) Refs() []Ref {
	if e.refs != nil {
		return e.refs
	}
	t, err := e.parsed()
	if err != nil {
		return nil
	}
	return t.refs
}

func (e *Expr) MarshalJSON() ([]byte, error) { return json.Marshal(e.src) }

func (e *Expr) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &e.src) }

// parsed parses the source once.
func (e *Expr) parsed() (*tree, error) {
	e.once.Do(func() { e.tree, e.err = parse(e.src) })
	return e.tree, e.err
}

// A Ref is one mention of something that the expression itself does not define.
type Ref struct {
	Root   string // params, secrets, steps, run, item, index, stdout, stderr, exit_code, timed_out or outputs
	Step   string // of steps: the step's id
	Field  string // of steps: outputs, status, exit_code, ran, duration or each; of run: its field
	Name   string // of params, secrets, outputs and steps.ID.outputs: the name; empty: all of them
	Offset int    // in bytes, where the mention begins in the source
	Length int    // in bytes
}
