package run

import (
	"fmt"
	"testing"
	"time"

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
				journal = append(journal, *x.Event)
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
