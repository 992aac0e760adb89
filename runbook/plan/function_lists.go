package plan

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// sortedKeys are the keys of a map in the one order in which it is ever gone
// through.
func sortedKeys(x map[string]any) []string { return slices.Sorted(maps.Keys(x)) }

func numberFunctions() []Function {
	return []Function{
		{Signature: "abs(number number) number", Doc: "The number without its sign.", of: same,
			call: func(m *machine, x []any) (any, error) {
				if f, _ := float(x[0]); f >= 0 {
					return x[0], nil
				}
				return unary("-", x[0])
			}},
		{Signature: "ceil(number number) integer", Doc: "The least integer that is not below the number.", call: rounded(math.Ceil)},
		{Signature: "floor(number number) integer", Doc: "The greatest integer that is not above the number.", call: rounded(math.Floor)},
		{Signature: "round(number number) integer", Doc: "The nearest integer; halves go away from zero.", call: rounded(math.Round)},
		{Signature: "max(number… number|list) number", Doc: "The greatest of the numbers and of those in the lists.", takes: numbers,
			call: func(m *machine, x []any) (any, error) { return m.extreme("max", x, 1) }},
		{Signature: "min(number… number|list) number", Doc: "The least of the numbers and of those in the lists.", takes: numbers,
			call: func(m *machine, x []any) (any, error) { return m.extreme("min", x, -1) }},
		{Signature: "mean(list list) number", Doc: "The average of the numbers of the list.", takes: numbers,
			call: func(m *machine, x []any) (any, error) {
				list := x[0].([]any)
				total, err := m.sum(list)
				if err != nil || len(list) == 0 {
					return total, err
				}
				return arithmetic("/", total, int64(len(list)))
			}},
		{Signature: "median(list list) number", Doc: "The middle one of the numbers of the list, or the average of the two in the middle.", takes: numbers,
			call: func(m *machine, x []any) (any, error) {
				list := x[0].([]any)
				if _, err := m.sum(list); err != nil || len(list) == 0 {
					return int64(0), err
				}
				v, err := m.sorted(list, list, false)
				if err != nil {
					return nil, err
				}
				list = v.([]any)
				i := len(list) / 2
				if len(list)%2 == 1 {
					return list[i], nil
				}
				total, err := arithmetic("+", list[i-1], list[i])
				if err != nil {
					return nil, err
				}
				return arithmetic("/", total, int64(2))
			}},
	}
}

func same(a []Type) Type { return a[0].present() }

func rounded(f func(float64) float64) func(*machine, []any) (any, error) {
	return func(_ *machine, x []any) (any, error) {
		if v, ok := x[0].(float64); ok {
			return number(f(v)), nil
		}
		return x[0], nil
	}
}

