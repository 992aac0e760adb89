package plan

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

var errSecret = errors.New("a secret cannot be computed with")

// wrong says that an operator or function was given something it does not take.
func wrong(name string, x ...any) error {
	words := make([]string, len(x))
	for i, v := range x {
		if _, ok := v.(SecretText); ok {
			return errSecret
		}
		words[i] = describe(v)
	}
	return fmt.Errorf("%s does not work on %s", name, strings.Join(words, " and "))
}

func unary(op string, x any) (any, error) {
	switch v := x.(type) {
	case bool:
		if op == "!" {
			return !v, nil
		}
	case int64:
		switch {
		case op == "+":
			return v, nil
		case op == "-" && v == math.MinInt64:
			return nil, errOverflow
		case op == "-":
			return -v, nil
		}
	case float64:
		switch op {
		case "+":
			return v, nil
		case "-":
			return number(-v), nil
		}
	}
	if op == "!" {
		op = "not"
	}
	return nil, wrong(op, x)
}

// binary applies an operator that needs both of its operands.
func (m *machine) binary(n *node, x, y any) (any, error) {
	switch n.name {
	case "==", "!=":
		same, err := m.equal(x, y, 0)
		return same == (n.name == "=="), err
	case "<", ">", "<=", ">=":
		if a, ok := x.(string); ok {
			if err := m.scan(len(a)); err != nil {
				return nil, err
			}
		}
		c, err := compare(n.name, x, y)
		if err != nil {
			return nil, err
		}
		return n.name[0] == '<' && c < 0 || n.name[0] == '>' && c > 0 || len(n.name) == 2 && c == 0, nil
	case "in":
		return m.in(x, y)
	case "..":
		return m.span(x, y)
	case "+":
		if a, ok := x.(string); ok {
			if b, ok := y.(string); ok {
				return a + b, m.allocate(len(a) + len(b))
			}
		}
	case "matches", "contains", "startsWith", "endsWith":
		return m.search(n, x, y)
	}
	return arithmetic(n.name, x, y)
}

func (m *machine) search(n *node, x, y any) (any, error) {
	a, ok := x.(string)
	b, ok2 := y.(string)
	if !ok || !ok2 {
		return nil, wrong(n.name, x, y)
	}
	if err := m.scan(len(a) + len(b)); err != nil {
		return nil, err
	}
	switch n.name {
	case "contains":
		return strings.Contains(a, b), nil
	case "startsWith":
		return strings.HasPrefix(a, b), nil
	case "endsWith":
		return strings.HasSuffix(a, b), nil
	}
	re := n.re
	if re == nil {
		var err error
		if re, err = compilePattern(b); err != nil {
			return nil, err
		}
		if err := m.tick(re.size); err != nil {
			return nil, err
		}
	}
	return m.matches(re, a)
}

func (m *machine) in(x, y any) (any, error) {
	if err := notSecret(x); err != nil {
		return nil, err
	}
	switch list := y.(type) {
	case nil:
		return false, nil
	case []any:
		for _, v := range list {
			if same, err := m.equalNormal(v, x, 0); err != nil || same {
				return same, err
			}
		}
		return false, nil
	case map[string]any:
		if key, ok := x.(string); ok {
			_, has := list[key]
			return has, nil
		}
	}
	return nil, wrong("in", x, y)
}

// span is the range x..y.
func (m *machine) span(x, y any) (any, error) {
	from, ok := x.(int64)
	to, ok2 := y.(int64)
	if !ok || !ok2 {
		return nil, wrong("..", x, y)
	}
	if to < from {
		return []any{}, nil
	}
	n := uint64(to) - uint64(from)
	if n >= maxResult/elementBytes {
		return nil, tooLarge()
	}
	if err := m.list(int(n) + 1); err != nil {
		return nil, err
	}
	list := make([]any, n+1)
	for i := range list {
		list[i] = from + int64(i)
	}
	return list, m.tick(len(list))
}
