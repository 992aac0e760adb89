package executor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// sh is a step that runs text with a shell.
func sh(id, text string) plan.Step {
	return plan.Step{ID: id, Command: plan.Shell(text, "sh"), Effect: plan.Write}
}

func expr(src string) *plan.Expr { return plan.NewExpr(src) }

func output(name, src string) plan.Output {
	o := plan.Output{Name: name}
	if src != "" {
		o.Expr = expr(src)
	}
	return o
}

// show is a step that prints values, one a line, each in angle brackets.
func show(id string, values ...string) plan.Step {
	s := plan.Step{ID: id, Command: plan.Exec("printf", []plan.Value{plan.Text("<%s>\n")}), Effect: plan.Read}
	for _, v := range values {
		s.Command.Args = append(s.Command.Args, plan.Arg{Value: plan.ExprValue(expr(v))})
	}
	return s
}

// apply runs a plan to its end and returns how it ended, by step.
func apply(t *testing.T, e *executor.Engine, p *plan.Plan, o executor.RunOptions) (executor.PlanResult, map[string]executor.Result) {
	t.Helper()
	id, err := e.ExecuteCompiled(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	e.Wait(t.Context(), id)
	r, err := e.PlanResult(id)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]executor.Result{}
	for _, list := range [][]executor.Result{r.Results, r.Instances, r.Handlers} {
		for _, x := range list {
			by[x.StepID] = x
		}
	}
	for _, x := range r.Rollbacks {
		by["undo "+x.StepID] = x
	}
	return r, by
}

func TestOutputs(t *testing.T) {
	a := sh("a", `echo '{"n": 2000000, "list": [1, "two"]}'; echo oops >&2; echo "word=from the file" >>"$RUNBOOK_STEP_OUTPUT"; exit 3`)
	a.SuccessExit = []int{3}
	a.Outputs = []plan.Output{
		output("n", "fromJSON(stdout).n"), output("list", "fromJSON(stdout).list"), output("err", "stderr"),
		output("code", "exit_code"), output("word", ""),
	}
	b := show("b", "steps.a.outputs.n", "steps.a.outputs.list", "steps.a.outputs.err", "steps.a.outputs.code", "steps.a.outputs.word", "steps.a.exit_code")
	e := newEngine(t, nil)
	r, by := apply(t, e, serial(a, b), executor.RunOptions{})
	if r.Status != executor.Completed || by["b"].Stdout != "<2000000>\n<1>\n<two>\n<oops>\n<3>\n<from the file>\n<3>\n" {
		t.Errorf("%v %q %s", r.Status, by["b"].Stdout, r.Error)
	}
}

func TestOutputFailures(t *testing.T) {
	tests := []struct {
		name   string
		shell  string
		output plan.Output
		want   string
	}{
		{"not written", "true", output("x", ""), `output "x": the step wrote no line x=… to the file $RUNBOOK_STEP_OUTPUT`},
		{"no name=value", `echo nonsense >>"$RUNBOOK_STEP_OUTPUT"`, output("x", ""), "line 1 of $RUNBOOK_STEP_OUTPUT is not name=value"},
		{"no JSON", "echo {", output("x", "fromJSON(stdout)"), `output "x": `},
		{"too much", `head -c 1500000 /dev/zero | tr '\0' x >>"$RUNBOOK_STEP_OUTPUT"`, output("x", ""), "over the limit"},
		{"truncated", `head -c 3000000 /dev/zero | tr '\0' x`, output("x", "stdout"), "stdout"},
	}
	e := newEngine(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := sh("a", tt.shell)
			s.Outputs = []plan.Output{tt.output}
			r, by := apply(t, e, serial(s), executor.RunOptions{})
			if r.Status != executor.Failed || by["a"].Reason != event.ReasonOutput || !strings.Contains(by["a"].Error, tt.want) {
				t.Errorf("%v %v %q, want %q in it", r.Status, by["a"].Reason, by["a"].Error, tt.want)
			}
		})
	}
}

