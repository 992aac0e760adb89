package executor

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Request is one command with its surroundings. The zero value of every field
// but Command is ready to use.
type Request struct {
	ID         uuid.UUID         // of the execution; zero: the engine makes one
	Command    Command           // required
	Env        map[string]string // on top of the engine's own environment; RUNBOOK_ names are the engine's
	WorkingDir string            // zero: the engine's own
	Timeout    time.Duration     // 0: Config.DefaultTimeout
	Metadata   Metadata          // yours: kept and given back, never looked at
}

// Metadata is what a program wants to find again with an execution or a plan.
type Metadata map[string]string

// A Plan is several requests and their order.
type Plan struct {
	ID          uuid.UUID // zero: the engine makes one
	Description string
	Strategy    Strategy // nil: Serial, stopping on error
	Requests    []Request
	Metadata    Metadata
}

type requestJSON struct {
	ID         uuid.UUID         `json:"id,omitzero"`
	Command    json.RawMessage   `json:"command"`
	Env        map[string]string `json:"env,omitempty"`
	WorkingDir string            `json:"working_dir,omitempty"`
	Timeout    event.Duration    `json:"timeout,omitempty"`
	Metadata   Metadata          `json:"metadata,omitempty"`
}

func (r Request) MarshalJSON() ([]byte, error) {
	command := json.RawMessage("null")
	if r.Command != nil {
		var err error
		if command, err = tagged(string(r.Command.kind()), r.Command); err != nil {
			return nil, err
		}
	}
	return json.Marshal(requestJSON{r.ID, command, r.Env, r.WorkingDir, event.Duration(r.Timeout), r.Metadata})
}

func (r *Request) UnmarshalJSON(b []byte) error {
	var j requestJSON
	if err := strictJSON(b, &j); err != nil {
		return err
	}
	var command Command
	if j.Command != nil {
		var err error
		if command, err = untagged("command", j.Command, commands); err != nil {
			return err
		}
	}
	*r = Request{j.ID, command, j.Env, j.WorkingDir, time.Duration(j.Timeout), j.Metadata}
	return nil
}

type planJSON struct {
	ID          uuid.UUID       `json:"id,omitzero"`
	Description string          `json:"description,omitempty"`
	Strategy    json.RawMessage `json:"strategy,omitempty"`
	Requests    []Request       `json:"requests"`
	Metadata    Metadata        `json:"metadata,omitempty"`
}

func (p Plan) MarshalJSON() ([]byte, error) {
	var strategy json.RawMessage
	if p.Strategy != nil {
		var err error
		if strategy, err = tagged(string(p.Strategy.name()), p.Strategy); err != nil {
			return nil, err
		}
	}
	return json.Marshal(planJSON{p.ID, p.Description, strategy, p.Requests, p.Metadata})
}

func (p *Plan) UnmarshalJSON(b []byte) error {
	var j planJSON
	if err := strictJSON(b, &j); err != nil {
		return err
	}
	var strategy Strategy
	if j.Strategy != nil {
		var err error
		if strategy, err = untagged("strategy", j.Strategy, strategies); err != nil {
			return err
		}
	}
	*p = Plan{j.ID, j.Description, strategy, j.Requests, j.Metadata}
	return nil
}

// compile turns p, which is valid, into the compiled plan, in which the
// requests' ids are the ids of its steps.
func (p Plan) compile() (*plan.Plan, error) {
	strategy := p.Strategy
	if strategy == nil {
		strategy = Serial{StopOnError: true}
	}
	c := &plan.Plan{
		Description: p.Description,
		Strategy:    strategy.name(),
		Steps:       make([]plan.Step, len(p.Requests)),
	}
	for i, r := range p.Requests {
		if err := r.compile(&c.Steps[i]); err != nil {
			return nil, err
		}
	}
	strategy.apply(c)
	return c, nil
}

func (r Request) compile(s *plan.Step) error {
	command, err := r.Command.compile()
	if err != nil {
		return err
	}
	s.ID = r.ID.String()
	s.Command = command
	s.Effect = plan.Write
	for _, name := range sortedKeys(r.Env) {
		s.Env = append(s.Env, plan.Var{Name: name, Value: plan.Text(r.Env[name])})
	}
	if r.WorkingDir != "" {
		dir, err := absolute(r.WorkingDir)
		if err != nil {
			return err
		}
		s.WorkingDir = plan.Text(dir)
	}
	if r.Timeout != 0 {
		s.Timeout = plan.Text(r.Timeout.String())
	}
	return nil
}
