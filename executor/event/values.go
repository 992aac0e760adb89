package event

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
)

// Values are values by name, such as the outputs of a step. They are nil, bool,
// int64, float64, string, []any and map[string]any, as [Canonical] makes them,
// and survive JSON exactly: a whole number never becomes a floating-point one.
type Values map[string]any

func (v *Values) UnmarshalJSON(b []byte) error {
	var raw map[string]any
	if err := decodeExact(b, &raw); err != nil {
		return err
	}
	for name, x := range raw {
		value, err := Canonical(x)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		raw[name] = value
	}
	*v = raw
	return nil
}

// An Item is one instance of a step with foreach.
type Item struct {
	Key   string `json:"key"`   // the instance is step[key]
	Value any    `json:"value"` // as in [Values]
}

func (i *Item) UnmarshalJSON(b []byte) error {
	type fields Item
	if err := decodeExact(b, (*fields)(i)); err != nil {
		return err
	}
	var err error
	i.Value, err = Canonical(i.Value)
	return err
}

func decodeExact(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(into)
}

// Canonical returns v in the one form that every value has after it has been
// through JSON: whole numbers that fit are int64, others float64, lists []any
// and maps map[string]any. Infinities, what is not a number, and what JSON
// cannot hold are errors. What is canonical already is returned as it is.
func Canonical(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, string:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		return number(v)
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n, nil
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return nil, fmt.Errorf("the number %.40s is too large", v)
		}
		return number(f)
	case []any:
		return canonicalList(v)
	case map[string]any:
		return canonicalMap(v)
	}
	return canonicalOther(reflect.ValueOf(v))
}

// number is f as an int64 where it is whole and fits, since JSON cannot tell 5
// from 5.0.
func number(f float64) (any, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil, fmt.Errorf("%v is not a number that can be kept", f)
	case f == math.Trunc(f) && f >= -1<<63 && f < 1<<63:
		return int64(f), nil
	}
	return f, nil
}

// canonicalList copies the list only where something in it changes: lists may be
// long, and are most often canonical.
func canonicalList(list []any) (any, error) {
	var changed []any
	for i, x := range list {
		y, err := Canonical(x)
		if err != nil {
			return nil, err
		}
		if changed == nil && !same(x, y) {
			changed = slices.Clone(list)
		}
		if changed != nil {
			changed[i] = y
		}
	}
	if changed != nil {
		return changed, nil
	}
	return list, nil
}

func canonicalMap(m map[string]any) (any, error) {
	var changed map[string]any
	for k, x := range m {
		y, err := Canonical(x)
		if err != nil {
			return nil, err
		}
		if changed == nil && !same(x, y) {
			changed = make(map[string]any, len(m))
			for k, x := range m {
				changed[k] = x
			}
		}
		if changed != nil {
			changed[k] = y
		}
	}
	if changed != nil {
		return changed, nil
	}
	return m, nil
}

// same reports whether Canonical returned what it was given.
func same(x, y any) bool {
	switch x := x.(type) {
	case []any:
		y, ok := y.([]any)
		return ok && len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
	case map[string]any:
		y, ok := y.(map[string]any)
		return ok && reflect.ValueOf(x).Pointer() == reflect.ValueOf(y).Pointer()
	}
	return x != nil == (y != nil) && reflect.TypeOf(x) == reflect.TypeOf(y)
}

// canonicalOther is for the types of Go that an expression may yield although no
// JSON text does.
func canonicalOther(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if n := v.Uint(); n <= math.MaxInt64 {
			return int64(n), nil
		}
		return float64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return number(v.Float())
	case reflect.String:
		return v.String(), nil
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = v.Index(i).Interface()
		}
		return canonicalList(list)
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			break
		}
		m := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			m[it.Key().String()] = it.Value().Interface()
		}
		return canonicalMap(m)
	}
	return nil, fmt.Errorf("a value of type %v cannot be kept", v.Type())
}

// appendValue appends a canonical value, maps with their keys in order. Any
// other is written as null.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			break
		}
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case string:
		return appendString(b, v)
	case []any:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, x)
		}
		return append(b, ']')
	case map[string]any:
		return appendValues(b, v)
	}
	return append(b, "null"...)
}

func appendValues(b []byte, m map[string]any) []byte {
	type entry struct {
		name  string
		value any
	}
	var few [8]entry // most steps have but a few outputs
	entries := few[:0]
	for name, v := range m {
		entries = append(entries, entry{name, v})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	o := object{b: append(b, '{'), empty: true}
	for _, e := range entries {
		if !o.empty {
			o.b = append(o.b, ',')
		}
		o.empty = false
		o.string(e.name)
		o.b = append(o.b, ':')
		o.b = appendValue(o.b, e.value)
	}
	return append(o.b, '}')
}

func appendItems(b []byte, items []Item) []byte {
	for i := range items {
		sep := byte(',')
		if i == 0 {
			sep = '['
		}
		o := object{b: append(b, sep, '{'), empty: true}
		o.key("key")
		o.string(items[i].Key)
		o.key("value")
		b = append(appendValue(o.b, items[i].Value), '}')
	}
	return append(b, ']')
}
