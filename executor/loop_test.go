package executor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// sleeper is a Runner without processes: the first argument of a step says how
// long each attempt takes, the second with which code it exits ("-" hangs until
// it is stopped). Time is virtual in a synctest bubble.
type sleeper struct {
	mu      sync.Mutex
	began   time.Time
	trace   []string
	running int
	most    int
}

func (s *sleeper) Run(ctx context.Context, a executor.Attempt) executor.Outcome {
	s.mu.Lock()
	s.running++
	s.most = max(s.most, s.running)
	s.trace = append(s.trace, fmt.Sprintf("%v %s", time.Since(s.began), a.StepID))
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running--
		s.mu.Unlock()
	}()
	began := time.Now()
	out := executor.Outcome{Ending: executor.Exited, StartedAt: began}
	fmt.Fprintf(a.Stdout, "%s %d\n", a.StepID, a.Number)
	took, _ := time.ParseDuration(a.Invocation.Args[0])
	codes := strings.Split(a.Invocation.Args[1], ",")
	select {
	case <-time.After(took):
		fmt.Sscan(codes[min(a.Number, len(codes))-1], &out.ExitCode)
	case <-ctx.Done():
		out.Ending, out.ExitCode = executor.Stopped, -1
	case <-a.Kill:
		out.Ending, out.ExitCode = executor.Stopped, -1
	}
	out.EndedAt = time.Now()
	out.Duration = out.EndedAt.Sub(began)
	return out
}

func (s *sleeper) starts() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.trace, ", ")
}

func step(id, took, codes string, needs ...int) plan.Step {
	return plan.Step{ID: id, Needs: needs, Command: plan.Exec("x", plan.Texts([]string{took, codes})), Effect: plan.Write}
}

func serial(steps ...plan.Step) *plan.Plan {
	p := &plan.Plan{Strategy: plan.Serial, MaxConcurrency: 1, StopOnError: true, Steps: steps}
	for i := 1; i < len(steps); i++ {
		p.Steps[i].After = []int{i - 1}
	}
	return p
}

func TestSchedule(t *testing.T) {
	retry := step("a", "1s", "1,1,0")
	retry.Retry = &plan.Retry{Times: 2, Delay: plan.Text("10s"), Backoff: plan.Exponential}
	tests := []struct {
		name   string
		limit  int // of the engine
		plan   *plan.Plan
		starts string
		took   time.Duration
		status executor.Status
	}{
		{"serial", 10, serial(step("a", "1s", "0"), step("b", "2s", "0"), step("c", "3s", "0")), "0s a, 1s b, 3s c", 6 * time.Second, executor.Completed},
		{"parallel", 10, &plan.Plan{Steps: []plan.Step{step("a", "1s", "0"), step("b", "2s", "0"), step("c", "3s", "0")}}, "0s a, 0s b, 0s c", 3 * time.Second, executor.Completed},
		{"two at a time", 10, &plan.Plan{MaxConcurrency: 2, Steps: []plan.Step{step("a", "1s", "0"), step("b", "3s", "0"), step("c", "1s", "0"), step("d", "1s", "0")}}, "0s a, 0s b, 1s c, 2s d", 3 * time.Second, executor.Completed},
		{"the engine's limit", 1, &plan.Plan{Steps: []plan.Step{step("a", "1s", "0"), step("b", "1s", "0")}}, "0s a, 1s b", 2 * time.Second, executor.Completed},
		{"a diamond", 10, &plan.Plan{Steps: []plan.Step{step("a", "1s", "0"), step("b", "1s", "0", 0), step("c", "2s", "0", 0), step("d", "1s", "0", 1, 2)}}, "0s a, 1s b, 1s c, 3s d", 4 * time.Second, executor.Completed},
		{"stops on error", 10, serial(step("a", "1s", "0"), step("b", "1s", "4"), step("c", "1s", "0")), "0s a, 1s b", 2 * time.Second, executor.Failed},
		{"a delay frees the slot", 1, &plan.Plan{Steps: []plan.Step{retry, step("b", "5s", "0")}}, "0s a, 1s b, 11s a, 32s a", 33 * time.Second, executor.Completed},
		{"handlers", 10, &plan.Plan{StopOnError: true, Steps: []plan.Step{step("a", "1s", "1")}, OnFailure: []plan.Step{step("f", "1s", "1"), step("g", "1s", "0")}, Finally: []plan.Step{step("h", "1s", "0")}}, "0s a, 1s f, 2s g, 3s h", 4 * time.Second, executor.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sleeper{began: time.Now()}
				e := newEngine(t, func(c *executor.Config) { c.MaxConcurrentExecutions = tt.limit }, executor.WithRunner(s))
				id, err := e.ExecuteCompiled(t.Context(), tt.plan, executor.RunOptions{})
				if err != nil {
					t.Fatal(err)
				}
				e.Wait(t.Context(), id)
				r, err := e.PlanResult(id)
				if err != nil {
					t.Fatal(err)
				}
				if got := s.starts(); got != tt.starts && sorted(got) != sorted(tt.starts) {
					t.Errorf("starts = %s\nwant     %s", got, tt.starts)
				}
				if r.TotalDuration != tt.took || r.Status != tt.status {
					t.Errorf("%v after %v, want %v after %v", r.Status, r.TotalDuration, tt.status, tt.took)
				}
				e.Close(t.Context())
			})
		})
	}
}

// sorted puts starts at the same moment in an order that does not depend on
// which goroutine was first; the order in which they are let go is tested in
// package run.
func sorted(starts string) string {
	words := strings.Split(starts, ", ")
	for i := range words {
		for j := i; j > 0 && words[j-1] > words[j] && strings.Fields(words[j-1])[0] == strings.Fields(words[j])[0]; j-- {
			words[j-1], words[j] = words[j], words[j-1]
		}
	}
	return strings.Join(words, ", ")
}

