package run

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// TestResumeTrace is about what only attempts side by side can show.
func TestResumeTrace(t *testing.T) {
	undone := func(s *scenario) {
		for i := range s.plan.Steps {
			s.plan.Steps[i].Rollback = &plan.Step{}
		}
	}
	for _, test := range []struct {
		name, plan string
		with       func(*scenario)
		dies       int // after so many records; 0: at the end
		resumed    resumption
		want       string
	}{
		{
			"what was interrupted is told in the order of the start", "b ~c @9ms; a @9ms; c @2ms", nil, 5, resumption{},
			"interrupted a#1|interrupted b#1|run_resumed|completed c#1|run_paused",
		},
		{
			"what was to be tried again ends as it may", "a =1 r3/9ms !", nil, 3, resumption{undo: true},
			"run_resumed|failed a#1 exit tolerated|run_completed cancelled",
		},
		{
			"what was interrupted holds nothing up", "p =ok,1; a <p; b ~a", nil, 4, resumption{rerun: []string{"p"}},
			"interrupted a#1|run_resumed|reset p|started p#2|failed p#2 exit|cancelled a#1 interrupted|started b#1|completed b#1|run_completed failed",
		},
		{
			"what was started before is undone last", "a; b ~a =1", func(s *scenario) { undone(s); s.noRollback = s.resumed == nil }, 0, resumption{},
			"run_resumed|completed a#1|started b#2|failed b#2 exit|started undo:b#1|completed undo:b#1|rolled_back b|started undo:a#1|completed undo:a#1|rolled_back a|run_completed failed",
		},
		{
			"a retry is no new start", "a =1,ok r1/2ms; b @9ms", undone, 5, resumption{undo: true},
			"interrupted b#1|interrupted a#2|run_resumed|cancelled a#2 interrupted|cancelled b#1 interrupted|started undo:b#1|completed undo:b#1|rolled_back b|started undo:a#1|completed undo:a#1|rolled_back a|run_completed rolled_back",
		},
		{
			"what could not start again ran before", "a =1,start r1", func(s *scenario) { undone(s); s.noRollback = true }, 0, resumption{undo: true},
			"run_resumed|failed a#2 start|started undo:a#1|completed undo:a#1|rolled_back a|run_completed rolled_back",
		},
		{
			"without an answer nothing is kept", "a; b ~a =1,ok", func(s *scenario) {
				s.plan.Steps[0].Unless = ask()
				s.probes = map[string][]string{"a unless 0": {"no"}}
				if s.resumed != nil {
					s.probes = map[string][]string{"a unless 0": {"error"}}
				}
			}, 0, resumption{},
			"run_resumed|probe a unless 0|failed a probe|started b#2|completed b#2|run_completed failed",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := parse(t, test.plan)
			s.durable = true
			with := func(s *scenario) *scenario {
				if test.with != nil {
					test.with(s)
				}
				return s
			}
			events := simulate(t, with(s), s.machine(), nil).events()
			if test.dies > 0 {
				events = events[:test.dies]
			}
			next := s.goOn(events, nil)
			test.resumed.journal = events
			next.resumed = &test.resumed
			sim := simulate(t, with(next), next.machine(), nil)
			var got []string
			for _, line := range sim.trace[:len(sim.trace)-1] {
				_, line, _ = strings.Cut(line, " ")
				line, _, _ = strings.Cut(line, " {")
				got = append(got, line)
			}
			if diff := cmp.Diff(strings.Split(test.want, "|"), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestResumeAfterResume goes on twice.
func TestResumeAfterResume(t *testing.T) {
	bad := Outcome{Ending: Exited, ExitCode: 1}
	with := func(s plan.Step, f func(*plan.Step)) plan.Step { f(&s); return s }
	undo := func(s *plan.Step) { s.Rollback = &plan.Step{Command: plan.Exec("undo", nil)} }
	question := plan.Text("go on?")
	asked := func(arg string) []plan.Step {
		return []plan.Step{with(step("a", arg), func(s *plan.Step) { s.Approval = &question })}
	}
	loop := with(step("a"), func(s *plan.Step) {
		s.Foreach, s.Require = &plan.Foreach{Items: plan.List{"x"}}, []plan.Guard{*ask()}
	})
	retried := with(step("a"), func(s *plan.Step) {
		undo(s)
		s.Retry = &plan.Retry{Times: 1, Delay: plan.Text("1h")}
	})
	type life struct {
		steps    []plan.Step // nil: as before
		apart    bool        // none comes after another
		outcomes map[string]Outcome
		dies     int // after so many of its records; 0: never
		opts     Options
	}
	for _, test := range []struct {
		name  string
		lives []life
		want  string // of the last
	}{
		{"a word counts from then on", []life{
			{steps: []plan.Step{with(step("a"), undo), step("c")}, outcomes: map[string]Outcome{"c": bad, "undo:a": bad}},
			{outcomes: map[string]Outcome{"c": bad}, opts: Options{MarkDone: []string{"a"}, NoRollback: true}},
			{},
		}, "run_resumed|completed a#1 kept marked_done|started c#3|completed c#3|run_completed completed"},
		{"what was started anew is kept", []life{
			{steps: []plan.Step{with(step("a"), undo), with(step("b"), func(s *plan.Step) { s.Needs = []int{0} }), step("c")}, outcomes: map[string]Outcome{"c": bad}},
			{dies: 5},
			{},
		}, "run_resumed|completed a#2 kept|completed b#2 kept|started c#2|completed c#2|run_completed completed"},
		{"an approval ends with the next question", []life{
			{steps: asked("1"), dies: 3, opts: Options{ApproveAll: true}},
			{steps: asked("2")},
			{steps: asked("1")},
		}, "run_resumed|approval_requested a|run_paused"},
		{"a foreach that was told again is as it was", []life{
			{steps: []plan.Step{loop, step("c")}, outcomes: map[string]Outcome{"c": bad}},
			{opts: Options{Undo: true}},
			{},
		}, "run_resumed|expanded a|completed a[x]#1 kept|completed a|started c#2|completed c#2|run_completed completed"},
		{"what is started after a resume is undone first", []life{
			{steps: []plan.Step{retried, with(step("b"), undo)}, apart: true, outcomes: map[string]Outcome{"a": bad}, dies: 5},
			{},
			{opts: Options{Undo: true}},
		}, "run_resumed rollback|completed a#2 kept|completed b#1 kept|started rollback a#1|completed rollback a#1|rolled_back a|started rollback b#1|completed rollback b#1|rolled_back b|run_completed rollback rolled_back"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := engine{now: epoch, answers: map[string]bool{"a require": true}}
			var p *plan.Plan
			var got []string
			for k, life := range test.lives {
				if life.steps != nil {
					if p = (&plan.Plan{Steps: life.steps}); !life.apart {
						p = serial(life.steps...)
					}
				}
				e.outcomes, e.dies = life.outcomes, 0
				if life.dies > 0 {
					e.dies = len(e.journal) + life.dies
				}
				o := life.opts
				if o.RunID, o.Durable = runID, true; k > 0 {
					o.Memory = Remember(viaJSONs(e.journal))
				}
				got = e.run(New(p, o))
			}
			if diff := cmp.Diff(strings.Split(test.want, "|"), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A run that waits for somebody is told as such.
func TestResumeKnowsOfPauses(t *testing.T) {
	question := plan.Text("go on?")
	s := step("a")
	s.Approval = &question
	e := engine{now: epoch}
	lines := e.run(New(serial(s), Options{RunID: runID, Durable: true}))
	if got := Remember(e.journal).Status; got != event.StatusPaused || !slices.Contains(lines, "run_paused") {
		t.Errorf("%v after %q", got, lines)
	}
}
