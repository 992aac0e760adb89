package main

import (
	"bytes"
	"context"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func noEnvironment(string) string { return "" }

// testSignals gets its signals by handle and records what it would exit with.
func testSignals() (s *signals, stderr *bytes.Buffer, exited *[]int) {
	stderr, exited = &bytes.Buffer{}, new([]int)
	s = &signals{
		cli:  &cli{stderr: stderr, env: noEnvironment},
		exit: func(code int) { *exited = append(*exited, code) },
	}
	s.wait, s.leave = context.WithCancel(context.Background())
	return s, stderr, exited
}

func TestSignalBeforeTheRun(t *testing.T) {
	for _, test := range []struct {
		signal syscall.Signal
		code   int
		says   string
	}{
		{syscall.SIGHUP, 129, "runbook: terminal closed (SIGHUP), nothing was started\n"},
		{syscall.SIGINT, 130, "runbook: interrupted (SIGINT), nothing was started\n"},
		{syscall.SIGTERM, 143, "runbook: told to end (SIGTERM), nothing was started\n"},
	} {
		s, stderr, exited := testSignals()
		s.handle(test.signal)
		if len(*exited) != 1 || (*exited)[0] != test.code {
			t.Errorf("%v: exited with %v, want %d", test.signal, *exited, test.code)
		}
		if got := stderr.String(); got != test.says {
			t.Errorf("%v: says %q, want %q", test.signal, got, test.says)
		}
	}
}

// deafRunner carries out attempts that nothing ends, until it is released.
type deafRunner struct{ started, released chan struct{} }

func (r deafRunner) Run(context.Context, executor.Attempt) executor.Outcome {
	close(r.started)
	<-r.released
	return executor.Outcome{}
}

func TestThirdSignalLeavesAtOnce(t *testing.T) {
	s, stderr, exited := testSignals()
	runner := deafRunner{make(chan struct{}), make(chan struct{})}
	config := executor.DefaultConfig()
	config.LogDir = t.TempDir()
	engine, err := executor.New(config, executor.WithRunner(runner))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	p := &plan.Plan{Strategy: plan.Serial, Steps: []plan.Step{{ID: "deaf", Command: plan.Exec("deaf", nil)}}}
	if _, err := s.begin(engine, nil, func() (uuid.UUID, error) { return engine.ExecuteCompiled(ctx, p, executor.RunOptions{}) }); err != nil {
		t.Fatal(err)
	}
	<-runner.started // before that the first signal would end the run
	for range 3 {
		if len(*exited) > 0 {
			t.Errorf("it left before the third signal: %s", stderr)
		}
		s.handle(syscall.SIGINT)
	}
	if len(*exited) != 1 || (*exited)[0] != 130 {
		t.Errorf("exited with %v, want 130", *exited)
	}
	want := "runbook: interrupted (SIGINT), ending what runs; once more kills it\n" +
		"runbook: interrupted (SIGINT), killing what still runs\n" +
		"runbook: interrupted (SIGINT), leaving at once\n"
	if got := stderr.String(); got != want {
		t.Errorf("says %q, want %q", got, want)
	}
	close(runner.released)
	engine.Close(ctx)
}
