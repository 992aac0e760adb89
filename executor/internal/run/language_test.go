package run

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// play runs steps one by one, with attempts of one millisecond that succeed
// unless tries says otherwise, and returns what happened: without the moments,
// the starts, and what every run begins and ends with.
func play(t *testing.T, s *scenario) []string {
	t.Helper()
	s.slots = max(s.slots, 1)
	var lines []string
	for _, line := range simulate(t, s, s.machine(), nil).trace {
		_, line, _ = strings.Cut(line, " ")
		word, _, _ := strings.Cut(line, " ")
		switch word {
		case "run_started", "started", "failure":
			continue
		case "run_completed":
			line = strings.Join(strings.Fields(line)[:2], " ")
		}
		lines = append(lines, line)
	}
	return lines
}

func expr(src string) *plan.Guard { return &plan.Guard{Expr: plan.NewExpr(src)} }

func ask(args ...plan.Value) *plan.Guard {
	return &plan.Guard{Probe: &plan.Probe{Command: plan.Exec("true", args)}}
}

func failing(reason ...string) []try { return []try{{took: ms, code: 1}} }

// serial has each step come after the one before it.
func serial(steps ...plan.Step) *plan.Plan {
	p := &plan.Plan{StopOnError: true, Steps: steps}
	for i := 1; i < len(steps); i++ {
		p.Steps[i].After = []int{i - 1}
	}
	return p
}

