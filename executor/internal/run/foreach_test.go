package run

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func numbers(n int) plan.List {
	list := make(plan.List, n)
	for i := range list {
		list[i] = int64(i)
	}
	return list
}

func TestItems(t *testing.T) {
	in := func(src string) plan.Foreach { return plan.Foreach{In: plan.NewExpr(src)} }
	for _, test := range []struct {
		name    string
		foreach plan.Foreach
		want    string // key=value, or the error
	}{
		{"none", plan.Foreach{}, ``},
		{"a literal list", plan.Foreach{Items: plan.List{"a", int64(2_000_000), true, 0.5}}, `a="a" 2000000=2000000 true=true 0.5=0.5`},
		{"whole numbers stay whole", plan.Foreach{Items: plan.List{2e6}}, `2000000=2000000`},
		{"a param", in("params.hosts"), `x="x" y="y"`},
		{"a range", in("1..3"), `1=1 2=2 3=3`},
		{"a map, in order", in("params.sizes"), `a={"key":"a","value":1} b={"key":"b","value":2} c={"key":"c","value":3}`},
		{"maps are items too", plan.Foreach{Items: plan.List{map[string]any{"b": 1, "a": "x"}}}, `{"a":"x","b":1}={"a":"x","b":1}`},
		{"a key", plan.Foreach{Items: plan.List{map[string]any{"n": "x"}, map[string]any{"n": "y"}}, Key: plan.NewExpr("item.n")}, `x={"n":"x"} y={"n":"y"}`},
		{"a key of a map", plan.Foreach{In: plan.NewExpr("params.sizes"), Key: plan.NewExpr(`item.key + "-" + string(item.value)`)},
			`a-1={"key":"a","value":1} b-2={"key":"b","value":2} c-3={"key":"c","value":3}`},
		{"the index as key", plan.Foreach{Items: plan.List{"x", "x"}, Key: plan.NewExpr("index")}, `0="x" 1="x"`},
		{"a matrix", plan.Foreach{Matrix: []plan.Axis{{Name: "r", Items: plan.List{"e", "w"}}, {Name: "n", In: plan.NewExpr("[1, 2]")}}},
			`e,1={"n":1,"r":"e"} e,2={"n":2,"r":"e"} w,1={"n":1,"r":"w"} w,2={"n":2,"r":"w"}`},
		{"an empty axis", plan.Foreach{Matrix: []plan.Axis{{Name: "r", Items: plan.List{"e"}}, {Name: "n"}}}, ``},
		{"the most", plan.Foreach{Items: numbers(10_000)}, `10000 items`},
		{"too many", plan.Foreach{Items: numbers(10_001)}, `10001 items are too many; the most is 10000`},
		{"too many together", plan.Foreach{Matrix: []plan.Axis{{Name: "a", Items: numbers(101)}, {Name: "b", Items: numbers(100)}}}, `10100 items are too many; the most is 10000`},
		{"not a list", in(`"abc"`), `a text is no list to go through`},
		{"nothing", in(`nil`), `null is no list to go through`},
		{"the same key", plan.Foreach{Items: plan.List{"x", "y", "x"}}, `items 0 and 2 have the same key "x"; give foreach a key that tells them apart`},
		{"the same text", plan.Foreach{Items: plan.List{"1", int64(1)}}, `items 0 and 1 have the same key "1"; give foreach a key that tells them apart`},
		{"null has no text", plan.Foreach{Items: plan.List{nil}}, `item 0 has no key: `},
		{"a key that cannot be shown", plan.Foreach{Items: plan.List{"a\x1b[2J"}}, `item 0 has no key: "a\x1b[2J" has characters that cannot be shown; give foreach another key`},
		{"a key like a path", plan.Foreach{Items: plan.List{"a]/b[c"}}, `item 0 has no key: "a]/b[c" holds "]/", which parts a key from a step; give foreach another key`},
		{"a long key", plan.Foreach{Items: plan.List{strings.Repeat("x", 201)}}, `item 0 has no key: 201 bytes are too long, the most is 200; give foreach a shorter key`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := serial(plan.Step{ID: "a", Foreach: &test.foreach})
			p.Params = []plan.Param{{Name: "hosts", Set: true, Value: []any{"x", "y"}}, {Name: "sizes", Set: true, Value: map[string]any{"c": int64(3), "a": int64(1), "b": int64(2)}}}
			m := New(p, Options{})
			for range 20 { // the same each time
				list, err := m.Items(Node{})
				got := make([]string, len(list))
				for k, item := range list {
					value, _ := json.Marshal(item.Value)
					got[k] = fmt.Sprintf("%s=%s", item.Key, value)
				}
				said := strings.Join(got, " ")
				if len(list) > 100 {
					said = fmt.Sprintf("%d items", len(list))
				}
				if err != nil {
					said = err.Error()
				}
				if said != test.want && !(err != nil && strings.HasSuffix(test.want, ": ") && strings.HasPrefix(said, test.want)) {
					t.Fatalf("got  %s\nwant %s", said, test.want)
				}
			}
		})
	}
	if _, err := New(wide(1), Options{}).Items(Node{}); err == nil {
		t.Errorf("a plain step has items")
	}
}

