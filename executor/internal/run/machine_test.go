package run

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// TestResultFields gives every field of an outcome a value and looks for it in
// the event, in the JSON form of the event, and in the answer of a machine that
// was told by events alone.
func TestResultFields(t *testing.T) {
	id := uuid.MustParse("0190a0a0-0000-7000-8000-00000000000a")
	p := &plan.Plan{Name: "n", Steps: []plan.Step{{ID: "a", ContinueOnError: true}}}
	options := Options{RunID: runID, ExecutionIDs: func(phase event.Phase, i int) uuid.UUID {
		if phase != event.Main || i != 0 {
			t.Errorf("asked for the id of %q %d", phase, i)
		}
		return id
	}}
	m := New(p, options)
	begun := m.Handle(epoch, Begin{})
	started := m.Handle(epoch, SlotFree{})
	local := time.FixedZone("local", 3600)
	now := epoch.Add(5 * time.Second).In(local)
	ended := m.Handle(now, Finished{Node{}, 1, Outcome{
		Ending: Signaled, ExitCode: 9, Signal: "SIGSEGV", Error: "killed by SIGSEGV (core dumped)",
		StartedAt: epoch.Add(time.Millisecond).In(local), EndedAt: epoch.Add(4 * time.Second).In(local), Duration: 3 * time.Second,
		Truncated: true, LogPath: "/logs/a.log", Warnings: []string{"not for the machine"},
	}})
	result := event.Result{
		ID: id, StepID: "a", Status: event.StatusFailed, Reason: event.ReasonSignal, Attempts: 1, ExitCode: -1,
		Signal: "SIGSEGV", Truncated: true, Duration: 3 * time.Second, StartedAt: epoch.Add(time.Millisecond),
		CompletedAt: epoch.Add(4 * time.Second), LogPath: "/logs/a.log", Error: "killed by SIGSEGV (core dumped)", Tolerated: true,
	}
	about := func(at time.Time, e event.Event) Record {
		e.RunID, e.Timestamp, e.ExecutionID, e.StepID = runID, at.UTC(), id, "a"
		return Record{&e}
	}
	want := []Effect{
		Record{&event.Event{Type: event.RunStarted, RunID: runID, Timestamp: epoch, Name: "n", Total: 1}},
		about(epoch, event.Event{Type: event.Started, Attempt: 1}),
		Start{Node{}, 1},
		about(now, event.Event{Type: event.Failed, Attempt: 1, Result: &result, Error: result.Error, Reason: result.Reason, Tolerated: true}),
		Record{&event.Event{Type: event.RunCompleted, RunID: runID, Timestamp: now.UTC(), Status: event.StatusCompleted, Stats: &event.Stats{Total: 1, Failed: 1}}},
		End{},
	}
	got := append(append(append([]Effect{}, begun...), started...), ended...)
	// begun and started are gone: the slice is used again.
	got[0], got[1], got[2] = want[0], want[1], want[2]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	told := New(p, Options{RunID: runID})
	for _, effect := range want {
		if r, ok := effect.(Record); ok {
			told.Apply(viaJSON(t, *r.Event))
		}
	}
	for _, m := range []*Machine{m, told} {
		if diff := cmp.Diff(result, m.Result(Node{})); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if told.ExecutionID(Node{}) != id {
		t.Errorf("the execution id was not taken from the events")
	}
}

func TestExecutionIDs(t *testing.T) {
	s := parse(t, "a; b | a2 | a3")
	seen := map[uuid.UUID]Node{}
	one, two := s.machine(), s.machine()
	other := New(s.plan, Options{RunID: uuid.Max})
	for _, n := range nodesOf(s.plan) {
		id := one.ExecutionID(n)
		if id != two.ExecutionID(n) || id == other.ExecutionID(n) || id == uuid.Nil {
			t.Errorf("%v: %v is not derived from the run", n, id)
		}
		if before, ok := seen[id]; ok {
			t.Errorf("%v and %v have the same id", before, n)
		}
		seen[id] = n
	}
}

// TestSlotsInFileOrder: what became ready first must not come first.
func TestSlotsInFileOrder(t *testing.T) {
	s := parse(t, "late <gate; gate @1ms; x @2ms; y; z")
	s.plan.MaxConcurrency = 2
	var order []string
	for _, e := range simulate(t, s, s.machine(), nil).events() {
		if e.Type == event.Started {
			order = append(order, e.StepID)
		}
	}
	if want := []string{"gate", "x", "late", "y", "z"}; !cmp.Equal(order, want) {
		t.Errorf("started %v, want %v", order, want)
	}
}

func TestRunningIsShort(t *testing.T) {
	p := &plan.Plan{Steps: make([]plan.Step, 200)}
	for i := range p.Steps {
		p.Steps[i].ID = fmt.Sprintf("s%d", i)
	}
	m := New(p, Options{})
	m.Handle(epoch, Begin{})
	if ids := m.Running(); len(ids) != 0 || m.Status() != event.StatusRunning {
		t.Errorf("running %v, status %v", ids, m.Status())
	}
	for range p.Steps {
		m.Handle(epoch, SlotFree{})
	}
	if m.WantsSlot() {
		t.Errorf("a slot is wanted although everything runs")
	}
	m.Handle(epoch, Finished{Node{Index: 1}, 1, Outcome{}})
	if got, want := m.Running(), []string{"s0", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10"}; !cmp.Equal(got, want) {
		t.Errorf("running %v, want %v", got, want)
	}
}

// TestBeforeTheBeginning: whatever comes first, the run begins first.
func TestBeforeTheBeginning(t *testing.T) {
	for _, in := range []Input{Cancel{}, Kill{}, Abort{}} {
		s := parse(t, "a||z")
		m := s.machine()
		if effects := m.Handle(epoch, Tick{}); len(effects) > 0 || m.WantsSlot() || m.Status() != event.StatusPending {
			t.Errorf("a run that has not begun does something: %v", effects)
		}
		effects := m.Handle(epoch, in)
		if r, ok := effects[0].(Record); !ok || r.Type != event.RunStarted {
			t.Errorf("%T: first effect %+v", in, effects[0])
		}
		if got := m.NodeStatus(Node{}); got != event.StatusCancelled {
			t.Errorf("%T: the step is %v", in, got)
		}
	}
	m := parse(t, "a").machine()
	m.Handle(epoch, Begin{})
	if effects := m.Handle(epoch, Begin{}); len(effects) > 0 {
		t.Errorf("a second begin had effects: %v", effects)
	}
}

// TestStopComesBeforeTheRecordsOfTheRest: with 100,000 steps to cancel, what
// runs should not have to wait for their records.
func TestStopComesBeforeTheRecordsOfTheRest(t *testing.T) {
	m := parse(t, "a; b ~a").machine()
	m.Handle(epoch, Begin{})
	m.Handle(epoch, SlotFree{})
	effects := m.Handle(epoch, Cancel{Signal: "SIGTERM", Message: "deploy was replaced"})
	if _, ok := effects[1].(Stop); !ok || len(effects) != 3 {
		t.Fatalf("effects %+v", effects)
	}
	if e := effects[0].(Record); e.Type != event.RunCancelling || e.Signal != "SIGTERM" || e.Message != "deploy was replaced" {
		t.Errorf("first effect %+v", e)
	}
}

// TestForeignEvents: a journal may hold events that this machine does not know,
// or that make no sense to it.
func TestForeignEvents(t *testing.T) {
	s := parse(t, "a; b <a")
	m := s.machine()
	m.Apply(event.Event{Type: event.RunStarted})
	before := snapshot(m)
	for _, e := range []event.Event{
		{Type: "shaken", StepID: "a"}, {Type: event.ApprovalGranted, StepID: "a"}, {Type: event.Expanded, StepID: "a", Items: []event.Item{{Key: "x"}}}, {Type: event.RunResumed}, {Type: event.Stdout, StepID: "a"}, {Type: event.Warning}, {Type: event.Progress},
		{Type: event.Completed, StepID: "gone"}, {Type: event.Completed}, {Type: event.Retrying, StepID: "a"}, {Type: event.RunStarted},
	} {
		m.Apply(e)
	}
	if after := snapshot(m); after != before {
		t.Errorf("-before +after:\n%s", cmp.Diff(before, after))
	}
	m.Apply(event.Event{Type: event.Started, StepID: "a", Attempt: 1})
	m.Apply(event.Event{Type: event.Started, StepID: "a", Attempt: 1})
	m.Apply(event.Event{Type: event.Completed, StepID: "a"})
	m.Apply(event.Event{Type: event.Failed, StepID: "a"})
	if m.running != 0 || m.Stats().Completed != 1 || m.Stats().Failed != 0 || !m.WantsSlot() {
		t.Errorf("events told twice count twice: %s", snapshot(m))
	}
	for _, n := range []Node{{Index: -1}, {Index: 2}, {Phase: event.Finally}, {Phase: "rollback"}, {Job: 1}, {Job: -1}, Itself} {
		if m.NodeStatus(n) != event.StatusUnknown || m.Result(n).ExitCode != -1 || m.ExecutionID(n) != uuid.Nil {
			t.Errorf("%v is known", n)
		}
	}
}
