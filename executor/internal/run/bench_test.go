package run

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func wide(n int) *plan.Plan {
	p := &plan.Plan{Steps: make([]plan.Step, n)}
	for i := range p.Steps {
		p.Steps[i].ID = fmt.Sprintf("step_%d", i)
	}
	return p
}

func chain(n int, kind string) *plan.Plan {
	p := wide(n)
	for i := 1; i < n; i++ {
		if kind == "needs" {
			p.Steps[i].Needs = []int{i - 1}
		} else {
			p.Steps[i].After = []int{i - 1}
		}
	}
	return p
}

// guarded has a condition before every step.
func guarded(n int) *plan.Plan {
	p := wide(n)
	for i := range p.Steps {
		p.Steps[i].If = &plan.Guard{Expr: plan.NewExpr("true")}
	}
	return p
}

// bodies has two steps for each item of loops of a thousand, two items at a
// time.
func bodies(n int) *plan.Plan {
	p := wide(n)
	p.Steps = p.Steps[:max(n/2000, 1)]
	for i := range p.Steps {
		p.Steps[i].Foreach = &plan.Foreach{Items: numbers(min(n/2, 1000)), MaxConcurrency: 2}
		p.Steps[i].Body = chain(2, "needs")
	}
	return p
}

// undone fails its last step, so that all others are rolled back.
func undone(n int) *plan.Plan {
	p := chain(n, "after")
	for i := range p.Steps {
		p.Steps[i].Rollback = &plan.Step{}
	}
	p.Steps[n-1].SuccessExit = []int{9}
	return p
}

// layers has each step of a layer need every step of the layer before.
func layers(n, width int) *plan.Plan {
	p := wide(n)
	for i := width; i < n; i++ {
		for k := range width {
			p.Steps[i].Needs = append(p.Steps[i].Needs, i/width*width-width+k)
		}
	}
	return p
}

// drive runs a plan with attempts that take no time and end in the order they
// started, at most so many at once.
func drive(p *plan.Plan, slots int, outcome Outcome) *Machine {
	m := New(p, Options{RunID: runID})
	now := epoch
	var running []Start
	m.Handle(now, Begin{})
	for !m.Done() {
		for len(running) < slots && m.WantsSlot() {
			for _, e := range m.Handle(now, SlotFree{}) {
				if s, ok := e.(Start); ok {
					running = append(running, s)
				}
			}
		}
		if len(running) == 0 {
			panic("the run hangs")
		}
		s := running[0]
		running = running[1:]
		now = now.Add(time.Microsecond)
		m.Handle(now, Finished{s.Node, s.Attempt, outcome})
	}
	return m
}

func benchmark(b *testing.B, p *plan.Plan, slots int, outcome Outcome) {
	b.ReportAllocs()
	for b.Loop() {
		drive(p, slots, outcome)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(p.Steps)), "ns/step")
}

const many = 100_000

func BenchmarkWide(b *testing.B)      { benchmark(b, wide(many), 2, Outcome{}) }
func BenchmarkUnlimited(b *testing.B) { benchmark(b, wide(many), many, Outcome{}) }
func BenchmarkChain(b *testing.B)     { benchmark(b, chain(many, "needs"), 2, Outcome{}) }
func BenchmarkSerial(b *testing.B)    { benchmark(b, chain(many, "after"), 2, Outcome{}) }
func BenchmarkLayers(b *testing.B)    { benchmark(b, layers(many, 20), 20, Outcome{}) }

// BenchmarkSkipped fails the first step of a chain, which ends all others.
func BenchmarkSkipped(b *testing.B) { benchmark(b, chain(many, "needs"), 2, Outcome{ExitCode: 1}) }

// BenchmarkNew is what a run costs before it begins.
func BenchmarkNew(b *testing.B) {
	p := layers(many, 20)
	b.ReportAllocs()
	for b.Loop() {
		New(p, Options{})
	}
}

// outputs are what each step of the benchmarks below puts out.
func outputs() event.Values {
	return event.Values{"status": "available", "rows": int64(2_000_000), "share": 0.25}
}

const items10k = 10_000