func TestExpectAndRetryIf(t *testing.T) {
	count := `n=$(cat "$RUNBOOK_RUN_DIR/n" 2>/dev/null || echo 0); n=$((n+1)); echo $n >"$RUNBOOK_RUN_DIR/n"; echo $n; `
	until := sh("a", count)
	until.Outputs = []plan.Output{output("n", "int(stdout)")}
	until.Expect = expr("outputs.n == 3")
	until.Retry = &plan.Retry{Times: 9, If: expr("outputs.n != 5")}
	gives := sh("a", count+"exit 7")
	gives.Retry = &plan.Retry{Times: 9, If: expr(`exit_code == 7 && stdout != "2"`)}
	slow := sh("a", count+`[ $n = 2 ] || sleep 60`)
	slow.Timeout = plan.Text("300ms")
	slow.Retry = &plan.Retry{Times: 1, If: expr("timed_out")}
	tests := []struct {
		name     string
		step     plan.Step
		status   executor.Status
		reason   event.Reason
		attempts int
	}{
		{"until expect holds", until, executor.Completed, "", 3},
		{"until retry.if does not", gives, executor.Failed, event.ReasonExit, 2},
		{"after a timeout", slow, executor.Completed, "", 2},
	}
	e := newEngine(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, by := apply(t, e, serial(tt.step), executor.RunOptions{})
			if x := by["a"]; x.Status != tt.status || x.Reason != tt.reason || x.Attempts != tt.attempts {
				t.Errorf("%v %v after %d: %s", x.Status, x.Reason, x.Attempts, x.Error)
			}
		})
	}
}

func TestGuardsWithProbes(t *testing.T) {
	yes, no := &plan.Probe{Command: plan.Exec("true", nil)}, &plan.Probe{Command: plan.Exec("false", nil)}
	expects := &plan.Probe{Command: plan.Shell("echo $A", "sh"), Expect: expr(`stdout == "x"`)}
	missing := &plan.Probe{Command: plan.Exec("no-such-program-here", nil)}
	with := func(change func(*plan.Step)) plan.Step {
		s := sh("a", "true")
		s.Env = []plan.Var{{Name: "A", Value: plan.Text("x")}}
		change(&s)
		return s
	}
	tests := []struct {
		name   string
		step   plan.Step
		status executor.Status
		reason event.Reason
	}{
		{"if yes", with(func(s *plan.Step) { s.If = &plan.Guard{Probe: yes} }), executor.Completed, ""},
		{"if no", with(func(s *plan.Step) { s.If = &plan.Guard{Probe: no} }), executor.Skipped, event.ReasonIf},
		{"unless yes", with(func(s *plan.Step) { s.Unless = &plan.Guard{Probe: yes} }), executor.Skipped, event.ReasonUnless},
		{"unless no", with(func(s *plan.Step) { s.Unless = &plan.Guard{Probe: no} }), executor.Completed, ""},
		{"unless expects", with(func(s *plan.Step) { s.Unless = &plan.Guard{Probe: expects} }), executor.Skipped, event.ReasonUnless},
		{"require no", with(func(s *plan.Step) {
			s.Require = []plan.Guard{{Probe: yes}, {Probe: no, Message: plan.Text("not allowed")}}
		}), executor.Failed, event.ReasonRequire},
		{"no answer", with(func(s *plan.Step) { s.Unless = &plan.Guard{Probe: missing} }), executor.Failed, event.ReasonProbe},
	}
	e := newEngine(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, by := apply(t, e, serial(tt.step), executor.RunOptions{})
			if x := by["a"]; x.Status != tt.status || x.Reason != tt.reason {
				t.Errorf("%v %v: %s", x.Status, x.Reason, x.Error)
			}
		})
	}
}

// files returns everything below a folder, for a look at what was written.
func files(t *testing.T, dir string) (all string) {
	t.Helper()
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			data, _ := os.ReadFile(path)
			all += path + "\n" + string(data)
		}
		return nil
	})
	return all
}

