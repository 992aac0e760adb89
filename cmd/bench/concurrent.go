package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
)

// crowd is how many steps are run at once, and asleep how long each takes:
// longer than it takes to start them all, so that they all overlap.
const (
	crowd  = 500
	asleep = "4"
)

// concurrent measures what many steps at once need.
func (b *bench) concurrent() error {
	var steps strings.Builder
	for i := range crowd {
		fmt.Fprintf(&steps, "  - id: %s\n    exec: [sleep, \"%s\"]\n", step(i), asleep)
	}
	c := &contestant{
		name:  "runbook apply, logs and events",
		argv:  []string{b.runbook, "apply", "runbook.yaml", "--quiet", "--no-color", "--max-concurrency", fmt.Sprint(crowd), "--sink", "jsonl=" + events},
		files: map[string]string{"runbook.yaml": fmt.Sprintf("version: 1\nname: bench\nstrategy: {type: parallel, max_concurrency: %d}\nsteps:\n%s", crowd, &steps)},
	}
	c.check = func() error {
		seen, err := readEvents(filepath.Join(c.dir, events))
		if err == nil && (seen.completed != crowd || seen.concurrent != crowd) {
			err = fmt.Errorf("%d of %d steps completed, at most %d at once", seen.completed, crowd, seen.concurrent)
		}
		return err
	}
	if err := b.race(1, []*contestant{c}); err != nil {
		return err
	}
	b.table.section(fmt.Sprintf("%d steps at once, each sleeping %s s", crowd, asleep))
	b.table.row(c, c)
	b.table.budget("peak RSS", float64(c.rss())/(1<<20), " MiB", 96, 0)
	return nil
}

// library measures the same through package executor, and what is left behind
// when it is closed.
func (b *bench) library() error {
	dir := filepath.Join(b.dir, "library")
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.self, "@engine", fmt.Sprint(crowd))
	cmd.Dir, cmd.Env = dir, environment(dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("package executor: %w%s", err, tail(stderr.String()))
	}
	c := &contestant{name: "package executor", costs: []cost{costOf(cmd.ProcessState, time.Since(start))}}
	var left leftovers
	if err := json.Unmarshal(out, &left); err != nil {
		return fmt.Errorf("package executor: %w", err)
	}
	if left.Concurrent != crowd {
		return fmt.Errorf("package executor: at most %d of %d executions ran at once", left.Concurrent, crowd)
	}
	b.table.section(fmt.Sprintf("%d executions at once in a Go program", crowd))
	b.table.row(c, c)
	b.table.budget("peak RSS", float64(c.rss())/(1<<20), " MiB", 96, 0)
	for _, l := range []struct {
		what  string
		count int
	}{{"goroutines", left.Goroutines}, {"open files", left.Files}, {"processes", left.Processes}} {
		b.table.budget(l.what+" left after Close", float64(l.count), "", 0, 0)
	}
	return nil
}

// leftovers is what there is more of after an engine was used than before.
type leftovers struct {
	Concurrent int // the most executions that ran at once
	Goroutines int
	Files      int
	Processes  int
}

// engine runs n executions at once through the library, twice: what the runtime
// itself keeps open from its first process on is no leftover.
func engine(n string) error {
	count, err := strconv.Atoi(n)
	if err != nil {
		return err
	}
	if _, err := useEngine(1, "0"); err != nil {
		return err
	}
	before := holdings()
	most, err := useEngine(count, asleep)
	if err != nil {
		return err
	}
	left := leftovers{Concurrent: most}
	// What has been told to end may take a moment to be gone.
	for deadline := time.Now().Add(2 * time.Second); ; runtime.Gosched() {
		now := holdings()
		left.Goroutines, left.Files, left.Processes = now.Goroutines-before.Goroutines, now.Files-before.Files, now.Processes-before.Processes
		if left.Goroutines <= 0 && left.Files <= 0 && left.Processes <= 0 || time.Now().After(deadline) {
			return printJSON(left)
		}
	}
}

func useEngine(n int, seconds string) (most int, err error) {
	var running, peak atomic.Int64
	handler := executor.EventHandlerFunc(func(e event.Event) {
		switch e.Type {
		case event.Started:
			peak.Store(max(peak.Load(), running.Add(1)))
		case event.Completed, event.Failed, event.Cancelled, event.Timeout:
			running.Add(-1)
		}
	})
	config := executor.DefaultConfig()
	config.MaxConcurrentExecutions = n
	e, err := executor.New(config, executor.WithEventHandler(handler))
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	plan := executor.Plan{Strategy: executor.Parallel{StopOnError: true}}
	for range n {
		plan.Requests = append(plan.Requests, executor.Request{Command: executor.Exec{Program: "sleep", Args: []string{seconds}}})
	}
	id, err := e.ExecutePlan(ctx, plan)
	if err == nil {
		err = e.Wait(ctx, id)
	}
	if cerr := e.Close(ctx); err == nil {
		err = cerr
	}
	return int(peak.Load()), err
}

// holdings counts what this process has now.
func holdings() leftovers {
	l := leftovers{Goroutines: runtime.NumGoroutine()}
	if files, err := os.ReadDir("/dev/fd"); err == nil {
		l.Files = len(files)
	}
	children, _ := filepath.Glob("/proc/self/task/*/children") // Linux only
	for _, path := range children {
		if text, err := os.ReadFile(path); err == nil {
			l.Processes += len(strings.Fields(string(text)))
		}
	}
	return l
}
