package runbook

import (
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// maxItems is how many instances a foreach may have.
const maxItems = 10_000

// checkForeach: items that are written out differ and are not too many; a lock
// that all instances share lets only one of them work.
func checkForeach(c *checker, d *document) {
	for _, s := range d.written() {
		f := s.foreach
		if f == nil {
			continue
		}
		if f.in != nil {
			c.items(f.in, f.itemKey == nil)
			continue
		}
		for _, a := range f.matrix {
			c.items(a.in, true)
		}
		if isMapping(f.product) && len(f.product.Content) == 0 {
			c.at(f.key, ruleForeach, "give it a name with a list", "the matrix of \"foreach\" is empty")
		}
	}
}

func (c *checker) items(list *node, distinct bool) {
	if !isList(list) {
		return
	}
	if len(list.Content) > maxItems {
		c.at(list, ruleForeach, "split the step", "\"foreach\" has %d items, over the limit of %d", len(list.Content), maxItems)
		return
	}
	first := make(map[string]*node, len(list.Content))
	for _, item := range list.Content {
		if isNull(item) {
			c.at(item, ruleForeach, "remove it", "an item of \"foreach\" must not be null")
			continue
		}
		id, err := plan.ToText(dataOf(item))
		if err != nil || !distinct {
			continue
		}
		if earlier := first[id]; earlier != nil {
			c.at(item, ruleForeach, "remove one of them, or give each a key of its own with key", "the item is there twice, first in line %d, so two instances would have one id", earlier.Line)
			continue
		}
		first[id] = item
	}
}

// checkOutputs: an output has one definition, and a step with secret outputs can
// be run again on resume.
func checkOutputs(c *checker, d *document) {
	for _, s := range d.written() {
		var first *node
		for i, o := range s.outputs {
			if slices.ContainsFunc(s.outputs[:i], func(p *output) bool { return p.key.Value == o.key.Value }) {
				c.at(o.key, ruleOutput, "give one of them another name", "the output %q is given twice", o.key.Value)
			}
			if o.secret && first == nil {
				first = o.key
			}
		}
		if first != nil && s.stdout != nil {
			c.at(s.stdout, ruleSecret, "remove it, or make the secret_outputs outputs of a step of their own",
				"the step has secret_outputs, so what it prints is written to no file")
		}
		if first != nil && s.command.kind != "" && !isTrue(s.idempotent) && c.effect(s) != plan.Read {
			c.at(first, ruleSecret, "add effect: read or idempotent: true, if that is so",
				"the step has secret_outputs, which are not kept, so a resumed run runs it again; its effect is %s", c.effect(s))
		}
	}
}

// checkHandlers: handlers have nothing that lets them wait or be undone.
func checkHandlers(c *checker, d *document) {
	for _, s := range slices.Concat(d.onFailure, d.finally) {
		if s.approval != nil {
			c.at(s.approval, ruleHandler, "remove it", "\"approval\" has no meaning in %s, which must not wait", s.phase)
		}
		if s.rollback != nil {
			c.at(s.rollback.node, ruleHandler, "remove it", "\"rollback\" has no meaning in %s, which is not undone", s.phase)
		}
	}
}
