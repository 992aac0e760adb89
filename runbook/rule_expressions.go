package runbook

import (
	"fmt"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// checkExpressions: every expression reads only what is there, at its time, and
// gives what its place takes. It fills in the references of every step, and what
// texts and expressions compile to.
func checkExpressions(c *checker, d *document) {
	if !c.isIncluded() {
		newScopes(c, d, nil).check()
	}
}

// check checks every expression of the file.
func (x *scopes) check() {
	d := x.doc
	x.checked = true
	n := x.outside("this is for every step, so it can name none; give the step that needs it a key of its own")
	x.templates(n, secretsPass, variableNodes(d.env)...)
	x.templates(n, noSecrets, d.envFiles...)
	x.durations(n, d.defaults.timeout)
	x.durations(n, d.defaults.gracePeriod)
	x.templates(n, noSecrets, d.defaults.workingDir)
	x.templates(n, secretsPass, variableNodes(d.defaults.env)...)
	x.templates(n, noSecrets, d.defaults.awsProfile)
	x.templates(n, noSecrets, d.defaults.awsRegion)
	x.retry(d.defaults.retry, n)
	before := x.outside("no step has run yet")
	x.lock(d.lock, before)
	x.requirements(d.preface.require, before)
	x.sources(d.secrets)
	for _, s := range d.written() {
		x.step(s)
	}
	x.fileOutputs()
}

func variableNodes(v variables) []*node {
	if len(v.list) == 0 {
		return nil
	}
	nodes := make([]*node, len(v.list))
	for i := range v.list {
		nodes[i] = v.list[i].value
	}
	return nodes
}

// templates checks texts of one kind; where a file has no expressions at all
// there is nothing to look at.
func (x *scopes) templates(names *plan.Names, secrets secretUse, nodes ...*node) {
	if len(x.holes) == 0 {
		return
	}
	for _, n := range nodes {
		x.template(n, use{names: names, want: plan.WantText, secrets: secrets})
	}
}

// durations checks texts that become a duration: a number has no unit.
func (x *scopes) durations(names *plan.Names, n *node) {
	x.template(n, use{names: names, want: plan.WantType(plan.String)})
}

// sources checks where secrets come from.
func (x *scopes) sources(secrets []*secret) {
	if len(secrets) == 0 {
		return
	}
	n := x.outside("secrets are fetched before the first step")
	judging := *n
	judging.Attempt = &plan.AttemptNames{}
	for _, s := range secrets {
		x.templates(n, noSecrets, s.file)
		if s.command != nil {
			x.templates(n, noSecrets, s.command.args...)
		}
		x.bare(s.value, use{key: "value", names: &judging, want: plan.WantText})
	}
}

func (x *scopes) step(s *step) {
	if !x.hasExpressions(s) {
		return
	}
	x.current = s
	defer func() { x.current = nil }()
	n := x.withItem(x.names())
	x.stepValues(s, &n)
	x.guard(s.guards.wanted, &n)
	x.guard(s.guards.done, &n)
	x.requirements(s.require, &n)
	x.lock(s.lock, &n)
	if s.approval != nil {
		group := x.names()
		group.Why = map[string]string{"item": "the approval is asked once for all items", "index": "the approval is asked once for all items"}
		x.templates(&group, noSecrets, s.approval)
	}
	if s.foreach != nil {
		x.bare(s.foreach.itemKey, use{key: "key", names: &n, want: plan.WantKey})
		x.differentKeys(s.foreach)
	}
	if s.uses != nil {
		x.child(s)
		return
	}
	x.attempt(s, n)
	if r := s.rollback; r != nil {
		x.undoing = true
		undo := x.withItem(x.names())
		x.stepValues(r, &undo)
		x.guard(r.guards.wanted, &undo)
		x.attempt(r, undo)
		x.undoing = false
	}
}

// hasExpressions reports whether a step has anything to check here.
func (x *scopes) hasExpressions(s *step) bool {
	return len(x.holes) > 0 || s.uses != nil || s.foreach != nil || s.rollback != nil || s.expect != nil ||
		len(s.outputs) > 0 || s.guards != guards{} || len(s.require) > 0 || s.retry != nil && s.retry.when != nil
}

// stepValues checks the texts that a step is started with.
func (x *scopes) stepValues(s *step, n *plan.Names) {
	if len(x.holes) == 0 {
		return
	}
	for _, v := range s.env.list {
		x.template(v.value, use{names: n, want: plan.WantText, secrets: secretsPass})
	}
	x.templates(n, noSecrets, s.envFiles...)
	x.templates(n, noSecrets, s.workingDir)
	x.templates(n, secretsPass, s.stdin)
	x.templates(n, noSecrets, s.stdout)
	x.durations(n, s.timeout)
	x.durations(n, s.gracePeriod)
	x.command(&s.command, n)
}

func (x *scopes) command(cmd *command, n *plan.Names) {
	for i, a := range cmd.args {
		if x.isDynamic(a) {
			x.template(a, use{key: fmt.Sprintf("argument %d", i+1), names: n, want: plan.WantWords, secrets: secretsShow})
		}
	}
	x.templates(n, noSecrets, cmd.profile)
	x.templates(n, noSecrets, cmd.region)
}

// attempt checks what judges an attempt.
func (x *scopes) attempt(s *step, n plan.Names) {
	var outputs map[string]plan.Type
	if s.of == nil {
		outputs = x.outputTypes(s)
	}
	judging := n
	judging.Attempt = &plan.AttemptNames{Outputs: outputs, Status: true}
	if judging.Attempt.Outputs == nil {
		judging.Attempt.Outputs = map[string]plan.Type{}
	}
	x.bare(s.expect, use{key: "expect", names: &judging, want: plan.WantBool})
	if s.retry == nil {
		return
	}
	x.retry(s.retry, &n)
	x.worthAnother(s.retry.when, judging)
}

// worthAnother checks the if of a retry. An attempt that did not end with a
// success code has null outputs, and one that was killed has no exit code.
// Comparing these for equality is what everybody
// means by it; anything else would fail only then.
func (x *scopes) worthAnother(when *node, n plan.Names) {
	e := x.bare(when, use{key: "if", names: &n, want: plan.WantBool})
	if e == nil {
		return
	}
	failed := n
	failed.Attempt = &plan.AttemptNames{Outputs: map[string]plan.Type{}, Status: true, NoExit: "the attempt may have timed out, or been killed"}
	for name, t := range n.Attempt.Outputs {
		failed.Attempt.Outputs[name] = t.MaybeAbsent("the attempt may have ended with another exit code")
	}
	_, problems := plan.CheckExpr(e.Source(), failed, plan.WantBool)
	for _, p := range problems {
		before, after := e.Source()[:p.Offset], e.Source()[p.Offset+p.Length:]
		if !equality().MatchString(before + "\x00" + after) {
			x.problem(when, strings.Index(when.Value, e.Source()), p)
		}
	}
}

// equality is what stands around an operand, at the NUL, of == and !=, or before
// in: null equals nothing.
var equality = pattern("[=!]=\\s*\x00|\x00\\s*([=!]=|(not\\s+)?in\\b)")

func (x *scopes) retry(r *retry, n *plan.Names) {
	if r == nil {
		return
	}
	x.durations(n, r.delay)
	x.durations(n, r.maxDelay)
	x.durations(n, r.maxElap)
	if x.current == nil && r.when != nil {
		judging := *n
		judging.Attempt = &plan.AttemptNames{Status: true}
		judging.Why = map[string]string{"outputs": "a default is for every step, and not every step has the same outputs"}
		x.worthAnother(r.when, judging)
	}
}

func (x *scopes) lock(l *lock, n *plan.Names) {
	if l != nil {
		x.templates(n, noSecrets, l.name)
		x.durations(n, l.wait)
	}
}

func (x *scopes) requirements(list []*guard, n *plan.Names) {
	for _, g := range list {
		x.guard(g, n)
		x.templates(n, noSecrets, g.message)
	}
}

func (x *scopes) guard(g *guard, n *plan.Names) {
	if g == nil {
		return
	}
	key := "expect"
	if g.key != nil && isScalar(g.key) {
		key = g.key.Value
	}
	x.bare(g.expr, use{key: key, names: n, want: plan.WantBool})
	if g.probe != nil {
		x.command(g.probe, n)
		judging := *n
		judging.Attempt = &plan.AttemptNames{Status: true}
		x.bare(g.expect, use{key: "expect", names: &judging, want: plan.WantBool})
	}
}
