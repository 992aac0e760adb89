package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// An item is one of a loop's, with the key it has unless the loop says another.
type item struct {
	key   string
	value any
}

// keys are the keys of a loop's items as far as they are known: nil with what
// they wait for, or nil and nil where they cannot be told.
func (n names) keys(f *plan.Foreach) (keys []string, because []plan.Ref) {
	var list []item
	if len(f.Matrix) > 0 {
		list, because = n.matrix(f.Matrix)
	} else {
		list, because = n.items(f.In, f.Items)
	}
	if list == nil || because != nil {
		return nil, because
	}
	keys = []string{}
	for i := range list {
		key := list[i].key
		if f.Key != nil {
			if key, because = n.keyed(f.Key, list[i].value, i); because != nil {
				return nil, because
			}
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// keyed is the key that an expression gives an item.
func (n names) keyed(key *plan.Expr, value any, index int) (string, []plan.Ref) {
	known := n.known
	n.known = func(r plan.Ref) bool { return r.Root == "item" || r.Root == "index" || known(r) }
	if !key.Known(n.known) {
		return "", n.missing(key)
	}
	scope := *n.scope
	scope.Item, scope.Index, scope.HasItem = value, index, true
	text, err := plan.ExprValue(key).Resolve(&scope)
	if err != nil {
		return "${{ " + key.Source() + " }}", nil
	}
	return text.Text, nil
}

// items are those of an expression, or the literal ones; those of a map have its
// keys.
func (n names) items(in *plan.Expr, literal plan.List) (list []item, because []plan.Ref) {
	value := any([]any(literal))
	if in != nil {
		if value, because = n.value(plan.ExprValue(in)); because != nil {
			return nil, because
		}
	}
	list = []item{}
	switch value := value.(type) {
	case []any:
		for _, x := range value {
			list = append(list, item{valueText(x), x})
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			list = append(list, item{key, map[string]any{"key": key, "value": value[key]}})
		}
	default:
		return nil, nil
	}
	return list, nil
}

// mostItems is how many combinations are made to be counted.
const mostItems = 10_000

// matrix are all combinations, the last axis changing fastest.
func (n names) matrix(axes []plan.Axis) ([]item, []plan.Ref) {
	list := []item{{value: map[string]any{}}}
	for _, axis := range axes {
		along, because := n.items(axis.In, axis.Items)
		if because != nil || len(list)*len(along) > mostItems {
			return nil, because
		}
		var next []item
		for _, before := range list {
			for _, a := range along {
				value := maps.Clone(before.value.(map[string]any))
				value[axis.Name] = a.value
				next = append(next, item{strings.TrimPrefix(before.key+","+a.key, ","), value})
			}
		}
		list = next
	}
	return list, nil
}
