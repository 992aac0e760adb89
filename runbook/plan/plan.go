// Package plan holds the compiled plan: what a checked runbook, or a plan made
// in Go, becomes before it is run. It is pure data: no YAML, no goroutines, no
// clock and no secret is in it, and it survives a round trip through JSON
// unchanged.
//
// The front end (package runbook) and the engine (package executor) do not know
// each other; they meet here.
//
// Expressions have the grammar of expr-lang/expr, whose parser reads them, and
// are checked and evaluated here, on a tree of our own: so that a mistake is
// told in the words of a runbook and at the word that is wrong; what is not
// known yet flows through conditions; secrets are opaque; numbers are exact; and
// an evaluation is stopped from inside of its loops and texts. See [CheckExpr],
// [Expr.Eval], [Expr.EvalTri] and [Functions].
package plan

import "fmt"

// A Plan is a graph of steps with every choice made that can be made before the
// first of them starts. It is not changed once built and may be read by several
// goroutines.
type Plan struct {
	Name           string            `json:"name,omitempty"`
	Description    string            `json:"description,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	File           string            `json:"file,omitempty"` // the runbook's path as it was given; "-" is standard input
	Dir            string            `json:"dir,omitempty"`  // absolute: the folder of the file; empty: made in Go
	Strategy       Strategy          `json:"strategy"`
	MaxConcurrency int               `json:"max_concurrency,omitempty"` // most steps at once; 0: no limit of the plan's own
	StopOnError    bool              `json:"stop_on_error"`             // after a failure nothing new starts
	Params         []Param           `json:"params,omitempty"`          // in file order
	Secrets        []Secret          `json:"secrets,omitempty"`         // in file order
	Lock           *Lock             `json:"lock,omitempty"`            // held for the whole run; nil: none
	Require        []Guard           `json:"require,omitempty"`         // asked before the first step
	Groups         []Group           `json:"groups,omitempty"`          // included runbooks whose steps are among Steps
	Outputs        []Output          `json:"outputs,omitempty"`         // of a plan that is a step's body
	Steps          []Step            `json:"steps"`                     // in file order, which breaks ties
	OnFailure      []Step            `json:"on_failure,omitempty"`      // run one by one after a failure that nothing tolerates
	Finally        []Step            `json:"finally,omitempty"`         // run one by one at the end, whatever came before
}

// Strategy names how the steps are ordered. It is kept for people: the engine
// looks only at the edges and at MaxConcurrency.
type Strategy string

const (
	Serial          Strategy = "serial"
	Parallel        Strategy = "parallel"
	DependencyGraph Strategy = "dependency_graph"
)

// A Step is one node of the graph.
//
// Its edges are indexes into [Plan.Steps], sorted and without duplicates. An
// index in Needs is not repeated in After. Handlers have neither: they run in
// file order.
type Step struct {
	ID          string            `json:"id"` // unique within the plan, handlers included
	Name        string            `json:"name,omitempty"`
	Description string            `json:"description,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Line        int               `json:"line,omitempty"` // in the runbook's file, from 1; 0: made in Go

	Needs []int `json:"needs,omitempty"` // must have completed, or been skipped as not wanted
	After []int `json:"after,omitempty"` // must have ended, however

	Dir   string `json:"dir,omitempty"`   // absolute: the folder of the file the step is written in; empty: the plan's
	Group int    `json:"group,omitempty"` // the place in [Plan.Groups], from 1, whose names its expressions see; 0: the plan's own

	If       *Guard    `json:"if,omitempty"`       // no: skipped as not wanted
	Unless   *Guard    `json:"unless,omitempty"`   // yes: skipped as already done
	Require  []Guard   `json:"require,omitempty"`  // no: fails with the message
	Approval *Value    `json:"approval,omitempty"` // the question; nil: none is asked
	Lock     *Lock     `json:"lock,omitempty"`     // held from before the attempts to after them; nil: none
	Foreach  *Foreach  `json:"foreach,omitempty"`  // nil: once
	Body     *Plan     `json:"body,omitempty"`     // what each instance of Foreach runs in place of Command
	With     []Binding `json:"with,omitempty"`     // the params of Body

	Command     Command `json:"command,omitzero"`
	Env         []Var   `json:"env,omitempty"`          // declared variables, sorted by name, one each
	EnvFiles    []Value `json:"env_files,omitempty"`    // files of variables that come before Env; relative to Dir
	BareEnv     bool    `json:"bare_env,omitempty"`     // inherit_env: false; only Env and the engine's own variables
	WorkingDir  Value   `json:"working_dir,omitzero"`   // relative to Dir; empty: the engine's own
	Stdin       *Value  `json:"stdin,omitempty"`        // nil: /dev/null
	Stdout      *Value  `json:"stdout,omitempty"`       // a file, relative to Dir, for the whole of standard output; nil: none
	Timeout     Value   `json:"timeout,omitzero"`       // a duration, per attempt; empty: the engine's default
	GracePeriod Value   `json:"grace_period,omitzero"`  // a duration between TERM and KILL; empty: DefaultGracePeriod
	Retry       *Retry  `json:"retry,omitempty"`        // nil: one attempt
	SuccessExit []int   `json:"success_exit,omitempty"` // exit codes that mean success; empty: 0 alone

	Outputs  []Output `json:"outputs,omitempty"`  // in file order
	Expect   *Expr    `json:"expect,omitempty"`   // false: the attempt failed; nil: the exit code decides
	Rollback *Step    `json:"rollback,omitempty"` // undoes the step; its ID is empty

	ContinueOnError bool   `json:"continue_on_error,omitempty"` // a failure of it counts as met needs
	Effect          Effect `json:"effect"`
	Idempotent      bool   `json:"idempotent,omitempty"`
}