// extreme finds the greatest (sign 1) or least (-1) number.
func (m *machine) extreme(name string, x []any, sign int) (any, error) {
	var best any
	for _, v := range x {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, v := range list {
			v, err := normal(v)
			if err != nil {
				return nil, err
			}
			if _, ok := float(v); !ok {
				return nil, wrong(name, v)
			}
			if best == nil {
				best = v
			} else if c, _ := compare(name, v, best); c*sign > 0 {
				best = v
			}
		}
		if err := m.tick(len(list)); err != nil {
			return nil, err
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s of no numbers at all", name)
	}
	return best, nil
}

func listFunctions() []Function {
	return []Function{
		{Signature: "len(value string|list|map) integer", Doc: "The number of characters, elements or entries.",
			call: func(m *machine, x []any) (any, error) {
				switch v := x[0].(type) {
				case []any:
					return int64(len(v)), nil
				case map[string]any:
					return int64(len(v)), nil
				}
				s := x[0].(string)
				return int64(utf8.RuneCountInString(s)), m.count(len(s))
			}},
		{Signature: "first(list list) any", Doc: "The first element, or null.", of: found,
			call: func(m *machine, x []any) (any, error) { return elementOr(x[0].([]any), 0) }},
		{Signature: "last(list list) any", Doc: "The last element, or null.", of: found,
			call: func(m *machine, x []any) (any, error) { return elementOr(x[0].([]any), -1) }},
		{Signature: "take(list list, most integer) list", Doc: "The first elements, at most so many.", of: same,
			call: func(m *machine, x []any) (any, error) {
				n := int(max(0, min(x[1].(int64), int64(len(x[0].([]any))))))
				return x[0].([]any)[:n:n], nil
			}},
		{Signature: "reverse(list list) list", Doc: "The elements from the last to the first.", of: same,
			call: func(m *machine, x []any) (any, error) {
				list := slices.Clone(x[0].([]any))
				slices.Reverse(list)
				return list, m.list(len(list))
			}},
		{Signature: "sort(list list, order? string) list", Doc: "The numbers or strings in order; order is \"asc\" or \"desc\".", takes: ordered, of: same,
			call: func(m *machine, x []any) (any, error) {
				descending, err := order(x, 1)
				if err != nil {
					return nil, err
				}
				return m.sorted(x[0].([]any), x[0].([]any), descending)
			}},
		{Signature: "uniq(list list) list", Doc: "The elements without those that came before.", of: same,
			call: func(m *machine, x []any) (any, error) { return m.uniq(x[0].([]any)) }},
		{Signature: "concat(list… list) list", Doc: "The elements of all lists, one after the other.",
			of: func(a []Type) Type {
				t := a[0].present()
				for _, u := range a[1:] {
					t = join(t, u.present())
				}
				return t
			},
			call: func(m *machine, x []any) (any, error) {
				n := 0
				for _, v := range x {
					n += len(v.([]any))
				}
				if err := m.list(n); err != nil {
					return nil, err
				}
				out := make([]any, 0, n)
				for _, v := range x {
					out = append(out, v.([]any)...)
				}
				return out, nil
			}},
		{Signature: "flatten(list list) list", Doc: "The elements, with those of lists in the list in their place.",
			call: func(m *machine, x []any) (any, error) { return m.flatten([]any{}, x[0].([]any), 0) }},
	}
}

func elementOr(list []any, at int) (any, error) {
	switch {
	case len(list) == 0:
		return nil, nil
	case at < 0:
		at += len(list)
	}
	return normal(list[at])
}

// uniq compares texts and numbers by key, and only what is left with everything.
func (m *machine) uniq(list []any) (any, error) {
	out := []any{}
	seen := map[any]bool{}
	var compound []any
next:
	for _, x := range list {
		x, err := normal(x)
		if err != nil {
			return nil, err
		}
		switch x.(type) {
		case []any, map[string]any:
			for _, y := range compound {
				if same, err := m.equal(x, y, 0); err != nil {
					return nil, err
				} else if same {
					continue next
				}
			}
			compound = append(compound, x)
		case SecretText:
			return nil, errSecret
		default:
			if seen[x] {
				continue
			}
			seen[x] = true
		}
		if err := m.allocate(elementBytes + entryBytes); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, m.tick(len(list))
}

func (m *machine) flatten(out, list []any, depth int) ([]any, error) {
	if depth > maxNesting {
		return nil, &limitError{fmt.Sprintf("a value is nested more than %d deep", maxNesting)}
	}
	if err := m.tick(1); err != nil {
		return nil, err
	}
	for _, x := range list {
		x, err := normal(x)
		if err != nil {
			return nil, err
		}
		if inner, ok := x.([]any); ok {
			if out, err = m.flatten(out, inner, depth+1); err != nil {
				return nil, err
			}
			continue
		}
		if err := m.allocate(elementBytes); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// mapFunctions go through maps in the order of their keys.
func mapFunctions() []Function {
	return []Function{
		{Signature: "keys(map map) list", Doc: "The keys in order.", of: listOfText,
			call: func(m *machine, x []any) (any, error) {
				return m.entries(x[0], func(k string, _ any) any { return k })
			}},
		{Signature: "values(map map) list", Doc: "The values in the order of their keys.", of: valuesOf,
			call: func(m *machine, x []any) (any, error) {
				return m.entries(x[0], func(_ string, v any) any { return v })
			}},
		{Signature: "toPairs(map map) list", Doc: "The entries as lists of a key and a value, in the order of the keys.",
			call: func(m *machine, x []any) (any, error) {
				return m.entries(x[0], func(k string, v any) any { return []any{k, v} })
			}},
		{Signature: "fromPairs(list list) map", Doc: "The map with these lists of a key and a value as entries.", takes: []kind{kindList},
			call: func(m *machine, x []any) (any, error) { return m.fromPairs(x[0].([]any)) }},
		{Signature: "get(value list|map, key any) any", Doc: "The element at a place or the value of a key; null where there is none.",
			call: func(m *machine, x []any) (any, error) { return get(x[0], x[1]) }},
	}
}

func valuesOf(a []Type) Type {
	if a[0].fields == nil && a[0].elem != nil {
		return ListOf(*a[0].elem)
	}
	return ListOf(Any)
}

func (m *machine) entries(x any, entry func(k string, v any) any) (any, error) {
	object := x.(map[string]any)
	if err := m.list(len(object)); err != nil {
		return nil, err
	}
	if err := m.tick(8 * len(object)); err != nil { // sorting them
		return nil, err
	}
	list := make([]any, 0, len(object))
	for _, k := range sortedKeys(object) {
		v, err := normal(object[k])
		if err != nil {
			return nil, err
		}
		list = append(list, entry(k, v))
	}
	return list, nil
}

func (m *machine) fromPairs(list []any) (any, error) {
	if err := m.allocate(mapBytes + entryBytes*min(len(list), maxResult)); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(list))
	for _, x := range list {
		pair, ok := x.([]any)
		if !ok || len(pair) != 2 {
			return nil, errors.New("fromPairs takes a list of lists of two: a key and a value")
		}
		key, err := keyText(pair[0])
		if err != nil {
			return nil, err
		}
		out[key] = pair[1]
	}
	return out, m.tick(len(list))
}

func get(x, key any) (any, error) {
	switch v := x.(type) {
	case map[string]any:
		if k, ok := key.(string); ok {
			return normal(v[k])
		}
	case []any:
		if i, ok := key.(int64); ok {
			if i < 0 {
				i += int64(len(v))
			}
			if i < 0 || i >= int64(len(v)) {
				return nil, nil
			}
			return normal(v[i])
		}
	}
	return nil, wrong("get", x, key)
}
