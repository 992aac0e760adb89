package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Eval evaluates v: to the text of known text and of a template, to the result
// of a whole expression in its own type. Text that holds a secret is a
// [SecretText].
func (v Value) Eval(s *Scope) (any, error) {
	if w := v.Whole(); w != nil {
		return w.Eval(s)
	}
	r, err := v.Resolve(s)
	if err != nil {
		return nil, err
	}
	if r.Secret {
		return SecretText{r.Text}, nil
	}
	return r.Text, nil
}

// EvalTri is [Value.Eval] while not everything is known. Where ok is false the
// value is not known yet.
func (v Value) EvalTri(s *Scope, known func(Ref) bool) (result any, ok bool, err error) {
	if w := v.Whole(); w != nil {
		result, ok, _, err = w.EvalTri(s, known)
		return result, ok, err
	}
	r, ok, _, err := v.ResolveTri(s, known)
	if r.Secret {
		return SecretText{r.Text}, ok, err
	}
	return r.Text, ok, err
}

// Resolve returns the text of v; see [ToText] for how values become text. A nil
// scope is enough for known text.
func (v Value) Resolve(s *Scope) (Resolved, error) {
	if v.holes == nil {
		return Resolved{Text: v.text}, nil
	}
	if s == nil {
		return Resolved{}, errNoScope
	}
	return v.assemble(func(e *Expr) (any, error) { return e.Eval(s) })
}

var errNoScope = errors.New("the value depends on an expression, and nothing is known yet")

// assemble puts the text of v together from the results of its expressions.
func (v Value) assemble(eval func(*Expr) (any, error)) (Resolved, error) {
	var b strings.Builder
	secret := false
	for _, p := range v.Parts() {
		if p.Expr == nil {
			b.WriteString(p.Text)
			continue
		}
		x, err := eval(p.Expr)
		if err != nil {
			return Resolved{}, err
		}
		r, err := resolved(x)
		if err != nil {
			return Resolved{}, fmt.Errorf("%w, in %q", err, p.Expr.src)
		}
		if b.Len()+len(r.Text) > maxResult {
			return Resolved{}, fmt.Errorf("the text is longer than %d bytes", maxResult)
		}
		b.WriteString(r.Text)
		secret = secret || r.Secret
	}
	return Resolved{b.String(), secret}, nil
}

// Known reports whether everything e names is known. [Expr.EvalTri] tells more:
// a condition may be decided without all of it.
func (e *Expr) Known(known func(Ref) bool) bool {
	return !slices.ContainsFunc(e.Refs(), func(r Ref) bool { return !known(r) })
}

// Known reports whether everything that the expressions in v name is known.
func (v Value) Known(known func(Ref) bool) bool {
	return !slices.ContainsFunc(v.Exprs(), func(e *Expr) bool { return !e.Known(known) })
}

// EvalTri evaluates e while not everything is known. Where ok is true the result
// is certain: with whatever the unknown turn out to be, the evaluation gives
// this result or an error. Where ok is false it depends on the references in
// because, each given once. The scope is not asked for what is unknown.
func (e *Expr) EvalTri(s *Scope, known func(Ref) bool) (result any, ok bool, because []Ref, err error) {
	t, err := e.parsed()
	if err != nil {
		return nil, false, nil, fmt.Errorf("%w, in %q", err, e.src)
	}
	m := machine{src: e.src, scope: s, nextLook: clockFrom, known: known}
	v, err := m.run(t.root)
	if _, missing := v.(unknown); missing || err != nil && isLimit(err) && len(m.because) > 0 {
		return nil, false, distinct(m.because), nil
	}
	return v, err == nil, nil, err
}

// distinct drops the later mentions of the same thing.
func distinct(refs []Ref) []Ref {
	var list []Ref
	for _, r := range refs {
		if !slices.ContainsFunc(list, func(q Ref) bool { return q.String() == r.String() }) {
			list = append(list, r)
		}
	}
	return list
}

// ResolveTri is [Value.Resolve] while not everything is known. Where ok is false
// the text depends on the references in because.
func (v Value) ResolveTri(s *Scope, known func(Ref) bool) (text Resolved, ok bool, because []Ref, err error) {
	results := map[*Expr]any{}
	for _, e := range v.Exprs() {
		x, sure, refs, err := e.EvalTri(s, known)
		if err != nil {
			return Resolved{}, false, nil, err
		}
		if !sure {
			because = append(because, refs...)
		}
		results[e] = x
	}
	if because != nil {
		return Resolved{}, false, distinct(because), nil
	}
	text, err = v.assemble(func(e *Expr) (any, error) { return results[e], nil })
	return text, err == nil, nil, err
}
