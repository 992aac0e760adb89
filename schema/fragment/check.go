package fragment

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Check reports everything that is wrong with a value, which holds what
// encoding/json would produce, with int64 where a number is whole.
func (f *Fragment) Check(v any) []Problem { return f.check(nil, nil, v) }

func (f *Fragment) check(into []Problem, at []string, v any) []Problem {
	if f == nil {
		return into
	}
	add := func(format string, args ...any) {
		into = append(into, Problem{slices.Clone(at), fmt.Sprintf(format, args...)})
	}
	if t := f.Type(); t != "" && !isOfType(v, t) {
		add("must be %s, not %s", typeTitle(t), kindOf(v))
		return into
	}
	if f.enum != nil && !slices.ContainsFunc(f.enum, func(x any) bool { return equal(x, v) }) {
		add("must be one of %s", words(f.enum))
	}
	if f.hasConst && !equal(f.constant, v) {
		add("must be %s", words([]any{f.constant}))
	}
	switch v := v.(type) {
	case string:
		n := utf8.RuneCountInString(v)
		if f.pattern != nil && !f.pattern.MatchString(v) {
			add("must match %s", f.pattern)
		}
		f.counted(add, n, "minLength", "maxLength", "character")
	case int64, float64:
		f.limited(add, v)
	case []any:
		f.counted(add, len(v), "minItems", "maxItems", "item")
		if i, j := f.repeated(v); j > 0 {
			add("must not hold a value twice, and items %d and %d are equal", i+1, j+1)
		}
		for i := range v {
			into = f.items.check(into, append(slices.Clone(at), strconv.Itoa(i)), v[i])
		}
	case map[string]any:
		into = f.keys(into, at, v)
	}
	return into
}

func (f *Fragment) keys(into []Problem, at []string, m map[string]any) []Problem {
	for _, name := range f.required {
		if _, ok := m[name]; !ok {
			into = append(into, Problem{slices.Clone(at), fmt.Sprintf("must have the key %q", name)})
		}
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		below := append(slices.Clone(at), name)
		p, ok := f.properties[name]
		switch {
		case ok:
			into = p.check(into, below, m[name])
		case f.closed:
			into = append(into, Problem{slices.Clone(at), "has a key that is not one of " + strings.Join(sortedKeys(f.properties), ", ")})
		default:
			into = f.additional.check(into, below, m[name])
		}
	}
	return into
}

func sortedKeys(m map[string]*Fragment) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (f *Fragment) counted(add func(string, ...any), n int, least, most, what string) {
	if low, ok := f.count[least]; ok && n < low {
		add("must have at least %s", plural(low, what))
	}
	if high, ok := f.count[most]; ok && n > high {
		add("must have at most %s", plural(high, what))
	}
}

func (f *Fragment) limited(add func(string, ...any), v any) {
	if len(f.limit) == 0 {
		return
	}
	n, _ := numberOf(v)
	for _, rule := range []struct {
		key, text string
		broken    func(limit float64) bool
	}{
		{"minimum", "must be at least %s", func(l float64) bool { return n < l }},
		{"maximum", "must be at most %s", func(l float64) bool { return n > l }},
		{"exclusiveMinimum", "must be over %s", func(l float64) bool { return n <= l }},
		{"exclusiveMaximum", "must be under %s", func(l float64) bool { return n >= l }},
		{"multipleOf", "must be a multiple of %s", func(l float64) bool { return l > 0 && n/l != math.Trunc(n/l) }},
	} {
		if l, ok := f.limit[rule.key]; ok && rule.broken(l) {
			add(rule.text, strconv.FormatFloat(l, 'f', -1, 64))
		}
	}
}

// repeated finds two equal items where all must differ.
func (f *Fragment) repeated(list []any) (i, j int) {
	if !f.unique {
		return 0, 0
	}
	seen := make(map[string]int, len(list))
	for j, x := range list {
		b, err := json.Marshal(x)
		if err != nil {
			continue
		}
		if i, ok := seen[string(b)]; ok {
			return i, j
		}
		seen[string(b)] = j
	}
	return 0, 0
}

func isOfType(v any, t string) bool {
	switch v := v.(type) {
	case nil:
		return t == "null"
	case bool:
		return t == "boolean"
	case string:
		return t == "string"
	case float64:
		return t == "number" || t == "integer" && v == math.Trunc(v)
	case int64, int:
		return t == "number" || t == "integer"
	case []any:
		return t == "array"
	case map[string]any:
		return t == "object"
	}
	return false
}

func typeTitle(t string) string {
	return map[string]string{"string": "text", "integer": "a whole number", "number": "a number",
		"boolean": "true or false", "array": "a list", "object": "a mapping"}[t]
}

// kindOf names what a value is without telling it.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "text"
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	case float64:
		if v != math.Trunc(v) {
			return "a number with a fraction"
		}
	}
	return "a number"
}

func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func equal(a, b any) bool {
	x, okX := numberOf(a)
	y, okY := numberOf(b)
	if okX || okY {
		return okX && okY && x == y
	}
	return reflect.DeepEqual(a, b)
}

// words lists allowed values, which the runbook's author wrote.
func words(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprint(v)
		if s, ok := v.(string); ok && s == "" || v == nil {
			parts[i] = strconv.Quote(s)
		}
	}
	return strings.Join(parts, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func regexpError(err error) string {
	text := err.Error()
	return strings.TrimPrefix(text, "error parsing regexp: ")
}
