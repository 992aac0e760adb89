package plan

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// conversions make one kind of value out of another.
func conversions() []Function {
	return []Function{
		{Signature: "string(value any) string", Doc: "The value as text: lists and maps as JSON, null as the word null.",
			call: func(m *machine, x []any) (any, error) {
				switch v := x[0].(type) {
				case nil:
					return "null", nil
				case string:
					return v, nil
				case []any, map[string]any:
					return m.toJSON(v)
				}
				return ToText(x[0])
			}},
		{Signature: "int(value string|number) integer", Doc: "The integer that a string shows, or a number without what follows its point.",
			call: func(m *machine, x []any) (any, error) { return toInt(x[0]) }},
		{Signature: "float(value string|number) number", Doc: "The number that a string shows.",
			call: func(m *machine, x []any) (any, error) { return toFloat(x[0]) }},
		{Signature: "type(value any) string", Doc: "What the value is: null, boolean, integer, number, string, list or map.",
			call: func(m *machine, x []any) (any, error) {
				word := describe(x[0])
				return word[strings.LastIndexByte(word, ' ')+1:], nil
			}},
		{Signature: "toJSON(value any) string", Doc: "The value as compact JSON with sorted keys. It may hold a secret, and is then as opaque as that.",
			of: func(a []Type) Type {
				if a[0].holdsSecret() {
					return Opaque
				}
				return String
			},
			call: func(m *machine, x []any) (any, error) { return m.toJSON(x[0]) }},
		{Signature: "fromJSON(text string) any", Doc: "The value that JSON text holds. Whole numbers keep every digit.",
			call: func(m *machine, x []any) (any, error) { return m.fromJSON(x[0].(string)) }},
		{Signature: "toBase64(text string) string", Doc: "The text in base64.",
			call: func(m *machine, x []any) (any, error) {
				s := x[0].(string)
				if err := m.allocate(base64.StdEncoding.EncodedLen(len(s))); err != nil {
					return nil, err
				}
				return base64.StdEncoding.EncodeToString([]byte(s)), nil
			}},
		{Signature: "fromBase64(text string) string", Doc: "The text that base64 text holds.",
			call: func(m *machine, x []any) (any, error) {
				s := x[0].(string)
				if err := m.allocate(len(s)); err != nil {
					return nil, err
				}
				b, err := base64.StdEncoding.DecodeString(s)
				if err != nil {
					return nil, errors.New("fromBase64: this is not base64")
				}
				return string(b), nil
			}},
	}
}

func toInt(x any) (any, error) {
	switch v := x.(type) {
	case int64:
		return v, nil
	case float64:
		if v < -1<<63 || v >= 1<<63 {
			return nil, errOverflow
		}
		return int64(v), nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(x.(string)), 10, 64)
	if err != nil {
		return nil, errors.New("int: the string does not show an integer")
	}
	return n, nil
}

func toFloat(x any) (any, error) {
	s, ok := x.(string)
	if !ok {
		return x, nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return nil, errors.New("float: the string does not show a number")
	}
	return normal(f)
}
