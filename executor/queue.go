package executor

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/output"
)

// What a queue holds for a handler that falls behind. State events are always
// kept; there are few of them.
const (
	queueTextBytes = 1 << 20  // output held in memory; beyond it, it is read back from the step's log when its turn comes
	queueBatches   = 64 << 10 // batches of output held at all; beyond it they are dropped
)

// hungAfter is how long a handler may take over one event while the engine
// closes. A handler that goes on moving is waited for however slow it is: what
// it has not got yet is part of the truth it tells.
const hungAfter = 5 * time.Second

// A batch is output on its way to the handlers: whole lines of one stream, or a
// part of a line. The handlers share it.
type batch struct {
	origin  *event.Event // what all lines of a stream have in common
	at      time.Time
	seq     uint64 // of the first line
	count   int    // lines
	text    string // empty: read size bytes at offset of the log
	log     *output.Log
	offset  int64
	size    int
	partial bool
	dropped bool // the text is gone
}

// item is one entry of a queue: an event, or a batch that stands for several.
type item struct {
	event *event.Event
	batch *batch
}

// A queue stands between the engine and one handler, so that no handler, however
// slow, delays a step.
type queue struct {
	handler EventHandler
	lines   bool          // it gets output lines
	wake    chan struct{} // holds a token while there may be items
	done    chan struct{} // closed when the handler has had its last event

	mu      sync.Mutex
	items   []item
	text    int // bytes of output in items
	batches int // batches in items
	closed  bool

	moved atomic.Uint64 // events handed over, to tell slow from hung
	dead  atomic.Bool   // the handler panicked, or hung while the engine closed
	panic any           // what it panicked with; read once done is closed
}

func newQueue(h EventHandler, lines bool) *queue {
	q := &queue{handler: h, lines: lines, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// state adds an event that must not be lost.
func (q *queue) state(e *event.Event) {
	q.mu.Lock()
	if !q.dead.Load() {
		q.items = append(q.items, item{event: e})
	}
	q.mu.Unlock()
	q.signal()
}

// hasRoom reports whether text of this size may be held in memory. Only the
// stream's own goroutine adds any, so the answer stays true until it does.
func (q *queue) hasRoom(size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.text+size <= queueTextBytes
}

// output adds a batch, without its text where much is waiting already.
func (q *queue) output(b batch) {
	q.mu.Lock()
	if q.text+b.size > queueTextBytes {
		b.text = ""
	}
	switch {
	case q.dead.Load():
	case q.batches >= queueBatches, b.text == "" && b.offset < 0:
		q.drop(b)
	default:
		q.text += len(b.text)
		q.batches++
		q.items = append(q.items, item{batch: &b})
	}
	q.mu.Unlock()
	q.signal()
}

// drop notes that b is lost, together with what was lost right before it.
func (q *queue) drop(b batch) {
	if n := len(q.items); n > 0 && q.items[n-1].batch != nil && q.items[n-1].batch.dropped {
		q.items[n-1].batch.count += b.count
		return
	}
	b.text, b.dropped = "", true
	q.items = append(q.items, item{batch: &b})
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) run() {
	defer close(q.done)
	for range q.wake {
		for {
			items, last := q.take()
			for i := range items {
				q.deliver(&items[i])
			}
			if len(items) == 0 {
				if last {
					return
				}
				break
			}
		}
	}
}

// take empties the queue. last says that nothing will follow.
func (q *queue) take() (items []item, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.items = q.items, nil
	return items, q.closed
}

func (q *queue) deliver(it *item) {
	defer func() {
		if p := recover(); p != nil {
			q.panic = p
			q.dead.Store(true)
		}
	}()
	if it.event != nil {
		q.hand(*it.event)
		return
	}
	b := it.batch
	text := b.text
	q.mu.Lock()
	if !b.dropped {
		q.batches--
		q.text -= len(b.text)
	}
	q.mu.Unlock()
	if text == "" && !b.dropped {
		var err error
		if text, err = b.log.ReadAt(b.offset, b.size); err != nil {
			b.dropped = true
		}
	}
	if b.dropped {
		q.hand(event.Event{Type: event.Dropped, RunID: b.origin.RunID, Seq: b.seq, Timestamp: b.at, Count: b.count})
		return
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
	if !q.dead.Load() {
		q.handler.OnEvent(e)
	}
	q.moved.Add(1)
}

// close waits until the handler has had everything, or hangs, or ctx ends.
func (q *queue) close(ctxDone <-chan struct{}) error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	last := q.moved.Load()
	q.signal()
	look := time.NewTicker(hungAfter)
	defer look.Stop()
	for {
		select {
		case <-q.done:
			if q.panic != nil {
				return fmt.Errorf("an event handler panicked and got no further events: %v", q.panic)
			}
			return nil
		case <-ctxDone:
			return q.giveUp("was not done in time")
		case <-look.C:
			moved := q.moved.Load()
			if moved == last {
				return q.giveUp(fmt.Sprintf("did not return within %v", hungAfter))
			}
			last = moved
		}
	}
}

func (q *queue) giveUp(why string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dead.Store(true)
	return fmt.Errorf("an event handler %s; %d entries were not delivered to it", why, len(q.items))
}
