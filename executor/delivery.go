package executor

import (
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/process"
)

// deliver hands one entry of the queue to the handler. A panic is the last that
// the handler does.
func (q *queue) deliver(it item) {
	defer func() {
		if p := recover(); p != nil {
			q.panic = p
			q.dead.Store(true)
		}
	}()
	switch it := it.(type) {
	case *event.Event:
		q.mu.Lock()
		if it.Type == event.Warning {
			q.warnings--
		} else {
			q.events--
		}
		q.mu.Unlock()
		q.hand(*it)
	case *batch:
		q.handLines(it)
	case *records:
		q.readBack(it)
	case *gap:
		q.handGap(*it)
	}
}

// readBack hands over the events of records. Those that are not to be had any
// more, as when somebody removed the run, are counted.
func (q *queue) readBack(r *records) {
	if q.dead.Load() {
		return
	}
	next, left := r.seq, r.Count
	err := patiently(func() error {
		return r.Each(func(e event.Event) {
			if q.lines && e.Seq > next {
				q.handGap(gap{r.run, e.Timestamp, next, int(e.Seq - next)})
			}
			q.hand(e)
			next, left = e.Seq+1, left-1
		})
	})
	if err == nil {
		return
	}
	if q.lines {
		left = int(r.last + 1 - next)
	}
	q.handGap(gap{r.run, r.at, next, left})
}

// patiently calls f again for as long as there is no descriptor for it, some ten
// seconds: a handler has the time, and steps give theirs back.
func patiently(f func() error) error {
	err := f()
	for try := 0; process.Scarce(err) && try < 100; try++ {
		time.Sleep(100 * time.Millisecond)
		err = f()
	}
	return err
}

func (q *queue) handGap(g gap) {
	q.hand(event.Event{Type: event.Dropped, RunID: g.run, Seq: g.seq, Timestamp: g.at, Count: g.count})
}

// handLines hands over the lines of a batch.
func (q *queue) handLines(b *batch) {
	text := b.text
	q.mu.Lock()
	q.batches--
	q.text -= len(text)
	q.mu.Unlock()
	if text == "" {
		var err error
		err = patiently(func() error {
			text, err = b.log.ReadAt(b.offset, b.size)
			return err
		})
		if err != nil {
			q.handGap(b.gap())
			return
		}
	}
	e := *b.origin
	e.Timestamp, e.Seq, e.Partial = b.at, b.seq, b.partial
	for len(text) > 0 {
		line, rest, _ := strings.Cut(text, "\n")
		e.SetLine(line)
		q.hand(e)
		e.Seq++
		text = rest
	}
}

// hand calls the handler, unless it has failed before.
func (q *queue) hand(e event.Event) {
	if q.dead.Load() {
		return
	}
	q.handler.OnEvent(e)
	if e.Type == event.Dropped {
		q.moved.Add(uint64(e.Count))
	} else {
		q.moved.Add(1)
	}
}
