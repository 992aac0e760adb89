package plan

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

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
