package executor_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/executor"
)

func TestRequestValidate(t *testing.T) {
	dir := t.TempDir()
	bare := filepath.Join(dir, "bare")
	os.WriteFile(bare, []byte("echo hello\n"), 0o755)
	long := strings.Repeat("x", 128<<10)
	ok := executor.Exec{Program: "true"}
	tests := []struct {
		name    string
		request executor.Request
		want    []string // in each problem, in order
	}{
		{"fine", executor.Request{Command: ok}, nil},
		{"nothing", executor.Request{}, []string{"no command"}},
		{"empty program", executor.Request{Command: executor.Exec{}}, []string{"the program is empty"}},
		{"empty shell", executor.Request{Command: executor.Shell{Command: " \n"}}, []string{"the shell command is empty"}},
		{"unknown shell", executor.Request{Command: executor.Shell{Command: "ls", Shell: "bsh"}}, []string{`unknown shell "bsh", want one of ash, bash`}},
		{"a shell by its path", executor.Request{Command: executor.Shell{Command: "ls", Shell: "/bin/bash"}}, nil},
		{"empty service and operation", executor.Request{Command: executor.AwsCli{}}, []string{"the aws service is empty", "the aws operation is empty"}},
		{"flag as operation", executor.Request{Command: executor.AwsCli{Service: "s3", Operation: "--endpoint-url=x"}}, []string{`aws operation is "--endpoint-url=x"`}},
		{"no script path", executor.Request{Command: executor.Script{}}, []string{"path is empty"}},
		{"missing script", executor.Request{Command: executor.Script{Path: filepath.Join(dir, "no")}}, []string{"does not exist"}},
		{"a folder as script", executor.Request{Command: executor.Script{Path: dir}}, []string{"is not a regular file"}},
		{"no interpreter", executor.Request{Command: executor.Script{Path: bare}}, []string{"has no #! line and is not an executable program; name its interpreter"}},
		{"interpreter given", executor.Request{Command: executor.Script{Path: bare, Interpreter: "sh"}}, nil},
		{"missing folder", executor.Request{Command: ok, WorkingDir: filepath.Join(dir, "no")}, []string{"does not exist"}},
		{"a file as folder", executor.Request{Command: ok, WorkingDir: bare}, []string{"is not a folder"}},
		{"timeouts", executor.Request{Command: ok, Timeout: 25 * time.Hour}, []string{"timeout 25h0m0s is above the maximum of 24h0m0s"}},
		{"negative timeout", executor.Request{Command: ok, Timeout: -1}, []string{"timeout is -1ns"}},
		{"environment names", executor.Request{Command: ok, Env: map[string]string{"1A": "", "A-B": "", "": "", "A=B": "", "RUNBOOK_X": "", "OK_1": "x"}},
			[]string{`environment name ""`, `environment name "1A"`, `environment name "A-B"`, `environment name "A=B"`, `"RUNBOOK_X": names with RUNBOOK_ are the engine's own`}},
		{"NUL", executor.Request{Command: executor.Exec{Program: "a\x00", Args: []string{"", "b\x00"}}, Env: map[string]string{"A": "\x00"}},
			[]string{"holds a NUL byte", "argument 2 holds a NUL byte", `"A" holds a NUL byte`}},
		{"too long", executor.Request{Command: executor.Exec{Program: "a", Args: []string{long}}, Env: map[string]string{"A": long}},
			[]string{"argument 1 has 131072 bytes, the system takes 131071; use a file or standard input", `environment variable "A" has 131072 bytes`}},
		{"several at once", executor.Request{Command: executor.Exec{}, Timeout: -1, WorkingDir: "/no/such", Env: map[string]string{"-": ""}},
			[]string{"program is empty", `"-"`, "/no/such", "timeout"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkProblems(t, tt.request.Validate(executor.DefaultConfig()), tt.want)
		})
	}
}

func checkProblems(t *testing.T, err error, want []string) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("got %v, want nil", err)
		}
		return
	}
	var v *executor.ValidationError
	if !errors.As(err, &v) {
		t.Fatalf("got %v, want a ValidationError", err)
	}
	if len(v.Problems) != len(want) {
		t.Fatalf("got %d problems, want %d: %v", len(v.Problems), len(want), err)
	}
	for i, w := range want {
		if !strings.Contains(v.Problems[i].Error(), w) {
			t.Errorf("problem %d is %q, want %q in it", i, v.Problems[i], w)
		}
	}
}

