package main

import (
	"context"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A sink that panics is told, once, and not waited for.
func TestSinkThatPanics(t *testing.T) {
	t.Parallel()
	s := &sinks{}
	s.add("bad", true, executor.EventHandlerFunc(func(event.Event) { panic("bad sink") }), func() error { return nil })
	config := executor.DefaultConfig()
	config.LogDir = t.TempDir()
	e, err := executor.New(config, executor.WithEventHandler(s.open[0]))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	id, err := e.ExecuteCompiled(ctx, &plan.Plan{Steps: []plan.Step{{ID: "a", Command: plan.Exec("true", nil)}}}, executor.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Wait(ctx, id); err != nil {
		t.Error(err)
	}
	s.wait(ctx)
	if err := e.Close(ctx); err == nil || strings.Count(err.Error(), "bad sink") != 1 {
		t.Errorf("Close = %v", err)
	}
	if errs, _ := s.closeAll(); len(errs) != 1 || errs[0].Error() != "bad: left before it had all events" {
		t.Errorf("closeAll = %v", errs)
	}
}
