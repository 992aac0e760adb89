package plan

import (
	"errors"
	"fmt"
	"slices"
)

// call evaluates a call of a function.
func (m *machine) call(n *node) (any, error) {
	f := n.fn
	if f == nil {
		return nil, m.at(n, fmt.Errorf("there is no function %q", n.name))
	}
	if problem := f.arity(len(n.kids)); problem != "" {
		return nil, m.at(n, fmt.Errorf("%s: it is called as %s", problem, f.Signature))
	}
	var space [4]any
	args := space[:0]
	missing := false
	for i, k := range n.kids {
		if f.param(i).lazy {
			args = append(args, nil)
			continue
		}
		v, err := m.eval(k)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(unknown); ok {
			missing = true
		} else if err := f.accepts(i, v); err != nil {
			return nil, m.at(k, err)
		}
		args = append(args, v)
	}
	if missing {
		return unknown{}, nil
	}
	var v any
	var err error
	if f.loop != nil {
		v, err = f.loop(&looping{m: m, call: n, list: args[0].([]any), args: args})
	} else {
		v, err = f.call(m, args)
	}
	if err != nil {
		return nil, m.at(n, err)
	}
	return v, nil
}

// accepts checks the kind of an argument.
func (f *Function) accepts(i int, v any) error {
	if _, ok := v.(SecretText); ok && f.Name != "toJSON" {
		return errSecret
	}
	p := f.param(i)
	if len(p.kinds) == 0 || slices.Contains(p.kinds, kindOf(v)) {
		return nil
	}
	if _, ok := v.(int64); ok && slices.Contains(p.kinds, kindNumber) {
		return nil
	}
	if _, ok := v.(map[string]any); ok && slices.Contains(p.kinds, kindList) {
		return fmt.Errorf("%s takes %s, not a map; give it keys(…), values(…) or toPairs(…)", f.Name, orList(p.kinds))
	}
	return fmt.Errorf("%s takes %s, not %s", f.Name, orList(p.kinds), describe(v))
}

func kindOf(v any) kind {
	switch v.(type) {
	case nil:
		return kindNull
	case bool:
		return kindBool
	case int64:
		return kindInt
	case float64:
		return kindNumber
	case string:
		return kindString
	case []any:
		return kindList
	case map[string]any:
		return kindMap
	}
	return kindSecret
}

// looping is a function going through its list.
type looping struct {
	m    *machine
	call *node
	list []any
	args []any // those that are not evaluated for each element
}

// errStop ends a loop early.
var errStop = errors.New("stop")

// each calls do with every element, made normal, and what the i-th argument
// gives for it.
func (l *looping) each(arg int, do func(i int, element, result any) error) error {
	m, body := l.m, l.call.kids[arg]
	at := len(m.loops)
	m.loops = append(m.loops, loop{})
	defer func() { m.loops = m.loops[:at] }()
	for i, x := range l.list {
		x, err := normal(x)
		if err != nil {
			return err
		}
		m.loops[at] = loop{element: x, index: i}
		v, err := m.eval(body)
		if err == nil {
			err = do(i, x, v)
		}
		if err == errStop {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// where calls do with every element that the condition holds for. The loop ends
// at the first for which that is not known, and where reports it.
func (l *looping) where(do func(i int, element any) error) (missing bool, err error) {
	err = l.each(1, func(i int, element, result any) error {
		switch result {
		case true:
			return do(i, element)
		case false:
			return nil
		case unknown{}:
			missing = true
			return errStop
		}
		return l.m.at(l.call.kids[1], fmt.Errorf("a condition must be true or false, not %s", describe(result)))
	})
	return missing, err
}