func TestSecrets(t *testing.T) {
	const fromEnv, fromFile, fromExec, fromValue, fromOutput = "env-s3cret-1", "file-s3cret-2", "exec-s3cret-3", "value-s3cret-4", "output-s3cret-5"
	t.Setenv("TOKEN", fromEnv)
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "key"), []byte(fromFile+"\n"), 0o600)
	p := serial(
		sh("shows", `echo "$A $B $C $D"; printf %s "$A" | base64; echo "$B" >&2; cat`),
		sh("makes", `printf '{"token": "%s%s"}' output- s3cret-5`),
		sh("uses", `echo "got $T"; [ "$T" = "output-""s3cret-5" ]`),
	)
	p.Dir = dir
	p.Secrets = []plan.Secret{
		{Name: "a", Env: "TOKEN"}, {Name: "b", File: plan.Text("key")},
		{Name: "c", Exec: plan.Texts([]string{"echo", fromExec})},
		{Name: "d", Exec: plan.Texts([]string{"echo", `{"x": {"y": "` + fromValue + `"}}`}), Value: expr("fromJSON(stdout).x.y")},
	}
	for i, name := range []string{"a", "b", "c", "d"} {
		p.Steps[0].Env = append(p.Steps[0].Env, plan.Var{Name: strings.ToUpper(name), Value: plan.ExprValue(expr("secrets." + p.Secrets[i].Name))})
	}
	stdin := plan.ExprValue(expr(`toJSON({"password": secrets.a})`))
	p.Steps[0].Stdin = &stdin
	p.Steps[1].Outputs = []plan.Output{{Name: "token", Expr: expr("fromJSON(stdout).token"), Secret: true}}
	p.Steps[2].Env = []plan.Var{{Name: "T", Value: plan.ExprValue(expr("steps.makes.outputs.token"))}}
	p.Steps[2].Needs, p.Steps[2].After = []int{1}, nil

	rec := &recorder{}
	logs := t.TempDir()
	e := newEngine(t, func(c *executor.Config) { c.LogDir = logs }, executor.WithEventHandler(rec))
	r, by := apply(t, e, p, executor.RunOptions{})
	e.Close(t.Context())
	if r.Status != executor.Completed {
		t.Fatalf("%v: %s\n%s", r.Status, r.Error, files(t, logs))
	}
	if want := "*** *** *** ***\n***\n{\"password\":\"***\"}"; by["shows"].Stdout != want {
		t.Errorf("stdout = %q, want %q", by["shows"].Stdout, want)
	}
	if by["makes"].Stdout != "" || by["uses"].Stdout != "got ***\n" {
		t.Errorf("stdout = %q and %q", by["makes"].Stdout, by["uses"].Stdout)
	}
	everything := files(t, logs) + fmt.Sprintf("%+v %+v", rec.events, r)
	for _, secret := range []string{fromEnv, fromFile, fromExec, fromValue, fromOutput} {
		if strings.Contains(everything, secret) {
			t.Errorf("%s is to be seen in %s", secret, everything)
		}
	}
}

func TestSecretsThatCannotBeHad(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "short"), []byte("abc"), 0o600)
	tests := []struct {
		name   string
		secret plan.Secret
		want   string
	}{
		{"variable", plan.Secret{Name: "x", Env: "NO_SUCH_VARIABLE_HERE"}, `secret "x": the environment variable NO_SUCH_VARIABLE_HERE is not set`},
		{"file", plan.Secret{Name: "x", File: plan.Text("no")}, "no such file"},
		{"too short", plan.Secret{Name: "x", File: plan.Text("short")}, `secret "x" has 3 bytes`},
		{"program fails", plan.Secret{Name: "x", Exec: plan.Texts([]string{"sh", "-c", "echo hunter2000 >&2; exit 4"})}, "sh ended with exit code 4"},
		{"no such program", plan.Secret{Name: "x", Exec: plan.Texts([]string{"no-such-program-here"})}, "no-such-program-here"},
		{"value", plan.Secret{Name: "x", Exec: plan.Texts([]string{"echo", "hunter2000"}), Value: expr("fromJSON(stdout).a")}, `secret "x": value: `},
	}
	e := newEngine(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := sh("a", "true")
			a.Env = []plan.Var{{Name: "X", Value: plan.ExprValue(expr("secrets.x"))}}
			p := serial(a)
			p.Dir, p.Secrets = dir, []plan.Secret{tt.secret}
			p.Finally = []plan.Step{sh("f", "true")}
			r, by := apply(t, e, p, executor.RunOptions{})
			if r.Status != executor.Failed || !strings.Contains(r.Error, tt.want) || strings.Contains(r.Error, "hunter") {
				t.Errorf("%v %q, want %q in it", r.Status, r.Error, tt.want)
			}
			if by["a"].Attempts != 0 || by["f"].Attempts != 0 {
				t.Error("a step ran")
			}
		})
	}
}

