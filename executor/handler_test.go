package executor_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// Whatever a handler does, steps take their time and other handlers get
// everything.
func TestBadHandlers(t *testing.T) {
	tests := []struct {
		name    string
		handler func(n int, e executor.Event)
		close   string // in Close's error; empty: nil
	}{
		{"slow", func(int, executor.Event) { time.Sleep(3 * time.Second) }, ""},
		{"panics at once", func(int, executor.Event) { panic("bad handler") }, "panicked and got no further events: bad handler"},
		{"panics later", func(n int, _ executor.Event) {
			if n == 5 {
				panic("bad handler")
			}
		}, "panicked"},
		{"blocks", func(int, executor.Event) { time.Sleep(1000 * time.Hour) }, "did not return within 5s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				bad := executor.EventHandlerFunc(func(e executor.Event) { n++; tt.handler(n, e) })
				good := &recorder{}
				c := executor.DefaultConfig()
				c.LogDir = t.TempDir()
				e, err := executor.New(c, executor.WithRunner(&sleeper{began: time.Now()}), executor.WithEventHandler(bad), executor.WithEventHandler(good))
				if err != nil {
					t.Fatal(err)
				}
				id, _ := e.ExecuteCompiled(t.Context(), serial(step("a", "1s", "0"), step("b", "1s", "0"), step("c", "1s", "0")), executor.RunOptions{})
				if err := e.Wait(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				if r, _ := e.PlanResult(id); r.TotalDuration != 3*time.Second {
					t.Errorf("the run took %v, want 3s", r.TotalDuration)
				}
				err = e.Close(context.Background())
				if got := err != nil && strings.Contains(err.Error(), tt.close); got != (tt.close != "") || err != nil && tt.close == "" {
					t.Errorf("Close = %v, want %q in it", err, tt.close)
				}
				for i, ev := range good.events {
					if ev.Seq != uint64(i+1) {
						t.Errorf("the other handler's event %d has number %d", i+1, ev.Seq)
					}
				}
				if last := good.events[len(good.events)-1]; last.Type != event.RunCompleted {
					t.Errorf("the other handler's last event is %s", last.Type)
				}
				time.Sleep(2000 * time.Hour) // let the handler that blocks go, for the bubble's sake
			})
		})
	}
}

// chatty writes lines; a step's argument says how many.
type chatty struct{}

func (chatty) Run(_ context.Context, a executor.Attempt) executor.Outcome {
	line := strings.Repeat("x", 99) + "\n"
	block := []byte(strings.Repeat(line, 600))
	for range 200 { // 12 MB in 120,000 lines: three times what a queue holds
		a.Stdout.Write(block)
	}
	now := time.Now()
	return executor.Outcome{StartedAt: now, EndedAt: now}
}

// A handler that cannot keep up gets, in the end, every line all the same: from
// the log, not from memory.
func TestSlowHandlerLosesNothing(t *testing.T) {
	gate := make(chan struct{})
	lines, dropped, seq := 0, 0, uint64(0)
	h := executor.EventHandlerFunc(func(e executor.Event) {
		if e.Type == event.Started {
			<-gate
		}
		if e.Type == event.Stdout {
			if len(e.Line) != 99 {
				t.Errorf("a line of %d bytes", len(e.Line))
			}
			lines++
		}
		dropped += e.Count
		if e.Seq != seq+1 {
			t.Errorf("number %d after %d", e.Seq, seq)
		}
		seq = e.Seq
	})
	e := newEngine(t, nil, executor.WithRunner(chatty{}), executor.WithEventHandler(h))
	id, _ := e.ExecuteCompiled(t.Context(), &plan.Plan{Steps: []plan.Step{step("a", "", "")}}, executor.RunOptions{})
	if err := e.Wait(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	close(gate)
	if err := e.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines != 120_000 || dropped != 0 {
		t.Errorf("%d lines, %d dropped, want 120000 and 0", lines, dropped)
	}
}

func TestMulti(t *testing.T) {
	a, b := &recorder{}, &recorder{}
	h := executor.Multi(a, executor.Nop{}, b)
	h.OnEvent(executor.Event{Seq: 7})
	if len(a.events) != 1 || len(b.events) != 1 || b.events[0].Seq != 7 {
		t.Errorf("%v, %v", a.events, b.events)
	}
}

func TestStreamOutputOff(t *testing.T) {
	rec := &recorder{}
	e := newEngine(t, func(c *executor.Config) { c.StreamOutput = false }, executor.WithRunner(chatty{}), executor.WithEventHandler(rec))
	id, _ := e.ExecuteCompiled(t.Context(), &plan.Plan{Steps: []plan.Step{step("a", "", "")}}, executor.RunOptions{})
	e.Wait(t.Context(), id)
	e.Close(t.Context())
	for _, ev := range rec.events {
		if ev.Type == event.Stdout {
			t.Fatal("output was streamed")
		}
	}
	r, _ := e.PlanResult(id)
	if !r.Results[0].Truncated || len(r.Results[0].Stdout) != 1<<20 {
		t.Errorf("captured %d bytes, truncated %v", len(r.Results[0].Stdout), r.Results[0].Truncated)
	}
}

// The log still has what the result lacks.
func TestDropOutput(t *testing.T) {
	e := newEngine(t, nil, executor.WithRunner(chatty{}))
	id, _ := e.ExecuteCompiled(t.Context(), &plan.Plan{Steps: []plan.Step{step("a", "", "")}}, executor.RunOptions{DropOutput: true})
	e.Wait(t.Context(), id)
	p, _ := e.PlanResult(id)
	r := p.Results[0]
	if r.Stdout != "" || r.Stderr != "" || !r.Truncated {
		t.Errorf("captured %d bytes, truncated %v", len(r.Stdout)+len(r.Stderr), r.Truncated)
	}
	if log, err := e.ReadLogs(r.ID); r.LogPath == "" || len(log) <= 1<<20 || err != nil {
		t.Errorf("%d bytes in the log %q: %v", len(log), r.LogPath, err)
	}
}

func TestStateHandler(t *testing.T) {
	rec := &recorder{}
	e := newEngine(t, nil, executor.WithRunner(chatty{}), executor.WithStateHandler(rec))
	id, _ := e.ExecuteCompiled(t.Context(), &plan.Plan{Steps: []plan.Step{step("a", "", "")}}, executor.RunOptions{})
	e.Wait(t.Context(), id)
	e.Close(t.Context())
	var types []string
	for _, ev := range rec.events {
		types = append(types, string(ev.Type))
	}
	if got := strings.Join(types, " "); got != "run_started started completed run_completed" {
		t.Errorf("got %s", got)
	}
}
