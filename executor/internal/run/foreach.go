package run

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// maxItems is the most instances of one step.
const maxItems = 10_000

// maxKey is the longest key in bytes: it is part of names of files.
const maxKey = 200

// loop says which of a step's guards ask about each item. One that does not is
// asked once, before there are items.
type loop struct {
	each map[*plan.Guard]bool
	lock bool
	any  bool // one of these at least
}

// loopOf is what is known of a step with foreach.
func (m *Machine) loopOf(s *plan.Step) *loop {
	l, ok := m.loops[s]
	if ok {
		return l
	}
	l = &loop{each: map[*plan.Guard]bool{}}
	for _, g := range guardsOf(s) {
		l.each[g] = namesItem(exprsOf(s, g)...)
		l.any = l.any || l.each[g]
	}
	if s.Body != nil { // what it requires sees its params, which may differ from item to item
		for k := range s.Body.Require {
			l.each[&s.Body.Require[k]] = true
		}
		l.any = l.any || len(s.Body.Require) > 0
	}
	if s.Lock != nil {
		l.lock = namesItem(append(s.Lock.Name.Exprs(), s.Lock.Wait.Exprs()...)...)
		l.any = l.any || l.lock
	}
	if m.loops == nil {
		m.loops = map[*plan.Step]*loop{}
	}
	m.loops[s] = l
	return l
}

func guardsOf(s *plan.Step) []*plan.Guard {
	var list []*plan.Guard
	if s.If != nil {
		list = append(list, s.If)
	}
	if s.Unless != nil {
		list = append(list, s.Unless)
	}
	for i := range s.Require {
		list = append(list, &s.Require[i])
	}
	return list
}

// exprsOf is the expressions that a guard's answer depends on. A probe runs with
// the variables and in the folder of its step.
func exprsOf(s *plan.Step, g *plan.Guard) []*plan.Expr {
	list := g.Message.Exprs()
	if g.Expr != nil {
		list = append(list, g.Expr)
	}
	if g.Probe == nil {
		return list
	}
	if g.Probe.Expect != nil {
		list = append(list, g.Probe.Expect)
	}
	values := append(slices.Clone(s.EnvFiles), s.WorkingDir)
	for _, a := range g.Probe.Command.Args {
		values = append(values, a.Value)
	}
	for _, v := range slices.Concat(s.Env, g.Probe.Command.Env) {
		values = append(values, v.Value)
	}
	for _, v := range values {
		list = append(list, v.Exprs()...)
	}
	return list
}

func namesItem(exprs ...*plan.Expr) bool {
	return slices.ContainsFunc(exprs, func(e *plan.Expr) bool {
		return slices.ContainsFunc(e.Refs(), func(r plan.Ref) bool { return r.Root == "item" || r.Root == "index" })
	})
}

// Items is what a step with foreach makes instances for, as far as that can be
// told from what is recorded.
func (m *Machine) Items(n Node) ([]event.Item, error) {
	i, ok := m.index(n)
	if !ok || !m.isLoop(i) {
		return nil, errors.New("not a step with foreach")
	}
	return m.itemsOf(i)
}

func (m *Machine) itemsOf(i int) ([]event.Item, error) {
	f, scope := m.nodes[i].step.Foreach, m.scopeOf(i, Hidden{})
	var list []event.Item
	var keyed bool
	var err error
	if len(f.Matrix) > 0 {
		list, err = product(f.Matrix, scope)
	} else {
		list, keyed, err = listOf(f.In, f.Items, scope)
	}
	if len(list) == 0 {
		return nil, err // as it is after it was written down and read
	}
	if err == nil {
		err = nameItems(list, keyed, f, scope)
	}
	if err == nil {
		err = m.openItems(list)
	}
	return list, err
}

// openItems refuses items that hold a secret: they are recorded, and their keys
// are parts of ids and of names of files.
func (m *Machine) openItems(list []event.Item) error {
	if m.options.Holds == nil {
		return nil
	}
	for k := range list {
		if name, found := m.options.Holds(list[k].Key); found {
			return fmt.Errorf("the key of item %d holds the secret %q; give foreach a key that is no secret", k, name)
		}
		if name, found := m.options.Holds(list[k].Value); found {
			return fmt.Errorf("item %d holds the secret %q, and items are recorded; leave it out of them, and name it in the step: ${{ secrets.… }}", k, name)
		}
	}
	return nil
}

