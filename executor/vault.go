package executor

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/executor/mask"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A vault holds the secrets of a run, in memory only, and hides them in all that
// is written or said.
type vault struct {
	mu      sync.Mutex
	secrets map[string]string            // by name
	outputs map[string]map[string]string // secret outputs: by step id, by name
	masker  *mask.Masker                 // nil: there is nothing to hide
}

// fill puts the runbook's secrets in.
func (v *vault) fill(secrets map[string]string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secrets = secrets
	var list []mask.Secret
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		list = append(list, mask.Secret{Name: name, Value: secrets[name]})
	}
	var err error
	v.masker, err = mask.New(list)
	return err
}

// keep puts the secret outputs of a step in; text printed from now on has them
// hidden.
func (v *vault) keep(stepID string, outputs map[string]string) error {
	if len(outputs) == 0 {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []mask.Secret
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		list = append(list, mask.Secret{Name: stepID + ".outputs." + name, Value: outputs[name]})
	}
	masker, err := v.masker.With(list...)
	if err != nil {
		return err
	}
	if v.outputs == nil {
		v.outputs = map[string]map[string]string{}
	}
	v.masker, v.outputs[stepID] = masker, outputs
	return nil
}

func (v *vault) current() *mask.Masker {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.masker
}

func (v *vault) secret(name string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	text, ok := v.secrets[name]
	return text, ok
}

// output is how the secret outputs of a step are looked up; nil: it has none.
func (v *vault) output(stepID string) func(name string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	outputs := v.outputs[stepID]
	if outputs == nil {
		return nil
	}
	return lookup(outputs)
}

// hide takes every secret out of what an event says.
func (v *vault) hide(e *event.Event) {
	m := v.current()
	if m == nil {
		return
	}
	for i := range e.Command {
		e.Command[i] = m.String(e.Command[i])
	}
	e.Name, e.Holder = m.String(e.Name), m.String(e.Holder)
	e.Error, e.Message = m.String(e.Error), m.String(e.Message)
	if e.Result != nil {
		hidden := *e.Result
		hidden.Error = m.String(hidden.Error)
		e.Result = &hidden
	}
	if e.Type == event.Skipped { // they are given from outside
		e.Outputs = withoutSecrets(m, e.Outputs)
	}
}

// withoutSecrets is outputs without those that hold a secret. A run that is given
// such a thing does not begin, and all the same says what it would have left out.
func withoutSecrets(m *mask.Masker, outputs event.Values) event.Values {
	if len(outputs) == 0 {
		return outputs
	}
	outputs = maps.Clone(outputs)
	maps.DeleteFunc(outputs, func(_ string, v any) bool { _, found := findIn(m, v); return found })
	return outputs
}

// findIn returns the name of a secret in a value, and whether there is one.
func findIn(m *mask.Masker, v any) (name string, found bool) {
	if m == nil {
		return "", false
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", false // what cannot be written down is no output
	}
	return m.Find(string(text))
}

// scope is what the expressions of a step can see, secrets included. It may be
// used beside the loop.
func (r *liveRun) scope(n run.Node) *plan.Scope {
	return r.scopeOf(func(h run.Hidden) *plan.Scope { return r.machine.ScopeWith(n, h) })
}

// hidden is the secrets, for the machine to look them up in while its lock is held.
func (r *liveRun) hidden() run.Hidden {
	return run.Hidden{
		Secret:  r.vault.secret,
		Outputs: func(n run.Node) func(string) (string, bool) { return r.vault.output(r.machine.StepID(n)) },
	}
}

// scopeOf completes a scope of the machine, which it is asked for under its lock.
func (r *liveRun) scopeOf(ask func(run.Hidden) *plan.Scope) *plan.Scope {
	r.mu.Lock()
	s := *ask(r.hidden())
	r.mu.Unlock()
	if steps := s.Step; steps != nil {
		s.Step = func(id string) (plan.StepState, bool) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return steps(id)
		}
	}
	if s.Run.Failure != nil {
		failure := *s.Run.Failure
		failure.LogTail = r.logTail()
		s.Run.Failure = &failure
	}
	return &s
}
