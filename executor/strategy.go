package executor

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Strategy is the order in which a plan's requests run: [Serial], [Parallel]
// or [DependencyGraph]. In JSON it is an object with its name as "type".
//
// StopOnError means that after a failure nothing new starts, while what runs
// goes on to its end. As usual in Go its zero value is false; in JSON an absent
// stop_on_error is true, as it is in a runbook.
type Strategy interface {
	name() plan.Strategy
	problems(requests int) []error
	apply(p *plan.Plan) // sets order and limits on a plan whose steps are there
}

// Serial runs the requests one after the other.
type Serial struct {
	StopOnError bool `json:"stop_on_error"`
}

// Parallel runs the requests without any order.
type Parallel struct {
	MaxConcurrency int  `json:"max_concurrency,omitempty"` // most at once; 0: no limit but the engine's
	StopOnError    bool `json:"stop_on_error"`
}

// DependencyGraph runs a request when all it depends on have completed.
type DependencyGraph struct {
	Dependencies   map[int][]int `json:"dependencies,omitempty"`    // by index into Requests: what each needs
	MaxConcurrency int           `json:"max_concurrency,omitempty"` // most at once; 0: no limit but the engine's
	StopOnError    bool          `json:"stop_on_error"`
}

func (Serial) name() plan.Strategy          { return plan.Serial }
func (Parallel) name() plan.Strategy        { return plan.Parallel }
func (DependencyGraph) name() plan.Strategy { return plan.DependencyGraph }

func (s Serial) apply(p *plan.Plan) {
	p.MaxConcurrency, p.StopOnError = 1, s.StopOnError
	for i := 1; i < len(p.Steps); i++ {
		p.Steps[i].After = []int{i - 1}
	}
}

func (s Parallel) apply(p *plan.Plan) {
	p.MaxConcurrency, p.StopOnError = s.MaxConcurrency, s.StopOnError
}

func (s DependencyGraph) apply(p *plan.Plan) {
	p.MaxConcurrency, p.StopOnError = s.MaxConcurrency, s.StopOnError
	for i, needs := range s.Dependencies {
		needs = slices.Clone(needs)
		slices.Sort(needs)
		p.Steps[i].Needs = slices.Compact(needs)
	}
}

func (Serial) problems(int) []error { return nil }

func (s Parallel) problems(int) []error { return checkConcurrency(s.MaxConcurrency) }

func (s DependencyGraph) problems(requests int) []error {
	return append(checkConcurrency(s.MaxConcurrency), checkDependencies(s.Dependencies, requests)...)
}

func checkConcurrency(n int) []error {
	if n < 0 {
		return []error{fmt.Errorf("max concurrency is %d, want 0 or more", n)}
	}
	return nil
}

var strategies = map[string]func([]byte) (Strategy, error){
	string(plan.Serial):          decodeAs[Serial, Strategy],
	string(plan.Parallel):        decodeAs[Parallel, Strategy],
	string(plan.DependencyGraph): decodeAs[DependencyGraph, Strategy],
}

// The decoders below start from stop_on_error: true. Types without the method
// keep them from calling themselves.
type (
	serialFields   Serial
	parallelFields Parallel
	graphFields    DependencyGraph
)

func (s *Serial) UnmarshalJSON(b []byte) error {
	f := serialFields{StopOnError: true}
	err := strictJSON(b, &f)
	*s = Serial(f)
	return err
}

func (s *Parallel) UnmarshalJSON(b []byte) error {
	f := parallelFields{StopOnError: true}
	err := strictJSON(b, &f)
	*s = Parallel(f)
	return err
}

func (s *DependencyGraph) UnmarshalJSON(b []byte) error {
	f := graphFields{StopOnError: true}
	err := strictJSON(b, &f)
	*s = DependencyGraph(f)
	return err
}

var _ json.Unmarshaler = (*Serial)(nil)
