package executor_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
)

// Hundreds of runs in one engine keep out of each other's way. What they leave
// behind is looked for after all tests.
func TestCrowdOfRuns(t *testing.T) {
	const runs = 200
	dir := t.TempDir() + "/state"
	e := newEngine(t, func(c *executor.Config) { c.StateDir, c.MaxConcurrentExecutions = dir, 16 })
	p := serial(sh("a", "echo a"), sh("b", "echo b"))
	var ids []uuid.UUID
	for range runs {
		id, err := e.ExecuteCompiled(t.Context(), p, executor.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		if err := e.Wait(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	folder, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, problems, err := folder.List(state.Filter{Status: []event.Status{event.StatusCompleted}})
	if err != nil || len(problems) > 0 || len(kept) != runs {
		t.Errorf("%d runs are kept as completed, want %d; %v, %v", len(kept), runs, problems, err)
	}
}