// One engine's slots are shared by everything that runs in it.
func TestSlotsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sleeper{began: time.Now()}
		e := newEngine(t, func(c *executor.Config) { c.MaxConcurrentExecutions = 3 }, executor.WithRunner(s))
		for range 20 {
			p := &plan.Plan{Steps: []plan.Step{step("a", "1s", "0"), step("b", "1s", "0")}}
			if _, err := e.ExecuteCompiled(t.Context(), p, executor.RunOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(14 * time.Second) // virtual: 40 steps, three at a time
		synctest.Wait()
		if s.most != 3 {
			t.Errorf("%d at once, want 3", s.most)
		}
		for _, x := range e.List() {
			if x.Status != executor.Completed {
				t.Errorf("%+v", x)
			}
		}
		e.Close(t.Context())
	})
}

func TestCancelledRunStillRunsFinally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sleeper{began: time.Now()}
		rec := &recorder{}
		e := newEngine(t, nil, executor.WithRunner(s), executor.WithEventHandler(rec))
		p := serial(step("a", "1h", "0"), step("b", "1s", "0"))
		p.OnFailure = []plan.Step{step("f", "1s", "0")}
		p.Finally = []plan.Step{step("h", "1s", "0")}
		id, _ := e.ExecuteCompiled(t.Context(), p, executor.RunOptions{})
		time.Sleep(time.Minute)
		e.CancelWith(id, "SIGINT")
		e.Wait(t.Context(), id)
		if got, want := s.starts(), "0s a, 1m0s h"; got != want {
			t.Errorf("starts = %s, want %s", got, want)
		}
		r, _ := e.PlanResult(id)
		if r.Status != executor.Cancelled || r.Stats.Cancelled != 2 {
			t.Errorf("%+v", r)
		}
		e.Close(t.Context())
		var found bool
		for _, ev := range rec.events {
			found = found || ev.Type == event.RunCancelling && ev.Signal == "SIGINT"
		}
		if !found {
			t.Error("no event names the signal")
		}
	})
}

// Cancelling one execution of a plan cancels the plan.
func TestCancelOneOfAPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, nil, executor.WithRunner(&sleeper{began: time.Now()}))
		p := &plan.Plan{Steps: []plan.Step{step("a", "1m", "0"), step("b", "1m", "0", 0), step("c", "3m", "0")}}
		id, _ := e.ExecuteCompiled(t.Context(), p, executor.RunOptions{})
		time.Sleep(time.Second)
		if err := e.Cancel(e.List()[1].ID); err != nil { // which is pending
			t.Fatal(err)
		}
		if err := e.Wait(t.Context(), id); !errors.Is(err, executor.ErrCancelled) {
			t.Errorf("Wait = %v", err)
		}
		for _, x := range e.List() {
			if x.Status != executor.Cancelled {
				t.Errorf("%+v", x)
			}
		}
		e.Close(t.Context())
	})
}

type panics struct{}

func (panics) Run(context.Context, executor.Attempt) executor.Outcome { panic("oh no") }

func TestRunnerPanics(t *testing.T) {
	e := newEngine(t, nil, executor.WithRunner(panics{}))
	id, _ := e.ExecuteCompiled(t.Context(), serial(step("a", "", "")), executor.RunOptions{})
	err := e.Wait(t.Context(), id)
	if err == nil || !strings.Contains(err.Error(), `step "a": the runner panicked: oh no`) {
		t.Errorf("Wait = %v", err)
	}
}

// teller fails with an error that tells what it was given.
type teller struct{}

func (teller) Run(_ context.Context, a executor.Attempt) executor.Outcome {
	return executor.Outcome{Ending: executor.Broken, ExitCode: -1, Error: "refused: " + a.Invocation.Env[0].Value}
}

// What a Runner says of a failure has no secret in it, for whoever asks.
func TestRunnerTellsSecret(t *testing.T) {
	t.Setenv("TOKEN", "a-secret-token")
	s := step("a", "", "")
	s.Env = []plan.Var{{Name: "T", Value: plan.ExprValue(expr("secrets.token"))}}
	p := serial(s)
	p.Secrets = []plan.Secret{{Name: "token", Env: "TOKEN"}}
	e := newEngine(t, nil, executor.WithRunner(teller{}))
	id, _ := e.ExecuteCompiled(t.Context(), p, executor.RunOptions{})
	if err := e.Wait(t.Context(), id); err == nil || err.Error() != `step "a": refused: ***` {
		t.Errorf("Wait = %v", err)
	}
	if r, err := e.PlanResult(id); err != nil || r.Results[0].Error != "refused: ***" {
		t.Errorf("%+v, %v", r, err)
	}
}

// In a serial plan one step runs at a time, also where the one between two
// others is skipped long before its turn.
func TestSerialIsSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sleeper{began: time.Now()}
		e := newEngine(t, nil, executor.WithRunner(s))
		p := &plan.Plan{Strategy: plan.Serial, Steps: []plan.Step{step("s", "1s", "1"), step("t", "5s", "0"), step("u", "1s", "0", 0), step("v", "1s", "0")}}
		for i := 1; i < len(p.Steps); i++ {
			p.Steps[i].After = []int{i - 1}
		}
		id, _ := e.ExecuteCompiled(t.Context(), p, executor.RunOptions{})
		e.Wait(t.Context(), id)
		if got, want := s.starts(), "0s s, 1s t, 6s v"; got != want {
			t.Errorf("starts = %s, want %s", got, want)
		}
		e.Close(t.Context())
	})
}
