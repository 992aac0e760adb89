package run

import (
	"fmt"
	"testing"
	"time"

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

// TestCostGrowsLinearly compares the cost of a step in a small and in a large
// plan of each shape. Among twenty times as many steps each may cost a little
// more; a quadratic loop makes it twenty times as much.
func TestCostGrowsLinearly(t *testing.T) {
	perStep := func(p *plan.Plan, slots int, o Outcome) time.Duration {
		best := time.Duration(1 << 62)
		for range 3 {
			start := time.Now()
			drive(p, slots, o)
			best = min(best, time.Since(start)/time.Duration(len(p.Steps)))
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
	} {
		few, lots := perStep(shape.plan(small), shape.slots, shape.o), perStep(shape.plan(large), shape.slots, shape.o)
		if lots > 8*few {
			t.Errorf("%s: a step costs %v among %d and %v among %d", name, few, small, lots, large)
		}
	}
}
