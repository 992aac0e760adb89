package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Values are values by name, such as a step's outputs. Whole numbers survive
// JSON exactly; see [DecodeJSON].
type Values map[string]any

func (v *Values) UnmarshalJSON(b []byte) error {
	x, err := DecodeJSON(b)
	if err != nil {
		return err
	}
	switch x := x.(type) {
	case nil:
		*v = nil
	case map[string]any:
		*v = x
	default:
		return fmt.Errorf("expected an object of values, found %s", describe(x))
	}
	return nil
}

// List is a list of values. Whole numbers survive JSON exactly; see
// [DecodeJSON].
type List []any

func (l *List) UnmarshalJSON(b []byte) error {
	x, err := DecodeJSON(b)
	if err != nil {
		return err
	}
	switch x := x.(type) {
	case nil:
		*l = nil
	case []any:
		*l = x
	default:
		return fmt.Errorf("expected a list of values, found %s", describe(x))
	}
	return nil
}

// DecodeJSON reads one JSON text into nil, bool, int64, float64, string, []any
// and map[string]any, the values that expressions know. A number that is whole
// and fits an int64 is an int64, however it is written, so that 2000000 is the
// same number after any number of round trips; every other one is the nearest
// float64.
func DecodeJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil {
		return nil, jsonError(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON text")
	}
	return exactNumbers(x)
}

// exactNumbers replaces the json.Number in x, in place.
func exactNumbers(x any) (any, error) {
	var err error
	switch x := x.(type) {
	case json.Number:
		return parseNumber(string(x))
	case []any:
		for i := range x {
			if x[i], err = exactNumbers(x[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k, v := range x {
			if x[k], err = exactNumbers(v); err != nil {
				return nil, err
			}
		}
	}
	return x, nil
}

// parseNumber reads a number as JSON writes it.
func parseNumber(s string) (any, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("the number %.40s is too large", s)
	}
	return number(f), nil
}

// number is f in the form that every number with its value has: int64 where it
// is whole and fits, else float64. One form for one value is what keeps a value
// the same through JSON, where 5.0 and 5 cannot be told apart.
func number(f float64) any {
	if f == math.Trunc(f) && f >= -1<<63 && f < 1<<63 {
		return int64(f)
	}
	return f
}

// jsonError says what is wrong with a JSON text without naming Go types.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON: %s, after %d bytes", syntax.Error(), syntax.Offset)
	case err == io.EOF:
		return errors.New("not valid JSON: it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not valid JSON: it ends too early")
	}
	return fmt.Errorf("not valid JSON: %w", err)
}
