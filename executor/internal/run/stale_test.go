package run

import (
	"testing"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// A step that ended between two attempts is waited for no more, however long the
// rest of the run takes.
func TestNothingWaitsForWhatHasEnded(t *testing.T) {
	p := &plan.Plan{
		StopOnError: true,
		Steps: []plan.Step{
			{ID: "a", Retry: &plan.Retry{Times: 3, Delay: plan.Text("10s")}},
			{ID: "b"},
		},
		Finally: []plan.Step{{ID: "f"}},
	}
	m := New(p, Options{})
	now := time.Unix(1_000_000, 0)
	failed := Outcome{ExitCode: 1}
	m.Handle(now, Begin{})
	m.Handle(now, SlotFree{})
	m.Handle(now, SlotFree{})
	m.Handle(now, Finished{Node: Node{Index: 0}, Attempt: 1, Outcome: failed})
	if at, ok := m.NextTick(); !ok || !at.Equal(now.Add(10*time.Second)) {
		t.Fatalf("the next attempt is due at %v, %v", at, ok)
	}
	m.Handle(now, Finished{Node: Node{Index: 1}, Attempt: 1, Outcome: failed}) // ends a too
	if at, ok := m.NextTick(); ok {
		t.Errorf("something is due at %v", at)
	}
	m.Handle(now, SlotFree{}) // starts f
	for _, effect := range m.Handle(now.Add(time.Minute), Tick{}) {
		t.Errorf("a tick does %+v", effect)
	}
	if m.WantsSlot() {
		t.Error("a step that has ended wants a slot")
	}
}
