package executor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
)

// recorder is a handler that keeps everything.
type recorder struct {
	mu     sync.Mutex
	events []executor.Event
	seen   func(executor.Event) // called for each; may be nil
}

func (r *recorder) OnEvent(e executor.Event) {
	r.mu.Lock()
	r.events = append(r.events, e)
	r.mu.Unlock()
	if r.seen != nil {
		r.seen(e)
	}
}

func (r *recorder) types(id uuid.UUID) (types []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.ExecutionID == id {
			types = append(types, string(e.Type))
		}
	}
	return types
}

func newEngine(t *testing.T, change func(*executor.Config), opts ...executor.Option) *executor.Engine {
	t.Helper()
	c := executor.DefaultConfig()
	c.LogDir = t.TempDir()
	if change != nil {
		change(&c)
	}
	e, err := executor.New(c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// childRequest runs the test binary as a child with these words.
func childRequest(words string, args ...string) executor.Request {
	return executor.Request{
		Command: executor.Exec{Program: os.Args[0], Args: args},
		Env:     map[string]string{"TEST_CHILD": words},
	}
}

func execute(t *testing.T, e *executor.Engine, r executor.Request) uuid.UUID {
	t.Helper()
	id, err := e.Execute(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestExecute(t *testing.T) {
	rec := &recorder{}
	e := newEngine(t, nil, executor.WithEventHandler(rec))
	id := execute(t, e, childRequest("both"))
	if err := e.Wait(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if s, err := e.Status(id); s != executor.Completed || err != nil {
		t.Errorf("Status = %v, %v", s, err)
	}
	r, err := e.Result(id)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != id || r.Status != executor.Completed || r.ExitCode != 0 || r.Attempts != 1 {
		t.Errorf("Result = %+v", r)
	}
	if r.Stdout != "to stdout\n" || r.Stderr != "to stderr\n" || r.Truncated {
		t.Errorf("output = %q, %q", r.Stdout, r.Stderr)
	}
	if r.StartedAt.IsZero() || r.CompletedAt.Before(r.StartedAt) || r.Duration <= 0 {
		t.Errorf("times = %v, %v, %v", r.StartedAt, r.CompletedAt, r.Duration)
	}
	logs, err := e.ReadLogs(id)
	if err != nil || !strings.Contains(logs, "to stdout\n") || !strings.Contains(logs, "to stderr\n") {
		t.Errorf("ReadLogs = %q, %v", logs, err)
	}
	if want := id.String() + ".log"; filepath.Base(e.LogPath(id)) != want || r.LogPath != e.LogPath(id) {
		t.Errorf("LogPath = %q, Result.LogPath = %q, want a file %q", e.LogPath(id), r.LogPath, want)
	}
	info, err := os.Stat(r.LogPath)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("log %v, %v", info, err)
	}
	list := e.List()
	if len(list) != 1 || list[0].ID != id || list[0].Kind != "exec" || list[0].Status != executor.Completed {
		t.Errorf("List = %+v", list)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(rec.types(id)); got != "[started stdout stderr completed]" && got != "[started stderr stdout completed]" {
		t.Errorf("events = %s", got)
	}
}

func TestHowItEnds(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	notExecutable := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(notExecutable, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	slow := childRequest("hang")
	slow.Timeout = 50 * time.Millisecond
	tests := []struct {
		name    string
		request executor.Request
		status  executor.Status
		code    int
		check   func(error) bool
	}{
		{"exit code 0", childRequest("exit 0"), executor.Completed, 0, func(err error) bool { return err == nil }},
		{"exit code", childRequest("exit 7"), executor.Failed, 7, func(err error) bool {
			var x *executor.ExitError
			return errors.As(err, &x) && x.Code == 7 && x.Signal == ""
		}},
		{"signal", childRequest("kill"), executor.Failed, -1, func(err error) bool {
			var x *executor.ExitError
			return errors.As(err, &x) && x.Code == -1 && x.Signal == "SIGKILL"
		}},
		{"timeout", slow, executor.Timeout, -1, func(err error) bool {
			var x *executor.TimeoutError
			return errors.As(err, &x) && x.After == 50*time.Millisecond
		}},
		{"no such program", executor.Request{Command: executor.Exec{Program: "no-such-program-here"}}, executor.Failed, -1, isSpawnError},
		{"no such file", executor.Request{Command: executor.Exec{Program: missing}}, executor.Failed, -1, isSpawnError},
		{"not executable", executor.Request{Command: executor.Exec{Program: notExecutable}}, executor.Failed, -1, isSpawnError},
	}
	e := newEngine(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := execute(t, e, tt.request)
			if err := e.Wait(t.Context(), id); !tt.check(err) {
				t.Errorf("Wait = %#v", err)
			}
			r, err := e.Result(id)
			if err != nil || r.Status != tt.status || r.ExitCode != tt.code {
				t.Errorf("Result = %+v, %v", r, err)
			}
		})
	}
}

func isSpawnError(err error) bool {
	var x *executor.SpawnError
	return errors.As(err, &x)
}

func TestCommandKinds(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script.sh")
	os.WriteFile(script, []byte("#!/bin/sh\necho script $1 $0\n"), 0o644)
	bare := filepath.Join(dir, "bare")
	os.WriteFile(bare, []byte("echo bare $1\n"), 0o644)
	aws := filepath.Join(dir, "aws")
	os.WriteFile(aws, []byte("#!/bin/sh\necho \"$@\" \"$AWS_PROFILE $AWS_REGION $AWS_DEFAULT_REGION $AWS_OUTPUT $AWS_PAGER.\"\n"), 0o755)
	path := dir + ":" + os.Getenv("PATH")
	tests := []struct {
		name    string
		request executor.Request
		stdout  string
	}{
		{"exec", childRequest("args", "a b", "$HOME", ""), "\"a b\"\n\"$HOME\"\n\"\"\n"},
		{"shell", executor.Request{Command: executor.Shell{Command: "false | true || echo pipefail; echo $A"}, Env: map[string]string{"A": "x  y"}}, "pipefail\nx y\n"},
		{"other shell", executor.Request{Command: executor.Shell{Command: "echo $0", Shell: "sh"}}, "sh\n"},
		{"script", executor.Request{Command: executor.Script{Path: script, Args: []string{"one"}}}, "script one " + script + "\n"},
		{"script with interpreter", executor.Request{Command: executor.Script{Path: bare, Interpreter: "sh", Args: []string{"two"}}}, "bare two\n"},
		{"aws_cli", executor.Request{
			Command: executor.AwsCli{Service: "s3api", Operation: "list-buckets", Args: []string{"--max-items", "1"}, Profile: "p", Region: "eu-west-1"},
			Env:     map[string]string{"PATH": path},
		}, "--profile p --region eu-west-1 --output json s3api list-buckets --max-items 1 p eu-west-1 eu-west-1 json .\n"},
		{"aws_cli without profile and region", executor.Request{
			Command: executor.AwsCli{Service: "sts", Operation: "get-caller-identity"},
			Env:     map[string]string{"PATH": path, "AWS_PROFILE": "mine", "AWS_REGION": "", "AWS_DEFAULT_REGION": ""},
		}, "--output json sts get-caller-identity mine   json .\n"},
	}
	e := newEngine(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := execute(t, e, tt.request)
			if err := e.Wait(t.Context(), id); err != nil {
				logs, _ := e.ReadLogs(id)
				t.Fatalf("%v\n%s", err, logs)
			}
			if r, _ := e.Result(id); r.Stdout != tt.stdout {
				t.Errorf("stdout = %q, want %q", r.Stdout, tt.stdout)
			}
		})
	}
}

func TestSurroundings(t *testing.T) {
	t.Setenv("RUNBOOK_STEP_ID", "of-another-run")
	t.Setenv("RUNBOOK_ANYTHING", "ours")
	t.Setenv("KEPT", "old")
	t.Setenv("INHERITED", "yes")
	e := newEngine(t, nil)
	r := childRequest("env")
	r.Env["KEPT"] = "new"
	id := execute(t, e, r)
	if err := e.Wait(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	res, _ := e.Result(id)
	env := map[string]string{}
	for line := range strings.Lines(res.Stdout) {
		k, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if _, twice := env[k]; twice {
			t.Errorf("%s is there twice", k)
		}
		env[k] = v
	}
	for name, want := range map[string]string{
		"KEPT": "new", "INHERITED": "yes", "RUNBOOK_STEP_ID": id.String(), "RUNBOOK_STEP_ATTEMPT": "1", "RUNBOOK_IDEMPOTENCY_KEY": id.String(),
	} {
		if env[name] != want {
			t.Errorf("%s = %q, want %q", name, env[name], want)
		}
	}
	if v, ok := env["RUNBOOK_ANYTHING"]; ok {
		t.Errorf("RUNBOOK_ANYTHING = %q was passed on", v)
	}
	if _, err := os.Stat(env["RUNBOOK_RUN_DIR"]); !os.IsNotExist(err) {
		t.Errorf("RUNBOOK_RUN_DIR %q is still there: %v", env["RUNBOOK_RUN_DIR"], err)
	}
	dir := t.TempDir()
	r = childRequest("pwd")
	r.WorkingDir = dir
	id = execute(t, e, r)
	e.Wait(t.Context(), id)
	if res, _ := e.Result(id); strings.TrimSpace(res.Stdout) != dir {
		t.Errorf("ran in %q, want %q", res.Stdout, dir)
	}
}

// started returns a channel that gets the first line of each execution.
func started(rec *recorder) <-chan uuid.UUID {
	ch := make(chan uuid.UUID, 1000)
	rec.seen = func(e executor.Event) {
		if e.Type == event.Stdout {
			ch <- e.ExecutionID
		}
	}
	return ch
}

func TestCancel(t *testing.T) {
	rec := &recorder{}
	hanging := started(rec)
	e := newEngine(t, func(c *executor.Config) { c.MaxConcurrentExecutions = 1 }, executor.WithEventHandler(rec))
	running := execute(t, e, childRequest("hang"))
	<-hanging
	pending := execute(t, e, childRequest("hang"))
	if _, err := e.Result(running); !errors.Is(err, executor.ErrNotFinished) {
		t.Errorf("Result of what runs: %v", err)
	}
	if s, _ := e.Status(pending); s != executor.Pending {
		t.Errorf("the second is %v, want pending: there is one slot", s)
	}
	for _, id := range []uuid.UUID{pending, running} {
		if err := e.Cancel(id); err != nil {
			t.Fatal(err)
		}
		if err := e.Wait(t.Context(), id); !errors.Is(err, executor.ErrCancelled) {
			t.Errorf("Wait = %v", err)
		}
		if s, _ := e.Status(id); s != executor.Cancelled {
			t.Errorf("Status = %v", s)
		}
		if err := e.Cancel(id); err != nil {
			t.Errorf("cancelling what has ended: %v", err)
		}
	}
	if r, _ := e.Result(pending); r.Attempts != 0 || !r.StartedAt.IsZero() {
		t.Errorf("the pending one started: %+v", r)
	}
}

func TestKill(t *testing.T) {
	rec := &recorder{}
	hanging := started(rec)
	e := newEngine(t, nil, executor.WithEventHandler(rec))
	id := execute(t, e, childRequest("stubborn"))
	<-hanging
	began := time.Now()
	e.Cancel(id)
	e.Kill(id)
	if err := e.Wait(t.Context(), id); !errors.Is(err, executor.ErrCancelled) {
		t.Errorf("Wait = %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v: the grace period was waited for", took)
	}
}

func TestUnknownIDs(t *testing.T) {
	e := newEngine(t, nil)
	id := uuid.New()
	check := func(name string, err error) {
		if !errors.Is(err, executor.ErrNotFound) {
			t.Errorf("%s = %v", name, err)
		}
	}
	check("Wait", e.Wait(t.Context(), id))
	check("Cancel", e.Cancel(id))
	check("Kill", e.Kill(id))
	_, err := e.Status(id)
	check("Status", err)
	_, err = e.Result(id)
	check("Result", err)
	_, err = e.PlanResult(id)
	check("PlanResult", err)
	_, err = e.ReadLogs(id)
	check("ReadLogs", err)
	if p := e.LogPath(id); p != "" {
		t.Errorf("LogPath = %q", p)
	}
}

func TestIDs(t *testing.T) {
	e := newEngine(t, nil)
	r := childRequest("exit 0")
	r.ID = uuid.New()
	if id := execute(t, e, r); id != r.ID {
		t.Errorf("got id %v, want the one asked for", id)
	}
	if _, err := e.Execute(t.Context(), r); !errors.Is(err, executor.ErrDuplicateID) {
		t.Errorf("the same id again: %v", err)
	}
	if _, err := e.ExecutePlan(t.Context(), executor.Plan{ID: r.ID, Requests: []executor.Request{childRequest("exit 0")}}); !errors.Is(err, executor.ErrDuplicateID) {
		t.Errorf("a plan with the id of an execution: %v", err)
	}
	e.Wait(t.Context(), r.ID)
}

func TestWaitContext(t *testing.T) {
	e := newEngine(t, nil)
	id := execute(t, e, childRequest("hang"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Wait(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v", err)
	}
	if _, err := e.Execute(ctx, childRequest("exit 0")); !errors.Is(err, context.Canceled) {
		t.Errorf("Execute with a context that has ended = %v", err)
	}
	if s, _ := e.Status(id); s.Ended() {
		t.Errorf("the context of Wait ended the execution: %v", s)
	}
}

func TestClose(t *testing.T) {
	rec := &recorder{}
	hanging := started(rec)
	e := newEngine(t, nil, executor.WithEventHandler(rec))
	id := execute(t, e, childRequest("hang"))
	<-hanging
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if s, err := e.Status(id); s != executor.Cancelled || err != nil {
		t.Errorf("after Close: %v, %v", s, err)
	}
	if _, err := e.Execute(t.Context(), childRequest("exit 0")); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("Execute after Close: %v", err)
	}
	if last := rec.events[len(rec.events)-1]; last.Type != event.RunCompleted {
		t.Errorf("the last event is %s", last.Type)
	}
}

// Close with a context that ends kills what does not stop by itself.
func TestCloseInAHurry(t *testing.T) {
	rec := &recorder{}
	hanging := started(rec)
	e := newEngine(t, nil, executor.WithEventHandler(rec))
	id := execute(t, e, childRequest("stubborn"))
	<-hanging
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	e.Close(ctx)
	if s, _ := e.Status(id); s != executor.Cancelled {
		t.Errorf("after Close: %v", s)
	}
}

func TestHundredsAtOnce(t *testing.T) {
	rec := &recorder{}
	e := newEngine(t, func(c *executor.Config) { c.MaxConcurrentExecutions = 50 }, executor.WithEventHandler(rec))
	var ids []uuid.UUID
	for i := range 300 {
		ids = append(ids, execute(t, e, childRequest(fmt.Sprintf("echo %d", i))))
	}
	for i, id := range ids {
		if err := e.Wait(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if r, _ := e.Result(id); r.Stdout != fmt.Sprintln(i) {
			t.Errorf("%d printed %q", i, r.Stdout)
		}
	}
	e.Close(t.Context())
	for i, ev := range rec.events {
		if ev.Seq != uint64(i+1) {
			t.Fatalf("event %d has number %d", i+1, ev.Seq)
		}
	}
	if len(rec.events) < 300*5 {
		t.Errorf("%d events", len(rec.events))
	}
}

func TestRetention(t *testing.T) {
	e := newEngine(t, func(c *executor.Config) { c.MaxRetained = 3 })
	var ids []uuid.UUID
	for range 6 {
		id := execute(t, e, childRequest("exit 0"))
		ids = append(ids, id)
		e.Wait(t.Context(), id)
	}
	deadline := time.Now().Add(10 * time.Second)
	for len(e.List()) > 3 && time.Now().Before(deadline) {
		execute := childRequest("exit 0")
		if id, err := e.Execute(t.Context(), execute); err == nil {
			e.Wait(t.Context(), id)
		}
	}
	if n := len(e.List()); n > 4 {
		t.Errorf("%d are remembered", n)
	}
	if _, err := e.Status(ids[0]); !errors.Is(err, executor.ErrNotFound) {
		t.Errorf("the oldest: %v", err)
	}
}

// What writes nothing leaves no log.
func TestNoOutputNoLog(t *testing.T) {
	var logs string
	e := newEngine(t, func(c *executor.Config) { logs = c.LogDir })
	for _, r := range []executor.Request{childRequest("exit 3"), {Command: executor.Exec{Program: "no-such-program-here"}}} {
		id := execute(t, e, r)
		e.Wait(t.Context(), id)
		checkNoLog(t, e, id, logs)
	}
}

func checkNoLog(t *testing.T, e *executor.Engine, id uuid.UUID, logs string) {
	t.Helper()
	if p := e.LogPath(id); p != "" {
		t.Errorf("LogPath = %q", p)
	}
	if entries, _ := os.ReadDir(logs); len(entries) != 0 {
		t.Errorf("%v was left", entries)
	}
	if text, err := e.ReadLogs(id); text != "" || err != nil {
		t.Errorf("ReadLogs = %q, %v", text, err)
	}
}
