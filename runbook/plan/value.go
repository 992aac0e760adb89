package plan

import "encoding/json"

// A Value is what a step is given: text that is known when the runbook is
// loaded. The zero Value is empty text. Whatever reads a Value goes through
// [Value.Resolve], so that a value may one day become known only later.
type Value struct {
	text string
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

// IsZero reports whether v is empty text.
func (v Value) IsZero() bool { return v == Value{} }

// Resolve returns the text of v.
func (v Value) Resolve() (string, error) { return v.text, nil }

// String is the value as a person should see it in a plan.
func (v Value) String() string { return v.text }

// Equal reports whether two values are the same.
func (v Value) Equal(w Value) bool { return v == w }

func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(v.text) }

func (v *Value) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &v.text) }
