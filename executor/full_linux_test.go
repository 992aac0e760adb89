package executor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// filler carries out steps of which the first fills a disk.
type filler struct{ path string }

func (f filler) Run(_ context.Context, a executor.Attempt) executor.Outcome {
	began := time.Now()
	if a.StepID != "s0" {
		return executor.Outcome{StartedAt: began, EndedAt: began}
	}
	file, err := os.Create(f.path)
	for chunk := make([]byte, 4096); err == nil; {
		_, err = file.Write(chunk)
	}
	file.Close()
	if !errors.Is(err, syscall.ENOSPC) {
		panic(err)
	}
	return executor.Outcome{StartedAt: began, EndedAt: time.Now()}
}

// A full disk ends a run in order: nothing new starts, and how it ends is both
// written down and told.
func TestFullStateFolder(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("needs root, to mount a small disk: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	rec := &recorder{}
	e := newEngine(t, func(c *executor.Config) { c.StateDir = filepath.Join(dir, "state") },
		executor.WithRunner(filler{filepath.Join(dir, "filler")}), executor.WithEventHandler(rec))
	var steps []plan.Step // more than the reserve of the journal has room for
	for i := range 600 {
		steps = append(steps, step(fmt.Sprint("s", i), "", ""))
	}
	id, err := e.ExecuteCompiled(t.Context(), serial(steps...), executor.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = e.Wait(t.Context(), id)
	if err == nil || !strings.Contains(err.Error(), "the disk with the journal is full") {
		t.Errorf("Wait = %v", err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	folder, err := state.Open(filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := folder.Run(id)
	if err != nil {
		t.Fatal(err)
	}
	written, err := kept.Events()
	if err != nil {
		t.Fatal(err)
	}
	var wrote, told []string
	for _, ev := range written {
		wrote = append(wrote, string(ev.Type)+" "+ev.StepID)
	}
	for i, ev := range rec.events {
		if ev.Seq != uint64(i+1) {
			t.Errorf("event %d has number %d", i+1, ev.Seq)
		}
		if ev.Type != event.Progress && ev.Type != event.Warning {
			told = append(told, string(ev.Type)+" "+ev.StepID)
		}
	}
	if !slices.Equal(told, wrote) || told[len(told)-1] != "run_completed " || !slices.Contains(told, "run_cancelling ") {
		t.Errorf("told %d events, written %d; the last ones told are %q", len(told), len(wrote), told[max(0, len(told)-3):])
	}
}
