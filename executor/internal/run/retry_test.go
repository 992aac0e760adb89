package run

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// retryDelays fails a step again and again, each attempt taking a second, and
// returns the delays that follow.
func retryDelays(t *testing.T, r plan.Retry, random func() float64) []time.Duration {
	t.Helper()
	p := &plan.Plan{Steps: []plan.Step{{ID: "a", Retry: &r}}}
	m := New(p, Options{Random: random})
	now := epoch
	m.Handle(now, Begin{})
	var delays []time.Duration
	for attempt := 1; !m.Done(); attempt++ {
		m.Handle(now, SlotFree{})
		now = now.Add(time.Second)
		m.Handle(now, Finished{Node{}, attempt, Outcome{ExitCode: 1}})
		if due, ok := m.NextTick(); ok {
			delays = append(delays, due.Sub(now))
			if effects := m.Handle(due.Add(-1), Tick{}); len(effects) > 0 || m.WantsSlot() {
				t.Fatal("the retry did not wait for its time")
			}
			now = due
			m.Handle(now, Tick{})
		} else if !m.Done() {
			delays = append(delays, 0)
		}
	}
	return delays
}

func TestRetryDelays(t *testing.T) {
	const s = time.Second
	text := plan.Text
	for _, test := range []struct {
		name   string
		retry  plan.Retry
		random float64
		want   []time.Duration
	}{
		{"none", plan.Retry{}, 0, nil},
		{"less than none", plan.Retry{Times: -1}, 0, nil},
		{"at once", plan.Retry{Times: 2}, 0, []time.Duration{0, 0}},
		{"constant", plan.Retry{Times: 3, Delay: text("2s")}, 0, []time.Duration{2 * s, 2 * s, 2 * s}},
		{"constant, with a bound", plan.Retry{Times: 2, Delay: text("2s"), MaxDelay: text("1s")}, 0, []time.Duration{s, s}},
		{"doubles", plan.Retry{Times: 4, Delay: text("1s"), Backoff: plan.Exponential}, 0, []time.Duration{s, 2 * s, 4 * s, 8 * s}},
		{"doubles up to a bound", plan.Retry{Times: 4, Delay: text("1s"), Backoff: plan.Exponential, MaxDelay: text("3s")}, 0, []time.Duration{s, 2 * s, 3 * s, 3 * s}},
		{"nothing doubled is nothing", plan.Retry{Times: 2, Backoff: plan.Exponential}, 0, []time.Duration{0, 0}},
		{"jitter shortens", plan.Retry{Times: 2, Delay: text("4s"), Jitter: 0.5}, 0.5, []time.Duration{3 * s, 3 * s}},
		{"jitter comes after the bound", plan.Retry{Times: 1, Delay: text("9s"), MaxDelay: text("4s"), Jitter: 1}, 0.75, []time.Duration{s}},
		{"too much jitter", plan.Retry{Times: 1, Delay: text("4s"), Jitter: 7}, 0.5, []time.Duration{2 * s}},
		// The attempts would start at 0, 3, 6 and 9 seconds.
		{"elapsed", plan.Retry{Times: 9, Delay: text("2s"), MaxElapsed: text("8s")}, 0, []time.Duration{2 * s, 2 * s}},
		{"elapsed, to the moment", plan.Retry{Times: 9, Delay: text("2s"), MaxElapsed: text("9s")}, 0, []time.Duration{2 * s, 2 * s, 2 * s}},
		{"elapsed at once", plan.Retry{Times: 9, Delay: text("2s"), MaxElapsed: text("1ms")}, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := retryDelays(t, test.retry, func() float64 { return test.random })
			if len(got) != len(test.want) {
				t.Fatalf("delays %v, want %v", got, test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Fatalf("delays %v, want %v", got, test.want)
				}
			}
		})
	}
}

func TestBackoffNeverOverflows(t *testing.T) {
	r := &plan.Retry{Backoff: plan.Exponential}
	for _, first := range []time.Duration{1, time.Second, time.Hour, math.MaxInt64/2 + 1, math.MaxInt64} {
		for _, most := range []time.Duration{0, time.Minute, math.MaxInt64} {
			last := time.Duration(0)
			for attempt := 1; attempt < 200; attempt++ {
				d := backoff(r, plan.Delays{Delay: first, MaxDelay: most}, attempt)
				if d < last || d < 0 || most > 0 && d > most {
					t.Fatalf("delay %v after attempt %d of first %v, most %v", d, attempt, first, most)
				}
				last = d
			}
		}
	}
	start := time.Now()
	backoff(r, plan.Delays{}, math.MaxInt)
	backoff(r, plan.Delays{Delay: 1}, math.MaxInt)
	if took := time.Since(start); took > time.Second {
		t.Errorf("a backoff took %v", took)
	}
}

// TestNoRoomInTime keeps the only slot busy until the time for retries is over.
func TestNoRoomInTime(t *testing.T) {
	s := parse(t, "a =1,ok r3/1ms; long @9ms; last <a")
	s.plan.Steps[0].Retry.MaxElapsed = plan.Text("5ms")
	s.slots = 1
	sim := simulate(t, s, s.machine(), nil)
	if got, want := summary(sim.m), "a=failed/exit long=completed last=skipped/need run=failed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := "exit code 1; not tried again: its time for retries (max_elapsed) was over before there was room for another attempt"
	if got := sim.m.Result(Node{}).Error; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

// TestDelaysIgnoreTheWallClock: what a delay is counted from must keep its
// reading of the monotonic clock, or setting the clock back makes it longer.
func TestDelaysIgnoreTheWallClock(t *testing.T) {
	p := &plan.Plan{Steps: []plan.Step{{ID: "a", Retry: &plan.Retry{Times: 1, Delay: plan.Text("1h")}}}}
	m := New(p, Options{})
	now := time.Now()
	m.Handle(now, Begin{})
	m.Handle(now, SlotFree{})
	m.Handle(now, Finished{Node{}, 1, Outcome{ExitCode: 1}})
	due, ok := m.NextTick()
	if !ok || !strings.Contains(due.String(), "m=+") {
		t.Errorf("next tick %v has no monotonic reading", due)
	}
	if !strings.Contains(m.nodes[0].started.String(), "m=+") {
		t.Errorf("the first start %v has no monotonic reading", m.nodes[0].started)
	}
}

// TestUnreadableDelay: a plan may come from a file that nobody checked.
func TestUnreadableDelay(t *testing.T) {
	p := &plan.Plan{Steps: []plan.Step{{ID: "a", Retry: &plan.Retry{Times: 1, Delay: plan.Text("soon")}}}}
	m := New(p, Options{})
	m.Handle(epoch, Begin{})
	m.Handle(epoch, SlotFree{})
	m.Handle(epoch, Finished{Node{}, 1, Outcome{ExitCode: 1}})
	want := `exit code 1; not tried again: retry.delay: "soon" is not a duration such as 90s, 10m or 1h30m`
	if r := m.Result(Node{}); r.Status != event.StatusFailed || r.Error != want {
		t.Errorf("%v with error %q, want %q", r.Status, r.Error, want)
	}
}
