package plan

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// member is x.key, x?.key and x[key].
func (m *machine) member(n *node, x, key any) (any, error) {
	switch object := x.(type) {
	case nil:
		if n.opt {
			return nil, errNull
		}
		return nil, fmt.Errorf("nothing can be read of null%s; write ?. or give another value with ??", written(n))
	case map[string]any:
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("%s cannot be the key of a map", describe(key))
		}
		return normal(object[name])
	case []any:
		i, ok := key.(int64)
		if !ok {
			return nil, fmt.Errorf("an element of a list is named by its place, not by %s%s", describe(key), written(n))
		}
		if i < 0 {
			i += int64(len(object))
		}
		if i < 0 || i >= int64(len(object)) {
			return nil, fmt.Errorf("the list has %d elements, and no element at this place", len(object))
		}
		return normal(object[i])
	case string:
		return nil, fmt.Errorf("a string has no parts%s; x[0:1] is its first character", written(n))
	case SecretText:
		return nil, errSecret
	}
	return nil, fmt.Errorf("nothing can be read of %s%s", describe(x), written(n))
}

// written shows the key of a member where it stands in the expression; one that
// was computed is data, and not shown.
func written(n *node) string {
	if name, ok := n.kids[1].val.(string); ok {
		return fmt.Sprintf(" (%.64q)", name)
	}
	return ""
}

// slice is x[from:to]: of a list by elements, of a string by characters.
func (m *machine) slice(n *node, x, from, to any) (any, error) {
	switch v := x.(type) {
	case []any:
		i, j, err := bounds(n, from, to, len(v))
		if err != nil {
			return nil, err
		}
		return v[i:j:j], nil
	case string:
		if err := m.count(len(v)); err != nil {
			return nil, err
		}
		i, j, err := bounds(n, from, to, utf8.RuneCountInString(v))
		if err != nil {
			return nil, err
		}
		return characters(v, i, j), nil
	case SecretText:
		return nil, errSecret
	}
	return nil, wrong("[:]", x)
}

func bounds(n *node, from, to any, length int) (int, int, error) {
	i, j := 0, length
	for k, at := range []struct {
		value any
		place *int
	}{{from, &i}, {to, &j}} {
		if n.kids[k+1] == nil {
			continue
		}
		v, ok := at.value.(int64)
		if !ok {
			return 0, 0, fmt.Errorf("a place in a list or string is an integer, not %s", describe(at.value))
		}
		if v < 0 {
			v = max(0, v+int64(length))
		}
		*at.place = int(min(v, int64(length)))
	}
	return min(i, j), j, nil
}

// characters is the part of s from its i-th to before its j-th character.
func characters(s string, i, j int) string {
	if isASCII(s) {
		return s[i:j]
	}
	from, to, at := len(s), len(s), 0
	for offset := range s {
		if at == i {
			from = offset
		}
		if at == j {
			to = offset
			break
		}
		at++
	}
	return s[min(from, to):to]
}

// lazy returns how an operator is evaluated that does not always need its right
// operand.
func lazy(op string) func(*machine, *node) (any, error) {
	switch op {
	case "&&":
		return func(m *machine, n *node) (any, error) { return m.logical(n, false) }
	case "||":
		return func(m *machine, n *node) (any, error) { return m.logical(n, true) }
	case "??":
		return (*machine).otherwise
	}
	return nil
}

// logical is && and ||; decisive is the operand that makes the other needless.
func (m *machine) logical(n *node, decisive bool) (any, error) {
	x, err := m.condition(n.kids[0])
	if err != nil {
		return nil, err
	}
	if x == decisive {
		return x, nil
	}
	y, err := m.condition(n.kids[1])
	if x != (unknown{}) {
		return y, err
	}
	switch {
	case isLimit(err):
		return nil, err
	case err == nil && y == decisive: // whatever the left turns out to be
		return y, nil
	}
	return unknown{}, nil // with an error on the right, that may still not be needed
}

// condition evaluates what must be true or false, or is unknown.
func (m *machine) condition(n *node) (any, error) {
	v, err := m.eval(n)
	if err != nil {
		return nil, err
	}
	switch v.(type) {
	case bool, unknown:
		return v, nil
	case SecretText:
		return nil, m.at(n, errSecret)
	}
	return nil, m.at(n, fmt.Errorf("a condition must be true or false, not %s", describe(v)))
}

// otherwise is ??.
func (m *machine) otherwise(n *node) (any, error) {
	x, err := m.eval(n.kids[0])
	if err != nil {
		return nil, err
	}
	if x == nil {
		return m.eval(n.kids[1])
	}
	if _, ok := x.(unknown); !ok {
		return x, nil
	}
	if _, err := m.eval(n.kids[1]); isLimit(err) { // for what it needs to know
		return nil, err
	}
	return unknown{}, nil
}

func (m *machine) conditional(n *node) (any, error) {
	c, err := m.condition(n.kids[0])
	if err != nil {
		return nil, err
	}
	switch c {
	case true:
		return m.eval(n.kids[1])
	case false:
		return m.eval(n.kids[2])
	}
	x, err := m.eval(n.kids[1])
	y, err2 := m.eval(n.kids[2])
	for _, err := range []error{err, err2} {
		if isLimit(err) {
			return nil, err
		}
	}
	if err != nil || err2 != nil || x == (unknown{}) || y == (unknown{}) {
		return unknown{}, nil
	}
	if same, err := m.equal(x, y, 0); err != nil || !same {
		return unknown{}, nil
	}
	return x, nil
}

func isLimit(err error) bool {
	var e *EvalError
	return errors.As(err, &e) && e.limit
}
