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

// An engine drives a machine in the plainest way: one attempt at a time, which
// ends at once, and dies where it is told to.
type engine struct {
	outcomes map[string]Outcome // by name; missing: it succeeds
	answers  map[string]bool    // of probes, by step and which; missing: no
	dies     int                // after so many records; 0: never
	journal  []event.Event
	now      time.Time
}

// run carries a machine on until it rests or the engine dies. It returns what
// happened, a line each.
func (e *engine) run(m *Machine) (lines []string) {
	queue := []Input{Begin{}}
	for !m.Done() {
		var in Input
		switch {
		case len(queue) > 0:
			in, queue = queue[0], queue[1:]
		case m.WantsSlot():
			in = SlotFree{}
		default:
			return append(lines, "stuck")
		}
		e.now = e.now.Add(ms)
		for _, effect := range m.Handle(e.now, in) {
			switch x := effect.(type) {
			case Record:
				e.journal = append(e.journal, *x.Event)
				lines = append(lines, resumeLine(*x.Event))
				if e.dies > 0 && len(e.journal) >= e.dies {
					return append(lines, "dies")
				}
			case Start:
				o, ok := e.outcomes[nameOf(m, x.Node)]
				if !ok {
					o = Outcome{Outputs: event.Values{"v": fmt.Sprintf("%s#%d", nameOf(m, x.Node), x.Attempt)}}
				}
				o.StartedAt, o.EndedAt = e.now, e.now
				queue = append(queue, Finished{x.Node, x.Attempt, o})
			case Probe:
				key := nameOf(m, x.Node) + " " + string(x.Which)
				lines = append(lines, "probe "+key)
				queue = append(queue, Probed{Node: x.Node, Which: x.Which, Index: x.Index, Yes: e.answers[key]})
			case Lock:
				queue = append(queue, Locked{x.Node})
			}
		}
	}
	return lines
}

// resume is another engine that goes on with what is written down.
func (e *engine) resume(p *plan.Plan, o Options) []string {
	o.RunID, o.Durable, o.Memory, e.dies = runID, true, Remember(viaJSONs(e.journal)), 0
	return e.run(New(p, o))
}

func viaJSONs(events []event.Event) []event.Event {
	var list []event.Event
	for _, e := range events {
		var back event.Event
		if err := json.Unmarshal(e.AppendJSON(nil), &back); err != nil {
			panic(err)
		}
		list = append(list, back)
	}
	return list
}

func resumeLine(e event.Event) string {
	line := strings.TrimSpace(string(e.Type) + " " + string(e.Phase) + " " + e.StepID)
	line = strings.ReplaceAll(line, "  ", " ")
	if e.Attempt > 0 {
		line += fmt.Sprintf("#%d", e.Attempt)
	}
	if e.Kept {
		line += " kept"
	}
	if e.Reason != "" {
		line += " " + string(e.Reason)
	}
	if e.Status != event.StatusUnknown {
		line += " " + e.Status.String()
	}
	if e.Type == event.Reset {
		line += ": " + e.Message
	}
	return line
}

func step(id string, args ...string) plan.Step {
	return plan.Step{ID: id, Command: plan.Exec("run", plan.Texts(args)), Effect: plan.Write}
}