func TestSecretInAnOrdinaryOutput(t *testing.T) {
	t.Setenv("TOKEN", "a-secret-token")
	s := sh("a", `echo "x=$T" >>"$RUNBOOK_STEP_OUTPUT"`)
	s.Env = []plan.Var{{Name: "T", Value: plan.ExprValue(expr("secrets.token"))}}
	s.Outputs = []plan.Output{output("x", "")}
	p := serial(s)
	p.Secrets = []plan.Secret{{Name: "token", Env: "TOKEN"}}
	_, by := apply(t, newEngine(t, nil), p, executor.RunOptions{})
	if x := by["a"]; x.Reason != event.ReasonOutput || !strings.Contains(x.Error, `output "x" holds the secret "token"`) {
		t.Errorf("%v %q", x.Reason, x.Error)
	}
}

func TestForeach(t *testing.T) {
	list := sh("list", "echo red; echo green; echo blue")
	list.Outputs = []plan.Output{output("colours", `split(stdout, "\n")`)}
	each := sh("each", `echo "$C $RUNBOOK_STEP_ID"; [ "$C" != green ]; echo "n=$C" >>"$RUNBOOK_STEP_OUTPUT"`)
	each.Env = []plan.Var{{Name: "C", Value: plan.ExprValue(expr("item"))}}
	each.Foreach = &plan.Foreach{In: expr("steps.list.outputs.colours"), MaxFailures: 1}
	each.Outputs = []plan.Output{output("n", "")}
	each.Needs = []int{0}
	after := show("after", "toJSON(steps.each.outputs.n)", "steps.each.status")
	after.Needs = []int{1}
	p := &plan.Plan{MaxConcurrency: 2, StopOnError: true, Steps: []plan.Step{list, each, after}}
	e := newEngine(t, nil)
	r, by := apply(t, e, p, executor.RunOptions{})
	if r.Status != executor.Completed || by["after"].Stdout != "<[\"red\",null,\"blue\"]>\n<completed>\n" {
		t.Errorf("%v %q: %s", r.Status, by["after"].Stdout, r.Error)
	}
	if x := by["each[green]"]; x.Status != executor.Failed || x.Stdout != "green each[green]\n" {
		t.Errorf("each[green] = %+v", x)
	}
	if logs, err := e.ReadLogs(by["each[blue]"].ID); logs != "blue each[blue]\n" || err != nil {
		t.Errorf("the log of an instance = %q, %v", logs, err)
	}
}

func TestRollback(t *testing.T) {
	undo := func(s plan.Step) plan.Step {
		s.Rollback = &plan.Step{Command: plan.Shell(`echo undo $RUNBOOK_STEP_ID $RUNBOOK_STEP_STATUS`, "sh"), Effect: plan.Write}
		return s
	}
	page := plan.Step{ID: "page", Command: plan.Exec("cat", nil), Effect: plan.Write}
	stdin := plan.Template(plan.Part{Expr: expr("run.failure.step")}, plan.Part{Text: ": "}, plan.Part{Expr: expr("run.failure.log_tail")})
	page.Stdin = &stdin
	p := serial(undo(sh("a", "true")), undo(sh("b", "echo broken; exit 5")), undo(sh("c", "true")))
	p.OnFailure = []plan.Step{page}
	rec := &recorder{}
	e := newEngine(t, nil, executor.WithEventHandler(rec))
	r, by := apply(t, e, p, executor.RunOptions{})
	e.Close(t.Context())
	if r.Status != executor.Failed || by["undo a"].Stdout != "undo a completed\n" || by["undo b"].Stdout != "undo b failed\n" || by["page"].Stdout != "b: broken" {
		t.Errorf("%v %+v", r.Status, by)
	}
	var order []string
	for _, ev := range rec.events {
		if ev.Type == event.Started {
			order = append(order, string(ev.Phase)+" "+ev.StepID)
		}
	}
	if got := strings.Join(order, ", "); got != " a,  b, rollback b, rollback a, on_failure page" {
		t.Errorf("order: %s", got)
	}
	if r, _ := apply(t, newEngine(t, nil), p, executor.RunOptions{NoRollback: true}); len(r.Rollbacks) != 0 {
		t.Errorf("rolled back all the same: %+v", r.Rollbacks)
	}
}