// TestScope looks at what expressions see of a run, from inside and from outside
// of loops and included runbooks, live and after a replay.
func TestScope(t *testing.T) {
	out := []plan.Output{{Name: "n", Expr: plan.NewExpr("1")}, {Name: "s", Secret: true}}
	value := func(src string) plan.Value { return plan.ExprValue(plan.NewExpr(src)) }
	p := &plan.Plan{
		Name:   "deploy",
		Params: []plan.Param{{Name: "p", Set: true, Value: int64(2_000_000)}, {Name: "unset"}},
		Groups: []plan.Group{{
			ID: "g", Steps: []int{1, 2}, Params: []plan.Param{{Name: "q", Set: true, Value: "default"}, {Name: "r", Set: true, Value: "kept"}},
			With:    []plan.Binding{{Name: "q", Value: value("params.p + 1")}, {Name: "secret", Value: value("secrets.x")}},
			Outputs: []plan.Output{{Name: "sum", Expr: plan.NewExpr("steps.a.outputs.n + params.q")}},
		}},
		Steps: []plan.Step{
			{ID: "loop", Foreach: &plan.Foreach{Items: plan.List{"x", "y", "z"}, MaxFailures: 1}, Outputs: out},
			{ID: "g/a", Group: 1, Outputs: out, After: []int{0}},
			{ID: "g/b", Group: 1, Needs: []int{1}},
			{ID: "body", After: []int{2}, Foreach: &plan.Foreach{Items: plan.List{"u"}}, With: []plan.Binding{{Name: "who", Value: value(`item + "-" + string(params.p)`)}},
				Body: &plan.Plan{Steps: []plan.Step{{ID: "in", Outputs: out}}, Outputs: []plan.Output{{Name: "o", Expr: plan.NewExpr("steps.in.outputs.n * 2")}}}},
			{ID: "skipped", After: []int{3}, If: expr("false"), Outputs: out},
			{ID: "bad", After: []int{4}, Rollback: &plan.Step{}},
		},
		OnFailure: []plan.Step{{ID: "page"}},
	}
	m := New(p, Options{RunID: runID})
	var events []event.Event
	var running []Start
	handle := func(in Input) {
		for _, e := range m.Handle(epoch, in) {
			switch e := e.(type) {
			case Record:
				events = append(events, viaJSON(t, *e.Event))
			case Start:
				running = append(running, e)
			}
		}
	}
	handle(Begin{})
	for !m.Done() {
		for m.WantsSlot() {
			handle(SlotFree{})
		}
		s := running[0]
		running = running[1:]
		o := Outcome{Outputs: event.Values{"n": 7}, StartedAt: epoch, EndedAt: epoch, Duration: 1500 * time.Millisecond}
		if id := m.StepID(s.Node); id == "loop[y]" || id == "bad" {
			o.ExitCode = 3
		}
		handle(Finished{s.Node, s.Attempt, o})
	}
	told := New(p, Options{RunID: runID})
	for _, e := range events {
		told.Apply(e)
	}
	loopY, inside := Node{Job: 2}, Node{}
	for _, n := range allNodes(m) {
		if m.StepID(n) == "body[u]/in" {
			inside = n
		}
	}
	page, bad := Node{Phase: event.OnFailure}, Node{Index: 5}
	for _, test := range []struct {
		at         Node
		expr, want string
	}{
		{Node{}, "params.p", "2000000"},
		{loopY, "item", `"y"`}, {loopY, "index", "1"},
		{page, "steps.loop.outputs.n", "[7,null,7]"},
		{page, "map(steps.loop.each, .status)", `["completed","failed","completed"]`},
		{page, "map(steps.loop.each, .item)", `["x","y","z"]`},
		{page, "steps.loop.each[0].outputs.n", "7"},
		{page, "steps.loop.status", `"completed"`}, {page, "steps.loop.ran", "true"}, {page, "steps.loop.exit_code", "null"},
		{Node{Index: 1}, "params.q", "2000001"}, {Node{Index: 1}, "params.r", `"kept"`},
		{Node{Index: 2}, "steps.a.outputs.n", "7"}, {Node{Index: 2}, "steps.a.duration", "1.5"},
		{page, "steps.g.outputs.sum", "2000008"}, {page, "steps.g.status", `"completed"`},
		{inside, "params.who", `"u-2000000"`}, {inside, "steps.in.status", `"completed"`},
		{page, "steps.body.outputs.o", "[14]"},
		{page, "steps.skipped.status", `"skipped"`}, {page, "steps.skipped.ran", "false"}, {page, "steps.skipped.outputs.n", "null"},
		{page, "steps.bad.exit_code", "3"}, {page, "steps.bad.outputs.n", "null"},
		{page, "run.failure.step", `"bad"`}, {page, "run.failure.exit_code", "3"}, {page, "run.failure.error", `"exit code 3"`}, {page, "run.failure.status", `"failed"`},
		{page, "run.failed_steps", `["bad"]`}, {page, "run.status", `"failed"`}, {page, "run.name", `"deploy"`}, {page, "run.id", `"` + runID.String() + `"`},
		{Node{Phase: event.Rollback, Index: 5}, "steps.bad.exit_code", "3"}, {bad, "params.p", "2000000"}, {Itself, "params.p", "2000000"},
	} {
		for who, machine := range map[string]*Machine{"live": m, "told": told} {
			v, err := plan.NewExpr(test.expr).Eval(machine.Scope(test.at))
			if got, _ := json.Marshal(v); err != nil || string(got) != test.want {
				t.Errorf("%s: %s at %v is %s (%v), want %s", who, test.expr, test.at, got, err, test.want)
			}
		}
	}
	for _, n := range []Node{{}, inside} {
		if s := m.Scope(n); s.HasItem {
			t.Errorf("%s has an item", m.StepID(n))
		}
	}
	if s := m.Scope(Node{Index: 99}); s != nil {
		t.Errorf("a step that does not exist has a scope")
	}
	secret := func(name string) (string, bool) { return "hidden", name == "x" }
	if _, ok := m.Scope(Node{Index: 1}).Params["secret"]; ok {
		t.Errorf("the machine knows a secret")
	}
	if _, ok := m.ScopeWith(Node{Index: 1}, Hidden{Secret: secret}).Params["secret"]; !ok {
		t.Errorf("a secret does not get into an included runbook")
	}
	want := event.Values{"n": int64(7)}
	if diff := cmp.Diff(want, m.Outputs(Node{Index: 1})); diff != "" {
		t.Errorf("outputs -want +got:\n%s", diff)
	}
}

// TestOutputsThatCannotBeKept: what no JSON text can hold fails the attempt.
func TestOutputsThatCannotBeKept(t *testing.T) {
	m := New(serial(plan.Step{ID: "a"}), Options{})
	m.Handle(epoch, Begin{})
	m.Handle(epoch, SlotFree{})
	m.Handle(epoch, Finished{Node{}, 1, Outcome{Outputs: event.Values{"c": make(chan int)}}})
	if r := m.Result(Node{}); r.Status != event.StatusFailed || r.Reason != event.ReasonOutput || !strings.Contains(r.Error, "cannot be kept") {
		t.Errorf("the step ended as %+v", r)
	}
}
