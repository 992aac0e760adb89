package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Value is what a step is given: text that is known when the runbook is
// loaded, text with holes that expressions fill, or one whole expression, whose
// result keeps its type. The zero Value is empty text. Values are compared with
// [Value.Equal].
//
// In JSON, known text is a string, a whole expression {"expr": "…"}, and text
// with holes {"parts": ["text", {"expr": "…"}]}.
type Value struct {
	text  string
	holes *holes // nil: text is all there is
}

// holes is what a Value that is not literal is made of.
type holes struct {
	whole *Expr // or
	parts []Part
}

// A Part of a template is either text or, where Expr is not nil, an expression.
type Part struct {
	Text string
	Expr *Expr
}

// Text is a Value that is known.
func Text(s string) Value { return Value{text: s} }

// Texts is one known Value for each string; nil for none.
func Texts(ss []string) []Value {
	if len(ss) == 0 {
		return nil
	}
	vs := make([]Value, len(ss))
	for i, s := range ss {
		vs[i] = Text(s)
	}
	return vs
}

// ExprValue is a Value that is one whole expression and keeps its type.
func ExprValue(e *Expr) Value { return Value{holes: &holes{whole: e}} }

// Template is text with holes. Neighbouring texts are joined and empty ones
// dropped; without an expression it is known text. A single expression stays a
// template: its result becomes text.
func Template(parts ...Part) Value {
	joined := make([]Part, 0, len(parts))
	exprs := 0
	for _, p := range parts {
		last := len(joined) - 1
		switch {
		case p.Expr != nil:
			exprs++
			joined = append(joined, Part{Expr: p.Expr})
		case p.Text == "":
		case last >= 0 && joined[last].Expr == nil:
			joined[last].Text += p.Text
		default:
			joined = append(joined, p)
		}
	}
	if exprs > 0 {
		return Value{holes: &holes{parts: joined}}
	}
	if len(joined) == 0 {
		return Value{}
	}
	return Text(joined[0].Text)
}

// IsZero reports whether v is known to be empty text.
func (v Value) IsZero() bool { return v.holes == nil && v.text == "" }

// Literal returns the text of v and true where it is known without a scope.
func (v Value) Literal() (string, bool) { return v.text, v.holes == nil }

// Whole returns the expression that v wholly is, or nil.
func (v Value) Whole() *Expr {
	if v.holes == nil {
		return nil
	}
	return v.holes.whole
}

// Parts returns what v is made of, in order; nil for empty text.
func (v Value) Parts() []Part {
	switch {
	case v.IsZero():
		return nil
	case v.holes == nil:
		return []Part{{Text: v.text}}
	case v.holes.whole != nil:
		return []Part{{Expr: v.holes.whole}}
	}
	return slices.Clone(v.holes.parts)
}

// Exprs returns the expressions in v, in order; nil for known text.
func (v Value) Exprs() []*Expr {
	if v.holes == nil {
		return nil
	}
	if v.holes.whole != nil {
		return []*Expr{v.holes.whole}
	}
	var list []*Expr
	for _, p := range v.holes.parts {
		if p.Expr != nil {
			list = append(list, p.Expr)
		}
	}
	return list
}

// String is v as a person wrote it: ${{ … }} where an expression is.
func (v Value) String() string {
	if v.holes == nil {
		return strings.ReplaceAll(v.text, opening, "$"+opening)
	}
	var b strings.Builder
	for _, p := range v.Parts() {
		if p.Expr != nil {
			fmt.Fprintf(&b, "%s %s %s", opening, p.Expr.src, closing)
		} else {
			b.WriteString(strings.ReplaceAll(p.Text, opening, "$"+opening))
		}
	}
	return b.String()
}

// Equal reports whether two values have the same content. The sources of
// expressions are compared as text.
func (v Value) Equal(w Value) bool {
	if v.holes == nil || w.holes == nil {
		return v == w
	}
	if v.holes.whole != nil || w.holes.whole != nil {
		return v.holes.whole.Equal(w.holes.whole)
	}
	return slices.EqualFunc(v.holes.parts, w.holes.parts, func(a, b Part) bool {
		return a.Text == b.Text && a.Expr.Equal(b.Expr)
	})
}

// exprJSON is an expression in the JSON form of a Value.
type exprJSON struct {
	Expr *Expr `json:"expr"`
}

func (v Value) MarshalJSON() ([]byte, error) {
	if v.holes == nil {
		return json.Marshal(v.text)
	}
	if v.holes.whole != nil {
		return json.Marshal(exprJSON{v.holes.whole})
	}
	parts := make([]any, len(v.holes.parts))
	for i, p := range v.holes.parts {
		parts[i] = p.Text
		if p.Expr != nil {
			parts[i] = exprJSON{p.Expr}
		}
	}
	return json.Marshal(map[string]any{"parts": parts})
}

func (v *Value) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte{'"'}) {
		*v = Value{}
		return json.Unmarshal(b, &v.text)
	}
	var form struct {
		Expr  *Expr `json:"expr"`
		Parts []partJSON
	}
	if err := json.Unmarshal(b, &form); err != nil {
		return err
	}
	switch {
	case form.Expr != nil && form.Parts == nil:
		*v = ExprValue(form.Expr)
	case form.Expr == nil && len(form.Parts) > 0:
		parts := make([]Part, len(form.Parts))
		for i, p := range form.Parts {
			parts[i] = Part(p)
		}
		*v = Template(parts...)
	default:
		return fmt.Errorf("a value is text, {\"expr\": …} or {\"parts\": […]}, not %.60q", b)
	}
	return nil
}

type partJSON Part

func (p *partJSON) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte{'"'}) {
		return json.Unmarshal(b, &p.Text)
	}
	var form exprJSON
	if err := json.Unmarshal(b, &form); err != nil {
		return err
	}
	if form.Expr == nil {
		return fmt.Errorf("a part of a value is text or {\"expr\": …}, not %.60q", b)
	}
	p.Expr = form.Expr
	return nil
}
