package state

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
)

// steps writes a summary down in a line for each step.
func steps(s *Summary) string {
	var b strings.Builder
	for _, step := range s.Steps {
		b.WriteString(string(step.Phase) + " " + step.ID + " " + step.Status.String())
		for _, a := range step.Attempts {
			b.WriteString(" " + a.Status.String() + "/" + a.Took.String())
		}
		for _, a := range step.Approvals {
			b.WriteString(map[bool]string{true: " yes by ", false: " no by "}[a.Granted] + a.By)
		}
		if w := step.Waiting; w != nil {
			b.WriteString(" waits for " + w.For)
		}
		for name, on := range map[string]bool{"kept": step.Kept, "undone": step.RolledBack, "tolerated": step.Tolerated} {
			if on {
				b.WriteString(" " + name)
			}
		}
		if step.Reason != "" {
			b.WriteString(" (" + string(step.Reason) + ")")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// at puts events a second apart.
func at(events ...event.Event) []event.Event {
	for i := range events {
		events[i].Timestamp = time.Date(2026, 3, 4, 5, 0, i, 0, time.UTC)
	}
	return events
}

func of(t event.Type, step string, more ...func(*event.Event)) event.Event {
	e := event.Event{Type: t, StepID: step}
	if t == event.Started {
		e.Attempt = 1
	}
	for _, f := range more {
		f(&e)
	}
	return e
}

func result(status event.Status, took time.Duration) func(*event.Event) {
	return func(e *event.Event) { e.Result = &event.Result{Status: status, Duration: took} }
}

func second(e *event.Event)                    { e.Attempt = 2 }
func kept(e *event.Event)                      { e.Kept = true }
func rollback(e *event.Event)                  { e.Phase = event.Rollback }
func finally(e *event.Event)                   { e.Phase = event.Finally }
func reason(r event.Reason) func(*event.Event) { return func(e *event.Event) { e.Reason = r } }
func by(who string) func(*event.Event)         { return func(e *event.Event) { e.By = who } }

func TestSummarize(t *testing.T) {
	begin := []event.Event{{Type: event.RunStarted, Name: "deploy", Total: 3}}
	for name, test := range map[string]struct {
		events []event.Event
		status event.Status
		active time.Duration
		want   string
	}{
		"nothing yet": {begin, event.StatusRunning, 0, ""},
		"a retry": {append(begin,
			of(event.Started, "a"), of(event.Retrying, "a", result(event.StatusTimeout, 5*time.Second)),
			of(event.Started, "a", second), of(event.Completed, "a", result(event.StatusCompleted, 0))),
			event.StatusRunning, 4 * time.Second, " a completed timeout/5s completed/1s\n"},
		"waiting for a retry": {append(begin,
			of(event.Started, "a"), of(event.Retrying, "a")),
			event.StatusRunning, 2 * time.Second, " a running failed/1s waits for retry\n"},
		"a failure that is undone": {append(begin,
			of(event.Started, "a"), of(event.Completed, "a"), of(event.Started, "b"),
			of(event.Failed, "b", result(event.StatusFailed, 0), reason(event.ReasonExit)), of(event.Skipped, "c", reason(event.ReasonNeed)),
			of(event.Started, "a", rollback), of(event.Completed, "a", rollback), of(event.RolledBack, "a", rollback), failed),
			event.StatusFailed, 9 * time.Second, " a completed completed/1s undone\n b failed failed/1s (exit)\n c skipped (need)\nrollback a completed completed/1s\n"},
		"waits": {append(begin, of(event.ApprovalRequested, "a"), of(event.Waiting, "b")),
			event.StatusRunning, 2 * time.Second, " a pending waits for approval\n b pending waits for lock\n"},
		"paused, answered, resumed": {append(begin,
			of(event.ApprovalRequested, "a"), paused, of(event.ApprovalGranted, "a", by("ann")),
			resumed, of(event.ApprovalGranted, "a", by("ann"), kept), of(event.Started, "a"), of(event.Completed, "a"), completed),
			event.StatusCompleted, 6 * time.Second, " a completed completed/1s yes by ann\n"},
		"rejected": {append(begin,
			of(event.ApprovalRequested, "a"), of(event.ApprovalRejected, "a", by("bob")), of(event.Failed, "a", reason(event.ReasonRejected)), failed),
			event.StatusFailed, 4 * time.Second, " a failed no by bob (rejected)\n"},
		"killed and resumed": {append(begin,
			of(event.Started, "a"), of(event.Completed, "a"), of(event.Started, "b"),
			of(event.Interrupted, "b"), resumed, of(event.Completed, "a", kept), of(event.Reset, "b"),
			of(event.Started, "b"), of(event.Completed, "b"), completed),
			event.StatusCompleted, 8 * time.Second, " a completed completed/1s kept\n b completed interrupted/0s completed/1s\n"},
		"started again after it was undone": {append(begin,
			of(event.Started, "a"), of(event.Completed, "a"), of(event.RolledBack, "a", rollback), resumed, of(event.Started, "a", second)),
			event.StatusRunning, 4 * time.Second, " a running completed/1s running/0s\n"},
		"a rollback and a handler that were killed, and the run resumed": {append(begin,
			of(event.Started, "a"), of(event.Failed, "a"), of(event.Started, "a", rollback), of(event.Started, "tidy", finally),
			resumed, of(event.Skipped, "a")),
			event.StatusRunning, 5 * time.Second, " a skipped failed/1s\nrollback a interrupted interrupted/0s\nfinally tidy interrupted interrupted/0s\n"},
		"a foreach": {append(begin, of(event.Expanded, "a"), of(event.Started, "a[x]")),
			event.StatusRunning, 2 * time.Second, " a running\n a[x] running running/0s\n"},
		"a step that was skipped, asked for anew": {append(begin,
			of(event.Skipped, "a", reason(event.ReasonStopped)), failed, resumed, of(event.ApprovalRequested, "a")),
			event.StatusRunning, 3 * time.Second, " a pending waits for approval\n"},
		"rejected while no engine was there": {append(begin,
			of(event.ApprovalRequested, "a"), paused, of(event.ApprovalRejected, "a", by("bob")),
			resumed, of(event.ApprovalRequested, "a"), of(event.ApprovalRejected, "a", by("bob"), kept), of(event.Failed, "a"), failed),
			event.StatusFailed, 6 * time.Second, " a failed no by bob\n"},
		"needs a decision": {append(begin, of(event.Started, "a"), of(event.Interrupted, "a"), undecided),
			event.StatusInterrupted, time.Second, " a interrupted interrupted/0s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Summarize(at(append([]event.Event{}, test.events...)...))
			if diff := cmp.Diff(test.want, steps(s)); diff != "" {
				t.Error(diff)
			}
			if s.Status != test.status || time.Duration(s.Active) != test.active || s.Name != "deploy" {
				t.Errorf("%v, active for %v, of %q; want %v, %v", s.Status, s.Active, s.Name, test.status, test.active)
			}
		})
	}
}

// An engine that died has ended nothing: what it had begun is interrupted, and
// only that.
func TestInterrupt(t *testing.T) {
	s := Summarize(at(event.Event{Type: event.RunStarted}, of(event.Started, "a"), of(event.Completed, "a"), of(event.Started, "b"), of(event.ApprovalRequested, "c"), of(event.Started, "d"), of(event.Retrying, "d")))
	s.Interrupt()
	if got, want := steps(s), " a completed completed/1s\n b interrupted interrupted/0s\n c pending waits for approval\n d failed failed/1s\n"; got != want || s.Status != event.StatusInterrupted {
		t.Errorf("%v\n%s", s.Status, cmp.Diff(want, got))
	}
	if len(s.Epochs) != 1 || s.Epochs[0].Status != event.StatusInterrupted {
		t.Errorf("epochs %+v", s.Epochs)
	}
	done := Summarize(at(event.Event{Type: event.RunStarted}, completed))
	done.Interrupt()
	if done.Status != event.StatusCompleted {
		t.Errorf("a run that has ended is %v", done.Status)
	}
}

// The epochs of a run say who had it, when, and how it came to an end.
func TestEpochs(t *testing.T) {
	s := Summarize(at(event.Event{Type: event.RunStarted}, of(event.Started, "a"), of(event.Interrupted, "a"), resumed, paused, granted, resumed, completed))
	var got []string
	for _, e := range s.Epochs {
		got = append(got, e.Status.String()+" "+e.By+" "+e.EndedAt.Sub(e.StartedAt).String())
	}
	want := []string{"interrupted  1s", "paused bob 1s", "completed bob 1s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if time.Duration(s.Active) != 3*time.Second {
		t.Errorf("active for %v", s.Active)
	}
}
