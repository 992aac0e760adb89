package plan

import (
	"fmt"
	"time"
)

// lookup finds what a reference stands for.
func (m *machine) lookup(n *node) (any, error) {
	r := n.ref
	if m.known != nil && !m.known(*r) {
		m.because = append(m.because, *r)
		return unknown{}, nil
	}
	s := m.scope
	if s == nil {
		return nil, fmt.Errorf("%s is not known here", r)
	}
	switch r.Root {
	case "params":
		return named(s.Params, r)
	case "secrets":
		if s.Secrets != nil {
			if text, ok := s.Secrets(r.Name); ok && r.Name != "" {
				return SecretText{text}, nil
			}
		}
		return nil, fmt.Errorf("the secret %q is not known here", r.Name)
	case "steps":
		return s.step(r)
	case "run":
		return s.Run.field(r)
	case "item", "index":
		if !s.HasItem {
			return nil, fmt.Errorf("%s is known only inside of a foreach", r.Root)
		}
		if r.Root == "index" {
			return int64(s.Index), nil
		}
		return normal(s.Item)
	case "stdout", "stderr", "exit_code", "timed_out", "outputs":
		if s.Attempt == nil {
			return nil, fmt.Errorf("%s is known only after an attempt", r.Root)
		}
		return s.Attempt.field(r)
	}
	return nil, fmt.Errorf("there is no %q here", r.Root)
}

func named(values Values, r *Ref) (any, error) {
	if r.Name == "" {
		return map[string]any(values), nil
	}
	v, ok := values[r.Name]
	if !ok {
		return nil, fmt.Errorf("%s has no value", r)
	}
	return normal(v)
}

func (s *Scope) step(r *Ref) (any, error) {
	if s.Step == nil || r.Step == "" {
		return nil, fmt.Errorf("%s is not known here", r)
	}
	state, ok := s.Step(r.Step)
	if !ok {
		return nil, fmt.Errorf("there is no step %q", r.Step)
	}
	switch r.Field {
	case "status":
		return state.Status, nil
	case "exit_code":
		return exitCode(state.ExitCode, state.HasExit), nil
	case "ran":
		return state.Ran, nil
	case "duration":
		return seconds(state.Duration), nil
	case "outputs":
		if state.Secret != nil && r.Name != "" {
			if text, ok := state.Secret(r.Name); ok {
				return SecretText{text}, nil
			}
		}
		if list, ok := state.SecretLists[r.Name]; ok {
			return list, nil
		}
		if state.Outputs == nil {
			return nil, nil
		}
		if r.Name == "" {
			return map[string]any(state.Outputs), nil
		}
		return normal(state.Outputs[r.Name])
	case "each":
		if !state.Foreach {
			return nil, fmt.Errorf("step %q has no foreach, and so no each", r.Step)
		}
		return state.each(), nil
	}
	return nil, fmt.Errorf("a step has no %q", r.Field)
}

func (s *StepState) each() []any {
	list := make([]any, len(s.Each))
	for i, e := range s.Each {
		var outputs any
		if e.Outputs != nil {
			outputs = map[string]any(e.Outputs)
		}
		list[i] = map[string]any{"item": e.Item, "status": e.Status, "outputs": outputs}
	}
	return list
}

func exitCode(code int, has bool) any {
	if !has {
		return nil
	}
	return int64(code)
}

// seconds is a duration as expressions know it.
func seconds(d time.Duration) any { return number(d.Round(time.Millisecond).Seconds()) }

func (s *RunState) field(r *Ref) (any, error) {
	switch r.Field {
	case "id":
		return s.ID, nil
	case "name":
		return s.Name, nil
	case "dir":
		return s.Dir, nil
	case "started_at":
		return s.StartedAt.UTC().Format(time.RFC3339), nil
	case "status":
		return s.Status, nil
	case "failed_steps":
		list := make([]any, len(s.FailedSteps))
		for i, id := range s.FailedSteps {
			list[i] = id
		}
		return list, nil
	case "failure":
		f := s.Failure
		if f == nil {
			return nil, nil
		}
		return map[string]any{
			"step": f.Step, "status": f.Status, "exit_code": exitCode(f.ExitCode, f.HasExit),
			"error": f.Error, "log_tail": f.LogTail,
		}, nil
	}
	return nil, fmt.Errorf("run has no %q", r.Field)
}

func (a *Attempt) field(r *Ref) (any, error) {
	switch r.Root {
	case "stdout":
		return whole(a.Stdout, a.StdoutTruncated, r.Root)
	case "stderr":
		return whole(a.Stderr, a.StderrTruncated, r.Root)
	case "exit_code":
		return exitCode(a.ExitCode, a.HasExit), nil
	case "timed_out":
		return a.TimedOut, nil
	}
	if a.Secret != nil && r.Name != "" {
		if text, ok := a.Secret(r.Name); ok {
			return SecretText{text}, nil
		}
	}
	if a.Outputs == nil { // a failed attempt may have none; retry.if may ask all the same
		return nil, nil
	}
	if r.Name == "" {
		return map[string]any(a.Outputs), nil
	}
	return normal(a.Outputs[r.Name])
}

func whole(text string, truncated bool, name string) (any, error) {
	if truncated {
		return nil, fmt.Errorf("%s is longer than what is kept of it; write it to a file with stdout: and read that", name)
	}
	return text, nil
}
