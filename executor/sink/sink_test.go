package sink

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// A script writes the events of one run, a few milliseconds apart.
type script struct {
	h     event.EventHandler
	run   uuid.UUID
	seq   uint64
	now   time.Time
	total int
	stats event.Stats
}

func newScript(h event.EventHandler) *script {
	return &script{h: h, run: uuid.MustParse("01939a2e-7c00-7a3b-8e21-6f1d2c3b4a59"), now: time.Now()}
}

func (s *script) send(e event.Event) {
	s.seq++
	e.RunID, e.Seq, e.Timestamp = s.run, s.seq, s.now.UTC()
	if e.StepID != "" {
		e.ExecutionID = uuid.NewSHA1(s.run, []byte(string(e.Phase)+"/"+e.StepID))
	}
	s.now = s.now.Add(5 * time.Millisecond)
	s.h.OnEvent(e)
}

func (s *script) begin(name string, total int) {
	s.total = total
	s.send(event.Event{Type: event.RunStarted, Name: name, Total: total})
}

func (s *script) started(id string, command ...string) {
	s.send(event.Event{Type: event.Started, StepID: id, Attempt: 1, Command: command})
}

func (s *script) out(id, line string) { s.line(event.Stdout, id, line, false) }
func (s *script) err(id, line string) { s.line(event.Stderr, id, line, false) }

func (s *script) line(stream event.Type, id, line string, partial bool) {
	e := event.Event{Type: stream, StepID: id, Attempt: 1, Partial: partial}
	e.SetLine(line)
	s.send(e)
}

func (s *script) completed(id string, took time.Duration) {
	s.stats.Completed++
	s.send(event.Event{Type: event.Completed, StepID: id, Attempt: 1, Result: &event.Result{
		StepID: id, Status: event.StatusCompleted, Attempts: 1, Duration: took}})
}

func (s *script) failed(e event.Event, code int, took time.Duration) {
	s.stats.Failed++
	e.Type = event.Failed
	e.Reason, e.Error = event.ReasonExit, fmt.Sprintf("exit code %d", code)
	e.Result = &event.Result{StepID: e.StepID, Status: event.StatusFailed, Attempts: max(1, e.Attempt),
		ExitCode: code, Duration: took, LogPath: "/var/log/runbook/" + e.StepID + ".log", Error: e.Error}
	s.send(e)
}

func (s *script) skipped(id string, reason event.Reason, message string) {
	s.stats.Skipped++
	s.send(event.Event{Type: event.Skipped, StepID: id, Reason: reason, Message: message})
}

func (s *script) end(status event.Status) {
	s.stats.Total = s.total
	stats := s.stats
	s.send(event.Event{Type: event.RunCompleted, Status: status, Stats: &stats})
}
