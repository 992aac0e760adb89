package executor_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func requests(words ...string) (rs []executor.Request) {
	for _, w := range words {
		rs = append(rs, childRequest(w))
	}
	return rs
}

func TestExecutePlan(t *testing.T) {
	graph := func(stop bool) executor.Strategy {
		return executor.DependencyGraph{Dependencies: map[int][]int{1: {0}, 2: {1}}, StopOnError: stop}
	}
	tests := []struct {
		name     string
		strategy executor.Strategy
		words    []string
		status   executor.Status
		want     string
	}{
		{"empty", nil, nil, executor.Completed, "[]"},
		{"all complete", nil, []string{"exit 0", "exit 0"}, executor.Completed, "[completed completed]"},
		{"stops by default", nil, []string{"exit 0", "exit 3", "exit 0"}, executor.Failed, "[completed failed skipped]"},
		{"serial goes on", executor.Serial{}, []string{"exit 2", "exit 0"}, executor.Failed, "[failed completed]"},
		{"parallel", executor.Parallel{MaxConcurrency: 2}, []string{"exit 0", "exit 1", "exit 0"}, executor.Failed, "[completed failed completed]"},
		{"needs", graph(false), []string{"exit 1", "exit 0", "exit 0", "exit 0"}, executor.Failed, "[failed skipped skipped completed]"},
	}
	e := newEngine(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := executor.Plan{Strategy: tt.strategy, Requests: requests(tt.words...), Metadata: executor.Metadata{"for": tt.name}}
			for i := range p.Requests {
				p.Requests[i].Metadata = executor.Metadata{"n": fmt.Sprint(i)}
			}
			id, err := e.ExecutePlan(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			err = e.Wait(t.Context(), id)
			var exit *executor.ExitError
			if failed := errors.As(err, &exit); failed != (tt.status == executor.Failed) {
				t.Errorf("Wait = %v", err)
			}
			r, err := e.PlanResult(id)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for i, x := range r.Results {
				got = append(got, x.Status.String())
				if one, err := e.Result(x.ID); err != nil || one.Status != x.Status {
					t.Errorf("result %d alone is %+v, %v", i, one, err)
				}
			}
			if r.Status != tt.status || fmt.Sprint(got) != tt.want || r.PlanID != id || r.Metadata["for"] != tt.name {
				t.Errorf("%v %v, want %v %s; %+v", r.Status, got, tt.status, tt.want, r)
			}
			if r.Stats.Total != len(tt.words) || r.Stats.Completed+r.Stats.Failed+r.Stats.Skipped != len(tt.words) {
				t.Errorf("stats = %+v", r.Stats)
			}
			if s, err := e.Status(id); s != tt.status || err != nil {
				t.Errorf("Status = %v, %v", s, err)
			}
		})
	}
}

func TestInvalidPlanStartsNothing(t *testing.T) {
	e := newEngine(t, nil)
	_, err := e.ExecutePlan(t.Context(), executor.Plan{Requests: []executor.Request{childRequest("exit 0"), {}}})
	var v *executor.ValidationError
	if !errors.As(err, &v) || len(e.List()) != 0 {
		t.Errorf("%v; %d executions", err, len(e.List()))
	}
}

func TestCompiledPlanAboveTheMaximumTimeout(t *testing.T) {
	e := newEngine(t, nil)
	p := serial(step("a", "", ""), step("b", "", ""))
	p.Steps[1].Timeout = plan.Text("25h")
	_, err := e.ExecuteCompiled(t.Context(), p, executor.RunOptions{})
	checkProblems(t, err, []string{`step "b": timeout 25h0m0s is above the maximum of 24h0m0s`})
}