// loopOf10k is a step with foreach, and a step that reads all its outputs.
func loopOf10k() *plan.Plan {
	p := wide(2)
	p.Steps[0].Foreach = &plan.Foreach{Items: numbers(items10k)}
	p.Steps[0].Outputs = []plan.Output{{Name: "status"}, {Name: "rows"}, {Name: "share"}}
	p.Steps[1].Needs = []int{0}
	p.Steps[1].If = &plan.Guard{Expr: plan.NewExpr("len(steps.step_0.outputs.rows) == 10000")}
	return p
}

// written10k is the same steps written out.
func written10k() *plan.Plan {
	p := wide(items10k + 1)
	for i := range items10k {
		p.Steps[items10k].Needs = append(p.Steps[items10k].Needs, i)
	}
	return p
}

func BenchmarkLoop(b *testing.B)    { benchmarkItems(b, loopOf10k()) }
func BenchmarkWritten(b *testing.B) { benchmarkItems(b, written10k()) }

func benchmarkItems(b *testing.B, p *plan.Plan) {
	b.ReportAllocs()
	for b.Loop() {
		if m := drive(p, 2, Outcome{Outputs: outputs()}); m.Status() != event.StatusCompleted {
			b.Fatal("the run did not complete")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*items10k), "ns/item")
}

// processorTime is what this process has used of the processors. Unlike time it
// does not depend on what else the machine does.
func processorTime(t *testing.T) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestLoopIsCheap: a foreach of 10,000 items, with 3 outputs each, costs less
// than 3 times the same steps written out.
func TestLoopIsCheap(t *testing.T) {
	cost := func(p *plan.Plan) time.Duration {
		best := time.Duration(1 << 62)
		for range 5 {
			start := processorTime(t)
			drive(p, 2, Outcome{Outputs: outputs()})
			best = min(best, processorTime(t)-start)
		}
		return best
	}
	if loop, written := cost(loopOf10k()), cost(written10k()); loop > 3*written {
		t.Errorf("the loop costs %v, the steps written out %v", loop, written)
	}
}

// TestCostGrowsLinearly compares the cost of a step in a small and in a large
// plan of each shape. Among twenty times as many steps each may cost a little
// more; a quadratic loop makes it twenty times as much.
func TestCostGrowsLinearly(t *testing.T) {
	perStep := func(p *plan.Plan, slots int, o Outcome) time.Duration {
		best := time.Duration(1 << 62)
		for range 3 {
			start := processorTime(t)
			drive(p, slots, o)
			best = min(best, processorTime(t)-start)
		}
		return best
	}
	const small, large = 1_000, 20_000
	for name, shape := range map[string]struct {
		plan  func(n int) *plan.Plan
		slots int
		o     Outcome
	}{
		"wide":      {wide, 2, Outcome{}},
		"unlimited": {wide, large, Outcome{}},
		"chain":     {func(n int) *plan.Plan { return chain(n, "needs") }, 2, Outcome{}},
		"skipped":   {func(n int) *plan.Plan { return chain(n, "needs") }, 2, Outcome{ExitCode: 1}},
		"guarded":   {guarded, 2, Outcome{}},
		"bodies":    {bodies, 2, Outcome{}},
		"rollbacks": {undone, 2, Outcome{}},
	} {
		few := perStep(shape.plan(small), shape.slots, shape.o) / small
		lots := perStep(shape.plan(large), shape.slots, shape.o) / large
		if lots > 8*few {
			t.Errorf("%s: a step costs %v among %d and %v among %d", name, few, small, lots, large)
		}
	}
}

// journalOf is what a run of a plan of which the last step failed has told.
func journalOf(p *plan.Plan) []event.Event {
	m := New(p, Options{RunID: runID, Durable: true, NoRollback: true})
	now := epoch
	var journal []event.Event
	queue := []Input{Begin{}}
	for !m.Done() {
		in := Input(SlotFree{})
		if len(queue) > 0 {
			in, queue = queue[0], queue[1:]
		}
		now = now.Add(time.Microsecond)
		for _, e := range m.Handle(now, in) {
			switch x := e.(type) {
			case Record:
				journal = append(journal, x.Event)
			case Start:
				o := Outcome{Outputs: outputs()}
				if m.stepID(m.static-1) == m.StepID(x.Node) {
					o.ExitCode = 1
				}
				queue = append(queue, Finished{x.Node, x.Attempt, o})
			}
		}
	}
	return journal
}

