package plan

import (
	"fmt"
	"path/filepath"
	"time"
)

// DefaultGracePeriod is the time between TERM and KILL where a step says none.
const DefaultGracePeriod = 10 * time.Second

// An Invocation is a step with every value known: what one attempt does.
type Invocation struct {
	Program     string        // as in Command
	Args        []string      // without the program
	Lead        int           // how many words, the program and arguments, come before what the runbook says: a shell or interpreter and its options
	SecretArgs  []bool        // for each of Args whether a secret is in it; nil: in none
	Env         []EnvVar      // declared variables; a later one of the same name wins
	EnvFiles    []string      // absolute; their variables come before Env
	BareEnv     bool          // nothing is inherited
	Dir         string        // absolute; empty: the engine's own
	Stdin       *string       // nil: /dev/null
	SecretStdin bool          // a secret is in Stdin
	StdoutFile  string        // absolute; empty: none
	Timeout     time.Duration // 0: the engine's default
	GracePeriod time.Duration
	Script      *ScriptFile // checked right before the start
}

// An EnvVar is a variable with its value known.
type EnvVar struct {
	Name, Value string
	Secret      bool // a secret is in Value
}

// Invocation resolves every value of s in a scope; a nil scope is enough for a
// step without expressions.
func (s *Step) Invocation(scope *Scope) (Invocation, error) {
	r := resolver{scope: scope, dir: s.Dir}
	inv := r.invocation(s, s.Command)
	return inv, r.first()
}

// ProbeInvocation is what a probe of s does: its command with the variables and
// the working_dir of s.
func (s *Step) ProbeInvocation(p *Probe, scope *Scope) (Invocation, error) {
	probe := *s
	probe.Stdin, probe.Stdout, probe.Timeout, probe.GracePeriod = nil, nil, Value{}, Value{}
	r := resolver{scope: scope, dir: s.Dir}
	inv := r.invocation(&probe, p.Command)
	return inv, r.first()
}

func (r *resolver) invocation(s *Step, c Command) Invocation {
	inv := Invocation{
		Program:     c.Program,
		BareEnv:     s.BareEnv,
		Dir:         r.path("working_dir", s.WorkingDir),
		Timeout:     r.duration("timeout", s.Timeout),
		GracePeriod: DefaultGracePeriod,
		Script:      c.Script,
	}
	if !s.GracePeriod.IsZero() {
		inv.GracePeriod = r.duration("grace_period", s.GracePeriod)
	}
	inv.Args, inv.SecretArgs = r.args(c)
	inv.Lead = lead(c, inv.Args)
	for _, f := range s.EnvFiles {
		inv.EnvFiles = append(inv.EnvFiles, r.path("env_files", f))
	}
	inv.Env = r.vars(inv.Env, s.Env)
	inv.Env = r.vars(inv.Env, c.Env)
	if s.Stdin != nil {
		text := r.value("stdin", *s.Stdin)
		inv.Stdin, inv.SecretStdin = &text.Text, text.Secret
	}
	if s.Stdout != nil {
		n := len(r.errs)
		inv.StdoutFile = r.path("stdout", *s.Stdout)
		if len(r.errs) == n && inv.StdoutFile == "" && (r.known == nil || s.Stdout.Known(r.known)) {
			r.fail("stdout", fmt.Errorf("the value of %s is empty, and a file has a name", *s.Stdout))
		}
	}
	return inv
}

// Delays are the durations of a retry with every value known.
type Delays struct{ Delay, MaxDelay, MaxElapsed time.Duration }

// Delays resolves the durations of r in a scope; a nil scope is enough for known
// text.
func (r *Retry) Delays(scope *Scope) (Delays, error) {
	v := resolver{scope: scope}
	d := Delays{
		Delay:      v.duration("retry.delay", r.Delay),
		MaxDelay:   v.duration("retry.max_delay", r.MaxDelay),
		MaxElapsed: v.duration("retry.max_elapsed", r.MaxElapsed),
	}
	return d, v.first()
}

// Duration resolves a value that is a duration, such as the wait of a lock; 0
// for empty text.
func (v Value) Duration(key string, scope *Scope) (time.Duration, error) {
	r := resolver{scope: scope}
	d := r.duration(key, v)
	return d, r.first()
}

// path makes a relative path one from the folder of the step's file.
func (r *resolver) path(key string, v Value) string {
	p := r.text(key, v)
	if p == "" || filepath.IsAbs(p) || r.dir == "" {
		return p
	}
	return filepath.Join(r.dir, p)
}