// listOf is the items of an expression or a literal list. Those of a map come
// with their keys.
func listOf(in *plan.Expr, literal plan.List, scope *plan.Scope) (list []event.Item, keyed bool, err error) {
	v := any([]any(literal))
	if in != nil {
		if v, err = in.Eval(scope); err != nil {
			return nil, false, err
		}
	}
	if v, err = event.Canonical(v); err != nil {
		return nil, false, err
	}
	switch v := v.(type) {
	case []any:
		if len(v) > maxItems {
			return nil, false, tooMany(len(v))
		}
		list = make([]event.Item, len(v))
		for k := range v {
			list[k].Value = v[k]
		}
		return list, false, nil
	case map[string]any:
		if len(v) > maxItems {
			return nil, false, tooMany(len(v))
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			list = append(list, event.Item{Key: key, Value: map[string]any{"key": key, "value": v[key]}})
		}
		return list, true, nil
	}
	return nil, false, fmt.Errorf("%s is no list to go through", kindOf(v))
}

// product is every choice of one value from each axis, the last axis changing
// fastest.
func product(axes []plan.Axis, scope *plan.Scope) ([]event.Item, error) {
	list := []event.Item{{Value: map[string]any{}}}
	for _, axis := range axes {
		along, _, err := listOf(axis.In, axis.Items, scope)
		if err != nil {
			return nil, fmt.Errorf("matrix.%s: %w", axis.Name, err)
		}
		if len(list)*len(along) > maxItems {
			return nil, tooMany(len(list) * len(along))
		}
		next := make([]event.Item, 0, len(list)*len(along))
		for _, before := range list {
			for _, a := range along {
				value := maps.Clone(before.Value.(map[string]any))
				value[axis.Name] = a.Value
				next = append(next, event.Item{Value: value})
			}
		}
		list = next
	}
	return list, nil
}

func tooMany(n int) error {
	return fmt.Errorf("%d items are too many; the most is %d", n, maxItems)
}

// nameItems gives items their keys: what key says, else what tells them apart by
// themselves.
func nameItems(list []event.Item, keyed bool, f *plan.Foreach, scope *plan.Scope) error {
	seen := make(map[string]int, len(list))
	of := *scope
	of.HasItem = true
	for k := range list {
		key, err := keyOf(&list[k], k, keyed, f, &of)
		if err != nil {
			return fmt.Errorf("item %d has no key: %w", k, err)
		}
		if before, ok := seen[key]; ok {
			return fmt.Errorf("items %d and %d have the same key %q; give foreach a key that tells them apart", before, k, key)
		}
		seen[key], list[k].Key = k, key
	}
	return nil
}

func keyOf(item *event.Item, index int, keyed bool, f *plan.Foreach, scope *plan.Scope) (string, error) {
	key, err := item.Key, error(nil)
	switch {
	case f.Key != nil:
		var v any
		scope.Item, scope.Index = item.Value, index
		if v, err = f.Key.Eval(scope); err == nil {
			key, err = plan.ToText(v)
		}
	case len(f.Matrix) > 0:
		texts := make([]string, len(f.Matrix))
		choice := item.Value.(map[string]any)
		for k, axis := range f.Matrix {
			if texts[k], err = plan.ToText(choice[axis.Name]); err != nil {
				return "", err
			}
		}
		key = strings.Join(texts, ",")
	case !keyed:
		key, err = plan.ToText(item.Value)
	}
	switch {
	case err != nil:
		return "", err
	case len(key) > maxKey:
		return "", fmt.Errorf("%d bytes are too long, the most is %d; give foreach a shorter key", len(key), maxKey)
	case !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl):
		return "", fmt.Errorf("%q has characters that cannot be shown; give foreach another key", key)
	case strings.Contains(key, "]/"):
		return "", fmt.Errorf("%q holds \"]/\", which parts a key from a step; give foreach another key", key)
	}
	return key, nil
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "a text"
	}
	return "a number"
}
