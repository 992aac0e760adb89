package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/cloudops-run/runbook/executor/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sample is n events of a run.
func sample(n int) (events []event.Event) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for i := range n {
		e := event.Event{Type: event.Started, RunID: uuid.UUID{15: 1}, Seq: uint64(2*i + 1), Timestamp: at, StepID: "a", Attempt: i, Command: []string{"echo", "é\n"}}
		if i%3 == 0 {
			e.Type, e.Result = event.Failed, &event.Result{StepID: "a", Status: event.StatusFailed, ExitCode: 3, Duration: time.Second}
		}
		events = append(events, e)
	}
	return events
}

// encoded is the journal of events.
func encoded(events []event.Event) []byte {
	var data, record []byte
	var prev hash
	for i := range events {
		record = appendRecord(record[:0], &events[i], prev)
		var p position
		p.advance(record, 0)
		prev = p.prev
		data = append(data, record...)
	}
	return data
}

// written makes a journal of events in a file and closes it.
func written(t *testing.T, events []event.Event) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, f, events)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func appendAll(t *testing.T, f *File, events []event.Event) {
	t.Helper()
	for _, e := range events {
		if err := f.Append(e); err != nil {
			t.Fatal(err)
		}
	}
}

// What was appended, by one engine or by one that went on after another, is what
// is read.
func TestGoOn(t *testing.T) {
	events := sample(20)
	path := written(t, events[:9])
	f, past, err := Open(path, Seal{})
	if err != nil || past.Torn != 0 || past.Kept != "" {
		t.Fatalf("Open = %+v, %v", past, err)
	}
	if diff := cmp.Diff(events[:9], past.Events); diff != "" {
		t.Error(diff)
	}
	appendAll(t, f, events[9:])
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := encoded(events); !bytes.Equal(data, want) {
		t.Fatalf("got\n%s\nwant\n%s", data, want)
	}
	got, end, err := Read(data)
	if err != nil || end != len(data) {
		t.Fatalf("Read = end %d of %d, %v", end, len(data), err)
	}
	if diff := cmp.Diff(events, got); diff != "" {
		t.Error(diff)
	}
}
