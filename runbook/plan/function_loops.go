package plan

import (
	"fmt"
	"slices"
	"sort"
)

// loopFunctions evaluate an expression for each element of a list.
func loopFunctions() []Function {
	return []Function{
		{Signature: "all(list list, condition each) boolean", Doc: "Whether the condition holds for every element; true for an empty list.",
			loop: func(l *looping) (any, error) { return l.decide(false, false) }},
		{Signature: "any(list list, condition each) boolean", Doc: "Whether the condition holds for some element; false for an empty list.",
			loop: func(l *looping) (any, error) { return l.decide(true, true) }},
		{Signature: "none(list list, condition each) boolean", Doc: "Whether the condition holds for no element; true for an empty list.",
			loop: func(l *looping) (any, error) { return l.decide(true, false) }},
		{Signature: "one(list list, condition each) boolean", Doc: "Whether the condition holds for exactly one element.",
			loop: func(l *looping) (any, error) {
				n, missing, err := l.count()
				return orUnknown(n == 1, missing, err)
			}},
		{Signature: "count(list list, condition? each) integer", Doc: "For how many elements the condition holds; without one, how many elements are true.", takes: []kind{kindBool},
			loop: func(l *looping) (any, error) {
				n, missing, err := l.count()
				return orUnknown(int64(n), missing, err)
			}},
		{Signature: "filter(list list, condition each) list", Doc: "The elements for which the condition holds.",
			of: func(a []Type) Type { return ListOf(a[0].element()) }, loop: (*looping).filter},
		{Signature: "map(list list, value each) list", Doc: "The value for each element.",
			of: func(a []Type) Type { return ListOf(a[1]) }, loop: (*looping).mapped},
		{Signature: "find(list list, condition each) any", Doc: "The first element for which the condition holds, or null.",
			of: found, loop: func(l *looping) (any, error) { return l.find(false, false) }},
		{Signature: "findIndex(list list, condition each) integer", Doc: "The place, from 0, of the first element for which the condition holds, or null.",
			of: foundIndex, loop: func(l *looping) (any, error) { return l.find(false, true) }},
		{Signature: "findLast(list list, condition each) any", Doc: "The last element for which the condition holds, or null.",
			of: found, loop: func(l *looping) (any, error) { return l.find(true, false) }},
		{Signature: "findLastIndex(list list, condition each) integer", Doc: "The place, from 0, of the last element for which the condition holds, or null.",
			of: foundIndex, loop: func(l *looping) (any, error) { return l.find(true, true) }},
		{Signature: "groupBy(list list, key each) map", Doc: "The elements as a map of lists, by the key for each.",
			of: func(a []Type) Type { return MapOf(ListOf(a[0].element())) }, loop: (*looping).groupBy},
		{Signature: "sortBy(list list, value each, order? string) list", Doc: "The elements in the order of the value for each; order is \"asc\" or \"desc\". Equal ones keep their order.", takes: ordered,
			of: func(a []Type) Type { return ListOf(a[0].element()) }, loop: (*looping).sortBy},
		{Signature: "sum(list list, value? each) number", Doc: "The sum of the elements, or of the value for each.", takes: numbers,
			loop: (*looping).sum},
		{Signature: "reduce(list list, value each, start? any) any", Doc: "One value made of all elements: in the expression #acc is what there is so far, # the element. Without a start it is the first element.",
			loop: (*looping).reduce},
	}
}

func found(a []Type) Type { return a[0].element().MaybeAbsent("there may be no such element") }

func foundIndex([]Type) Type { return Integer.MaybeAbsent("there may be no such element") }

func orUnknown(v any, missing bool, err error) (any, error) {
	if missing && err == nil {
		return unknown{}, nil
	}
	return v, err
}

// decide looks for an element for which the condition is the given one; then the
// answer is found, and not found otherwise. Such an element decides even after
// one that is unknown.
func (l *looping) decide(condition, answer bool) (any, error) {
	decided, missing := false, false
	err := l.each(1, func(i int, _, result any) error {
		switch result {
		case condition:
			decided = true
			return errStop
		case !condition:
			return nil
		case unknown{}:
			missing = true
			return nil
		}
		return l.m.at(l.call.kids[1], fmt.Errorf("a condition must be true or false, not %s", describe(result)))
	})
	switch {
	case decided && err == nil:
		return answer, nil
	case missing && !isLimit(err): // an error may lie behind what would decide
		return unknown{}, nil
	}
	return !answer, err
}

func (l *looping) count() (n int, missing bool, err error) {
	if len(l.call.kids) < 2 {
		for _, x := range l.list {
			b, ok := x.(bool)
			if !ok {
				return 0, false, fmt.Errorf("without a condition, count takes a list of booleans, not one with %s", describe(x))
			}
			if b {
				n++
			}
		}
		return n, false, l.m.tick(len(l.list))
	}
	missing, err = l.where(func(int, any) error { n++; return nil })
	return n, missing, err
}

func (l *looping) filter() (any, error) {
	out := []any{}
	missing, err := l.where(func(_ int, x any) error {
		out = append(out, x)
		return l.m.allocate(elementBytes)
	})
	return orUnknown(out, missing, err)
}

