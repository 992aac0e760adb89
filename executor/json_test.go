package executor_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
)

var (
	id1 = uuid.MustParse("11111111-1111-4111-8111-111111111111")
	id2 = uuid.MustParse("22222222-2222-4222-8222-222222222222")
)

// The JSON forms are a contract: each is written out here.
func TestJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"exec", executor.Request{Command: executor.Exec{Program: "uptime"}}, `{"command":{"type":"exec","program":"uptime"}}`},
		{"exec with all", executor.Request{ID: id1, Command: executor.Exec{Program: "p", Args: []string{"", "b"}}, Env: map[string]string{"B": "2", "A": ""}, WorkingDir: "/tmp", Timeout: 150 * time.Second, Metadata: executor.Metadata{"team": "x"}},
			`{"id":"11111111-1111-4111-8111-111111111111","command":{"type":"exec","program":"p","args":["","b"]},"env":{"A":"","B":"2"},"working_dir":"/tmp","timeout":"2m30s","metadata":{"team":"x"}}`},
		{"script", executor.Request{Command: executor.Script{Path: "a.sh", Interpreter: "sh", Args: []string{"x"}}}, `{"command":{"type":"script","path":"a.sh","interpreter":"sh","args":["x"]}}`},
		{"shell", executor.Request{Command: executor.Shell{Command: "a | b", Shell: "zsh"}}, `{"command":{"type":"shell","command":"a | b","shell":"zsh"}}`},
		{"aws_cli", executor.Request{Command: executor.AwsCli{Service: "s3", Operation: "ls", Profile: "p", Region: "r"}}, `{"command":{"type":"aws_cli","service":"s3","operation":"ls","profile":"p","region":"r"}}`},
		{"no command", executor.Request{}, `{"command":null}`},
		{"serial", executor.Plan{Strategy: executor.Serial{}, Requests: []executor.Request{}}, `{"strategy":{"type":"serial","stop_on_error":false},"requests":[]}`},
		{"parallel", executor.Plan{Strategy: executor.Parallel{MaxConcurrency: 2, StopOnError: true}, Requests: []executor.Request{}}, `{"strategy":{"type":"parallel","max_concurrency":2,"stop_on_error":true},"requests":[]}`},
		{"dependency graph", executor.Plan{ID: id2, Description: "d", Strategy: executor.DependencyGraph{Dependencies: map[int][]int{2: {0, 1}}}, Requests: []executor.Request{{Command: executor.Exec{Program: "a"}}}, Metadata: executor.Metadata{"k": "v"}},
			`{"id":"22222222-2222-4222-8222-222222222222","description":"d","strategy":{"type":"dependency_graph","dependencies":{"2":[0,1]},"stop_on_error":false},"requests":[{"command":{"type":"exec","program":"a"}}],"metadata":{"k":"v"}}`},
		{"no strategy", executor.Plan{Requests: []executor.Request{}}, `{"requests":[]}`},
		{"config", executor.DefaultConfig(), `{"default_timeout":"10m0s","max_timeout":"24h0m0s","stream_output":true,"max_concurrent_executions":10}`},
		{"zero config", executor.Config{}, `{"default_timeout":"0s","max_timeout":"0s","stream_output":false,"max_concurrent_executions":0}`},
		{"result", executor.Result{ID: id1, Status: executor.Timeout, ExitCode: -1, Stdout: "a\n", Stderr: "<b>", Truncated: true, Duration: 90 * time.Second, StartedAt: at, CompletedAt: at, LogPath: "/l", Error: "e", Signal: "SIGKILL", Reason: "timeout", Attempts: 2, StepID: "s", Tolerated: true, Phase: event.Finally},
			`{"id":"11111111-1111-4111-8111-111111111111","step_id":"s","phase":"finally","status":"timeout","reason":"timeout","attempts":2,"exit_code":-1,"signal":"SIGKILL","stdout":"a\n","stderr":"\u003cb\u003e","truncated":true,"started_at":"2026-01-02T03:04:05.0000006Z","completed_at":"2026-01-02T03:04:05.0000006Z","log_path":"/l","error":"e","tolerated":true,"duration":"1m30s"}`},
		{"zero result", executor.Result{}, `{"id":"00000000-0000-0000-0000-000000000000","status":"unknown","exit_code":0,"duration":"0s"}`},
		{"plan result", executor.PlanResult{PlanID: id2, Status: executor.Failed, Results: []executor.Result{}, TotalDuration: time.Second, Stats: executor.Stats{Total: 3, Completed: 1, Failed: 1, Skipped: 1}, Error: "e", HandlerFailed: true, EngineFailed: true, Metadata: executor.Metadata{"k": "v"}},
			`{"plan_id":"22222222-2222-4222-8222-222222222222","status":"failed","results":[],"handler_failed":true,"total_duration":"1s","stats":{"total":3,"completed":1,"failed":1,"cancelled":0,"timeout":0,"skipped":1},"error":"e","engine_failed":true,"metadata":{"k":"v"}}`},
		{"summary", executor.Summary{ID: id1, Kind: "exec", Status: executor.Skipped}, `{"id":"11111111-1111-4111-8111-111111111111","kind":"exec","status":"skipped"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.Marshal(tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			back := reflect.New(reflect.TypeOf(tt.value))
			if err := json.Unmarshal(got, back.Interface()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.value, back.Elem().Interface()); diff != "" {
				t.Errorf("after a round trip: %s", diff)
			}
		})
	}
}

func TestStatusWords(t *testing.T) {
	for status, word := range map[executor.Status]string{
		executor.Pending: "pending", executor.Running: "running", executor.Completed: "completed", executor.Failed: "failed",
		executor.Cancelled: "cancelled", executor.Timeout: "timeout", executor.Skipped: "skipped",
	} {
		if status.String() != word {
			t.Errorf("%d is %q, want %q", status, status, word)
		}
		var back executor.Status
		if err := back.UnmarshalText([]byte(word)); err != nil || back != status {
			t.Errorf("%q is %v, %v", word, back, err)
		}
	}
}

func TestJSONAbsent(t *testing.T) {
	for _, text := range []string{`{"type":"serial"}`, `{"type":"parallel"}`, `{"type":"dependency_graph"}`} {
		var p executor.Plan
		if err := json.Unmarshal([]byte(`{"requests":[],"strategy":`+text+`}`), &p); err != nil {
			t.Fatal(err)
		}
		if b, _ := json.Marshal(p); !strings.Contains(string(b), `"stop_on_error":true`) {
			t.Errorf("%s: an absent stop_on_error is true, got %s", text, b)
		}
	}
	c := executor.DefaultConfig()
	if err := json.Unmarshal([]byte(`{"max_timeout":"30m"}`), &c); err != nil || c.MaxTimeout != 30*time.Minute || c.DefaultTimeout != 10*time.Minute {
		t.Errorf("config over the defaults = %+v, %v", c, err)
	}
}

func TestJSONErrors(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"command":{"type":"exce","program":"a"}}`, `type is "exce", want one of "aws_cli", "exec", "script", "shell"`},
		{`{"command":{"program":"a"}}`, `no "type"`},
		{`{"command":"uptime"}`, `want an object with a "type"`},
		{`{"command":{"type":"exec","programm":"a"}}`, `unknown field "programm"`},
		{`{"command":{"type":"exec","program":"a"},"timeout":"soon"}`, `"soon" is not a duration such as "2m30s"`},
		{`{"command":{"type":"exec","program":"a"},"timeout":150}`, `a duration is text such as "2m30s", not 150`},
		{`{"comand":{}}`, `unknown field "comand"`},
	}
	for _, tt := range tests {
		var r executor.Request
		if err := json.Unmarshal([]byte(tt.in), &r); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q in it", tt.in, err, tt.want)
		}
	}
	var p executor.Plan
	if err := json.Unmarshal([]byte(`{"strategy":{"type":"seriel"},"requests":[]}`), &p); err == nil || !strings.Contains(err.Error(), `want one of "dependency_graph", "parallel", "serial"`) {
		t.Error(err)
	}
}
