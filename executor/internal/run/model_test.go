package run

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// TestMain makes the number of random scenarios thousands, and the same ones each
// time, where the command line does not say otherwise: a change is to be judged by
// what it does, and make soak looks for what no scenario has shown yet. With the
// race detector, which is ten times as slow and has nothing to look for in one
// goroutine, they are few: TestMutants runs all without it.
func TestMain(m *testing.M) {
	flag.Parse()
	checks := "4000"
	if testing.Short() || raceEnabled {
		checks = "500"
	}
	unless := map[string]string{"rapid.checks": checks, "rapid.seed": "1"}
	flag.Visit(func(f *flag.Flag) { delete(unless, f.Name) })
	for name, value := range unless {
		flag.Set(name, value)
	}
	os.Exit(m.Run())
}

// check tries a property on one in so many of the random scenarios.
func check(t *testing.T, oneIn int, property func(*rapid.T)) {
	t.Helper()
	checks := flag.Lookup("rapid.checks").Value
	all := checks.String()
	n, err := strconv.Atoi(all)
	if err != nil {
		t.Fatal(err)
	}
	checks.Set(strconv.Itoa(max(n/oneIn, 1)))
	defer checks.Set(all)
	rapid.Check(t, property)
}

// TestOracle runs random scenarios and compares, line by line and to the
// nanosecond, what happened with what the oracle says must happen.
func TestOracle(t *testing.T) {
	check(t, 1, func(rt *rapid.T) {
		s := drawScenario(rt)
		want := foretell(s)
		sim := simulate(rt, s.copy(), s.machine(), nil)
		if diff := cmp.Diff(want, sim.trace); diff != "" {
			rt.Fatalf("not as the oracle says (-want +got):\n%s\nplan: %s", diff, mustJSON(s.plan))
		}
		checkRules(rt, s, sim.m, sim.events())
	})
}

func mustJSON(v any) []byte {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic(err)
	}
	return b
}

// checkRules looks for what must hold of any run, so that a mistake that
// machine and oracle have in common is found.
func checkRules(t rapid.TB, s *scenario, m *Machine, events []event.Event) {
	ends, running, met := map[string]event.Type{}, map[string]event.Phase{}, map[string]bool{}
	asked := map[string]bool{}
	begins := event.RunStarted
	if s.resumed != nil {
		begins = event.RunResumed
	}
	begun := false
	for k, e := range events {
		switch {
		case s.resumed != nil && !begun && e.Type == event.Interrupted:
		case !begun && e.Type == begins:
			begun = true
		case !begun || e.Type == event.RunStarted || e.Type == event.Interrupted:
			t.Fatalf("event %d is %s", k, e.Type)
		}
		if last := k == len(events)-1; last != (e.Type == event.RunCompleted) && !(last && e.Type == event.RunPaused) {
			t.Fatalf("event %d of %d is %s", k, len(events), e.Type)
		}
		if e.RunID != runID || e.Timestamp.Location() != time.UTC {
			t.Fatalf("run id or time zone missing in %s", mustJSON(e))
		}
		id := string(e.Phase) + "/" + e.StepID
		switch e.Type {
		case event.Started:
			running[id] = e.Phase
			main := 0
			for _, phase := range running {
				if phase == event.Main {
					main++
				}
			}
			if most := s.plan.MaxConcurrency; most > 0 && main > most || len(running) > s.slots {
				t.Fatalf("%d run at once with a limit of %d and %d slots", len(running), most, s.slots)
			}
			if asked[id] {
				t.Fatalf("%s started although it waits for an approval", id)
			}
		case event.ApprovalRequested:
			asked[id] = true
		case event.ApprovalGranted:
			asked[id] = false
		case event.Retrying, event.Completed, event.Failed, event.Timeout, event.Cancelled, event.Skipped:
			delete(running, id)
			if e.Type == event.Retrying {
				continue
			}
			if ends[id] != "" {
				t.Fatalf("step %s ended twice", id)
			}
			ends[id] = e.Type
			met[id] = e.Type == event.Completed || e.Tolerated ||
				e.Type == event.Skipped && e.Reason != event.ReasonNeed && e.Reason != event.ReasonStopped
			if e.Type != event.Completed && len(e.Outputs) > 0 || e.Reason == event.ReasonRejected && e.Tolerated {
				t.Fatalf("what did not complete has outputs, or what was rejected is tolerated: %s", mustJSON(e))
			}
			if (e.Type == event.Completed || e.Type == event.Failed) && e.Result == nil || (e.Type == event.Skipped) != (e.Message != "") {
				t.Fatalf("no result or no message: %s", mustJSON(e))
			}
		}
		if at := slices.IndexFunc(s.plan.Steps, func(p plan.Step) bool { return p.ID == e.StepID }); e.Type == event.Started && e.Phase == event.Main && at >= 0 {
			for _, n := range s.plan.Steps[at].Needs {
				if id := s.plan.Steps[n].ID; !met["/"+id] {
					t.Fatalf("%s started before %s, which it needs, had completed", e.StepID, id)
				}
			}
			for _, n := range s.plan.Steps[at].After {
				if id := s.plan.Steps[n].ID; ends["/"+id] == "" {
					t.Fatalf("%s started before %s had ended", e.StepID, id)
				}
			}
		}
		if r := e.Result; r != nil && (r.StepID != e.StepID || r.ID != e.ExecutionID || r.Phase != e.Phase ||
			r.Attempts != e.Attempt || r.Error != e.Error || r.Reason != e.Reason || r.Tolerated != e.Tolerated) {
			t.Fatalf("event and result differ: %s", mustJSON(e))
		}
	}
	if len(running) > 0 || !m.Done() || m.WantsSlot() {
		t.Fatalf("a run that has ended is not at rest: %v", running)
	}
	if m.Status() == event.StatusInterrupted {
		if len(m.Undecided()) == 0 {
			t.Fatalf("a run needs a decision and nothing is undecided")
		}
		return
	}
	if m.Status() == event.StatusPaused {
		if len(m.Waiting()) == 0 {
			t.Fatalf("a run is paused and nothing waits")
		}
		return
	}
	for _, n := range allNodes(m) {
		if id := string(n.Phase) + "/" + m.StepID(n); n.Phase != event.OnFailure && (n.Phase == event.Main || s.resumed == nil || !s.resumed.undo) && ends[id] == "" {
			t.Fatalf("%s never ended", id)
		}
		if st := m.NodeStatus(n); st == event.StatusRunning {
			t.Fatalf("%v is still %v", n, st)
		}
	}
	if len(m.Running()) > 0 || len(m.Waiting()) > 0 || m.running+m.between+m.awaiting+m.asked != 0 {
		t.Fatalf("an ended run is not at rest")
	}
	for _, in := range []Input{Begin{}, SlotFree{}, Tick{}, Cancel{}, Kill{}, Abort{}} {
		if effects := m.Handle(epoch, in); len(effects) > 0 {
			t.Fatalf("%T after the end had effects: %v", in, effects)
		}
	}
}

