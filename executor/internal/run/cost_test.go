//go:build !race

package run

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// What these tests compare is the cost without the race detector; where that is
// on, TestMutants runs them without it.

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
