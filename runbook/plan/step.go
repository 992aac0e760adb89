package plan

import (
	"encoding/json"
	"errors"
	"slices"
)

// A Param is an input of a plan.
type Param struct {
	Name   string          `json:"name"`
	Schema json.RawMessage `json:"schema,omitempty"` // a JSON Schema, canonical
	Value  any             `json:"value,omitempty"`  // where Set
	Set    bool            `json:"set,omitempty"`    // a value is there, be it null
	Source string          `json:"source,omitempty"` // where the value came from, for people: "default", "-p", a file
}

func (p *Param) UnmarshalJSON(b []byte) error {
	type plain Param
	form := struct {
		*plain
		Value json.RawMessage `json:"value"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(b, &form); err != nil || form.Value == nil {
		return err
	}
	var err error
	p.Value, err = DecodeJSON(form.Value)
	return err
}

// A Secret is a value that is fetched before the first step starts, kept in
// memory only, and never computed with. One of Env, File and Exec says where
// from.
type Secret struct {
	Name  string  `json:"name"`
	Line  int     `json:"line,omitempty"`  // in the runbook's file, from 1; 0: made in Go
	Env   string  `json:"env,omitempty"`   // a variable of the engine's own environment
	File  Value   `json:"file,omitzero"`   // relative to the plan's Dir
	Exec  []Value `json:"exec,omitempty"`  // a program, which is literal, and its arguments
	Value *Expr   `json:"value,omitempty"` // picks the secret out of stdout; nil: all of it
}

// A Binding gives a param of an included runbook its value.
type Binding struct {
	Name   string `json:"name"`
	Value  Value  `json:"value"`
	Secret bool   `json:"secret,omitempty"` // a secret is, or is in, the value
}

// A Group is an included runbook whose steps are among the plan's own, with ids
// such as drain/stop. Their expressions see the Group's params, and each other
// by the ids of their own file.
type Group struct {
	ID       string    `json:"id"`                 // of the step that includes, as in the plan
	File     string    `json:"file,omitempty"`     // that Steps are written in, as it was found
	Line     int       `json:"line,omitempty"`     // of the step that includes, in its own file, from 1; 0: made in Go
	Parent   int       `json:"parent,omitempty"`   // the place in [Plan.Groups], from 1, of the runbook that includes; 0: the plan
	Dir      string    `json:"dir,omitempty"`      // absolute: the folder of its file
	Params   []Param   `json:"params,omitempty"`   // declared; Set: the default
	With     []Binding `json:"with,omitempty"`     // evaluated with the names of Parent
	If       *Guard    `json:"if,omitempty"`       // asked once, with the names of Parent; no: all Steps are skipped as not wanted
	Require  []Guard   `json:"require,omitempty"`  // asked once before the first of Steps, with the names of the Group
	Approval *Value    `json:"approval,omitempty"` // asked once before the first of Steps, with the names of Parent
	Lock     *Lock     `json:"lock,omitempty"`     // held from before the first of Steps to after the last, with the names of Parent
	Outputs  []Output  `json:"outputs,omitempty"`  // what the including file can read of it
	Steps    []int     `json:"steps"`              // indexes into [Plan.Steps]
}

// A Guard is a question asked before a step: an expression or a probe.
type Guard struct {
	Expr    *Expr  `json:"expr,omitempty"`
	Probe   *Probe `json:"probe,omitempty"`
	Message Value  `json:"message,omitzero"` // of a require: what is told when the answer is no
}

// A Probe is a command that only reads. It runs with the env and working_dir of
// its step; that it ends with 0, and Expect holds, means yes.
type Probe struct {
	Command Command `json:"command"`
	Expect  *Expr   `json:"expect,omitempty"`
}

// A Lock keeps runs from doing something at the same time.
type Lock struct {
	Name Value `json:"name"`
	Wait Value `json:"wait,omitzero"` // a duration; empty: not at all
}

// A Foreach makes one instance of a step for each item of In, of Items, or of
// the product of Matrix. Where neither In nor Matrix is there it is Items, even
// if empty.
type Foreach struct {
	In             *Expr  `json:"in,omitempty"`
	Items          List   `json:"items,omitempty"`
	Matrix         []Axis `json:"matrix,omitempty"`
	Key            *Expr  `json:"key,omitempty"`             // nil: the item itself
	MaxConcurrency int    `json:"max_concurrency,omitempty"` // most instances at once; 0: no limit of its own
	MaxFailures    int    `json:"max_failures,omitempty"`    // this many are tolerated; the next stops the rest
}

// An Axis is one dimension of a matrix: In or Items.
type Axis struct {
	Name  string `json:"name"`
	In    *Expr  `json:"in,omitempty"`
	Items List   `json:"items,omitempty"`
}

// An Output is a value that later steps can read.
type Output struct {
	Name   string `json:"name"`
	Expr   *Expr  `json:"expr,omitempty"`   // nil: what the step writes to $RUNBOOK_STEP_OUTPUT
	Secret bool   `json:"secret,omitempty"` // kept in memory only, never computed with

	// Nullable says that whoever reads the output knows that it may be null. A
	// null in another fails what puts it out.
	Nullable bool `json:"nullable,omitempty"`
}

// Eval is the value of an output that is an expression.
func (o *Output) Eval(s *Scope) (any, error) {
	v, err := o.Expr.Eval(s)
	if err == nil && v == nil && !o.Nullable {
		return nil, errNullOutput
	}
	return v, err
}

var errNullOutput = errors.New("its value is null; where it may be, say so with ?? nil, or give another value with ??")

// Group returns the group a step belongs to, or nil.
func (p *Plan) Group(s *Step) *Group {
	if s.Group == 0 {
		return nil
	}
	return &p.Groups[s.Group-1]
}

// Param returns the value of a param and whether it has one.
func (p *Plan) Param(name string) (any, bool) {
	i := slices.IndexFunc(p.Params, func(q Param) bool { return q.Name == name })
	if i < 0 || !p.Params[i].Set {
		return nil, false
	}
	return p.Params[i].Value, true
}

// ParamValues returns the params that have a value, for a [Scope].
func (p *Plan) ParamValues() Values {
	v := make(Values, len(p.Params))
	for _, q := range p.Params {
		if q.Set {
			v[q.Name] = q.Value
		}
	}
	return v
}