func TestResume(t *testing.T) {
	bad := Outcome{Ending: Exited, ExitCode: 1}
	read := func(s plan.Step) plan.Step { s.Effect = plan.Read; return s }
	undo := func(s plan.Step) plan.Step { s.Rollback = &plan.Step{Command: plan.Exec("undo", nil)}; return s }
	with := func(s plan.Step, f func(*plan.Step)) plan.Step { f(&s); return s }
	question := plan.Text("go on?")
	items := func(keys ...any) func(*plan.Step) {
		return func(s *plan.Step) {
			s.Foreach, s.Require = &plan.Foreach{Items: keys}, []plan.Guard{*ask()}
		}
	}
	puts := func(s plan.Step) plan.Step { s.Outputs = []plan.Output{{Name: "v"}}; return s }
	reads := func(s plan.Step, from string) plan.Step {
		s.Command.Args = append(s.Command.Args, plan.Arg{Value: plan.ExprValue(plan.NewExpr("steps." + from + ".outputs.v"))})
		return s
	}
	for _, test := range []struct {
		name   string
		before []plan.Step
		after  []plan.Step // nil: the same
		engine engine
		dies   int
		undo   bool
		opts   Options
		answer map[string]bool
		want   string
	}{
		{
			name: "what completed is kept and what failed is run", before: []plan.Step{step("a"), step("b"), step("c")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|completed a#1 kept|started b#2|completed b#2|started c#1|completed c#1|run_completed completed",
		},
		{
			name: "what was interrupted is left to somebody", before: []plan.Step{step("a"), step("b"), step("c")}, dies: 4,
			want: "interrupted b#1|run_resumed|completed a#1 kept|run_paused undecided",
		},
		{
			name: "unless it only reads", before: []plan.Step{step("a"), read(step("b")), step("c")}, dies: 4,
			want: "interrupted b#1|run_resumed|completed a#1 kept|reset b: it was interrupted|started b#2|completed b#2|started c#1|completed c#1|run_completed completed",
		},
		{
			name: "or somebody says so", before: []plan.Step{step("a"), step("b"), step("c")}, dies: 4, opts: Options{Rerun: []string{"b"}},
			want: "interrupted b#1|run_resumed|completed a#1 kept|reset b: asked for|started b#2|completed b#2|started c#1|completed c#1|run_completed completed",
		},
		{
			name: "or that it is done", before: []plan.Step{step("a"), step("b"), step("c")}, dies: 4, opts: Options{MarkDone: []string{"b"}},
			want: "interrupted b#1|run_resumed|completed a#1 kept|completed b#1 kept marked_done|started c#1|completed c#1|run_completed completed",
		},
		{
			name: "what has changed is left to somebody", before: []plan.Step{step("a", "1"), step("b")}, after: []plan.Step{step("a", "2"), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|run_paused undecided",
		},
		{
			name: "kept if they say so", before: []plan.Step{step("a", "1"), step("b")}, after: []plan.Step{step("a", "2"), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}}, opts: Options{Keep: []string{"a"}},
			want: "run_resumed|completed a#1 kept|started b#2|completed b#2|run_completed completed",
		},
		{
			name: "and run again where it only reads", before: []plan.Step{read(step("a", "1")), step("b")}, after: []plan.Step{read(step("a", "2")), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|reset a: args changed|started a#2|completed a#2|started b#2|completed b#2|run_completed completed",
		},
		{
			name:   "what another step puts out is part of it",
			before: []plan.Step{puts(read(step("a", "1"))), reads(step("b"), "a"), step("c")},
			after:  []plan.Step{puts(read(step("a", "2"))), reads(step("b"), "a"), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}},
			want:   "run_resumed|reset a: args changed|started a#2|completed a#2|run_paused undecided",
		},
		{
			name:   "an unless is asked again",
			before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Unless = ask() }), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}}, answer: map[string]bool{"a unless": true},
			want: "run_resumed|probe a unless|completed a#1 kept|started b#2|completed b#2|run_completed completed",
		},
		{
			name:   "and what it says counts",
			before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Unless = ask() }), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|probe a unless|reset a: unless does not hold any more|probe a unless|started a#2|completed a#2|started b#2|completed b#2|run_completed completed",
		},
		{
			name:   "but an expression knows nothing new",
			before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Unless = expr("false") }), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|completed a#1 kept|started b#2|completed b#2|run_completed completed",
		},
		{
			name:   "an approval holds",
			before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Approval = &question }), step("b")}, dies: 3,
			opts: Options{},
			want: "run_resumed|approval_granted a kept|started a#1|completed a#1|started b#1|completed b#1|run_completed completed",
		},
		{
			name:   "for what it was given for",
			before: []plan.Step{with(step("a", "1"), func(s *plan.Step) { s.Approval = &question })}, dies: 3,
			after: []plan.Step{with(step("a", "2"), func(s *plan.Step) { s.Approval = &question })},
			want:  "run_resumed|approval_requested a|run_paused",
		},
		{
			name: "what was rolled back runs again", before: []plan.Step{undo(step("a")), step("b"), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}},
			want:   "run_resumed|started a#2|completed a#2|completed b#1 kept|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "what it did before is rolled back", before: []plan.Step{undo(step("a")), undo(step("b")), step("c")}, opts: Options{NoRollback: true},
			engine: engine{outcomes: map[string]Outcome{"c": bad}}, undo: true,
			want: "run_resumed rollback|completed a#1 kept|completed b#1 kept|failed c#1 kept exit|started rollback b#1|completed rollback b#1|rolled_back b|started rollback a#1|completed rollback a#1|rolled_back a|run_completed rollback rolled_back",
		},
		{
			name: "what is left out counts as met although it had failed", before: []plan.Step{step("a"), with(step("b"), func(s *plan.Step) { s.Needs = []int{0} })},
			engine: engine{outcomes: map[string]Outcome{"a": bad}}, opts: Options{Skip: []string{"a"}},
			want: "run_resumed|skipped a#1 kept left_out|started b#1|completed b#1|run_completed completed",
		},
		{
			name: "and although it was interrupted", before: []plan.Step{step("a"), step("b")}, dies: 2, opts: Options{Skip: []string{"a"}},
			want: "interrupted a#1|run_resumed|skipped a#1 kept left_out|started b#1|completed b#1|run_completed completed",
		},
		{
			name: "what needed what was rolled back runs again", before: []plan.Step{undo(step("a")), with(step("b"), func(s *plan.Step) { s.Needs = []int{0} }), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}},
			want:   "run_resumed|started a#2|completed a#2|started b#2|completed b#2|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "what was rolled back is not undone once more", before: []plan.Step{undo(step("a")), undo(step("b")), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad, "undo:b": bad}}, undo: true,
			want: "run_resumed rollback|skipped a left_out|completed b#1 kept|failed c#1 kept exit|started rollback b#2|completed rollback b#2|rolled_back b|run_completed rollback rolled_back",
		},
		{
			name: "nor is one kept whose rollback failed", before: []plan.Step{undo(step("a")), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad, "undo:a": bad}},
			want:   "run_resumed|run_paused undecided",
		},
		{
			name: "unless somebody says that it is there", before: []plan.Step{undo(step("a")), step("c")}, opts: Options{MarkDone: []string{"a"}},
			engine: engine{outcomes: map[string]Outcome{"c": bad, "undo:a": bad}},
			want:   "run_resumed|completed a#1 kept marked_done|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "what needed it, and what needed that", before: []plan.Step{undo(step("a")), with(step("b"), func(s *plan.Step) { s.Needs = []int{0} }), with(step("b2"), func(s *plan.Step) { s.Needs = []int{1} }), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}},
			want:   "run_resumed|started a#2|completed a#2|started b#2|completed b#2|started b2#2|completed b2#2|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "also inside of an included runbook", before: []plan.Step{with(step("g"), func(s *plan.Step) {
				s.Body = &plan.Plan{Steps: []plan.Step{undo(step("x")), with(step("y"), func(s *plan.Step) { s.Needs = []int{0} }), step("z")}}
			}), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}},
			want:   "run_resumed|expanded g|completed g/z#1 kept|started g/x#2|completed g/x#2|started g/y#2|completed g/y#2|completed g|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "a foreach of which an item never ran has not completed", before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Foreach = &plan.Foreach{Items: plan.List{"x", "y"}, MaxConcurrency: 1} })}, dies: 4, undo: true,
			want: "run_resumed rollback|expanded a kept|completed a[x]#1 kept|skipped a[y] left_out|skipped a stopped|run_completed rollback cancelled",
		},
		{
			name: "a foreach that had completed is not asked again", before: []plan.Step{with(step("a"), items("x")), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}, answers: map[string]bool{"a require": true}},
			want:   "run_resumed|expanded a|completed a[x]#1 kept|completed a|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "unless its items are others", before: []plan.Step{with(step("a"), items("x")), step("c")}, after: []plan.Step{with(step("a"), items("x", "y")), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}, answers: map[string]bool{"a require": true}}, answer: map[string]bool{"a require": true},
			want: "run_resumed|probe a require|expanded a|completed a[x]#1 kept|started a[y]#1|completed a[y]#1|completed a|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "or one was rolled back", before: []plan.Step{undo(with(step("a"), items("x"))), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}, answers: map[string]bool{"a require": true}}, answer: map[string]bool{"a require": true},
			want: "run_resumed|probe a require|expanded a|started a[x]#2|completed a[x]#2|completed a|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "what is run again is so with all inside", before: []plan.Step{with(with(step("a"), items("x")), func(s *plan.Step) { s.Require, s.Unless = nil, ask() }), step("c")},
			engine: engine{outcomes: map[string]Outcome{"c": bad}},
			want:   "run_resumed|probe a unless|reset a: unless does not hold any more|probe a unless|expanded a|started a[x]#2|completed a[x]#2|completed a|started c#2|completed c#2|run_completed completed",
		},
		{
			name: "a step that completed is not marked", before: []plan.Step{step("a"), step("b")}, opts: Options{MarkDone: []string{"a"}},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|completed a#1 kept|started b#2|completed b#2|run_completed completed",
		},
		{
			name: "one that has changed is", before: []plan.Step{step("a"), step("b")}, after: []plan.Step{step("a", "more"), step("b")}, opts: Options{MarkDone: []string{"a"}},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|completed a#1 kept marked_done|started b#2|completed b#2|run_completed completed",
		},
		{
			name: "one that is given outputs is", before: []plan.Step{step("a"), step("b")},
			opts:   Options{MarkDone: []string{"a"}, Outputs: map[string]event.Values{"a": {"n": int64(2)}}},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|completed a#1 kept marked_done|started b#2|completed b#2|run_completed completed",
		},
		{
			name: "one with unless may be run again", before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Unless = ask() }), step("b")}, dies: 2,
			want: "interrupted a#1|run_resumed|reset a: it was interrupted|probe a unless|started a#2|completed a#2|started b#1|completed b#1|run_completed completed",
		},
		{
			name: "what was a foreach is left to somebody", before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Foreach = &plan.Foreach{Items: plan.List{"x"}} }), step("b")},
			after:  []plan.Step{step("a"), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|run_paused undecided",
		},
		{
			name: "and what has become one", before: []plan.Step{step("a"), step("b")},
			after:  []plan.Step{with(step("a"), func(s *plan.Step) { s.Foreach = &plan.Foreach{Items: plan.List{"x"}} }), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|run_paused undecided",
		},
		{
			name:   "the items of a foreach are remembered one by one",
			before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Foreach = &plan.Foreach{Items: plan.List{"x", "y", "z"}, MaxConcurrency: 1} })},
			engine: engine{outcomes: map[string]Outcome{"a[y]": bad}},
			want:   "run_resumed|expanded a|completed a[x]#1 kept|started a[y]#2|completed a[y]#2|started a[z]#1|completed a[z]#1|completed a|run_completed completed",
		},
		{
			name:   "also where the list has changed",
			before: []plan.Step{with(step("a"), func(s *plan.Step) { s.Foreach = &plan.Foreach{Items: plan.List{"x", "y"}} }), step("b")},
			after:  []plan.Step{with(step("a"), func(s *plan.Step) { s.Foreach = &plan.Foreach{Items: plan.List{"y", "w"}} }), step("b")},
			engine: engine{outcomes: map[string]Outcome{"b": bad}},
			want:   "run_resumed|expanded a|completed a[y]#1 kept|started a[w]#1|completed a[w]#1|completed a|started b#2|completed b#2|run_completed completed",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := test.engine
			e.dies, e.now = test.dies, epoch
			p := serial(test.before...)
			e.run(New(p, Options{RunID: runID, Durable: true, ApproveAll: true, NoRollback: test.opts.NoRollback}))
			e.outcomes, e.answers = nil, test.answer
			if test.after != nil {
				p = serial(test.after...)
			}
			test.opts.Undo = test.undo
			got := e.resume(p, test.opts)
			if diff := cmp.Diff(strings.Split(test.want, "|"), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
