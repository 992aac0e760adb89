package executor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func TestSurvey(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	yes, no := &plan.Guard{Probe: &plan.Probe{Command: plan.Exec("true", nil)}}, &plan.Guard{Probe: &plan.Probe{Command: plan.Exec("false", nil)}}
	on := func(id string, change func(*plan.Step)) plan.Step {
		s := sh(id, "touch "+mark)
		change(&s)
		return s
	}
	p := &plan.Plan{
		Params: []plan.Param{{Name: "env", Value: "prod", Set: true}},
		Steps: []plan.Step{
			on("plain", func(s *plan.Step) { s.Outputs = []plan.Output{output("x", "stdout")} }),
			on("not_wanted", func(s *plan.Step) { s.If = &plan.Guard{Expr: expr(`params.env == "test"`)} }),
			on("done", func(s *plan.Step) { s.Unless = yes }),
			on("not_done", func(s *plan.Step) { s.Unless = no }),
			on("blocked", func(s *plan.Step) {
				s.Require = []plan.Guard{{Probe: no.Probe, Message: plan.Template(plan.Part{Text: "not in "}, plan.Part{Expr: expr("params.env")})}}
			}),
			on("behind", func(s *plan.Step) { s.Needs = []int{4} }),
			on("later", func(s *plan.Step) { s.If = &plan.Guard{Expr: expr(`steps.plain.outputs.x == "y"`)} }),
			on("decided", func(s *plan.Step) {
				s.If = &plan.Guard{Expr: expr(`params.env == "test" && steps.plain.outputs.x == "y"`)}
			}),
			on("no_answer", func(s *plan.Step) {
				s.Unless = &plan.Guard{Probe: &plan.Probe{Command: plan.Exec("no-such-program-here", nil)}}
			}),
			on("depends", func(s *plan.Step) {
				s.Unless = &plan.Guard{Probe: &plan.Probe{Command: plan.Exec("test", []plan.Value{plan.ExprValue(expr("steps.plain.outputs.x"))})}}
			}),
		},
	}
	e := newEngine(t, nil)
	survey, err := e.Survey(t.Context(), p, executor.RunOptions{})
	if err != nil || survey.Blocked != "" {
		t.Fatal(survey.Blocked, err)
	}
	want := []string{
		"plain will_run", "not_wanted not_wanted", "done already_done", "not_done will_run", "blocked blocked not in prod",
		`behind blocked step "blocked", which it needs, is blocked`, `later unknown until step "plain" has run`, "decided not_wanted",
		"no_answer blocked unless: the probe gave no answer", `depends unknown until step "plain" has run`,
	}
	for i, s := range survey.Steps {
		if got := strings.TrimSpace(fmt.Sprint(s.StepID, " ", s.Verdict, " ", s.Because, s.Message)); !strings.HasPrefix(got, want[i]) {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a step was run")
	}
	p.Require = []plan.Guard{{Probe: no.Probe, Message: plan.Text("log in first")}}
	if survey, _ := e.Survey(t.Context(), p, executor.RunOptions{}); survey.Blocked != "log in first" {
		t.Errorf("blocked: %q", survey.Blocked)
	}
}