// Succeeds reports whether an exit code means success.
func (s *Step) Succeeds(code int) bool {
	if len(s.SuccessExit) == 0 {
		return code == 0
	}
	for _, c := range s.SuccessExit {
		if c == code {
			return true
		}
	}
	return false
}

// A Var is one environment variable.
type Var struct {
	Name      string `json:"name"`
	Value     Value  `json:"value"`
	OmitEmpty bool   `json:"omit_empty,omitempty"` // leave the variable out where the value is empty
}

// Retry says how often and when a failed attempt is followed by another. An
// attempt that timed out is retried only if If says so.
type Retry struct {
	Times      int     `json:"times"`                // attempts after the first
	Delay      Value   `json:"delay,omitzero"`       // a duration before the second attempt; empty: none
	Backoff    Backoff `json:"backoff,omitempty"`    // how the delay grows; empty: constant
	MaxDelay   Value   `json:"max_delay,omitzero"`   // a duration no delay exceeds; empty: no bound
	MaxElapsed Value   `json:"max_elapsed,omitzero"` // no attempt starts later than this after the first did; empty: no bound
	Jitter     float64 `json:"jitter,omitempty"`     // 0 to 1: each delay is shortened by a random part of up to this
	If         *Expr   `json:"if,omitempty"`         // false: no further attempt; nil: unless the attempt timed out
}

// Backoff says how a retry's delay grows from attempt to attempt.
type Backoff string

const (
	Constant    Backoff = "constant"
	Exponential Backoff = "exponential" // doubles
)

// Effect says what a step does to the world, so that plan, resume and the
// durability of the journal can tell what is safe to do again.
type Effect string

const (
	Read    Effect = "read"
	Write   Effect = "write"
	Destroy Effect = "destroy"
)

// Handlers returns the steps of a phase, named as in event.Phase.
func (p *Plan) Phase(name string) []Step {
	switch name {
	case "":
		return p.Steps
	case "on_failure":
		return p.OnFailure
	case "finally":
		return p.Finally
	}
	panic(fmt.Sprintf("plan: no phase %q", name))
}
