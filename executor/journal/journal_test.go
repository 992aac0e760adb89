package journal

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

func sample() (events []event.Event, data []byte) {
	var file bytes.Buffer
	w := NewWriter(&file)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for i := range 8 {
		e := event.Event{Type: event.Started, RunID: uuid.UUID{15: 1}, Seq: uint64(2*i + 1), Timestamp: at, StepID: "a", Attempt: i}
		if i%3 == 0 {
			e.Type, e.Result = event.Failed, &event.Result{StepID: "a", Status: event.StatusFailed, ExitCode: 3, Duration: time.Second}
		}
		if err := w.Append(e); err != nil {
			panic(err)
		}
		events = append(events, e)
	}
	return events, file.Bytes()
}

func TestRead(t *testing.T) {
	want, data := sample()
	got, end, err := Read(data)
	if err != nil || end != len(data) {
		t.Fatalf("Read = end %d of %d, %v", end, len(data), err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A journal cut at any byte reads up to the last whole record before the cut.
func TestReadCutAtEveryByte(t *testing.T) {
	want, data := sample()
	for cut := range data {
		events, end, err := Read(data[:cut])
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if whole := bytes.Count(data[:cut], []byte("\n")); len(events) != whole || end != bytes.LastIndexByte(data[:cut], '\n')+1 {
			t.Fatalf("cut at %d: %d events, want %d; end %d", cut, len(events), whole, end)
		}
		if diff := cmp.Diff(want[:len(events)], events); diff != "" && len(events) > 0 {
			t.Fatal(diff)
		}
	}
}

// A changed byte never yields an event that was not written.
func TestReadFlippedBytes(t *testing.T) {
	want, data := sample()
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 1
		events, _, err := Read(bad)
		var damage *DamageError
		if i < last && !errors.As(err, &damage) {
			t.Fatalf("a flip at byte %d of %d was not seen", i, len(data))
		}
		for k := range min(len(events), 7) {
			if bytes.Count(data[:i], []byte("\n")) > k && !cmp.Equal(events[k], want[k]) {
				t.Fatalf("a flip at byte %d changed the record %d before it", i, k)
			}
		}
	}
}

type full struct{ writes int }

func (f *full) Write(p []byte) (int, error) {
	f.writes++
	return 0, errors.New("no space left on device")
}

func TestAppendAfterAnError(t *testing.T) {
	f := &full{}
	w := NewWriter(f)
	for range 3 {
		if err := w.Append(event.Event{Type: event.Started}); err == nil {
			t.Error("the error was lost")
		}
	}
	if f.writes != 1 {
		t.Errorf("%d writes, want none after the first failed", f.writes)
	}
}
