package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/output"
	"github.com/cloudops-run/runbook/executor/journal"
)

// throttle is a handler that gets no further than it is let.
type throttle struct {
	mu   sync.Mutex
	more *sync.Cond
	may  int
	got  []event.Event
}

func newThrottle() *throttle {
	h := &throttle{}
	h.more = sync.NewCond(&h.mu)
	return h
}

func (h *throttle) OnEvent(e event.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.may == 0 {
		h.more.Wait()
	}
	h.may--
	h.got = append(h.got, e)
}

func (h *throttle) let(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.may += n
	h.more.Broadcast()
}

// sent is what a stream was given, to compare with what comes out of it.
type sent struct {
	*stream
	journals []*journal.File // the last one: none
	log      *output.Log
	state    map[uint64]event.Event
	lines    map[uint64]string
}

func (s *sent) event(e event.Event, j int) error {
	err := s.stream.state(e, s.journals[j])
	e.Seq = s.seq
	s.state[e.Seq] = e
	return err
}

func (s *sent) output(n int, logged bool) {
	var text strings.Builder
	for i := range n {
		line := fmt.Sprintf("line %d of %d", s.seq+uint64(i)+1, n)
		s.lines[s.seq+uint64(i)+1] = line
		text.WriteString(line + "\n")
	}
	offset := int64(-1)
	if logged {
		offset = s.log.Append("stdout", []byte(text.String()))
	}
	s.stream.output(&event.Event{Type: event.Stdout}, output.Batch{Data: []byte(text.String())}, s.log, offset)
}

// However the engine and its handlers take turns, and whatever is read back from
// a file in between: each handler gets every number once, in order, or is told
// that it did not; every state event as it was; and lines as they were.
func TestQueueKeepsItsPromise(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		folder := filepath.Join(dir, uuid.NewString())
		s := &sent{stream: &stream{lines: true}, log: output.NewLog(folder + ".log"), state: map[uint64]event.Event{}, lines: map[uint64]string{}}
		defer s.log.Close()
		for i := range 2 {
			j, err := journal.Create(fmt.Sprintf("%s.%d", folder, i))
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			s.journals = append(s.journals, j)
		}
		s.journals = append(s.journals, nil)
		handlers := []*throttle{newThrottle(), newThrottle(), newThrottle()}
		for i, h := range handlers {
			q := newQueue(h, i < 2)
			q.bounds = rapid.Custom(func(t *rapid.T) bounds {
				return bounds{rapid.IntRange(0, 8).Draw(t, "events"), rapid.IntRange(0, 8).Draw(t, "warnings"), rapid.IntRange(0, 200).Draw(t, "text"), rapid.IntRange(0, 8).Draw(t, "batches")}
			}).Draw(t, "bounds")
			s.add(q)
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				for range rapid.IntRange(1, 12).Draw(t, "many") {
					e := event.Event{Type: event.Completed, RunID: uuid.New(), Timestamp: time.Now().UTC().Truncate(0), StepID: "a", Result: &event.Result{Stdout: "x"}}
					if err := s.event(e, rapid.IntRange(0, 2).Draw(t, "journal")); err != nil {
						t.Fatal(err)
					}
				}
			case 1:
				s.output(rapid.IntRange(1, 5).Draw(t, "lines"), rapid.Bool().Draw(t, "logged"))
			case 2:
				s.notice(event.Event{Type: event.Progress})
			case 3:
				s.notice(event.Event{Type: event.Warning, Message: "w"})
			case 4:
				rapid.SampledFrom(handlers).Draw(t, "handler").let(rapid.IntRange(1, 20).Draw(t, "let"))
			}
		}
		damaged := rapid.IntRange(0, 4).Draw(t, "damaged") == 0 // by somebody who thought the run was over
		if path := folder + ".0"; damaged {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			os.Truncate(path, info.Size()*3/4)
		}
		for i, h := range handlers {
			h.let(1 << 30)
			if err := s.queues[i].close(nil); err != nil {
				t.Fatal(err)
			}
			s.check(t, h.got, i < 2, damaged)
			if q := s.queues[i]; q.events != 0 || q.warnings != 0 || q.text != 0 || q.batches != 0 {
				t.Errorf("an empty queue counts %d events, %d warnings, %d bytes and %d batches", q.events, q.warnings, q.text, q.batches)
			} else if n := q.moved.Load(); n != q.added {
				t.Errorf("%d events were added, and %d moved", q.added, n)
			}
		}
	})
}

func (s *sent) check(t *rapid.T, got []event.Event, lines, damaged bool) {
	next := uint64(1)
	var states []uint64
	for _, e := range got {
		if lines && e.Seq != next || e.Seq < next {
			t.Fatalf("number %d, want %d", e.Seq, next)
		}
		next = e.Seq + 1
		switch e.Type {
		case event.Dropped:
			next = e.Seq + uint64(e.Count)
		case event.Stdout:
			if want := s.lines[e.Seq]; e.Line != want {
				t.Fatalf("line %q, want %q", e.Line, want)
			}
		case event.Completed:
			if diff := cmp.Diff(s.state[e.Seq], e); diff != "" {
				t.Fatal(diff)
			}
			states = append(states, e.Seq)
		}
	}
	if lines && next != s.seq+1 {
		t.Fatalf("the last number is %d, want %d", next-1, s.seq)
	}
	want := make([]uint64, 0, len(s.state))
	for seq := range s.state {
		want = append(want, seq)
	}
	slices.Sort(want)
	if !damaged && !slices.Equal(states, want) {
		t.Fatalf("state events %v, want %v", states, want)
	}
}