func TestPlanValidate(t *testing.T) {
	ok := executor.Request{Command: executor.Exec{Program: "true"}}
	three := []executor.Request{ok, ok, ok}
	sameID := []executor.Request{{ID: id1, Command: ok.Command}, ok, {ID: id1, Command: ok.Command}}
	graph := func(d map[int][]int) executor.Plan {
		return executor.Plan{Requests: three, Strategy: executor.DependencyGraph{Dependencies: d}}
	}
	tests := []struct {
		name string
		plan executor.Plan
		want []string
	}{
		{"empty", executor.Plan{}, nil},
		{"fine", graph(map[int][]int{1: {0}, 2: {0, 1, 1}}), nil},
		{"bad requests", executor.Plan{Requests: []executor.Request{ok, {}, {Command: executor.Exec{}, Timeout: -1}}},
			[]string{"request 1: no command", "request 2: the program is empty", "request 2: timeout"}},
		{"same id twice", executor.Plan{Requests: sameID}, []string{"request 2: the id is in use already: it is that of request 0 too"}},
		{"out of range", graph(map[int][]int{1: {3}, -1: {0}, 5: {0}}), []string{"there is no request -1", "there is no request 3, they count from 0 to 2", "there is no request 5"}},
		{"cycle", graph(map[int][]int{0: {2}, 1: {0}, 2: {1}}), []string{`"0" depends on "2" depends on "1" depends on "0"`}},
		{"needs itself", graph(map[int][]int{1: {1}}), []string{`"1" depends on itself`}},
		{"negative limit", executor.Plan{Strategy: executor.Parallel{MaxConcurrency: -1}}, []string{"max concurrency is -1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkProblems(t, tt.plan.Validate(executor.DefaultConfig()), tt.want)
		})
	}
}

func TestConfigValidate(t *testing.T) {
	change := func(f func(*executor.Config)) executor.Config {
		c := executor.DefaultConfig()
		f(&c)
		return c
	}
	tests := []struct {
		name   string
		config executor.Config
		want   []string
	}{
		{"default", executor.DefaultConfig(), nil},
		{"zero", executor.Config{}, []string{"default timeout is 0s", "maximum timeout is 0s", "0 executions at once"}},
		{"default above maximum", change(func(c *executor.Config) { c.MaxTimeout = time.Minute }), []string{"default timeout 10m0s is above the maximum timeout 1m0s"}},
		{"retained", change(func(c *executor.Config) { c.MaxRetained = -1 }), []string{"-1 executions to remember"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkProblems(t, tt.config.Validate(), tt.want)
			if e, err := executor.New(tt.config); (err == nil) != (tt.want == nil) {
				t.Errorf("New = %v", err)
			} else if err == nil {
				e.Close(t.Context())
			}
		})
	}
}

func TestConfigFromEnv(t *testing.T) {
	for name, value := range map[string]string{
		"RUNBOOK_DEFAULT_TIMEOUT": "90s", "RUNBOOK_MAX_TIMEOUT": "2h", "RUNBOOK_STREAM_OUTPUT": "false",
		"RUNBOOK_LOG_DIR": "/logs", "RUNBOOK_LOCK_DIR": "/locks", "RUNBOOK_MAX_CONCURRENT_EXECUTIONS": "3", "RUNBOOK_MAX_RETAINED": "7",
	} {
		t.Setenv(name, value)
	}
	got, err := executor.ConfigFromEnv()
	want := executor.Config{DefaultTimeout: 90 * time.Second, MaxTimeout: 2 * time.Hour, LogDir: "/logs", LockDir: "/locks", MaxConcurrentExecutions: 3, MaxRetained: 7}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	t.Setenv("RUNBOOK_MAX_TIMEOUT", "soon")
	t.Setenv("RUNBOOK_STREAM_OUTPUT", "perhaps")
	t.Setenv("RUNBOOK_MAX_CONCURRENT_EXECUTIONS", "-1")
	_, err = executor.ConfigFromEnv()
	checkProblems(t, err, []string{
		`RUNBOOK_MAX_TIMEOUT is "soon", want a duration such as 24h`,
		`RUNBOOK_STREAM_OUTPUT is "perhaps", want true or false`,
		"-1 executions at once, want 1 or more",
	})
}
