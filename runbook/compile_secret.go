package runbook

import "github.com/cloudops-run/runbook/runbook/plan"

// holdsSecret reports whether the value of an expression is a secret, or holds
// one.
func (k *compiler) holdsSecret(e *plan.Expr) bool {
	for _, r := range e.Refs() {
		switch {
		case r.Root == "secrets", r.Root == "params" && k.opaque[r.Name]:
			return true
		case r.Root != "steps" || r.Name == "":
			continue
		}
		for _, s := range k.doc.steps {
			if s.id != nil && s.id.Value == r.Step && s.secretOutput(r.Name) {
				return true
			}
		}
	}
	return false
}

// secretParams are the params that are given a secret.
func secretParams(with []plan.Binding) map[string]bool {
	var names map[string]bool
	for _, w := range with {
		if w.Secret {
			if names == nil {
				names = map[string]bool{}
			}
			names[w.Name] = true
		}
	}
	return names
}
