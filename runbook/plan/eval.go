package plan

import (
	"errors"
	"fmt"
)

var errNoScope = errors.New("this value holds an expression, and nothing is known yet")

// Eval evaluates e.
func (e *Expr) Eval(s *Scope) (any, error) { return nil, errNoScope }

// Eval evaluates v: the text of a literal, the text of a template, or the result
// of a whole expression in its own type.
func (v Value) Eval(s *Scope) (any, error) {
	if v.holes == nil {
		return v.text, nil
	}
	return nil, errNoScope
}

// Resolve returns the text of v; see [ToText] for how values become text. A nil
// scope is enough for known text.
func (v Value) Resolve(s *Scope) (Resolved, error) {
	if v.holes == nil {
		return Resolved{Text: v.text}, nil
	}
	return Resolved{}, errNoScope
}

// Known reports whether everything e names is known.
func (e *Expr) Known(known func(Ref) bool) bool {
	for _, r := range e.Refs() {
		if !known(r) {
			return false
		}
	}
	return true
}

// EvalTri evaluates e where not everything it names is known yet.
func (e *Expr) EvalTri(s *Scope, known func(Ref) bool) (result any, ok bool, because []Ref, err error) {
	return nil, false, e.Refs(), nil
}

// ToText is the text of a value.
func ToText(v any) (string, error) { return fmt.Sprint(v), nil }

// SecretText is text that is a secret or holds one. It prints as ***.
type SecretText struct{ text string }

// NewSecretText is text that must not show.
func NewSecretText(s string) SecretText { return SecretText{s} }

// Reveal returns the text itself, for the process that needs it.
func (s SecretText) Reveal() string { return s.text }

func (s SecretText) String() string               { return "***" }
func (s SecretText) GoString() string             { return "***" }
func (s SecretText) MarshalJSON() ([]byte, error) { return []byte(`"***"`), nil }

// resolved is the text of an evaluated value.
func resolved(x any) (Resolved, error) {
	if s, ok := x.(SecretText); ok {
		return Resolved{s.text, true}, nil
	}
	t, err := ToText(x)
	return Resolved{Text: t}, err
}
