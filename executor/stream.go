package executor

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/output"
	"github.com/cloudops-run/runbook/executor/journal"
)

// A stream numbers the events of an engine and passes them to its handlers. All
// runs of an engine share it, so that the numbers have no gap.
type stream struct {
	queues []*queue
	lines  bool     // output lines are events too
	wanted []*queue // those of queues that get them

	mu  sync.Mutex
	seq uint64
}

// add gives the stream another handler, before the first event.
func (s *stream) add(q *queue) {
	s.queues = append(s.queues, q)
	if s.lines && q.lines {
		s.wanted = append(s.wanted, q)
	}
}

// state publishes an event that is part of a run's record: it is written to the
// run's journal, if it has one, before anyone is told. An error is the
// journal's; nobody is told of an event that could not be written, which one
// with a [*journal.FullError] was.
func (s *stream) state(e event.Event, j *journal.File) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Seq = s.seq + 1
	var record journal.Part
	if j != nil {
		var full *journal.FullError
		if err = j.Append(e); err != nil && !errors.As(err, &full) {
			return err
		}
		record = j.Last()
	}
	s.seq++
	for _, q := range s.queues {
		q.state(&e, record)
	}
	return err
}

// from lets the numbers go on after those of a run that is resumed.
func (s *stream) from(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq = max(s.seq, seq)
}

// notice publishes an event that is not part of the record.
func (s *stream) notice(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	e.Seq = s.seq
	for _, q := range s.queues {
		q.notice(&e)
	}
}

// output publishes lines of the stream of a step that origin describes. Their
// data is not kept.
func (s *stream) output(origin *event.Event, x output.Batch, log *output.Log, offset int64) {
	if len(s.wanted) == 0 {
		return
	}
	b := batch{
		origin: origin, at: time.Now().UTC(), partial: x.Partial,
		count: lineCount(x.Data), size: len(x.Data), log: log, offset: offset,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.seq = s.seq + 1
	s.seq += uint64(b.count)
	text := "" // copied once, and only if somebody has room for it
	for _, q := range s.wanted {
		if text == "" && q.hasRoom(b.size) {
			text = string(x.Data)
		}
		b.text = text
		q.output(b)
	}
}

// lineCount counts a last line without its newline too.
func lineCount(data []byte) int {
	n := bytes.Count(data, []byte("\n"))
	if len(data) > 0 && data[len(data)-1] != '\n' {
		n++
	}
	return n
}
