package executor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A program with few descriptors carries out everything all the same: steps with
// logs, outputs, files for their output, files of variables, probes and locks, of
// a run that is kept.
func TestFewDescriptors(t *testing.T) {
	for _, limit := range []string{"64", "32", "24"} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "TEST_CHILD=few "+limit+" "+t.TempDir())
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != "ok 200\n" {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// fewDescriptors is the program of that test.
func fewDescriptors(limit, dir string) error {
	n, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "env"), []byte("WORD=hello\n"), 0o600); err != nil {
		return err
	}
	c := executor.DefaultConfig()
	c.LogDir, c.StateDir, c.MaxConcurrentExecutions = dir, filepath.Join(dir, "state"), 50
	rec := &recorder{}
	e, err := executor.New(c, executor.WithContainment(), executor.WithEventHandler(rec))
	if err != nil {
		return err
	}
	p := &plan.Plan{Strategy: plan.Parallel, StopOnError: false, Dir: dir}
	p.Secrets = []plan.Secret{{Name: "token", Exec: []plan.Value{plan.Text("echo"), plan.Text("a-long-secret")}}}
	for i := range 200 {
		file := plan.Text(fmt.Sprintf("out.%d", i))
		s := sh(fmt.Sprint("s", i), `sleep 0.02; echo $WORD; echo "v=$WORD" >>$RUNBOOK_STEP_OUTPUT`)
		s.Dir, s.Stdout, s.EnvFiles = dir, &file, []plan.Value{plan.Text("env")}
		s.Outputs = []plan.Output{output("v", "")}
		if i%4 == 0 {
			s.Unless = &plan.Guard{Probe: &plan.Probe{Command: plan.Shell("sleep 0.01; exit 1", "sh")}}
		}
		if i%50 == 0 && n > 24 { // each takes a descriptor, also while its step waits for one
			s.Lock = &plan.Lock{Name: plan.Text(fmt.Sprint("lock", i))}
		}
		p.Steps = append(p.Steps, s)
	}
	id, err := e.ExecuteCompiled(context.Background(), p, executor.RunOptions{})
	if err != nil {
		return err
	}
	// Only now: no run begins where there is nothing to begin it with.
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		return err
	}
	err = e.Wait(context.Background(), id)
	err = errors.Join(err, e.Close(context.Background()))
	for i, ev := range rec.events {
		switch {
		case ev.Seq != uint64(i+1):
			err = errors.Join(err, fmt.Errorf("event %d has number %d", i+1, ev.Seq))
		case ev.Type == event.Warning || ev.Type == event.Failed:
			err = errors.Join(err, fmt.Errorf("%s %s: %s%s", ev.Type, ev.StepID, ev.Message, ev.Error))
		}
	}
	folder, problem := state.Open(c.StateDir)
	if problem != nil {
		return problem
	}
	kept, problem := folder.Run(id)
	if problem != nil {
		return problem
	}
	events, problem := kept.Events()
	done := 0
	for _, ev := range events {
		if ev.Type != event.Completed || ev.Outputs["v"] != "hello" {
			continue
		}
		log, _ := os.ReadFile(kept.LogFile(ev.StepID, event.Main, 1))
		out, _ := os.ReadFile(filepath.Join(dir, "out."+strings.TrimPrefix(ev.StepID, "s")))
		if string(log) == "hello\n" && string(out) == "hello\n" {
			done++
		}
	}
	fmt.Println("ok", done)
	return errors.Join(err, problem)
}
