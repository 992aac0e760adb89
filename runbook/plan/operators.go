package plan

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
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

var (
	errOverflow = errors.New("the result is too large for an integer")
	errDivision = errors.New("division by zero")
)

func arithmetic(op string, x, y any) (any, error) {
	a, ok := x.(int64)
	b, ok2 := y.(int64)
	if ok && ok2 {
		return integers(op, a, b)
	}
	f, ok := float(x)
	g, ok2 := float(y)
	if !ok || !ok2 || op == "%" {
		return nil, wrong(op, x, y)
	}
	return floats(op, f, g)
}

func integers(op string, a, b int64) (any, error) {
	switch op {
	case "+":
		if c := a + b; (c > a) == (b > 0) {
			return c, nil
		}
		return nil, errOverflow
	case "-":
		if c := a - b; (c < a) == (b > 0) {
			return c, nil
		}
		return nil, errOverflow
	case "*":
		if c, ok := multiply(a, b); ok {
			return c, nil
		}
		return nil, errOverflow
	case "%":
		if b == 0 {
			return nil, errDivision
		}
		if b == -1 { // MinInt64 % -1 traps on some machines
			return int64(0), nil
		}
		return a % b, nil
	case "/":
		if b != 0 && b != -1 && a%b == 0 {
			return a / b, nil
		}
	case "**":
		if b >= 0 {
			if c, ok := power(a, b); ok {
				return c, nil
			}
		}
	}
	return floats(op, float64(a), float64(b))
}

func multiply(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	return c, c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

// power is a to the b-th, where it fits.
func power(a, b int64) (int64, bool) {
	c, ok := int64(1), true
	for i := bits.Len64(uint64(b)) - 1; i >= 0 && ok; i-- {
		if c, ok = multiply(c, c); ok && b>>i&1 == 1 {
			c, ok = multiply(c, a)
		}
	}
	return c, ok
}

func floats(op string, f, g float64) (any, error) {
	var r float64
	switch op {
	case "+":
		r = f + g
	case "-":
		r = f - g
	case "*":
		r = f * g
	case "/":
		if g == 0 {
			return nil, errDivision
		}
		r = f / g
	case "**":
		r = math.Pow(f, g)
	}
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return nil, errors.New("the result is not a number")
	}
	return number(r), nil
}

// float is a number as float64.
func float(x any) (float64, bool) {
	switch x := x.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

// compare orders two numbers or two strings.
func compare(op string, x, y any) (int, error) {
	switch a := x.(type) {
	case string:
		if b, ok := y.(string); ok {
			return strings.Compare(a, b), nil
		}
	case int64:
		switch b := y.(type) {
		case int64:
			return cmp.Compare(a, b), nil
		case float64:
			return compareMixed(a, b), nil
		}
	case float64:
		switch b := y.(type) {
		case int64:
			return -compareMixed(b, a), nil
		case float64:
			return cmp.Compare(a, b), nil
		}
	}
	return 0, wrong(op, x, y)
}

// compareMixed compares without the loss that float64(a) has beyond 2⁵³. A
// float64 that is whole is never in int64's range here; see number.
func compareMixed(a int64, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	floor := int64(math.Floor(f))
	if a <= floor {
		return -1
	}
	return 1
}

// equal compares by content. Values of different kinds are not equal.
func (m *machine) equal(x, y any, depth int) (bool, error) {
	if err := m.tick(1); err != nil {
		return false, err
	}
	if depth > maxNesting {
		return false, &limitError{fmt.Sprintf("a value is nested more than %d deep", maxNesting)}
	}
	switch a := x.(type) {
	case SecretText:
		return false, errSecret
	case []any:
		b, ok := y.([]any)
		if !ok || len(a) != len(b) {
			return false, notSecret(y)
		}
		for i := range a {
			if same, err := m.equalNormal(a[i], b[i], depth+1); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case map[string]any:
		b, ok := y.(map[string]any)
		if !ok || len(a) != len(b) {
			return false, notSecret(y)
		}
		for k, v := range a {
			w, ok := b[k]
			if !ok {
				return false, nil
			}
			if same, err := m.equalNormal(v, w, depth+1); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case string:
		if b, ok := y.(string); ok {
			return a == b, m.scan(len(a))
		}
	}
	switch y.(type) {
	case []any, map[string]any, SecretText:
		return false, notSecret(y)
	}
	return x == y, nil
}

func (m *machine) equalNormal(x, y any, depth int) (bool, error) {
	x, err := normal(x)
	if err != nil {
		return false, err
	}
	if y, err = normal(y); err != nil {
		return false, err
	}
	return m.equal(x, y, depth)
}

func notSecret(x any) error {
	if _, ok := x.(SecretText); ok {
		return errSecret
	}
	return nil
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
