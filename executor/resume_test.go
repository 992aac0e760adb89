package executor_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// keeping makes an engine that keeps its runs in dir.
func keeping(t *testing.T, dir string) *executor.Engine {
	t.Helper()
	return newEngine(t, func(c *executor.Config) { c.StateDir = dir })
}

// fold is how the steps of a kept run stand.
func fold(t *testing.T, dir string, id uuid.UUID) *state.Summary {
	t.Helper()
	folder, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := folder.Run(id)
	if err != nil {
		t.Fatal(err)
	}
	events, err := r.Events()
	if err != nil {
		t.Fatal(err)
	}
	return state.Summarize(events)
}

func TestResumeGoesOn(t *testing.T) {
	dir, trace := filepath.Join(t.TempDir(), "state"), filepath.Join(t.TempDir(), "trace")
	say := func(id, text string) plan.Step { return sh(id, "echo "+id+" >>"+trace+"; "+text) }
	a := say("a", "echo 42")
	a.Outputs = []plan.Output{output("n", "int(stdout)"), output("text", "stdout")}
	b := say("b", "test -e "+trace+".fixed")
	c := show("c", "steps.a.outputs.n", "run.id", "run.dir")
	p := serial(a, b, c)

	e := keeping(t, dir)
	r, by := apply(t, e, p, executor.RunOptions{})
	if r.Status != executor.Failed || by["c"].Status != executor.Skipped {
		t.Fatalf("%v, c %v", r.Status, by["c"].Status)
	}
	e.Close(t.Context())
	if err := os.WriteFile(trace+".fixed", nil, 0o600); err != nil {
		t.Fatal(err)
	}

	var events []event.Event
	e = newEngine(t, func(c *executor.Config) { c.StateDir = dir }, executor.WithEventHandler(executor.EventHandlerFunc(func(e event.Event) { events = append(events, e) })))
	if err := e.Resume(t.Context(), r.PlanID, p, executor.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := e.Wait(t.Context(), r.PlanID); err != nil {
		t.Fatal(err)
	}
	again, err := e.PlanResult(r.PlanID)
	if err != nil {
		t.Fatal(err)
	}
	e.Close(t.Context())
	text, _ := os.ReadFile(trace)
	if string(text) != "a\nb\nb\n" {
		t.Errorf("the steps did %q", text)
	}
	want := "<42>\n<" + r.PlanID.String() + ">\n<" + filepath.Join(dir, "runs", r.PlanID.String(), "dir") + ">\n"
	if again.Status != executor.Completed || again.Results[2].Stdout != want {
		t.Errorf("%v %q, want %q", again.Status, again.Results[2].Stdout, want)
	}
	if events[0].Type != event.RunResumed || events[0].Seq < 5 {
		t.Errorf("the first event is %s with number %d", events[0].Type, events[0].Seq)
	}
	for i := range events[1:] {
		if events[i+1].Seq != events[i].Seq+1 {
			t.Fatalf("a gap after event %d", events[i].Seq)
		}
	}
	if s := fold(t, dir, r.PlanID); s.Status != executor.Completed {
		t.Errorf("the journal says %v", s.Status)
	}
	e = keeping(t, dir)
	if err := e.Resume(t.Context(), r.PlanID, p, executor.RunOptions{}); !errors.Is(err, executor.ErrCompleted) {
		t.Errorf("resuming a completed run: %v", err)
	}
}

func TestResumeNeedsADecision(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	a, b := sh("a", "true"), sh("b", "exit 1")
	e := keeping(t, dir)
	r, _ := apply(t, e, serial(a, b), executor.RunOptions{})
	a.Command = plan.Shell("true # changed", "sh")
	a.Env = []plan.Var{{Name: "X", Value: plan.Text("1")}}
	p := serial(a, b)

	list, err := e.Explain(r.PlanID, p, executor.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range list {
		lines = append(lines, strings.Join([]string{d.StepID, string(d.Do), d.Ended, d.Why}, " "))
	}
	if diff := cmp.Diff([]string{"a decide completed command, env.X changed", "b run failed it failed"}, lines); diff != "" {
		t.Error(diff)
	}
	var undecided *executor.UndecidedError
	if err := e.Resume(t.Context(), r.PlanID, p, executor.RunOptions{}); !errors.As(err, &undecided) || len(undecided.Decisions) != 1 {
		t.Fatalf("Resume = %v", err)
	}
	var invalid *executor.ValidationError
	if err := e.Resume(t.Context(), r.PlanID, p, executor.RunOptions{Keep: []string{"c"}, Rerun: []string{"a"}, MarkDone: []string{"a"}}); !errors.As(err, &invalid) || len(invalid.Problems) != 2 {
		t.Fatalf("Resume = %v", err)
	}
	if err := e.Resume(t.Context(), r.PlanID, p, executor.RunOptions{Keep: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	e.Wait(t.Context(), r.PlanID)
	s := fold(t, dir, r.PlanID)
	if s.Status != executor.Failed || len(s.Steps) != 2 || len(s.Steps[1].Attempts) != 2 {
		t.Errorf("%+v", s)
	}
}