// goOnWith resumes a run, with attempts that take no time.
func goOnWith(p *plan.Plan, journal []event.Event, o Options) *Machine {
	o.RunID, o.Durable, o.Memory = runID, true, Remember(journal)
	m := New(p, o)
	queue := []Input{Begin{}}
	for !m.Done() {
		in := Input(SlotFree{})
		if len(queue) > 0 {
			in, queue = queue[0], queue[1:]
		}
		for _, e := range m.Handle(epoch, in) {
			if x, ok := e.(Start); ok {
				queue = append(queue, Finished{x.Node, x.Attempt, Outcome{Outputs: outputs()}})
			}
		}
	}
	return m
}

// manyLoops has a hundred items in each step, and one that fails at the end.
func manyLoops(n int) *plan.Plan {
	p := wide(max(n/100, 1) + 1)
	for i := range p.Steps[1:] {
		p.Steps[i].Foreach = &plan.Foreach{Items: numbers(100)}
		p.Steps[i+1].After = []int{i}
	}
	return p
}

// oneLoop has all items in one step.
func oneLoop(n int) *plan.Plan {
	p := wide(2)
	p.Steps[0].Foreach = &plan.Foreach{Items: numbers(min(n, maxItems))}
	p.Steps[1].After = []int{0}
	return p
}

func BenchmarkResume(b *testing.B) {
	for name, p := range map[string]*plan.Plan{
		"chain100k": chain(many, "after"), "wide100k": wide(many), "loop10k": oneLoop(items10k), "loops100k": manyLoops(many),
	} {
		journal := journalOf(p)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				goOnWith(p, journal, Options{})
			}
		})
	}
}

// TestResumeGrowsLinearly compares the cost of a step, as TestCostGrowsLinearly
// does, of runs that are resumed: kept, undone, all of it left to somebody and
// then cancelled, all of it run again, and explained.
func TestResumeGrowsLinearly(t *testing.T) {
	perStep := func(do func()) time.Duration {
		best := time.Duration(1 << 62)
		for range 2 {
			start := processorTime(t)
			do()
			best = min(best, processorTime(t)-start)
		}
		return best
	}
	changed := func(p *plan.Plan, effect plan.Effect) *plan.Plan {
		c := *p
		c.Steps = append([]plan.Step(nil), p.Steps...)
		for i := range c.Steps {
			c.Steps[i].Command, c.Steps[i].Effect = plan.Exec("other", nil), effect
		}
		return &c
	}
	const small, large = 400, 4_000
	for name, shape := range map[string]func(n int) *plan.Plan{
		"chain": func(n int) *plan.Plan { return chain(n, "needs") }, "wide": wide, "one loop": oneLoop, "many loops": manyLoops, "undone": undone,
	} {
		costs := map[string][2]time.Duration{}
		for k, n := range []int{small, large} {
			p := shape(n)
			journal := journalOf(p)
			add := func(what string, do func()) {
				c := costs[what]
				c[k] = perStep(do) / time.Duration(n)
				costs[what] = c
			}
			add("kept", func() { goOnWith(p, journal, Options{}) })
			add("undone", func() { goOnWith(p, journal, Options{Undo: true}) })
			add("run again", func() { goOnWith(changed(p, plan.Read), journal, Options{}) })
			add("undecided", func() {
				m := goOnWith(changed(p, plan.Write), journal, Options{})
				m.Undecided()
				m.Handle(epoch, Cancel{})
			})
			add("explained", func() {
				New(changed(p, plan.Write), Options{RunID: runID, Durable: true, Memory: Remember(journal)}).Explain(epoch)
			})
			rolled := append(append([]event.Event(nil), journal...), undoneEvents(p)...)
			add("rolled back", func() { goOnWith(p, rolled, Options{}) })
		}
		for what, c := range costs {
			if c[1] > 6*c[0] {
				t.Errorf("%s, %s: a step costs %v among %d and %v among %d", name, what, c[0], small, c[1], large)
			}
		}
	}
}

// undoneEvents tells that every step was rolled back.
func undoneEvents(p *plan.Plan) []event.Event {
	var list []event.Event
	for i := range p.Steps {
		list = append(list, event.Event{Type: event.RolledBack, StepID: p.Steps[i].ID})
	}
	return list
}
