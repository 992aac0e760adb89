package run

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
)

// summary is how everything stands at the end of a run.
func summary(m *Machine) string {
	var b strings.Builder
	for _, n := range nodesOf(m.plan) {
		r := m.Result(n)
		fmt.Fprintf(&b, "%s=%v", m.plan.Phase(string(n.Phase))[n.Index].ID, r.Status)
		if r.Reason != "" {
			fmt.Fprintf(&b, "/%s", r.Reason)
		}
		if r.Tolerated {
			b.WriteString("/tolerated")
		}
		if r.Attempts > 1 {
			fmt.Fprintf(&b, "#%d", r.Attempts)
		}
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "run=%v", m.Status())
	if m.HandlerFailed() {
		b.WriteString(" handlers=failed")
	}
	return b.String()
}

// TestTruthTable has a row for each way a step can end: whether what needs it
// and what comes after it runs, what becomes of the run, and which handlers run.
func TestTruthTable(t *testing.T) {
	const (
		yes     = "completed"
		unmet   = "skipped/need"
		never   = "pending"
		cancels = "cancelled/cancelled"
	)
	for _, row := range []struct{ step, as, needs, order, run, onFailure string }{
		{"=ok", "completed", yes, yes, "completed", never},
		{"=1", "failed/exit", unmet, yes, "failed", yes},
		{"=signal", "failed/signal", unmet, yes, "failed", yes},
		{"=start", "failed/start", unmet, yes, "failed", yes},
		{"=output", "failed/output", unmet, yes, "failed", yes},
		{"=engine", "failed/engine", unmet, yes, "failed", yes},
		{"=timeout", "timeout/timeout", unmet, yes, "failed", yes},
		{"! =1", "failed/exit/tolerated", yes, yes, "completed", never},
		{"! =signal", "failed/signal/tolerated", yes, yes, "completed", never},
		{"! =start", "failed/start/tolerated", yes, yes, "completed", never},
		{"! =output", "failed/output/tolerated", yes, yes, "completed", never},
		{"! =timeout", "timeout/timeout/tolerated", yes, yes, "completed", never},
		{"=stopped", cancels, cancels, cancels, "cancelled", never},
		{"! =stopped", cancels, cancels, cancels, "cancelled", never},
	} {
		t.Run(row.step, func(t *testing.T) {
			s := parse(t, "x "+row.step+"; needs <x; order ~x | page | cleanup")
			want := fmt.Sprintf("x=%s needs=%s order=%s page=%s cleanup=completed run=%s", row.as, row.needs, row.order, row.onFailure, row.run)
			if got := summary(simulate(t, s, s.machine(), nil).m); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestSkippedAsNotWanted covers the rows that no input leads to yet.
func TestSkippedAsNotWanted(t *testing.T) {
	for reason, want := range map[event.Reason]bool{"if": true, "unless": true, event.ReasonNeed: false, event.ReasonStopped: false} {
		s := parse(t, "x; needs <x; order ~x")
		m := s.machine()
		m.Apply(event.Event{Type: event.RunStarted})
		m.Apply(event.Event{Type: event.Skipped, StepID: "x", Reason: reason})
		if got := m.blocks[0].ready.has(1); got != want {
			t.Errorf("skipped (%s): needs met = %t, want %t", reason, got, want)
		}
		if !m.blocks[0].ready.has(2) {
			t.Errorf("skipped (%s): order is not met", reason)
		}
		if _, failed := m.Failure(); failed {
			t.Errorf("skipped (%s) counts as a failure", reason)
		}
	}
}

// TestCancelledMeetsNothing: between the end of a cancelled step and what
// follows from it nothing may seem ready.
func TestCancelledMeetsNothing(t *testing.T) {
	m := parse(t, "x; needs <x; order ~x").machine()
	m.Apply(event.Event{Type: event.RunStarted})
	m.Apply(event.Event{Type: event.Cancelled, StepID: "x"})
	if m.blocks[0].ready.has(1) || m.blocks[0].ready.has(2) {
		t.Errorf("a cancelled step lets others start")
	}
}

func TestRuns(t *testing.T) {
	stop := func(s *scenario) { s.plan.StopOnError = true }
	most := func(n int) func(*scenario) { return func(s *scenario) { s.plan.MaxConcurrency = n } }
	at := func(when time.Duration, kind string) func(*scenario) {
		return func(s *scenario) { s.requests = append(s.requests, request{at: when, kind: kind}) }
	}
	for _, test := range []struct {
		name, plan string
		with       []func(*scenario)
		want       string
	}{
		{"empty", "", nil, "run=completed"},
		{"only finally", "||z", nil, "z=completed run=completed"},
		{"a failure stops what is new, not what runs", "a =1 @2ms; b @5ms; c ~b; d <c; e <a", []func(*scenario){stop},
			"a=failed/exit b=completed c=skipped/stopped d=skipped/stopped e=skipped/need run=failed"},
		{"without stop_on_error the other branch goes on", "a =1; b; c <b; d <a; e <d", nil,
			"a=failed/exit b=completed c=completed d=skipped/need e=skipped/need run=failed"},
		{"a chain goes on after a failure", "a =1; b ~a =1; c ~b", nil, "a=failed/exit b=failed/exit c=completed run=failed"},
		{"a tolerated failure stops nothing", "a =1 !; b ~a; c <a,b", []func(*scenario){stop, most(1)},
			"a=failed/exit/tolerated b=completed c=completed run=completed"},
		{"no retry after a failure elsewhere", "a =1,ok r1/1ms @3ms; b =1,ok r5/9ms; c =1 @2ms", []func(*scenario){stop},
			"a=failed/exit b=failed/exit c=failed/exit run=failed"},
		{"a retry that is given up may be tolerated", "b =1,ok r5/9ms !; c =1 @2ms; d <b", []func(*scenario){stop},
			"b=failed/exit/tolerated c=failed/exit d=skipped/stopped run=failed"},
		{"what cannot start", "a =early; b <a; c ~a", nil, "a=failed/start b=skipped/need c=completed run=failed"},
		{"what cannot start is retried", "a =early,1,early,ok r3", nil, "a=completed#4 run=completed"},
		{"what cannot start is retried in vain", "a =early r1/2ms", nil, "a=failed/start#2 run=failed"},
		{"retried", "a =1,signal,start,output,ok r4", nil, "a=completed#5 run=completed"},
		{"retried in vain", "a =1 r2", nil, "a=failed/exit#3 run=failed"},
		{"a timeout is not retried", "a =1,timeout,ok r5", nil, "a=timeout/timeout#2 run=failed"},
		{"an attempt out of hand is not retried", "a =engine,ok r5", nil, "a=failed/engine run=failed"},
		{"handlers run in spite of each other", "a =1 | f =1; g =timeout; h | y =1; z", nil,
			"a=failed/exit f=failed/exit g=timeout/timeout h=completed y=failed/exit z=completed run=failed handlers=failed"},
		{"a failed handler is no failure of the run", "a || z =1", nil, "a=completed z=failed/exit run=completed handlers=failed"},
		{"a tolerated handler", "a || z =1 !", nil, "a=completed z=failed/exit/tolerated run=completed"},
		{"handlers are retried", "a =1 | f =1,ok r1/5ms | z =1,ok r1", nil, "a=failed/exit f=completed#2 z=completed#2 run=failed"},
		{"cancel", "a @9ms; b ~a; c | f | z", []func(*scenario){at(2*ms, "cancel")},
			"a=cancelled/cancelled b=cancelled/cancelled c=completed f=pending z=completed run=cancelled"},
		{"cancel after a failure", "a =1; b @9ms | f | z", []func(*scenario){at(2*ms, "cancel")},
			"a=failed/exit b=cancelled/cancelled f=pending z=completed run=cancelled"},
		{"what ends by itself while it is stopped", "a @3ms +2ms; b =1,ok r1 @3ms +2ms; c =timeout @3ms +2ms", []func(*scenario){at(2*ms, "cancel")},
			"a=completed b=failed/exit c=timeout/timeout run=cancelled"},
		{"cancel between two attempts", "a =1 r1/9ms; b @9ms", []func(*scenario){at(2*ms, "cancel")},
			"a=cancelled/cancelled b=cancelled/cancelled run=cancelled"},
		{"cancel is not tolerated", "a ! @9ms; b <a", []func(*scenario){at(2*ms, "cancel")},
			"a=cancelled/cancelled b=cancelled/cancelled run=cancelled"},
		{"cancel during on_failure", "a =1 | f @9ms; g | z", []func(*scenario){at(2*ms, "cancel")},
			"a=failed/exit f=cancelled/cancelled g=skipped/cancelled z=completed run=cancelled"},
		{"cancel during finally", "a || y @9ms =1,ok r1; z", []func(*scenario){at(2*ms, "cancel")},
			"a=completed y=completed#2 z=completed run=cancelled"},
		{"a second cancel changes nothing", "a @9ms || z @9ms", []func(*scenario){at(2*ms, "cancel"), at(3*ms, "cancel")},
			"a=cancelled/cancelled z=completed run=cancelled"},
		{"kill", "a @9ms +9ms; b ~a | f | z", []func(*scenario){at(2*ms, "kill")},
			"a=cancelled/cancelled b=cancelled/cancelled f=pending z=skipped/cancelled run=cancelled"},
		{"kill after cancel", "a @9ms +9ms || y; z", []func(*scenario){at(2*ms, "cancel"), at(3*ms, "kill")},
			"a=cancelled/cancelled y=skipped/cancelled z=skipped/cancelled run=cancelled"},
		{"kill during finally", "a || y @9ms; z", []func(*scenario){at(2*ms, "kill")},
			"a=completed y=cancelled/cancelled z=skipped/cancelled run=cancelled"},
		{"abort", "a @9ms; b ~a | f | z", []func(*scenario){at(2*ms, "abort")},
			"a=completed b=cancelled/cancelled f=pending z=skipped/cancelled run=failed"},
		{"a cancel after an abort", "a @9ms; b ~a | f | z", []func(*scenario){at(2*ms, "abort"), at(3*ms, "cancel")},
			"a=cancelled/cancelled b=cancelled/cancelled f=pending z=skipped/cancelled run=failed"},
		{"an engine error says more than a cancel", "a @9ms +5ms", []func(*scenario){at(2*ms, "cancel"), at(3*ms, "abort")},
			"a=cancelled/cancelled run=failed"},
		{"one at a time", "a; b; c", []func(*scenario){most(1), at(2*ms, "cancel")},
			"a=completed b=completed c=cancelled/cancelled run=cancelled"},
		{"a cycle ends the run", "a <b; b ~a; c || z", nil,
			"a=cancelled/cancelled b=cancelled/cancelled c=completed z=skipped/cancelled run=failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := parse(t, test.plan)
			for _, with := range test.with {
				with(s)
			}
			sim := simulate(t, s, s.machine(), nil)
			if got := summary(sim.m); got != test.want {
				t.Errorf("got  %s\nwant %s\n%s", got, test.want, strings.Join(sim.trace, "\n"))
			}
		})
	}
}

// TestWords compares what people and programs read of the reasons.
func TestWords(t *testing.T) {
	for _, test := range []struct {
		name, plan string
		with       func(*scenario)
		want       []string
	}{
		{"need", "a =7; b <a; c <b", nil, []string{
			`failed a: exit code 7`,
			`skipped b: step "a", which it needs, failed`,
			`skipped c: step "b", which it needs, was skipped`,
			`run_completed: step "a" failed: exit code 7`,
		}},
		{"the first of several causes", "ok; a =timeout; b =1; c <ok,a,b", nil, []string{
			`timeout a: timed out`,
			`skipped c: step "a", which it needs, timed out`,
			`failed b: exit code 1`,
			`run_completed: step "a" timed out: timed out (and 1 more step)`,
		}},
		{"stopped", "a =1; b @5ms; c ~b", func(s *scenario) { s.plan.StopOnError = true }, []string{
			`failed a: exit code 1`,
			`skipped c: step "a" failed, and with stop_on_error nothing new starts after that`,
			`run_completed: step "a" failed: exit code 1`,
		}},
		{"retry given up", "b =start r3/5ms; a =1 @2ms; c ~a", func(s *scenario) { s.plan.StopOnError = true }, []string{
			`retrying b: could not be started`,
			`failed a: exit code 1`,
			`failed b: could not be started; not tried again: step "a" failed, and with stop_on_error nothing new starts after that`,
			`skipped c: step "a" failed, and with stop_on_error nothing new starts after that`,
			`run_completed: step "a" failed: exit code 1 (and 1 more step)`,
		}},
		{"cancelled", "a =1 r1/9ms; b @9ms; c ~b | f | z", func(s *scenario) { s.requests = []request{{at: 2 * ms, kind: "cancel"}} }, []string{
			`retrying a: exit code 1`,
			`run_cancelling (SIGINT): `,
			`cancelled a: cancelled before attempt 2; attempt 1: exit code 1`,
			`cancelled c: cancelled before it started`,
			`cancelled b: stopped`,
			`run_completed: cancelled by SIGINT`,
		}},
		{"handlers", "a =1 | f @9ms +5ms; g | z", func(s *scenario) { s.requests = []request{{at: 2 * ms, kind: "cancel"}, {at: 3 * ms, kind: "kill"}} }, []string{
			`failed a: exit code 1`,
			`run_cancelling (SIGINT): `,
			`skipped g: the run was cancelled`,
			`run_cancelling (SIGINT): `,
			`cancelled f: stopped`,
			`skipped z: the run was told to end at once`,
			`run_completed: cancelled by SIGINT`,
		}},
		{"abort", "a || z", func(s *scenario) { s.requests = []request{{at: 0, kind: "abort"}} }, []string{
			`run_cancelling: disk full`,
			`skipped z: the engine could not go on: disk full`,
			`run_completed: disk full`,
		}},
		{"cut short", "a =stopped; b ~a", nil, []string{
			`cancelled a: stopped`,
			`run_cancelling: step "a" was stopped`,
			`cancelled b: cancelled before it started`,
			`run_completed: cancelled because step "a" was stopped`,
		}},
		{"cycle", "a <b; b <a; c <c; d <c", nil, []string{
			`run_cancelling: the plan has a cycle: "a", "b", "c", … wait for steps that cannot end before them`,
			`cancelled a: cancelled before it started`,
			`cancelled b: cancelled before it started`,
			`cancelled c: cancelled before it started`,
			`cancelled d: cancelled before it started`,
			`run_completed: the plan has a cycle: "a", "b", "c", … wait for steps that cannot end before them`,
		}},
		{"success codes", "a =0; b =3; c =4", func(s *scenario) {
			for i := range s.plan.Steps {
				s.plan.Steps[i].SuccessExit = []int{3, 5}
			}
		}, []string{
			`failed a: exit code 0; success_exit_codes has [3 5]`,
			`completed b: `,
			`failed c: exit code 4; success_exit_codes has [3 5]`,
			`run_completed: step "a" failed: exit code 0; success_exit_codes has [3 5] (and 1 more step)`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := parse(t, test.plan)
			if test.with != nil {
				test.with(s)
			}
			var got []string
			for _, e := range simulate(t, s, s.machine(), nil).events() {
				line := strings.TrimSpace(fmt.Sprintf("%s %s", e.Type, e.StepID))
				if e.Signal != "" {
					line += " (" + e.Signal + ")"
				}
				switch e.Type {
				case event.RunStarted, event.Started:
					continue
				case event.Completed:
					if e.Result.ExitCode == 0 {
						continue
					}
				}
				got = append(got, line+": "+e.Message+e.Error)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