func TestLanguage(t *testing.T) {
	question, lock := plan.Text("go on?"), &plan.Lock{Name: plan.Text("x"), Wait: plan.Text("5ms")}
	each := plan.ExprValue(plan.NewExpr("item"))
	list := func(max int, items ...any) *plan.Foreach { return &plan.Foreach{Items: items, MaxFailures: max} }
	undo := &plan.Step{}
	for _, test := range []struct {
		name string
		s    scenario
		want string // parted by semicolons
	}{
		{"the order of the guards", scenario{
			plan:   serial(plan.Step{ID: "a", If: ask(), Unless: ask(), Require: []plan.Guard{*ask(), *ask()}, Approval: &question, Lock: lock}),
			probes: map[string][]string{"a if 0": {"yes"}, "a unless 0": {"no"}, "a require 0": {"yes"}, "a require 1": {"yes"}},
			locks:  map[string][]answer{"a": {{0, "locked"}}}, approveAll: true,
		}, "probe a if 0; probe a unless 0; probe a require 0; probe a require 1; approval_requested a 0; approval_granted a; lock a; " +
			"probe a unless 0; probe a require 0; probe a require 1; completed a#1; unlock a; run_completed completed"},
		{"nothing waited for, nothing asked again", scenario{
			plan: serial(plan.Step{ID: "a", Unless: ask(), Lock: lock}), probes: map[string][]string{"a unless 0": {"no"}}, locks: map[string][]answer{"a": {{0, "locked"}}},
		}, "probe a unless 0; lock a; completed a#1; unlock a; run_completed completed"},
		{"done while the lock was waited for", scenario{
			plan: serial(plan.Step{ID: "a", Unless: ask(), Lock: lock}, plan.Step{ID: "b"}), probes: map[string][]string{"a unless 0": {"no", "yes"}},
			locks: map[string][]answer{"a": {{0, "waits"}, {3 * ms, "locked"}}},
		}, "probe a unless 0; lock a; waiting a; probe a unless 0; skipped a unless; unlock a; completed b#1; run_completed completed"},
		{"no answer", scenario{plan: serial(plan.Step{ID: "a", Unless: ask()}), probes: map[string][]string{"a unless 0": {"error"}}},
			"probe a unless 0; failed a probe; run_completed failed"},
		{"the lock of another", scenario{plan: serial(plan.Step{ID: "a", Lock: lock, ContinueOnError: true}), locks: map[string][]answer{"a": {{0, "busy"}}}},
			"lock a; failed a lock tolerated; run_completed completed"},
		{"rejected", scenario{plan: serial(plan.Step{ID: "a", Approval: &question, ContinueOnError: true, Rollback: undo}, plan.Step{ID: "b"}),
			await: true, requests: []request{{ms, "reject", "a"}},
		}, "approval_requested a 0; approval_rejected a; failed a rejected; skipped b stopped; run_completed failed"},
		{"paused beside a failure", scenario{plan: &plan.Plan{Steps: []plan.Step{{ID: "a", Approval: &question}, {ID: "b"}}, OnFailure: []plan.Step{{ID: "f"}}}, tries: map[string][]try{"b": failing()}},
			"approval_requested a 0; failed b#1 exit; run_paused"},
		{"stopped beside a failure", scenario{plan: &plan.Plan{StopOnError: true, Steps: []plan.Step{{ID: "a", Approval: &question}, {ID: "b"}}, OnFailure: []plan.Step{{ID: "f"}}}, tries: map[string][]try{"b": failing()}},
			"approval_requested a 0; failed b#1 exit; skipped a stopped; completed f#1; run_completed failed"},
		{"answered after a pause, under a lock, after a require", scenario{
			plan:  &plan.Plan{Lock: lock, Require: []plan.Guard{*ask()}, Steps: []plan.Step{{ID: "a"}, {ID: "b", Approval: &question}}},
			locks: map[string][]answer{"run": {{0, "locked"}}}, probes: map[string][]string{"run require 0": {"yes", "no"}}, requests: []request{{9 * ms, "approve", "b"}},
		}, "probe run require 0; lock run; approval_requested b 0; completed a#1; run_paused; unlock run; run_resumed; approval_granted b; lock run; completed b#1; run_completed completed; unlock run"},
		{"a pause that is cancelled cleans up", scenario{
			plan: &plan.Plan{Steps: []plan.Step{{ID: "b", Approval: &question}}, Finally: []plan.Step{{ID: "z"}}}, requests: []request{{9 * ms, "cancel", ""}},
		}, "approval_requested b 0; run_paused; run_resumed; run_cancelling; cancelled b cancelled; completed z#1; run_completed cancelled"},
		{"what the run requires", scenario{
			plan:   &plan.Plan{Require: []plan.Guard{*expr("true"), *ask()}, Steps: []plan.Step{{ID: "a"}}, OnFailure: []plan.Step{{ID: "f"}}, Finally: []plan.Step{{ID: "z"}}},
			probes: map[string][]string{"run require 1": {"no"}},
		}, "probe run require 1; run_cancelling require; skipped a stopped; skipped z stopped; run_completed failed"},
		{"rollbacks", scenario{
			plan: &plan.Plan{StopOnError: true, Steps: []plan.Step{
				{ID: "a", Rollback: undo}, {ID: "b", Rollback: &plan.Step{If: expr("false")}, After: []int{0}}, {ID: "c", Rollback: undo, ContinueOnError: true, After: []int{1}},
				{ID: "skipped", If: expr("false"), Rollback: undo, After: []int{2}}, {ID: "d", Rollback: undo, After: []int{3}}, {ID: "never", Rollback: undo, After: []int{4}}},
				OnFailure: []plan.Step{{ID: "f"}}, Finally: []plan.Step{{ID: "z"}}},
			tries: map[string][]try{"c": failing(), "d": failing(), "undo:c": failing()},
		}, "completed a#1; completed b#1; failed c#1 exit tolerated; skipped skipped if; failed d#1 exit; skipped never stopped; " +
			"completed undo:d#1; rolled_back d; failed undo:c#1 exit; skipped undo:b if; completed undo:a#1; rolled_back a; completed f#1; completed z#1; run_completed failed"},
		{"what never ran is not undone", scenario{
			plan: &plan.Plan{Steps: []plan.Step{
				{ID: "a", Rollback: undo}, {ID: "early", Rollback: undo}, {ID: "late", Rollback: undo},
				{ID: "at_last", Rollback: undo, Retry: &plan.Retry{Times: 2}}, {ID: "at_first", Rollback: undo, Retry: &plan.Retry{Times: 1}}}}, slots: 9,
			tries: map[string][]try{
				"early": {{ending: NotStarted, early: true}}, "late": {{ending: NotStarted}}, "a": {{took: 3 * ms}},
				"at_last":  {{ending: NotStarted}, {ending: NotStarted, early: true}, {took: ms}},
				"at_first": {{took: ms, ending: Signaled}, {ending: NotStarted, early: true}},
			},
		}, "failed early#1 start; failed late#1 start; retrying at_last#1 start after 0s; retrying at_last#2 start after 0s; completed at_last#3; " +
			"retrying at_first#1 signal after 0s; failed at_first#2 start; completed a#1; " +
			"completed undo:at_last#1; rolled_back at_last; completed undo:at_first#1; rolled_back at_first; completed undo:a#1; rolled_back a; run_completed failed"},
		{"what cannot start comes too late as well", scenario{
			plan:  &plan.Plan{Steps: []plan.Step{{ID: "a", Retry: &plan.Retry{Times: 5, Delay: plan.Text("1ms"), MaxElapsed: plan.Text("5ms")}}, {ID: "b"}}},
			tries: map[string][]try{"a": {{took: ms, code: 1}, {ending: NotStarted, early: true}}, "b": {{took: 9 * ms}}}, slots: 1,
		}, "retrying a#1 exit after 1ms; completed b#1; failed a#1 exit; run_completed failed"},
		{"no rollbacks", scenario{plan: serial(plan.Step{ID: "a", Rollback: undo}), tries: map[string][]try{"a": failing()}, noRollback: true},
			"failed a#1 exit; run_completed failed"},
		{"a cancel rolls nothing back", scenario{
			plan: &plan.Plan{Steps: []plan.Step{{ID: "a", Rollback: undo}, {ID: "b"}}, Finally: []plan.Step{{ID: "z"}}}, slots: 2,
			tries: map[string][]try{"a": failing(), "b": {{took: 9 * ms}}}, requests: []request{{2 * ms, "cancel", ""}},
		}, "failed a#1 exit; run_cancelling; stop b#1; cancelled b#1 cancelled; completed z#1; run_completed cancelled"},
		{"a timeout that is given up", scenario{
			plan: &plan.Plan{StopOnError: true, Steps: []plan.Step{{ID: "a", Retry: &plan.Retry{Times: 3, Delay: plan.Text("9ms")}}, {ID: "b"}}}, slots: 2,
			tries: map[string][]try{"a": {{took: ms, ending: TimedOut, retry: "yes"}}, "b": {{took: 2 * ms, code: 1}}},
		}, "retrying a#1 timeout after 9ms; failed b#1 exit; timeout a#1 timeout; run_completed failed"},
		{"an empty loop", scenario{plan: serial(plan.Step{ID: "a", Foreach: list(0), Approval: &question}, plan.Step{ID: "b", Needs: []int{0}})},
			"expanded a 0; completed a; completed b#1; run_completed completed"},
		{"a loop fails with its first item", scenario{plan: serial(plan.Step{ID: "a", Foreach: list(0, "x", "y", "z"), Rollback: undo}), tries: map[string][]try{"a": {{took: ms}, {took: ms, code: 1}}}},
			"expanded a 3; completed a[x]#1; failed a[y]#1 exit; skipped a[z] stopped; failed a exit; completed undo:a[y]#1; rolled_back a[y]; completed undo:a[x]#1; rolled_back a[x]; run_completed failed"},
		{"an item that runs when the loop has failed", scenario{plan: &plan.Plan{Steps: []plan.Step{{ID: "a", Foreach: &plan.Foreach{Items: plan.List{"x", "y", "z"}, MaxConcurrency: 2}}}}, slots: 9,
			tries: map[string][]try{"a": {{took: ms, code: 1}, {took: 2 * ms}}}},
			"expanded a 3; failed a[x]#1 exit; skipped a[z] stopped; completed a[y]#1; failed a exit; run_completed failed"},
		{"a loop that tolerates one", scenario{plan: serial(plan.Step{ID: "a", Foreach: list(1, "x", "y", "z")}, plan.Step{ID: "b", Needs: []int{0}}), tries: map[string][]try{"a": {{took: ms, code: 1}, {took: ms}}}},
			"expanded a 3; failed a[x]#1 exit tolerated; completed a[y]#1; completed a[z]#1; completed a; completed b#1; run_completed completed"},
		{"a loop that is tolerated", scenario{plan: serial(plan.Step{ID: "a", Foreach: list(1, "x", "y", "z"), ContinueOnError: true}, plan.Step{ID: "b"}), tries: map[string][]try{"a": failing()}},
			"expanded a 3; failed a[x]#1 exit tolerated; failed a[y]#1 exit; skipped a[z] stopped; failed a exit tolerated; completed b#1; run_completed completed"},
		{"guards and locks of items", scenario{
			plan:   serial(plan.Step{ID: "a", Foreach: list(0, "x", "y"), If: expr(`item != "x"`), Unless: ask(), Require: []plan.Guard{*ask(each)}, Lock: &plan.Lock{Name: each}}),
			probes: map[string][]string{"a unless 0": {"no"}, "a[y] require 0": {"yes"}}, locks: map[string][]answer{"a[y]": {{0, "locked"}}},
		}, "probe a unless 0; expanded a 2; skipped a[x] if; probe a[y] require 0; lock a[y]; completed a[y]#1; unlock a[y]; completed a; run_completed completed"},
		{"an item that is not of the kind", scenario{plan: serial(plan.Step{ID: "a", Foreach: &plan.Foreach{In: plan.NewExpr("3")}}), approveAll: true},
			"failed a foreach; run_completed failed"},
		{"a body for each item", scenario{
			plan: serial(plan.Step{ID: "a", Foreach: &plan.Foreach{Items: plan.List{"x", "y"}, MaxConcurrency: 1},
				Body: serial(plan.Step{ID: "one", Rollback: undo}, plan.Step{ID: "two"})}, plan.Step{ID: "b"}),
			tries: map[string][]try{"a/two": {{took: ms}}},
		}, "expanded a 2; expanded a[x] 0; completed a[x]/one#1; completed a[x]/two#1; completed a[x]; expanded a[y] 0; completed a[y]/one#1; completed a[y]/two#1; completed a[y]; completed a; completed b#1; run_completed completed"},
		{"a body with a limit of its own", scenario{slots: 2,
			plan: serial(plan.Step{ID: "a", Foreach: list(0, "x"),
				Body: &plan.Plan{Strategy: plan.Parallel, MaxConcurrency: 1, Steps: []plan.Step{{ID: "slow"}, {ID: "fast"}}}}),
			tries: map[string][]try{"a/slow": {{took: 5 * ms}}, "a/fast": {{took: ms}}},
		}, "expanded a 1; expanded a[x] 0; completed a[x]/slow#1; completed a[x]/fast#1; completed a[x]; completed a; run_completed completed"},
		{"a body that fails", scenario{
			plan:  serial(plan.Step{ID: "a", Foreach: list(0, "x", "y"), Body: serial(plan.Step{ID: "one", Rollback: undo}, plan.Step{ID: "two"})}, plan.Step{ID: "b", Needs: []int{0}}),
			tries: map[string][]try{"a/one": failing()},
		}, "expanded a 2; expanded a[x] 0; expanded a[y] 0; failed a[x]/one#1 exit; skipped a[x]/two stopped; failed a[x] exit; skipped a[y]/one stopped; skipped a[y]/two stopped; skipped b need; skipped a[y] stopped; failed a exit; completed undo:a[x]/one#1; rolled_back a[x]/one; run_completed failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.Split(test.want, "; "), play(t, &test.s)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestGates is for included runbooks whose steps are among those of another.
func TestGates(t *testing.T) {
	question, lock := plan.Text("go on?"), &plan.Lock{Name: plan.Text("x")}
	included := func(groups ...plan.Group) *plan.Plan {
		p := &plan.Plan{Groups: groups, Steps: []plan.Step{{ID: "g/a", Group: 1}, {ID: "g/b", Group: len(groups)}, {ID: "c"}}}
		return p
	}
	for _, test := range []struct {
		name string
		s    scenario
		want string
	}{
		{"nothing to ask", scenario{plan: included(plan.Group{ID: "g", Steps: []int{0, 1}})}, "completed g/a#1; completed g/b#1; completed c#1; run_completed completed"},
		{"asked once, held until the last", scenario{
			plan: included(plan.Group{ID: "g", Steps: []int{0, 1}, If: ask(), Approval: &question, Lock: lock}), approveAll: true,
			probes: map[string][]string{"g if 0": {"yes"}}, locks: map[string][]answer{"g": {{0, "locked"}}},
		}, "probe g if 0; completed c#1; approval_requested g 0; approval_granted g; lock g; completed g/a#1; completed g/b#1; unlock g; run_completed completed"},
		{"not wanted", scenario{plan: included(plan.Group{ID: "g", Steps: []int{0, 1}, If: expr("false")})},
			"skipped g/a if; skipped g/b if; completed c#1; run_completed completed"},
		{"rejected", scenario{plan: included(plan.Group{ID: "g", Steps: []int{0, 1}, Approval: &question}), requests: []request{{5 * ms, "reject", "g"}}},
			"approval_requested g 0; completed c#1; run_paused; run_resumed; approval_rejected g; failed g/a rejected; skipped g/b need; run_completed failed"},
		{"busy", scenario{plan: included(plan.Group{ID: "g", Steps: []int{0, 1}, Lock: lock}), locks: map[string][]answer{"g": {{0, "busy"}}}},
			"lock g; failed g/a lock; skipped g/b need; completed c#1; run_completed failed"},
		{"what it requires, before its first step", scenario{
			plan:   included(plan.Group{ID: "g", Steps: []int{0, 1}, Require: []plan.Guard{*ask()}, Lock: lock}),
			probes: map[string][]string{"g require 0": {"yes"}}, locks: map[string][]answer{"g": {{0, "locked"}}},
		}, "probe g require 0; completed c#1; lock g; completed g/a#1; completed g/b#1; unlock g; run_completed completed"},
		{"what it requires does not hold", scenario{
			plan:   included(plan.Group{ID: "g", Steps: []int{0, 1}, If: ask(), Require: []plan.Guard{*ask()}}),
			probes: map[string][]string{"g if 0": {"yes"}, "g require 0": {"no"}},
		}, "probe g if 0; completed c#1; probe g require 0; failed g/a require; skipped g/b need; run_completed failed"},
		{"one in another", scenario{
			plan:   included(plan.Group{ID: "g", Steps: []int{0, 1}, If: ask()}, plan.Group{ID: "g/h", Parent: 1, Steps: []int{1}, If: ask()}),
			probes: map[string][]string{"g if 0": {"yes"}, "g/h if 0": {"no"}},
		}, "probe g if 0; completed c#1; probe g/h if 0; completed g/a#1; skipped g/b if; run_completed completed"},
		{"the outer one decides", scenario{
			plan:   included(plan.Group{ID: "g", Steps: []int{0, 1}, If: ask()}, plan.Group{ID: "g/h", Parent: 1, Steps: []int{1}, If: ask()}),
			probes: map[string][]string{"g if 0": {"no"}},
		}, "probe g if 0; completed c#1; skipped g/a if; skipped g/b if; run_completed completed"},
		{"cancelled while it is asked", scenario{
			plan: included(plan.Group{ID: "g", Steps: []int{0, 1}, Approval: &question, Lock: lock}), await: true, requests: []request{{5 * ms, "cancel", ""}},
		}, "approval_requested g 0; completed c#1; run_cancelling; cancelled g/a cancelled; cancelled g/b cancelled; run_completed cancelled"},
		{"in a body", scenario{
			plan:  serial(plan.Step{ID: "u", Body: &plan.Plan{Groups: []plan.Group{{ID: "g", Steps: []int{0}, Lock: lock}}, Steps: []plan.Step{{ID: "g/a", Group: 1}, {ID: "b"}}}}),
			locks: map[string][]answer{"u/g": {{0, "locked"}}},
		}, "expanded u 0; lock u/g; completed u/b#1; completed u/g/a#1; unlock u/g; completed u; run_completed completed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.Split(test.want, "; "), play(t, &test.s)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestSaid looks at what people read.
func TestSaid(t *testing.T) {
	at := func(p *plan.Plan, tries map[string][]try, id string) string {
		p.StopOnError = id == "z"
		s := &scenario{plan: p, slots: 1, tries: tries}
		for _, e := range simulate(t, s, s.machine(), nil).events() {
			if e.StepID == id && e.Type != event.Started && e.Type != event.Expanded {
				return e.Message + e.Error
			}
		}
		return ""
	}
	x := plan.Step{ID: "x", Foreach: &plan.Foreach{Items: plan.List{"a", "b", "c"}}}
	y := x
	y.Foreach = &plan.Foreach{Items: plan.List{"a", "b", "c"}, MaxFailures: 1}
	failed := map[string][]try{"x": failing()}
	for _, test := range []struct{ got, want string }{
		{at(serial(x), failed, "x[c]"), `"x[a]" failed, and the foreach tolerates no failure`},
		{at(serial(x), failed, "x"), `1 of 3 items failed; "x[a]" failed: exit code 1`},
		{at(serial(y), failed, "x[c]"), `"x[b]" failed, and max_failures is 1`},
		{at(serial(y), failed, "x"), `2 of 3 items failed; "x[b]" failed: exit code 1`},
		{at(serial(x, plan.Step{ID: "z"}), failed, "z"), `step "x[a]" failed, and with stop_on_error nothing new starts after that`},
		{at(serial(x), failed, ""), ``},
		{at(serial(plan.Step{ID: "x", Unless: expr("true")}), nil, "x"), "already done"},
		{at(serial(plan.Step{ID: "x", Require: []plan.Guard{{Expr: plan.NewExpr("1 > 2"), Message: plan.Text("not today")}}}), nil, "x"), "not today"},
		{at(serial(plan.Step{ID: "x", Require: []plan.Guard{*expr("1 > 2")}}), nil, "x"), "require does not hold: 1 > 2"},
		{at(serial(plan.Step{ID: "x", Foreach: &plan.Foreach{In: plan.NewExpr("3")}}), nil, "x"), "foreach: a number is no list to go through"},
	} {
		if test.got != test.want {
			t.Errorf("got  %s\nwant %s", test.got, test.want)
		}
	}
	s := &scenario{plan: serial(x), slots: 1, tries: failed}
	events := simulate(t, s, s.machine(), nil).events()
	if got, want := events[len(events)-1].Error, `step "x" failed: 1 of 3 items failed; "x[a]" failed: exit code 1`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestLeftOut: a step that was left out counts as met.
func TestLeftOut(t *testing.T) {
	p := &plan.Plan{Steps: []plan.Step{{ID: "a"}, {ID: "u/x", Needs: []int{0}}, {ID: "u/y", Needs: []int{1}}, {ID: "ux", After: []int{1}}, {ID: "b"}}}
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{}, "a u/x u/y ux b"},
		{Options{Only: []string{"u", "b"}}, "u/x u/y b"},
		{Options{Skip: []string{"u/x", "a"}}, "u/y ux b"},
		{Options{From: []string{"u/x"}}, "u/x u/y ux"},
		{Options{Only: []string{"a"}, From: []string{"ux"}}, "a ux"},
		{Options{Only: []string{"a", "b"}, From: []string{"u/y"}, Skip: []string{"b", "u/y"}}, "a"},
		{Options{From: []string{"u"}, Skip: []string{"u/y"}}, "u/x ux"},
	} {
		m := New(p, test.o)
		m.Handle(epoch, Begin{})
		var ran []string
		for m.WantsSlot() {
			for _, e := range m.Handle(epoch, SlotFree{}) {
				if start, ok := e.(Start); ok {
					ran = append(ran, m.StepID(start.Node))
					m.Handle(epoch.Add(time.Second), Finished{Node: start.Node, Attempt: 1})
				}
			}
		}
		if got := strings.Join(ran, " "); len(ran) != len(strings.Fields(test.want)) || !sameWords(got, test.want) || m.Status() != event.StatusCompleted {
			t.Errorf("%+v: ran %s, want %s; the run is %v", test.o, got, test.want, m.Status())
		}
	}
}

func sameWords(a, b string) bool {
	for word := range strings.FieldsSeq(a) {
		if !strings.Contains(" "+b+" ", " "+word+" ") {
			return false
		}
	}
	return true
}

// TestAnswersToOtherQuestions: only what was asked is answered, once.
func TestAnswersToOtherQuestions(t *testing.T) {
	m := New(serial(plan.Step{ID: "a", Unless: ask(), Require: []plan.Guard{*ask(), *ask()}}), Options{})
	m.Handle(epoch, Begin{})
	for _, wrong := range []Probed{{Which: If, Yes: true}, {Which: Require, Yes: true}, {Which: Unless, Index: 1, Yes: true}, {Node: Itself, Which: Unless, Yes: true}} {
		if effects := m.Handle(epoch, wrong); len(effects) > 0 {
			t.Errorf("%+v had effects: %v", wrong, effects)
		}
	}
	for k, right := range []Probed{{Which: Unless}, {Which: Require, Yes: true}} {
		if effects := m.Handle(epoch, right); len(effects) != 1 || effects[0].(Probe).Index != k {
			t.Errorf("%+v had the effects %v", right, effects)
		}
		if effects := m.Handle(epoch, right); len(effects) > 0 {
			t.Errorf("%+v counts twice: %v", right, effects)
		}
	}
}

// TestToldOnce: nothing gets the same twice, and nothing gentle after a kill.
func TestToldOnce(t *testing.T) {
	m := New(&plan.Plan{Steps: []plan.Step{{ID: "a"}, {ID: "b", If: ask()}}}, Options{})
	m.Handle(epoch, Begin{})
	m.Handle(epoch, SlotFree{})
	var told []string
	for _, in := range []Input{Cancel{}, Cancel{}, Kill{}, Abort{}, Kill{}} {
		for _, e := range m.Handle(epoch, in) {
			switch e := e.(type) {
			case Stop:
				told = append(told, fmt.Sprintf("stop %d", e.Node.Index))
			case KillNow:
				told = append(told, fmt.Sprintf("kill %d", e.Node.Index))
			}
		}
	}
	if got, want := strings.Join(told, ", "), "stop 0, stop 1, kill 0, kill 1"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	m = New(&plan.Plan{Steps: []plan.Step{{ID: "a"}}}, Options{})
	m.Handle(epoch, Begin{})
	m.Handle(epoch, SlotFree{})
	m.Handle(epoch, Cancel{})
	for _, e := range m.Handle(epoch, Abort{}) {
		if _, ok := e.(Stop); ok {
			t.Errorf("stopped twice")
		}
	}
}
