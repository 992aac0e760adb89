package plan

import (
	"fmt"
	"maps"
	"slices"
)

// reference checks a mention of something from outside.
func (c *checker) reference(n *node) Type {
	r := n.ref
	switch r.Root {
	case "params":
		return c.field(n, c.names.Params, "param", "the runbook declares no params")
	case "secrets":
		return c.secretRef(n)
	case "steps":
		return c.step(n)
	case "run":
		return c.run(n)
	case "item", "index":
		if c.names.Item == nil {
			return c.outOfScope(n, "it is known only in a step with foreach")
		}
		if r.Root == "index" {
			return Integer
		}
		return *c.names.Item
	case "stdout", "stderr", "exit_code", "timed_out", "outputs":
		return c.attempt(n)
	}
	return c.unknownName(n)
}

// unknownName reports a name that stands for nothing, at its own place.
func (c *checker) unknownName(n *node) Type {
	name := n.ref.Root
	known := slices.Clone(roots)
	for _, v := range c.vars {
		known = append(known, v.name)
	}
	help := ""
	if near := nearest(name, known); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	switch _, isParam := c.names.Params[name]; {
	case isParam:
		help = fmt.Sprintf("did you mean params.%s?", name)
	case c.names.Secrets[name]:
		help = fmt.Sprintf("did you mean secrets.%s?", name)
	case function(name) != nil:
		help = fmt.Sprintf("%s is a function: %s", name, function(name).Signature)
	case name == "env":
		help = "variables are for processes; give the value as a param, with env: NAME in it"
	case name == "True" || name == "False" || name == "None" || name == "undefined":
		help = "write true, false or null"
	case help == "":
		help = fmt.Sprintf("text is written in quotes: %q", name)
	}
	return c.report(n.segs[0], help, "unknown name %q", name)
}

func (c *checker) outOfScope(n *node, why string) Type {
	if own := c.names.Why[n.ref.Root]; own != "" {
		why = own
	}
	return c.report(n.segs[0], "", "%s cannot be used here: %s", n.ref.Root, why)
}

// field checks a name in a set of names; all of them together are a map.
func (c *checker) field(n *node, types map[string]Type, what, none string) Type {
	name := n.ref.Name
	if name == "" {
		return Object(types, false)
	}
	if t, ok := types[name]; ok {
		return t
	}
	help := none
	if len(types) > 0 {
		help = didYouMean(name, slices.Collect(maps.Keys(types)))
	}
	return c.report(n.segs[len(n.segs)-1], help, "there is no %s %q", what, name)
}

func (c *checker) secretRef(n *node) Type {
	name := n.ref.Name
	if name == "" {
		return c.report(n.segs[0], "write secrets.NAME", "secrets cannot be used all at once")
	}
	if c.names.Secrets[name] {
		return Opaque
	}
	help := "the runbook declares no secrets"
	if len(c.names.Secrets) > 0 {
		help = didYouMean(name, slices.Collect(maps.Keys(c.names.Secrets)))
	}
	return c.report(n.segs[1], help, "there is no secret %q", name)
}

// What a status can be.
var (
	stepStatus = WordOf("pending", "running", "completed", "failed", "cancelled", "timeout", "skipped")
	runStatus  = WordOf("pending", "running", "completed", "failed", "cancelled", "timeout", "interrupted")
)

var stepFields = []string{"outputs", "status", "exit_code", "ran", "duration", "each"}

