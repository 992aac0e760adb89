package executor

import (
	"encoding/json"
	"fmt"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A judgement is what expressions make of an attempt that has ended: its
// outputs, whether it counts as a success, and whether it may be tried again.
type judgement struct {
	run     *liveRun
	step    *plan.Step
	scope   *plan.Scope
	out     *Outcome
	outputs plan.Values
	secrets map[string]string // the secret ones among the outputs
}

// judge completes an outcome. path is the file of $RUNBOOK_STEP_OUTPUT, which is
// removed in any case.
func (r *liveRun) judge(a *job, out *Outcome, rec *recorder, path string) {
	var file map[string]string
	var fileErr error
	if !r.outputs.still() {
		file, fileErr = takeOutputFile(path, r.engine.readFile)
	}
	if !judged(a.step) {
		return
	}
	scope := *a.scope
	scope.Attempt = rec.attempt(out)
	j := &judgement{run: r, step: a.step, scope: &scope, out: out}
	if out.Ending == Exited && out.Reason == "" && a.step.Succeeds(out.ExitCode) {
		if j.succeeded(file, fileErr) {
			out.Outputs = event.Values(j.outputs)
			if err := r.vault.keep(a.id, j.secrets); err != nil {
				j.fail(event.ReasonOutput, err.Error())
			}
			return
		}
	}
	j.retryIf()
}

// succeeded evaluates what an attempt with a good exit code puts out, and
// whether that is as expected.
func (j *judgement) succeeded(file map[string]string, fileErr error) bool {
	err := fileErr
	if err == nil {
		err = j.evaluateOutputs(file)
	}
	if err != nil {
		j.fail(event.ReasonOutput, err.Error())
		return false
	}
	return j.expect()
}

func (j *judgement) fail(reason event.Reason, message string) {
	j.out.Reason, j.out.Error = reason, message
}

// evaluateOutputs gives every declared output its value.
func (j *judgement) evaluateOutputs(file map[string]string) error {
	j.outputs, j.secrets = plan.Values{}, map[string]string{}
	size := 0
	for i := range j.step.Outputs {
		o := &j.step.Outputs[i]
		v, err := j.output(o, file)
		if err != nil {
			return fmt.Errorf("output %q: %w", o.Name, err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("output %q: %w", o.Name, err)
		}
		if size += len(text); size > maxOutputs {
			return fmt.Errorf("output %q: the outputs of the step are over the limit of %d bytes together; write to a file and pass its name", o.Name, maxOutputs)
		}
		if o.Secret {
			if err := j.keepSecret(o.Name, v); err != nil {
				return err
			}
			continue
		}
		if name, found := j.run.vault.current().Find(string(text)); found {
			return fmt.Errorf("output %q holds the secret %q; declare it under secret_outputs", o.Name, name)
		}
		j.outputs[o.Name] = v
	}
	for name := range file {
		if !j.declares(name) {
			j.out.Warnings = append(j.out.Warnings, fmt.Sprintf("it wrote %q to $RUNBOOK_STEP_OUTPUT, which its outputs do not name", name))
		}
	}
	j.scope.Attempt.Outputs = j.outputs
	j.scope.Attempt.Secret = lookup(j.secrets)
	return nil
}

func (j *judgement) output(o *plan.Output, file map[string]string) (any, error) {
	if o.Expr != nil {
		return o.Eval(j.scope)
	}
	v, ok := file[o.Name]
	if !ok {
		return nil, fmt.Errorf("the step wrote no line %s=… to the file $RUNBOOK_STEP_OUTPUT", o.Name)
	}
	return v, nil
}

func (j *judgement) declares(name string) bool {
	for i := range j.step.Outputs {
		if j.step.Outputs[i].Name == name && j.step.Outputs[i].Expr == nil {
			return true
		}
	}
	return false
}

// keepSecret keeps a secret output, and from now on masks it.
func (j *judgement) keepSecret(name string, v any) error {
	text, err := plan.ToText(v)
	if err != nil {
		return fmt.Errorf("output %q: %w", name, err)
	}
	if len(text) < minSecret {
		return fmt.Errorf("secret output %q has %d bytes; one of under %d cannot be masked without masking other text too", name, len(text), minSecret)
	}
	j.secrets[name] = text
	return nil
}

func (j *judgement) expect() bool {
	if j.step.Expect == nil {
		return true
	}
	yes, err := truth(j.step.Expect, j.scope)
	switch {
	case err != nil:
		j.fail(event.ReasonExpect, "expect: "+err.Error())
	case !yes:
		j.fail(event.ReasonExpect, fmt.Sprintf("expect does not hold: %s", j.step.Expect))
	}
	return yes && err == nil
}

// retryIf asks whether an attempt that ran and failed may be followed by another.
func (j *judgement) retryIf() {
	if j.step.Retry == nil || j.step.Retry.If == nil || j.out.Ending > TimedOut {
		return
	}
	again, err := truth(j.step.Retry.If, j.scope)
	if err != nil {
		j.out.Warnings = append(j.out.Warnings, "retry.if: "+err.Error()+"; not tried again")
	}
	j.out.RetryIf = &again
}

// truth evaluates a condition.
func truth(e *plan.Expr, s *plan.Scope) (bool, error) {
	v, err := e.Eval(s)
	if err != nil {
		return false, err
	}
	yes, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("the result is neither true nor false")
	}
	return yes, nil
}

func lookup(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// judged reports whether a step has anything that reads an attempt's output.
func judged(s *plan.Step) bool {
	return len(s.Outputs) > 0 || s.Expect != nil || s.Retry != nil && s.Retry.If != nil
}

// hidesStdout reports whether a step's standard output goes to no log and no
// handler, since a secret is taken from it.
func hidesStdout(s *plan.Step) bool {
	for i := range s.Outputs {
		if s.Outputs[i].Secret {
			return true
		}
	}
	return false
}
