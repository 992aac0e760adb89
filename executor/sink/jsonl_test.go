package sink

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/executor/event"
)

func TestJSONLHoldsEveryEvent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte(strings.Repeat("what was there before\n", 100_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	j, err := OpenJSONL(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []event.Event
	aRun(newScript(event_(func(e event.Event) {
		e.Timestamp = e.Timestamp.Round(0)
		want = append(want, e)
		j.OnEvent(e)
	})))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600: output may hold anything", info.Mode(), err)
	}
	if diff := cmp.Diff(want, readEvents(t, path)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func readEvents(t *testing.T, path string) []event.Event {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	for line := range strings.Lines(string(data)) {
		var e event.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		events = append(events, e)
	}
	return events
}

func TestJSONLEmptiesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := OpenJSONL(path)
	if err != nil {
		t.Fatal(err)
	}
	j.Close()
	if data, _ := os.ReadFile(path); len(data) != 0 {
		t.Errorf("still there: %q", data)
	}
}

type countingWriter struct {
	mu sync.Mutex
	bytes.Buffer
	writes int
	err    error
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	if w.err != nil {
		return 0, w.err
	}
	return w.Buffer.Write(b)
}

func TestJSONLWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &countingWriter{}
		j := NewJSONL(w)
		s := newScript(j)
		seen := func() (writes, lines int) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.writes, strings.Count(w.String(), "\n")
		}
		s.started("a", "true")
		if writes, _ := seen(); writes != 1 {
			t.Errorf("a state event: %d writes, want 1 before OnEvent returns", writes)
		}
		for range 100 {
			s.out("a", "line")
		}
		if writes, _ := seen(); writes != 1 {
			t.Errorf("100 lines: %d writes more, want none yet", writes-1)
		}
		time.Sleep(flushDelay)
		synctest.Wait()
		if writes, lines := seen(); writes != 2 || lines != 101 {
			t.Errorf("after %v: %d writes, %d lines; want 2 and 101", flushDelay, writes, lines)
		}
		for range 100_000 {
			s.out("a", "line")
		}
		j.Close()
		if least := w.Len() / bufferSize; w.writes > least+3 {
			t.Errorf("%d writes for %d bytes", w.writes, w.Len())
		}
		if n := strings.Count(w.String(), "\n"); n != 100_101 {
			t.Errorf("%d lines, want 100101", n)
		}
	})
}

func TestJSONLReportsAWriteError(t *testing.T) {
	w := &countingWriter{err: syscall.ENOSPC}
	j := NewJSONL(w)
	aRun(newScript(j))
	if err := j.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close() = %v, want %v in it", err, syscall.ENOSPC)
	}
	if w.writes != 1 {
		t.Errorf("%d writes, want none after the first failed", w.writes)
	}
}

func TestJSONLFence(t *testing.T) {
	var out bytes.Buffer
	j := NewJSONL(&out)
	j.FenceWorkflowCommands()
	s := newScript(j)
	s.out("a", "text ##[set-output name=x;]y ###[ z")
	s.started("a", "echo", "##[error]x")
	j.Close()
	if strings.Contains(out.String(), "##[") {
		t.Errorf("a workflow command passed: %s", out.String())
	}
	var e event.Event
	if err := json.NewDecoder(&out).Decode(&e); err != nil || e.Line != "text ##[set-output name=x;]y ###[ z" {
		t.Errorf("decoded %q, %v", e.Line, err)
	}
}
