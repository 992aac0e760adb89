package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// describe names the kind of a value as it reads in a sentence.
func describe(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int64:
		return "an integer"
	case float64, json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "a map"
	case SecretText:
		return "a secret"
	}
	if n, err := normal(v); err == nil {
		return describe(n)
	}
	return "a value of an unknown kind"
}

// normal is a value of a scope as expressions know it. Lists and maps are taken
// as they are: what is in them is made normal when it is reached.
func normal(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, string, []any, map[string]any, SecretText:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errors.New("a number is not finite")
		}
		return number(v), nil
	case int:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case float32:
		return normal(float64(v))
	case json.Number:
		return parseNumber(string(v))
	case Values:
		return map[string]any(v), nil
	case List:
		return []any(v), nil
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list, nil
	case map[string]string:
		out := make(map[string]any, len(v))
		for k, s := range v {
			out[k] = s
		}
		return out, nil
	}
	return nil, fmt.Errorf("a value is of a kind that expressions do not know: %T", v)
}

// ToText is the text of a value: strings as they are, integers in plain decimal,
// other numbers as short as can be without an exponent, true and false, lists
// and maps as compact JSON with sorted keys. Null has no text and is an error,
// and so has a [SecretText]: whoever may see it reveals it.
func ToText(v any) (string, error) {
	v, err := normal(v)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case nil:
		return "", errors.New("the value is null, which has no text; give another one with ??")
	case SecretText:
		return "", errSecret
	}
	w := jsonWriter{}
	if err := w.value(v, 0); err != nil {
		return "", err
	}
	if w.secret {
		return "", errSecret
	}
	return string(w.out), nil
}

// resolved is the text of an evaluated value.
func resolved(x any) (Resolved, error) {
	switch x := x.(type) {
	case SecretText:
		return Resolved{x.text, true}, nil
	case []any, map[string]any:
		w := jsonWriter{}
		err := w.value(x, 0)
		return Resolved{string(w.out), w.secret}, err
	}
	t, err := ToText(x)
	return Resolved{Text: t}, err
}

// A jsonWriter writes compact JSON with sorted keys, each value in one way
// only.
type jsonWriter struct {
	out    []byte
	m      *machine // nil: not bounded by an evaluation
	secret bool     // a secret is in out
}

func (w *jsonWriter) value(v any, depth int) error {
	v, err := normal(v)
	switch {
	case err != nil:
		return err
	case depth > maxNesting:
		return &limitError{fmt.Sprintf("a value is nested more than %d deep", maxNesting)}
	case len(w.out) > maxResult:
		return tooLarge()
	}
	if w.m != nil {
		if err := w.m.tick(1); err != nil {
			return err
		}
	}
	switch v := v.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case bool:
		w.out = strconv.AppendBool(w.out, v)
	case int64:
		w.out = strconv.AppendInt(w.out, v, 10)
	case float64:
		b, err := json.Marshal(v)
		w.out = append(w.out, b...)
		return err
	case string:
		w.string(v)
	case SecretText:
		if !utf8.ValidString(v.text) {
			return errors.New("the secret holds bytes that are not text, which JSON cannot hold")
		}
		w.secret = true
		w.string(v.text)
	case []any:
		return w.list(v, depth)
	case map[string]any:
		return w.mapping(v, depth)
	}
	return nil
}

func (w *jsonWriter) list(list []any, depth int) error {
	w.out = append(w.out, '[')
	for i, x := range list {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if err := w.value(x, depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, ']')
	return nil
}

func (w *jsonWriter) mapping(x map[string]any, depth int) error {
	w.out = append(w.out, '{')
	for i, k := range sortedKeys(x) {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.string(k)
		w.out = append(w.out, ':')
		if err := w.value(x[k], depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	return nil
}

const hexDigits = "0123456789abcdef"

// string writes a JSON string. Unlike encoding/json it leaves <, > and & alone:
// the text is for programs, and a person may have to read it.
func (w *jsonWriter) string(s string) {
	w.out = append(w.out, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			w.out = append(w.out, '\\', c)
		case c == '\n':
			w.out = append(w.out, '\\', 'n')
		case c == '\t':
			w.out = append(w.out, '\\', 't')
		case c == '\r':
			w.out = append(w.out, '\\', 'r')
		case c < 0x20 || c == 0x7f:
			w.out = append(w.out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			w.out = append(w.out, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			w.out = utf8.AppendRune(w.out, r) // bytes that are not UTF-8 become U+FFFD
			i += n
			continue
		}
		i++
	}
	w.out = append(w.out, '"')
}
