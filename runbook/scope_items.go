package runbook

import (
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// gaps says why what a step with foreach puts out for an item may be null
// although the list is there.
func (x *scopes) gaps(t *step) string {
	switch {
	case t.guards.wanted != nil && t.perItem(t.guards.wanted):
		return "has if for each item"
	case t.guards.done != nil && t.perItem(t.guards.done):
		return "has unless for each item"
	case t.foreach.maxFailures != nil && literal(t.foreach.maxFailures) != "0":
		return "has max_failures"
	}
	return x.unfinished(t)
}

// failing says why what reads each of a step with foreach may run although the
// step failed: it does not need its success, and the run goes on.
func (x *scopes) failing(t *step) string {
	on := x.doc.strategy.stopOnFail
	if x.current == nil || on == nil || isTrue(on) || slices.Contains(x.current.needs, t.index) {
		return ""
	}
	return "may have failed, for stop_on_error is false"
}

// constantItems checks items that are known although an expression gives them,
// as those that are written out.
func (x *scopes) constantItems(in *node, e *plan.Expr) {
	if len(e.Refs()) > 0 {
		return
	}
	if n := e.ConstantLength(); n > maxItems {
		x.at(in, ruleForeach, "split the step", "\"foreach\" has %d items, over the limit of %d", n, maxItems)
		return
	}
	v, _ := e.Constant()
	list, _ := v.([]any)
	first := make(map[string]bool, len(list))
	for i, item := range list {
		id, err := plan.ToText(item)
		switch {
		case err != nil:
		case first[id] && x.current != nil && x.current.foreach.itemKey == nil:
			x.at(in, ruleForeach, "write uniq(...) around it, or give each a key of its own with key",
				"item %d of \"foreach\" was there before, so two instances would have one id", i+1)
			return
		}
		first[id] = true
	}
}

// differentKeys checks that the keys of items differ, as far as they are known: a
// key that does not name the item is the same for all.
func (x *scopes) differentKeys(f *foreach) {
	e := x.exprs[f.itemKey]
	if e == nil {
		return
	}
	list, known := x.knownItems(f)
	if !namesItem(e) && !(known && len(list) <= 1) {
		x.at(f.itemKey, ruleForeach, "name item or index in it", "the key does not name the item, so all instances would have one id")
		return
	}
	first := make(map[string]int, len(list))
	for i, item := range list {
		v, ok := forItem(e, item, i)
		id, err := plan.ToText(v)
		if !ok || err != nil {
			continue
		}
		if earlier, twice := first[id]; twice {
			x.at(f.itemKey, ruleForeach, "choose what differs", "items %d and %d of \"foreach\" have the same key, so two instances would have one id", earlier+1, i+1)
			return
		}
		first[id] = i
	}
}

// knownItems is the items of a foreach that are written out, or that a constant
// expression gives.
func (x *scopes) knownItems(f *foreach) (items []any, known bool) {
	if isList(f.in) {
		for _, item := range f.in.Content {
			items = append(items, dataOf(item))
		}
		return items, true
	}
	if e := x.exprs[f.in]; e != nil && len(e.Refs()) == 0 {
		v, _ := e.Constant()
		items, known = v.([]any)
	}
	return items, known
}

// forItem is the value of an expression for an item, where it depends on nothing
// else.
func forItem(e *plan.Expr, item any, i int) (any, bool) {
	v, ok, _, err := e.EvalTri(&plan.Scope{Item: item, Index: i, HasItem: true},
		func(r plan.Ref) bool { return r.Root == "item" || r.Root == "index" })
	return v, ok && err == nil
}

// combinations counts those of a matrix, as far as its axes are known: one that
// is not has at least one item, or the step is done for none.
func (x *scopes) combinations(f *foreach) {
	total := 1
	for _, a := range f.matrix {
		length := -1
		if isList(a.in) {
			length = len(a.in.Content)
		} else if e := x.exprs[a.in]; e != nil {
			length = e.ConstantLength()
		}
		if length == 0 || length > maxItems { // the one is no instance, the other was told
			return
		}
		total = min(total*max(length, 1), manyNodes)
	}
	if total > maxItems {
		x.at(f.key, ruleForeach, "split the step", "the matrix has %s combinations, over the limit of %d", atMost(total), maxItems)
	}
}

// perItem reports whether a guard is asked about each item of a foreach, because
// it names it, and not once about the step. A probe runs with the variables and
// in the folder of its step.
func (s *step) perItem(g *guard) bool {
	if s.foreach == nil {
		return false
	}
	if g.expr != nil && namesItem(plan.NewExpr(g.expr.Value)) || g.message != nil && templateNamesItem(g.message) {
		return true
	}
	if g.probe == nil {
		return false
	}
	if g.expect != nil && namesItem(plan.NewExpr(g.expect.Value)) {
		return true
	}
	texts := slices.Concat(s.envFiles, variableNodes(s.env), g.probe.args, []*node{s.workingDir, g.probe.profile, g.probe.region})
	return slices.ContainsFunc(texts, templateNamesItem)
}

func namesItem(e *plan.Expr) bool {
	return slices.ContainsFunc(e.Refs(), func(r plan.Ref) bool { return r.Root == "item" || r.Root == "index" })
}

// templateNamesItem reports whether an expression in a text names the item.
func templateNamesItem(n *node) bool {
	if n == nil {
		return false
	}
	pieces, _ := plan.SplitTemplate(n.Value)
	return slices.ContainsFunc(pieces, func(p plan.Piece) bool { return p.IsExpr && namesItem(plan.NewExpr(p.Text)) })
}
