package plan

import (
	"fmt"
	"time"
)

// DefaultGracePeriod is the time between TERM and KILL where a step says none.
const DefaultGracePeriod = 10 * time.Second

// An Invocation is a step with every value known: what one attempt does.
type Invocation struct {
	Program     string        // as in Command
	Args        []string      // without the program
	Env         []EnvVar      // declared variables; a later one of the same name wins
	BareEnv     bool          // nothing is inherited
	Dir         string        // absolute; empty: the engine's own
	Stdin       *string       // nil: /dev/null
	StdoutFile  string        // absolute; empty: none
	Timeout     time.Duration // 0: the engine's default
	GracePeriod time.Duration
	Script      *ScriptFile // checked right before the start
}

// An EnvVar is a variable with its value known.
type EnvVar struct{ Name, Value string }

// Invocation resolves every value of s.
func (s *Step) Invocation() (Invocation, error) {
	r := resolver{}
	inv := Invocation{
		Program:     s.Command.Program,
		BareEnv:     s.BareEnv,
		Dir:         r.text("working_dir", s.WorkingDir),
		Timeout:     r.duration("timeout", s.Timeout),
		GracePeriod: DefaultGracePeriod,
		Script:      s.Command.Script,
	}
	if !s.GracePeriod.IsZero() {
		inv.GracePeriod = r.duration("grace_period", s.GracePeriod)
	}
	inv.Args = r.args(s.Command)
	inv.Env = r.vars(inv.Env, s.Env)
	inv.Env = r.vars(inv.Env, s.Command.Env)
	if s.Stdin != nil {
		text := r.text("stdin", *s.Stdin)
		inv.Stdin = &text
	}
	if s.Stdout != nil {
		inv.StdoutFile = r.text("stdout", *s.Stdout)
	}
	return inv, r.err
}

// Delays are the durations of a retry with every value known.
type Delays struct{ Delay, MaxDelay, MaxElapsed time.Duration }

// Delays resolves the durations of r.
func (r *Retry) Delays() (Delays, error) {
	v := resolver{}
	d := Delays{
		Delay:      v.duration("retry.delay", r.Delay),
		MaxDelay:   v.duration("retry.max_delay", r.MaxDelay),
		MaxElapsed: v.duration("retry.max_elapsed", r.MaxElapsed),
	}
	return d, v.err
}

// resolver keeps the first error, so that resolving reads as a list of fields.
type resolver struct{ err error }

func (r *resolver) text(key string, v Value) string {
	s, err := v.Resolve()
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", key, err)
	}
	return s
}

func (r *resolver) duration(key string, v Value) time.Duration {
	s := r.text(key, v)
	if s == "" {
		return 0
	}
	d, err := ParseDuration(s)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", key, err)
	}
	return d
}

func (r *resolver) args(c Command) []string {
	args := make([]string, 0, len(c.Code)+len(c.Args))
	args = append(args, c.Code...)
	for i, a := range c.Args {
		text := r.text(fmt.Sprintf("argument %d", i+1), a.Value)
		if a.Flag != "" {
			if text == "" {
				continue
			}
			args = append(args, a.Flag)
		}
		args = append(args, text)
	}
	return args
}

func (r *resolver) vars(into []EnvVar, vars []Var) []EnvVar {
	for _, v := range vars {
		text := r.text("env."+v.Name, v.Value)
		if text == "" && v.OmitEmpty {
			continue
		}
		into = append(into, EnvVar{v.Name, text})
	}
	return into
}
