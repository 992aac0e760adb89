package run

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// What needed a step that was rolled back runs again also where the engine died
// after that step ran once more.
func TestUndoneIsRememberedAcrossResumes(t *testing.T) {
	a, b, c := step("a"), step("b"), step("c")
	a.Rollback = &plan.Step{Command: plan.Exec("undo", nil)}
	b.Needs = []int{0}
	p := serial(a, b, c)
	e := engine{now: epoch, outcomes: map[string]Outcome{"c": {Ending: Exited, ExitCode: 1}}}
	e.run(New(p, Options{RunID: runID, Durable: true}))
	e.outcomes = nil
	m := New(p, Options{RunID: runID, Durable: true, Memory: Remember(viaJSONs(e.journal))})
	e.dies = len(e.journal) + 3 // run_resumed, started a#2, completed a#2
	e.run(m)
	got := e.resume(p, Options{})
	want := strings.Split("run_resumed|completed a#2 kept|started b#2|completed b#2|started c#2|completed c#2|run_completed completed", "|")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A step that waits for a decision is asked about once, although the gate of the
// included runbook that it is behind opens meanwhile.
func TestUndecidedOnce(t *testing.T) {
	question := plan.Text("go on?")
	a, b := step("g/a"), step("g/b")
	a.Group, b.Group = 1, 1
	p := &plan.Plan{
		Strategy: plan.DependencyGraph, Steps: []plan.Step{a, b},
		Groups: []plan.Group{{ID: "g", Steps: []int{0, 1}, Approval: &question}},
	}
	e := engine{now: epoch, dies: 4} // run_started, approval_requested, approval_granted, started g/a
	e.run(New(p, Options{RunID: runID, Durable: true, ApproveAll: true}))
	m := New(p, Options{RunID: runID, Durable: true, ApproveAll: true, Memory: Remember(viaJSONs(e.journal))})
	e.dies = 0
	lines := e.run(m)
	if list := m.Undecided(); len(list) != 1 || list[0].StepID != "g/a" || list[0].Do != Decide {
		t.Errorf("undecided: %+v after\n%s", list, strings.Join(lines, "\n"))
	}
	if !slices.Contains(lines, "run_paused undecided") {
		t.Errorf("the run does not pause:\n%s", strings.Join(lines, "\n"))
	}
}

// An approval is for what was to be done when it was given, also of a foreach
// that had completed and whose turn did not come in between.
func TestApprovalIsForWhatItWasGivenFor(t *testing.T) {
	question := plan.Text("go on?")
	loop := func(arg string) plan.Step {
		s := step("a", arg)
		s.Approval, s.Effect = &question, plan.Read
		s.Foreach = &plan.Foreach{Items: plan.List{"x"}}
		return s
	}
	first := step("first")
	first.Effect = plan.Read
	e := engine{now: epoch, outcomes: map[string]Outcome{"b": {Ending: Exited, ExitCode: 1}}}
	e.run(New(serial(first, loop("1"), step("b")), Options{RunID: runID, Durable: true, ApproveAll: true}))
	first.Command = plan.Exec("run", plan.Texts([]string{"changed"}))
	edited := serial(first, loop("2"), step("b"))
	edited.StopOnError = true
	e.outcomes["first"] = Outcome{Ending: Exited, ExitCode: 1} // so that the turn of a does not come
	e.resume(edited, Options{})
	e.outcomes = nil
	got := e.resume(edited, Options{})
	want := strings.Split("run_resumed|started first#3|completed first#3|approval_requested a|run_paused", "|")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is the same for each item counts too, such as a param of the runbook.
func TestApprovalOfLoopIsForItsParams(t *testing.T) {
	question := plan.Text("go on?")
	with := func(image string) *plan.Plan {
		s := step("a")
		s.Approval = &question
		s.Foreach = &plan.Foreach{Items: plan.List{"x"}}
		s.Command = plan.Exec("run", []plan.Value{plan.ExprValue(plan.NewExpr("params.image"))})
		p := serial(s)
		p.Params = []plan.Param{{Name: "image", Value: image, Set: true}}
		return p
	}
	e := engine{now: epoch, dies: 4} // run_started, approval_requested, approval_granted, expanded
	e.run(New(with("1"), Options{RunID: runID, Durable: true, ApproveAll: true}))
	got := e.resume(with("2"), Options{})
	if diff := cmp.Diff([]string{"run_resumed", "approval_requested a", "run_paused"}, got); diff != "" {
		t.Error(diff)
	}
}

// Of an attempt whose start is not in the journal any more it is known that it was
// started; also when the run is resumed again after that was told.
func TestLostStartIsRemembered(t *testing.T) {
	p := serial(step("a"))
	start := event.Event{Type: event.Started, RunID: runID, StepID: "a", Attempt: 1, Timestamp: epoch}
	m := New(p, Options{RunID: runID, Durable: true, Memory: Remember([]event.Event{start})})
	e := engine{now: epoch, dies: 2} // interrupted, run_resumed
	e.run(m)
	for range 2 {
		list := New(p, Options{RunID: runID, Durable: true, Memory: Remember(viaJSONs(e.journal))}).Explain(epoch)
		if len(list) != 1 || list[0].Do != Decide || list[0].Ended != "interrupted" {
			t.Fatalf("%+v", list)
		}
	}
	e.dies = 0
	got := e.resume(p, Options{Rerun: []string{"a"}})
	want := strings.Split("run_resumed|reset a: asked for|started a#2|completed a#2|run_completed completed", "|")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A step whose rollback failed is half undone, whatever a second attempt to undo
// all tells of how it had ended.
func TestFailedRollbackIsRememberedAcrossResumes(t *testing.T) {
	a := step("a")
	a.Rollback = &plan.Step{Command: plan.Exec("undo", nil)}
	p := serial(a)
	e := engine{now: epoch}
	e.run(New(p, Options{RunID: runID, Durable: true}))
	failed := event.Event{Type: event.Started, RunID: runID, StepID: "a", Phase: event.Rollback, Attempt: 1, Timestamp: epoch}
	e.journal = append(e.journal, failed)
	failed.Type = event.Failed
	e.journal = append(e.journal, failed)
	e.dies = len(e.journal) + 2 // run_resumed, completed a kept
	e.run(New(p, Options{RunID: runID, Durable: true, Undo: true, Memory: Remember(viaJSONs(e.journal))}))
	list := New(p, Options{RunID: runID, Durable: true, Memory: Remember(viaJSONs(e.journal))}).Explain(epoch)
	if len(list) != 1 || list[0].Do != Decide || list[0].Ended != "completed" {
		t.Errorf("%+v after %+v", list, e.journal[len(e.journal)-1])
	}
}

// The outputs of a step that is kept are there for those that come after.
func TestResumeRestoresOutputs(t *testing.T) {
	b := step("b")
	b.If = &plan.Guard{Expr: plan.NewExpr(`steps.a.outputs.v == "a#1"`)}
	p := serial(step("a"), b)        // a puts out its name and attempt as v
	e := engine{now: epoch, dies: 3} // run_started, started a, completed a
	e.run(New(p, Options{RunID: runID, Durable: true}))
	got := e.resume(p, Options{})
	if diff := cmp.Diff(strings.Split("run_resumed|completed a#1 kept|started b#1|completed b#1|run_completed completed", "|"), got); diff != "" {
		t.Error(diff)
	}
}

// What the plan does not have any more, and what a foreach does not, is told as
// gone.
func TestExplainTellsWhatHasGone(t *testing.T) {
	loop := func(items ...any) plan.Step {
		s := step("a")
		s.Unless = ask() // so that its items are not made before it has answered
		s.Foreach = &plan.Foreach{Items: items}
		return s
	}
	e := engine{now: epoch, outcomes: map[string]Outcome{"c": {Ending: Exited, ExitCode: 1}, "a[y]": {Ending: Exited, ExitCode: 1}}}
	e.run(New(serial(step("b"), loop("x", "y"), step("c")), Options{RunID: runID, Durable: true}))
	m := New(serial(loop("x", "w"), step("c")), Options{RunID: runID, Durable: true, Memory: Remember(viaJSONs(e.journal))})
	var got []string
	for _, d := range m.Explain(epoch) {
		got = append(got, d.StepID+" "+string(d.Do))
	}
	if diff := cmp.Diff([]string{"a[x] later", "b gone", "a[y] gone"}, got); diff != "" {
		t.Error(diff)
	}
}

// What is asked before a step is kept is told.
func TestExplainTellsWhatIsAsked(t *testing.T) {
	a := step("a")
	a.Unless = ask()
	p := serial(a, step("b"))
	e := engine{now: epoch, outcomes: map[string]Outcome{"b": {Ending: Exited, ExitCode: 1}}}
	e.run(New(p, Options{RunID: runID, Durable: true}))
	list := New(p, Options{RunID: runID, Durable: true, Memory: Remember(viaJSONs(e.journal))}).Explain(epoch)
	if len(list) != 2 || list[0].Do != Keep || !list[0].Asks || list[1].Asks {
		t.Errorf("%+v", list)
	}
}

// A step that was to be run again, and was not any more, is there to be undone.
func TestResetIsNotUndone(t *testing.T) {
	a := step("a")
	a.Rollback, a.Idempotent = &plan.Step{Command: plan.Exec("undo", nil)}, true
	e := engine{now: epoch, dies: 3} // run_started, started a, completed a
	e.run(New(serial(a, step("b")), Options{RunID: runID, Durable: true}))
	a.Command = plan.Exec("run", plan.Texts([]string{"more"}))
	p := serial(a, step("b"))
	e.dies = 5 // run_resumed, reset a
	e.run(New(p, Options{RunID: runID, Durable: true, Memory: Remember(viaJSONs(e.journal))}))
	got := e.resume(p, Options{Undo: true})
	want := strings.Split("run_resumed rollback|skipped a left_out|skipped b left_out|started rollback a#1|completed rollback a#1|rolled_back a|run_completed rollback rolled_back", "|")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
