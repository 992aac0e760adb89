package plan

import (
	"errors"
	"math"
	"math/bits"
)

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
