package run

import (
	"slices"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// secretNames stands in for secrets in a fingerprint.
func (m *Machine) secretNames() Hidden {
	return Hidden{
		Secret: plan.SecretNames,
		Outputs: func(n Node) func(string) (string, bool) {
			step, id := m.Step(n), m.StepID(n)
			if !hasSecretOutputs(step) {
				return nil
			}
			return func(name string) (string, bool) {
				if !slices.ContainsFunc(step.Outputs, func(o plan.Output) bool { return o.Secret && o.Name == name }) {
					return "", false
				}
				return plan.SecretNames(id + "." + name)
			}
		},
	}
}

// recordedPrint is the fingerprint of a node, where somebody may want to compare
// it one day.
func (m *Machine) recordedPrint(i int) event.Fingerprint {
	if !m.options.Durable {
		return nil
	}
	return m.fingerprint(i)
}

// fingerprint is what a node is now. It needs the values that the node names to
// be known, as they are when its turn has come.
func (m *Machine) fingerprint(i int) event.Fingerprint {
	n := &m.nodes[i]
	k, local := m.in(i)
	switch {
	case k.kind == gatesOf:
		with, _ := m.bind(scopeKey{int32(k.owner), local + 1}, m.secretNames())
		return plan.GroupFingerprint(nil, with, m.options.Key)
	case m.isLoop(i):
		return plan.GroupFingerprint(m.itemValues(i), m.withOf(i), m.options.Key)
	case m.isBody(i):
		with, _ := m.bind(scopeKey{owner: int32(i)}, m.secretNames())
		return plan.GroupFingerprint(nil, with, m.options.Key)
	}
	// Most steps have neither an item nor an expression, and need no scope to look
	// things up in.
	var scope *plan.Scope
	inv, err := n.step.Invocation(nil)
	if err != nil || n.step.Foreach != nil {
		scope = m.scopeOf(i, m.secretNames())
	}
	if err != nil {
		inv, err = n.step.Invocation(scope)
	}
	if err != nil {
		return plan.NoFingerprint(err, m.options.Key)
	}
	return n.step.Fingerprint(&inv, scope, m.options.Key)
}

// itemValues is the items of a foreach; nil where they cannot be told.
func (m *Machine) itemValues(i int) any {
	if b := m.nodes[i].inner; b != 0 {
		k := &m.blocks[b]
		values := make([]any, k.size)
		for local := range values {
			values[local] = m.nodes[k.first+local].job.item
		}
		return values
	}
	list, err := m.itemsOf(i)
	if err != nil {
		return err.Error()
	}
	values := make([]any, len(list))
	for k := range list {
		values[k] = list[k].Value
	}
	return values
}

// withOf is what the items of a foreach have in common: how they are made from
// an item, as it is written, and the values of what is named there.
func (m *Machine) withOf(i int) any {
	s := m.nodes[i].step
	written, exprs := []any{s.Command, s.Env, s.Stdin}, valuesOf(s)
	if s.Body != nil {
		written, exprs = []any{s.With}, nil
		for _, w := range s.With {
			exprs = append(exprs, w.Value.Exprs()...)
		}
	}
	scope := m.scopeOf(i, m.secretNames())
	for _, e := range exprs {
		for _, r := range e.Refs() {
			switch r.Root {
			case "params":
				written = append(written, named(scope.Params, r.Name))
			case "steps":
				if state, ok := scope.Step(r.Step); ok {
					written = append(written, state.Status, named(state.Outputs, r.Name))
				}
			}
		}
	}
	return written
}

// named is one of some values, or, without a name, all of them.
func named(values plan.Values, name string) any {
	if name == "" {
		return values
	}
	return values[name]
}