func (l *looping) mapped() (any, error) {
	if err := l.m.list(len(l.list)); err != nil {
		return nil, err
	}
	out, missing := make([]any, 0, len(l.list)), false
	err := l.each(1, func(_ int, _, result any) error {
		if result == (unknown{}) {
			missing = true
			return errStop
		}
		out = append(out, result)
		return nil
	})
	return orUnknown(out, missing, err)
}

// find looks for an element from the front or the back, and gives its place or
// itself.
func (l *looping) find(last, index bool) (any, error) {
	at := -1
	if last { // the condition must not be evaluated for more than is needed
		turned := slices.Clone(l.list)
		if err := l.m.list(len(turned)); err != nil {
			return nil, err
		}
		slices.Reverse(turned)
		l = &looping{m: l.m, call: l.call, list: turned}
	}
	missing, err := l.where(func(i int, _ any) error {
		at = i
		return errStop
	})
	switch {
	case missing || err != nil:
		return orUnknown(nil, missing, err)
	case at < 0:
		return nil, nil
	case index && last:
		return int64(len(l.list) - 1 - at), nil
	case index:
		return int64(at), nil
	}
	return normal(l.list[at])
}

func (l *looping) groupBy() (any, error) {
	groups, missing := map[string]any{}, false
	err := l.each(1, func(_ int, x, result any) error {
		if result == (unknown{}) {
			missing = true
			return errStop
		}
		key, err := keyText(result)
		if err != nil {
			return err
		}
		group, ok := groups[key].([]any)
		if !ok {
			if err := l.m.allocate(entryBytes + len(key)); err != nil {
				return err
			}
		}
		groups[key] = append(group, x)
		return l.m.allocate(elementBytes)
	})
	return orUnknown(groups, missing, err)
}

func (l *looping) sortBy() (any, error) {
	keys, err := l.mapped()
	if err != nil || keys == (unknown{}) {
		return keys, err
	}
	descending, err := order(l.args, 2)
	if err != nil {
		return nil, err
	}
	return l.m.sorted(l.list, keys.([]any), descending)
}

// order reads the optional argument that gives the order.
func order(args []any, i int) (descending bool, err error) {
	if len(args) <= i || args[i] == "asc" {
		return false, nil
	}
	if args[i] != "desc" {
		return false, fmt.Errorf("the order is \"asc\" or \"desc\"")
	}
	return true, nil
}

// sorted is list in the order of keys. The keys must be all numbers or all
// strings.
func (m *machine) sorted(list, keys []any, descending bool) (any, error) {
	if err := m.list(2 * len(list)); err != nil {
		return nil, err
	}
	s := &sorting{m: m, list: make([]any, len(list)), keys: slices.Clone(keys), descending: descending}
	for i, x := range list {
		var err error
		if s.list[i], err = normal(x); err != nil {
			return nil, err
		}
		if s.keys[i], err = normal(s.keys[i]); err != nil {
			return nil, err
		}
		if _, err := compare("sorting", s.keys[0], s.keys[i]); err != nil {
			return nil, err
		}
	}
	sort.Stable(s)
	return s.list, s.err
}

type sorting struct {
	m          *machine
	list, keys []any
	descending bool
	err        error
}

func (s *sorting) Len() int { return len(s.list) }

func (s *sorting) Swap(i, j int) {
	s.list[i], s.list[j] = s.list[j], s.list[i]
	s.keys[i], s.keys[j] = s.keys[j], s.keys[i]
}

func (s *sorting) Less(i, j int) bool {
	if s.err != nil {
		return false
	}
	if s.err = s.m.tick(1); s.err != nil {
		return false
	}
	if a, ok := s.keys[i].(string); ok {
		s.err = s.m.scan(len(a))
	}
	c, err := compare("sorting", s.keys[i], s.keys[j])
	if err != nil {
		s.err = err
	}
	return c < 0 && !s.descending || c > 0 && s.descending
}

func (l *looping) sum() (any, error) {
	values := any(l.list)
	if len(l.call.kids) > 1 {
		var err error
		if values, err = l.mapped(); err != nil || values == any(unknown{}) {
			return values, err
		}
	}
	return l.m.sum(values.([]any))
}

func (m *machine) sum(list []any) (any, error) {
	total := any(int64(0))
	for _, x := range list {
		x, err := normal(x)
		if err != nil {
			return nil, err
		}
		if total, err = arithmetic("+", total, x); err != nil {
			return nil, err
		}
	}
	return total, m.tick(len(list))
}

func (l *looping) reduce() (any, error) {
	m, list := l.m, l.list
	var acc any
	switch {
	case len(l.args) > 2:
		acc = l.args[2]
	case len(list) == 0:
		return nil, fmt.Errorf("reduce of an empty list needs a start")
	default:
		var err error
		if acc, err = normal(list[0]); err != nil {
			return nil, err
		}
	}
	start := len(l.args) - 2
	first := 1 - min(start, 1)
	at := len(m.loops)
	m.loops = append(m.loops, loop{})
	defer func() { m.loops = m.loops[:at] }()
	for i := first; i < len(list); i++ {
		x, err := normal(list[i])
		if err != nil {
			return nil, err
		}
		m.loops[at] = loop{element: x, index: i, acc: acc, reducing: true}
		if acc, err = m.eval(l.call.kids[1]); err != nil {
			return nil, err
		}
	}
	return acc, nil
}
