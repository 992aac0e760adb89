package executor

import (
	"context"
	"testing"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// Why a run on this file system may be lost is told once by each run.
func TestNetworkIsToldOnce(t *testing.T) {
	var told []string
	c := DefaultConfig()
	c.LogDir, c.StateDir = t.TempDir(), t.TempDir()+"/state"
	e, err := New(c, WithEventHandler(EventHandlerFunc(func(e event.Event) {
		if e.Type == event.Warning {
			told = append(told, e.Message)
		}
	})))
	if err != nil {
		t.Fatal(err)
	}
	e.state.Warning = "it is on NFS"
	p := &plan.Plan{Strategy: plan.Serial, Steps: []plan.Step{{ID: "a", Command: plan.Exec("false", nil)}}}
	id, err := e.ExecuteCompiled(t.Context(), p, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_ = e.Wait(t.Context(), id)
	if err := e.Resume(t.Context(), id, p, RunOptions{}); err != nil {
		t.Fatal(err)
	}
	_ = e.Wait(t.Context(), id)
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(told) != 2 || told[0] != "it is on NFS" || told[1] != told[0] {
		t.Errorf("a run and its resume told %q", told)
	}
}