func TestApprovals(t *testing.T) {
	question := plan.Text("sure?")
	asks := sh("asks", "true")
	asks.Approval = &question
	p := &plan.Plan{Steps: []plan.Step{asks, sh("other", "true")}, StopOnError: true}
	answer := func(e *executor.Engine, id uuid.UUID, yes bool) error {
		if yes {
			return e.Approve(id, "asks", "me")
		}
		return e.Reject(id, "asks", "me", "not now")
	}
	tests := []struct {
		name    string
		options executor.RunOptions
		answer  string
		status  executor.Status
		want    string
	}{
		{"nobody there", executor.RunOptions{}, "", executor.Paused, "[asks:pending other:completed]"},
		{"approved beforehand", executor.RunOptions{Approve: []string{"asks"}}, "", executor.Completed, "[asks:completed other:completed]"},
		{"all approved", executor.RunOptions{ApproveAll: true}, "", executor.Completed, "[asks:completed other:completed]"},
		{"rejected beforehand", executor.RunOptions{Reject: []string{"asks"}}, "", executor.Failed, "[asks:failed other:skipped]"},
		{"yes", executor.RunOptions{AwaitApprovals: true}, "yes", executor.Completed, "[asks:completed other:completed]"},
		{"no", executor.RunOptions{AwaitApprovals: true}, "no", executor.Failed, "[asks:failed other:completed]"},
		{"no answer", executor.RunOptions{AwaitApprovals: true}, "none", executor.Paused, "[asks:pending other:completed]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked, other := make(chan uuid.UUID, 1), make(chan bool, 1)
			rec := &recorder{seen: func(e executor.Event) {
				if e.Type == event.ApprovalRequested {
					asked <- e.RunID
				}
				if e.Type == event.Completed && e.StepID == "other" {
					other <- true
				}
			}}
			e := newEngine(t, nil, executor.WithEventHandler(rec))
			id, err := e.ExecuteCompiled(t.Context(), p, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if tt.answer != "" {
				<-asked
				<-other
				if err := e.Approve(id, "other", "me"); !errors.Is(err, executor.ErrNotWaiting) {
					t.Errorf("an answer nobody waits for: %v", err)
				}
				if tt.answer == "none" {
					err = e.Unattended(id)
				} else {
					err = answer(e, id, tt.answer == "yes")
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			err = e.Wait(t.Context(), id)
			if late := e.Approve(id, "asks", "me"); !errors.Is(late, executor.ErrTooLate) {
				t.Errorf("an answer that comes too late: %v", late)
			}
			if paused := errors.Is(err, executor.ErrPaused); paused != (tt.status == executor.Paused) {
				t.Errorf("Wait = %v", err)
			}
			r, _ := e.PlanResult(id)
			var got []string
			for _, x := range r.Results {
				got = append(got, x.StepID+":"+x.Status.String())
			}
			if r.Status != tt.status || fmt.Sprint(got) != tt.want || (len(r.Waiting) == 1) != (tt.status == executor.Paused) {
				t.Errorf("%v %v, waiting %v", r.Status, got, r.Waiting)
			}
		})
	}
}

func TestLocks(t *testing.T) {
	locks := t.TempDir()
	rec := &recorder{}
	hanging := started(rec)
	e := newEngine(t, func(c *executor.Config) { c.LockDir = locks }, executor.WithEventHandler(rec))
	holds := serial(sh("a", `echo in; until [ -e "`+locks+`/go" ]; do sleep 0.02; done`))
	holds.Lock = &plan.Lock{Name: plan.Text("db")}
	first, err := e.ExecuteCompiled(t.Context(), holds, executor.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	<-hanging
	refused := serial(sh("a", "true"))
	refused.Lock = &plan.Lock{Name: plan.Text("db")}
	if r, _ := apply(t, e, refused, executor.RunOptions{}); r.Status != executor.Failed || !strings.Contains(r.Error, first.String()) {
		t.Errorf("a second run: %v %q, want the holder's id in it", r.Status, r.Error)
	}
	waits := sh("a", "true")
	waits.Lock = &plan.Lock{Name: plan.Template(plan.Part{Text: "d"}, plan.Part{Expr: expr(`"b"`)}), Wait: plan.Text("1m")}
	second, _ := e.ExecuteCompiled(t.Context(), serial(waits), executor.RunOptions{})
	short := waits
	short.Lock = &plan.Lock{Name: plan.Text("db"), Wait: plan.Text("300ms")}
	if r, by := apply(t, e, serial(short), executor.RunOptions{}); by["a"].Reason != event.ReasonLock {
		t.Errorf("a short wait: %v %+v", r.Status, by["a"])
	}
	os.WriteFile(filepath.Join(locks, "go"), nil, 0o600)
	for _, id := range []uuid.UUID{first, second} {
		if err := e.Wait(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}

// A cancel ends a wait for a lock, a probe, and the fetching of a secret.
func TestCancelWhatWaits(t *testing.T) {
	hang := plan.Shell("sleep 60", "sh")
	probing := sh("a", "true")
	probing.Unless = &plan.Guard{Probe: &plan.Probe{Command: hang}}
	fetching := serial(sh("a", "true"))
	fetching.Steps[0].Env = []plan.Var{{Name: "X", Value: plan.ExprValue(expr("secrets.x"))}}
	fetching.Secrets = []plan.Secret{{Name: "x", Exec: plan.Texts([]string{"sleep", "60"})}}
	for name, p := range map[string]*plan.Plan{"probe": serial(probing), "secret": fetching} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, nil)
			id, _ := e.ExecuteCompiled(t.Context(), p, executor.RunOptions{})
			time.AfterFunc(100*time.Millisecond, func() { e.Cancel(id) })
			began := time.Now()
			if err := e.Wait(t.Context(), id); !errors.Is(err, executor.ErrCancelled) {
				t.Errorf("Wait = %v", err)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestEnvFiles(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "one.env"), []byte("A=1\nB=1\nC=1\n"), 0o600)
	os.WriteFile(filepath.Join(dir, "two.env"), []byte("B=2\nC=2\n"), 0o600)
	s := sh("a", "echo $A $B $C")
	s.Dir, s.EnvFiles = dir, []plan.Value{plan.Text("one.env"), plan.ExprValue(expr(`"two" + ".env"`))}
	s.Env = []plan.Var{{Name: "C", Value: plan.Text("3")}}
	if _, by := apply(t, newEngine(t, nil), serial(s), executor.RunOptions{}); by["a"].Stdout != "1 2 3\n" {
		t.Errorf("%+v", by["a"])
	}
}

func TestLeaveOut(t *testing.T) {
	steps := func() *plan.Plan { return serial(sh("a", "true"), sh("b", "true"), sh("c", "true")) }
	tests := []struct {
		options executor.RunOptions
		ran     string
	}{
		{executor.RunOptions{Only: []string{"b"}}, "b"},
		{executor.RunOptions{Skip: []string{"b"}}, "a c"},
		{executor.RunOptions{From: []string{"b"}}, "b c"},
	}
	e := newEngine(t, nil)
	for _, tt := range tests {
		r, by := apply(t, e, steps(), tt.options)
		var ran []string
		for id, x := range by {
			if x.Attempts > 0 {
				ran = append(ran, id)
			}
		}
		sort.Strings(ran)
		if got := strings.Join(ran, " "); got != tt.ran || r.Status != executor.Completed {
			t.Errorf("%+v: ran %s, want %s; %v", tt.options, got, tt.ran, r.Status)
		}
	}
	if _, err := e.ExecuteCompiled(context.Background(), steps(), executor.RunOptions{Only: []string{"x"}, Approve: []string{"y"}, Reject: []string{"a"}}); err == nil ||
		!strings.Contains(err.Error(), `approve: there is no step "y"`) || !strings.Contains(err.Error(), `reject: step "a" asks for no approval`) {
		t.Errorf("unknown steps: %v", err)
	}
}