// snapshot is the state of a machine that its events must tell.
func snapshot(m *Machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v running %d\n", m.state, m.running)
	b.WriteString(m.memory.String())
	for _, k := range m.blocks {
		fmt.Fprintf(&b, "block of %d: %d+%d left=%d failure=%d failures=%d tolerated=%d cancelled=%d stopped=%d running=%d next=%d under=%d\n",
			k.owner, k.first, k.size, k.left, k.failure, k.failures, k.tolerated, k.cancelled, k.stopped, k.running, k.next, k.under)
	}
	for i := range m.nodes {
		n := m.nodes[i]
		due := time.Duration(0)
		if n.between {
			due = n.due.Sub(epoch)
		}
		k, local := m.in(i)
		// Between two attempts a node becomes ready with time, not with an event;
		// with guards, with answers that another machine asks for again.
		ready := k.ready.has(local) && !n.between && n.inner == 0 && !m.guarded(i) &&
			(m.memory == nil || !m.options.Memory.knows(m.stepID(i)))
		fmt.Fprintf(&b, "%s %v %s tolerated=%t between=%t open=%d attempts=%d began=%v approval=%d waits=%t undone=%d/%t outputs=%v inner=%d due=%v ready=%t doomed=%t active=%t note=%q result=%+v\n",
			m.executionID(i), n.status, n.reason, n.tolerated, n.between, n.open, n.attempts, n.started.UnixNano(),
			n.approval, n.waits, n.undone, n.rolledBack, n.outputs, n.inner, due, ready, k.doomed.has(local), k.active.has(local), n.note, m.resultOrNone(i))
	}
	return b.String()
}

// String is all there is in a memory.
func (m *Memory) String() string {
	if m == nil {
		return ""
	}
	var b strings.Builder
	c := *m
	c.past = nil
	fmt.Fprintf(&b, "%+v\n", c)
	for _, id := range slices.Sorted(maps.Keys(m.past)) {
		p := *m.past[id]
		fmt.Fprintf(&b, "%s: %s %s %s %d %t %t %t %d\n", id, mustJSON(p.start), mustJSON(p.end), mustJSON(p.failed),
			p.before, p.interrupted, p.undoing, p.group, p.order)
	}
	return b.String()
}

