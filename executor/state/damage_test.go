package state

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
)

// A log without a record tells of its attempt, whatever the step is called.
func TestUnrecorded(t *testing.T) {
	r := created(t, opened(t), Asked{})
	journaled(t, r, event.Event{Type: event.RunStarted}, event.Event{Type: event.Started, StepID: "a.b", Attempt: 1})
	if err := r.Damage(); err != nil {
		t.Errorf("without logs: %v", err)
	}
	logged := func(id string, phase event.Phase, attempt int) {
		t.Helper()
		if err := os.MkdirAll(r.Logs(), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.LogFile(id, phase, attempt), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	logged("a.b", event.Main, 1)
	if err := r.Damage(); err != nil {
		t.Errorf("with the log of what is recorded: %v", err)
	}
	logged("a.b", event.Main, 2)
	logged("x[é/1.2]/in", event.Main, 1)
	logged("a.b", event.Rollback, 1)
	if err := os.WriteFile(filepath.Join(r.Logs(), "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Damage(); err == nil {
		t.Error("logs that are not recorded are no damage")
	}
	events, err := r.Events()
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.Unrecorded(events)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if list[i].Timestamp.IsZero() {
			t.Error("no time")
		}
		list[i] = event.Event{StepID: list[i].StepID, Phase: list[i].Phase, Attempt: list[i].Attempt}
	}
	want := []event.Event{
		{StepID: "a.b", Attempt: 2}, {StepID: "a.b", Phase: event.Rollback, Attempt: 1}, {StepID: "x[é/1.2]/in", Attempt: 1},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
}
