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