func (m *Machine) resultOrNone(i int) event.Result {
	if m.nodes[i].last == nil {
		return event.Result{}
	}
	return m.lastResult(i)
}

func viaJSON[T any](t rapid.TB, v T) T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back T
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v, back); diff != "" {
		t.Fatalf("changed by a round trip through JSON (-before +after):\n%s", diff)
	}
	return back
}

// TestFold replays the events of random runs, each after a round trip through
// JSON, into a second machine, with a plan that has been through JSON as well.
// After each input both must be in the same state; and a machine that has seen
// only the first events of what an input led to must go on with the rest.
func TestFold(t *testing.T) {
	check(t, 10, func(rt *rapid.T) { checkFold(rt, drawScenario(rt)) })
}

// TestFoldResumed does so with runs that go on from others.
func TestFoldResumed(t *testing.T) {
	check(t, 10, func(rt *rapid.T) {
		s := drawDurable(rt)
		events := simulate(rt, s.copy(), s.machine(), nil).events()
		next := s.goOn(events[:rapid.IntRange(1, len(events)).Draw(rt, "dies after")], s.requests)
		next.resumed.undo = oneOf(rt, "undo", false, false, true)
		next.resumed.decide(rt)
		checkFold(rt, next)
	})
}

func checkFold(rt *rapid.T, s *scenario) {
	stored := s.copy()
	stored.plan = viaJSON(rt, s.plan)
	replayed := stored.machine()
	var seen []event.Event
	sim := simulate(rt, s.copy(), s.machine(), func(sim *simulation) {
		batch := sim.batches[len(sim.batches)-1]
		for k, e := range batch {
			// What follows run_resumed is the answer that came in.
			// While something is asked the two differ: the one that was
			// told the events does not wait for the answer.
			if k > 0 && k < 4 && batch[k-1].Type != event.RunResumed && !sim.asked {
				checkGoesOn(rt, stored, sim.m.await, seen, batch[k:])
			}
			e = viaJSON(rt, e)
			seen = append(seen, e)
			replayed.Apply(e)
		}
		if live, told := snapshot(sim.m), snapshot(replayed); live != told {
			rt.Fatalf("the events tell another state (-live +replayed) after\n%s\n%s", strings.Join(sim.trace, "\n"), cmp.Diff(live, told))
		}
		checkSame(rt, sim.m, replayed, allNodes(sim.m))
	})
	again := simulate(rt, stored.copy(), stored.machine(), nil)
	if diff := cmp.Diff(sim.trace, again.trace); diff != "" {
		rt.Fatalf("the stored plan runs differently:\n%s", diff)
	}
}

// checkGoesOn gives a new machine the first events of what an input led to. A
// start is left out: it takes a slot as well. That nobody will answer any more is
// no event, so the machine is told.
func checkGoesOn(t *rapid.T, s *scenario, await bool, seen, rest []event.Event) {
	if last := len(rest) - 1; rest[last].Type == event.Started {
		rest = rest[:last]
	}
	m := s.machine()
	m.await = await
	for _, e := range seen {
		m.Apply(e)
	}
	got := rest[:0:0]
	for _, effect := range m.Handle(seen[len(seen)-1].Timestamp, Begin{}) {
		switch e := effect.(type) {
		case Record:
			got = append(got, *e.Event)
		case Probe, Lock:
			return // it has to ask again
		}
	}
	if diff := cmp.Diff(rest, got); diff != "" {
		t.Fatalf("after %d events the run goes on differently (-live +replayed):\n%s", len(seen), diff)
	}
}

// checkSame compares what the two machines answer.
func checkSame(t *rapid.T, a, b *Machine, nodes []Node) {
	for _, n := range nodes {
		if a.Result(n) != b.Result(n) || a.NodeStatus(n) != b.NodeStatus(n) {
			t.Fatalf("%v: results differ:\n%s", n, cmp.Diff(a.Result(n), b.Result(n)))
		}
	}
	an, aok := a.Failure()
	bn, bok := b.Failure()
	if an != bn || aok != bok || a.Status() != b.Status() || a.Stats() != b.Stats() ||
		a.HandlerFailed() != b.HandlerFailed() || a.EngineError() != b.EngineError() || !slices.Equal(a.Running(), b.Running()) {
		t.Fatalf("answers differ")
	}
}
