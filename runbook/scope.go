package runbook

import (
	"fmt"
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// scopes knows what the names in a file's expressions stand for, and checks the
// expressions. A file that is included in several ways has several: what one
// gives it for a param may be a secret, and what another gives not.
type scopes struct {
	*checker
	doc    *document
	opaque map[string]bool // params that hold a secret
	byID   map[string]*step
	base   plan.Names // params, secrets and run

	current  *step // whose expressions are being checked; nil: those of the file
	undoing  bool  // in its rollback
	results  map[*step]map[string]plan.Type
	items    map[*step]plan.Type
	children map[*step]*scopes
	busy     map[*step]bool
}

// A reference is a step's mention of another.
type reference struct {
	to             int  // index in document.steps
	needs          bool // it must have succeeded; else only ended
	node           *node
	offset, length int // in the node's text
}

func newScopes(c *checker, d *document, opaque map[string]bool) *scopes {
	x := &scopes{checker: c, doc: d, opaque: opaque,
		byID: make(map[string]*step, len(d.steps)), results: map[*step]map[string]plan.Type{}, items: map[*step]plan.Type{},
		children: map[*step]*scopes{}, busy: map[*step]bool{}}
	for _, s := range d.written() {
		if s.id != nil && x.byID[s.id.Value] == nil {
			x.byID[s.id.Value] = s
		}
	}
	x.base.Step, x.base.StepIDs = x.stepNames, x.stepIDs
	x.base.Params = make(map[string]plan.Type, len(d.params))
	for _, p := range d.params {
		t := fragmentType(p.node)
		if opaque[p.key.Value] {
			t = plan.Opaque
		}
		x.base.Params[p.key.Value] = t
	}
	x.base.Secrets = make(map[string]bool, len(d.secrets))
	for _, s := range d.secrets {
		x.base.Secrets[s.key.Value] = true
	}
	return x
}

// outside are the names of expressions that belong to no step.
func (x *scopes) outside(why string) *plan.Names {
	n := x.base
	n.Step = func(id string) (plan.StepNames, bool) { return plan.StepNames{Hidden: why}, x.byID[id] != nil }
	n.Why = map[string]string{"item": "item is known only in a step with foreach", "index": "index is known only in a step with foreach"}
	return &n
}

// names are those of the step whose expressions are being checked.
func (x *scopes) names() plan.Names {
	n := x.base
	switch {
	case x.current == nil:
	case x.undoing || x.current.phase == "finally":
		n.Failure = plan.MaybeFailure
	case x.current.phase == "on_failure":
		n.Failure = plan.HasFailure
	}
	return n
}

// withItem is n where the step is done for several items.
func (x *scopes) withItem(n plan.Names) plan.Names {
	if x.current != nil && x.current.foreach != nil {
		item := x.itemType(x.current)
		n.Item = &item
	}
	return n
}

func (x *scopes) stepIDs() []string {
	ids := make([]string, 0, len(x.byID))
	for _, s := range x.doc.written() {
		if s.id != nil && s != x.current {
			ids = append(ids, s.id.Value)
		}
	}
	return ids
}

func (x *scopes) stepNames(id string) (plan.StepNames, bool) {
	t := x.byID[id]
	if t == nil {
		return plan.StepNames{}, false
	}
	if why := x.hidden(t); why != "" {
		return plan.StepNames{Hidden: why}, true
	}
	n := plan.StepNames{Outputs: x.outputTypes(t), Absent: x.absent(t), Foreach: t.foreach != nil}
	if n.Foreach {
		n.Item, n.Gaps, n.Failing = x.itemType(t), x.gaps(t), x.failing(t)
	}
	return n, true
}

// hidden says why nothing of a step can be known where an expression is, or "".
func (x *scopes) hidden(t *step) string {
	s := x.current
	switch {
	case s == nil: // the outputs of a runbook
		if t.phase != "" {
			return fmt.Sprintf("it is in %s", t.phase)
		}
		return ""
	case t == s && x.undoing:
		return ""
	case t == s:
		return "it is this step itself"
	case t.phase == "" && (s.phase != "" || x.undoing):
		return ""
	case t.phase == s.phase && s.phase != "" && t.index < s.index, t.phase == "on_failure" && s.phase == "finally":
		return ""
	case t.phase == s.phase && s.phase != "":
		return fmt.Sprintf("it runs later, in line %d", t.node.Line)
	case t.phase != "":
		return fmt.Sprintf("it is in %s, which runs later", t.phase)
	case x.doc.strategyUnreadable:
		return ""
	case x.doc.order() == plan.Parallel:
		return "with the strategy parallel no step waits for another; use dependency_graph"
	case x.doc.order() == plan.Serial && t.index > s.index:
		return fmt.Sprintf("it runs later, in line %d; move it up, or use the strategy dependency_graph", t.node.Line)
	}
	return ""
}

// absent says why a step may have no outputs although what reads them runs.
func (x *scopes) absent(t *step) string {
	switch {
	case t.guards.wanted != nil && !t.perItem(t.guards.wanted):
		return "has if"
	case t.guards.done != nil && !t.perItem(t.guards.done):
		return "has unless"
	}
	return x.unfinished(t)
}

// unfinished says why a step, or an instance of it, may have started and not
// completed although what reads it runs.
func (x *scopes) unfinished(t *step) string {
	switch {
	case isTrue(t.continueOnErr):
		return "has continue_on_error"
	case x.undoing && x.succeeded(t):
		return ""
	case x.undoing, x.current != nil && x.current.phase != "":
		return "may not have completed"
	}
	return ""
}

// succeeded reports whether what is undone can only have started after t had
// succeeded, because it needs it.
func (x *scopes) succeeded(t *step) bool {
	seen := map[int]bool{}
	var needs func(s *step) bool
	needs = func(s *step) bool {
		to := slices.Clone(s.needs)
		for _, r := range s.references {
			if r.needs {
				to = append(to, r.to)
			}
		}
		for _, i := range to {
			if i < 0 || seen[i] {
				continue
			}
			seen[i] = true
			if x.doc.steps[i] == t || needs(x.doc.steps[i]) {
				return true
			}
		}
		return false
	}
	return needs(x.current)
}

// refer notes which steps an expression waits for.
func (x *scopes) refer(n *node, offset int, e *plan.Expr) {
	if x.current == nil || e == nil {
		return
	}
	for _, r := range e.Refs() {
		if r.Root != "steps" {
			continue
		}
		t := x.byID[r.Step]
		if t == nil || x.hidden(t) != "" {
			continue
		}
		if t.uses != nil && r.Field != "outputs" && r.Field != "" && !(r.Field == "each" && t.foreach != nil) {
			x.part(n, offset+r.Offset, r.Length, Diagnostic{Rule: ruleExpression,
				Message: fmt.Sprintf("%q includes a runbook, of which only its outputs can be read", r.Step),
				Help:    "add what is needed to the outputs of that runbook"})
			continue
		}
		if x.current.phase == "" && t.phase == "" && !x.undoing {
			x.current.references = append(x.current.references,
				reference{to: t.index, needs: r.Field == "outputs" || r.Field == "", node: n, offset: offset + r.Offset, length: r.Length})
		}
	}
}

// at checks something of another step and comes back.
func (x *scopes) visit(s *step, f func()) {
	current, undoing := x.current, x.undoing
	x.current, x.undoing = s, false
	f()
	x.current, x.undoing = current, undoing
}