// step checks steps.ID.FIELD and steps.ID.outputs.NAME.
func (c *checker) step(n *node) Type {
	r := n.ref
	if r.Step == "" {
		return c.report(n.segs[0], "write steps.ID.outputs.NAME", "a step must be named")
	}
	var s StepNames
	ok := c.names.Step != nil
	if ok {
		s, ok = c.names.Step(r.Step)
	}
	if !ok {
		help := ""
		if c.names.StepIDs != nil {
			help = didYouMean(r.Step, c.names.StepIDs())
		}
		return c.report(n.segs[1], help, "there is no step %q", r.Step)
	}
	if s.Hidden != "" {
		return c.report(n.segs[1], "", "step %q cannot be referred to here: %s", r.Step, s.Hidden)
	}
	if r.Field == "" {
		return c.report(n.segs[1], fmt.Sprintf("write steps.%s.outputs.NAME, or one of its %s", r.Step, or(stepFields[1:])),
			"it must be said what of step %q is meant", r.Step)
	}
	absent := ""
	if s.Absent != "" {
		absent = fmt.Sprintf("step %q %s", r.Step, s.Absent)
	}
	gaps := ""
	if s.Gaps != "" {
		gaps = fmt.Sprintf("step %q %s", r.Step, s.Gaps)
	}
	switch r.Field {
	case "status":
		return stepStatus
	case "exit_code":
		return Integer.MaybeAbsent(absent)
	case "ran":
		return Bool
	case "duration":
		return Number
	case "each":
		if !s.Foreach {
			return c.report(n.segs[2], "", "step %q has no foreach, and so no each", r.Step)
		}
		if gaps == "" && s.Failing != "" {
			gaps = fmt.Sprintf("step %q %s", r.Step, s.Failing)
		}
		one := Object(map[string]Type{"item": s.Item, "status": stepStatus, "outputs": Object(s.Outputs, false).MaybeAbsent(gaps)}, false)
		one.instance = true
		return ListOf(one)
	case "outputs":
		return c.stepOutputs(n, s, absent, gaps)
	}
	at := n.segs[2]
	if _, ok := s.Outputs[r.Field]; ok {
		return c.report(at, fmt.Sprintf("did you mean steps.%s.outputs.%s?", r.Step, r.Field), "a step has no %q", r.Field)
	}
	return c.report(at, didYouMean(r.Field, stepFields), "a step has no %q", r.Field)
}

func (c *checker) stepOutputs(n *node, s StepNames, absent, gaps string) Type {
	types := s.Outputs
	if s.Foreach {
		types = make(map[string]Type, len(s.Outputs))
		for name, t := range s.Outputs {
			if gaps != "" {
				t.absent = gaps
			}
			types[name] = ListOf(t)
		}
	}
	t, known := types[n.ref.Name]
	if !known {
		t = c.field(n, types, fmt.Sprintf("output of step %q named", n.ref.Step), fmt.Sprintf("step %q declares no outputs", n.ref.Step))
	}
	if absent != "" {
		t.absent = absent
	}
	return t
}

var runFields = []string{"id", "name", "dir", "started_at", "status", "failure", "failed_steps"}

func (c *checker) run(n *node) Type {
	field := n.ref.Field
	if field == "" {
		return c.report(n.segs[0], "write run."+or(runFields[:4]), "it must be said what of run is meant")
	}
	at := n.segs[1]
	known := runFields
	switch field {
	case "id", "name", "dir", "started_at":
		return String
	case "status", "failed_steps", "failure":
		if c.names.Failure == NoFailure {
			why := "while steps run it is not decided; it is known in on_failure, finally and rollback"
			if own := c.names.Why["run."+field]; own != "" {
				why = own
			}
			return c.report(at, "", "run.%s cannot be used here: %s", field, why)
		}
		switch field {
		case "status":
			return runStatus
		case "failed_steps":
			return ListOf(String)
		}
		t := Object(map[string]Type{"step": String, "status": stepStatus, "error": String, "log_tail": String,
			"exit_code": Integer.MaybeAbsent("the step may not have exited")}, false)
		if c.names.Failure == MaybeFailure {
			t.absent = "the run may not have failed"
		}
		return t
	}
	return c.report(at, didYouMean(field, known), "run has no %q", field)
}

// attempt checks what is known only after an attempt.
func (c *checker) attempt(n *node) Type {
	a, root := c.names.Attempt, n.ref.Root
	switch {
	case a == nil:
		return c.outOfScope(n, "it is known only after an attempt: in outputs, expect and retry.if")
	case root == "stdout" || root == "stderr":
		return String
	case root == "outputs" && a.Outputs == nil:
		return c.outOfScope(n, "it is known only once all outputs are: in expect and retry.if")
	case root == "outputs":
		return c.field(n, a.Outputs, "output", "the step declares no outputs")
	case !a.Status:
		return c.outOfScope(n, "it is known only after an attempt: in outputs, expect and retry.if")
	case root == "timed_out":
		return Bool
	}
	return Integer.MaybeAbsent(a.NoExit)
}
