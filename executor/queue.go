package executor

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/output"
	"github.com/cloudops-run/runbook/executor/journal"
)

// What a queue holds for a handler that falls behind. State events are never
// dropped; those of a run without a journal are all kept in memory.
type bounds struct {
	events   int // in memory; beyond it, those of a journal are read back when their turn comes, and progress is dropped
	warnings int // in memory; beyond it they are dropped
	text     int // bytes of output in memory; beyond it, it is read back from the step's log
	batches  int // of output, at all; beyond it they are dropped
}

var queueBounds = bounds{events: 4 << 10, warnings: 4 << 10, text: 1 << 20, batches: 64 << 10}

// hungAfter is how long a handler may take over one event while the engine
// closes. A handler that goes on moving is waited for however slow it is: what
// it has not got yet is part of the truth it tells.
const hungAfter = 5 * time.Second

// restAfter is how long a handler rests when it has had everything. Waking it for
// each event costs more than the event: two threads and a switch between them.
const restAfter = 5 * time.Millisecond

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
}

// records are state events that are read back from a journal. For a handler that
// gets output lines, numbers that are missing among them are those of events that
// were dropped.
type records struct {
	journal.Part
	run       uuid.UUID
	at        time.Time
	seq, last uint64 // of the first of them, and of the last
}

// A gap is what a handler did not get.
type gap struct {
	run   uuid.UUID
	at    time.Time
	seq   uint64 // of the first event
	count int
}

// item is one entry of a queue: an *event.Event, *batch, *records or *gap.
type item any

// A queue stands between the engine and one handler, so that no handler, however
// slow, delays a step.
type queue struct {
	handler EventHandler
	lines   bool          // it gets output lines
	wake    chan struct{} // holds a token while there may be items
	hurry   chan struct{} // holds a token when somebody waits for what there is
	closing chan struct{} // closed when nothing follows
	done    chan struct{} // closed when the handler has had its last event

	patience time.Duration // before it counts as hung, while the engine closes

	mu       sync.Mutex
	bounds   bounds
	items    []item
	events   int    // events in memory, without warnings
	warnings int    // warnings in memory
	text     int    // bytes of output in memory
	batches  int    // batches in memory
	added    uint64 // events of all kinds, since ever

	moved atomic.Uint64 // events handed over, or told as dropped: what is missing to added was not
	dead  atomic.Bool   // the handler panicked, or hung while the engine closed
	panic any           // what it panicked with; read once done is closed
}

func newQueue(h EventHandler, lines bool) *queue {
	q := &queue{
		handler: h, lines: lines, bounds: queueBounds, patience: hungAfter,
		wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
	}
	go q.run()
	return q
}

// state adds an event that must not be lost. Where much is waiting already, its
// record in a journal, if it has one, takes its place.
func (q *queue) state(e *event.Event, record journal.Part) {
	q.mu.Lock()
	q.added++
	switch {
	case q.dead.Load():
	case q.events < q.bounds.events || record.Count == 0:
		q.events++
		q.items = append(q.items, e)
	default:
		q.spill(e, record)
	}
	q.mu.Unlock()
	signal(q.wake)
	if e.Type == event.RunCompleted || e.Type == event.RunPaused {
		signal(q.hurry)
	}
}

// spill adds a record in place of its event. Records and gaps in turns would take
// memory without end, so what was dropped between two records is told by its
// numbers alone.
func (q *queue) spill(e *event.Event, record journal.Part) {
	keep, next := len(q.items), e.Seq
	if g, ok := q.last().(*gap); ok && q.lines && g.seq+uint64(g.count) == next {
		keep, next = keep-1, g.seq
	}
	if keep > 0 {
		if r, ok := q.items[keep-1].(*records); ok && (!q.lines || r.last+1 == next) && r.Extend(record) {
			clear(q.items[keep:])
			q.items, r.last = q.items[:keep], e.Seq
			return
		}
	}
	q.items = append(q.items, &records{record, e.RunID, e.Timestamp, e.Seq, e.Seq})
}

// last is what was added last; nil where nothing waits.
func (q *queue) last() item {
	if n := len(q.items); n > 0 {
		return q.items[n-1]
	}
	return nil
}

// notice adds an event that is not part of a record: a warning, or how far the run
// is, which is not worth keeping for who is far behind.
func (q *queue) notice(e *event.Event) {
	q.mu.Lock()
	q.added++
	switch {
	case q.dead.Load():
	case e.Type == event.Progress && q.events >= q.bounds.events, e.Type == event.Warning && q.warnings >= q.bounds.warnings:
		q.drop(gap{e.RunID, e.Timestamp, e.Seq, 1})
	case e.Type == event.Warning:
		q.warnings++
		q.items = append(q.items, e)
	default:
		q.events++
		q.items = append(q.items, e)
	}
	q.mu.Unlock()
	signal(q.wake)
}

// hasRoom reports whether text of this size may be held in memory. Only the
// stream's own goroutine adds any, so the answer stays true until it does.
func (q *queue) hasRoom(size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.text+size <= q.bounds.text
}

// output adds a batch, without its text where much is waiting already.
func (q *queue) output(b batch) {
	q.mu.Lock()
	q.added += uint64(b.count)
	if q.text+b.size > q.bounds.text {
		b.text = ""
	}
	switch {
	case q.dead.Load():
	case q.batches >= q.bounds.batches, b.text == "" && b.offset < 0:
		q.drop(b.gap())
	default:
		q.text += len(b.text)
		q.batches++
		q.items = append(q.items, &b)
	}
	q.mu.Unlock()
	signal(q.wake)
}

// drop notes that events are lost, together with what was lost right before.
func (q *queue) drop(g gap) {
	if before, ok := q.last().(*gap); ok {
		before.count += g.count
		return
	}
	q.items = append(q.items, &g)
}

func (b *batch) gap() gap { return gap{b.origin.RunID, b.at, b.seq, b.count} }

func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

func (q *queue) run() {
	defer close(q.done)
	rest := time.NewTimer(0)
	<-rest.C
	for open := true; open; {
		select {
		case <-q.wake:
		case <-q.closing:
			open = false
		}
		for items := q.take(); len(items) > 0; items = q.take() {
			for i, it := range items {
				q.deliver(it)
				items[i] = nil
			}
		}
		rest.Reset(restAfter)
		select {
		case <-rest.C:
		case <-q.hurry:
		case <-q.closing:
		}
	}
}

// take empties the queue.
func (q *queue) take() (items []item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items, q.items = q.items, nil
	return items
}

// close waits until the handler has had everything, or hangs, or ctx ends.
func (q *queue) close(ctxDone <-chan struct{}) error {
	last := q.moved.Load()
	close(q.closing)
	look := time.NewTicker(q.patience)
	defer look.Stop()
	for {
		select {
		case <-q.done:
			if q.panic != nil {
				return fmt.Errorf("an event handler panicked and got no further events: %v; %s", q.panic, q.undelivered())
			}
			return nil
		case <-ctxDone:
			return q.giveUp("was not done in time")
		case <-look.C:
			moved := q.moved.Load()
			if moved == last {
				return q.giveUp(fmt.Sprintf("did not return within %v", q.patience))
			}
			last = moved
		}
	}
}

func (q *queue) giveUp(why string) error {
	q.dead.Store(true)
	return fmt.Errorf("an event handler %s; %s", why, q.undelivered())
}

// undelivered says how many events the handler neither got nor was told of.
func (q *queue) undelivered() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := q.added - q.moved.Load(); n != 1 {
		return fmt.Sprintf("%d events were not delivered to it", n)
	}
	return "1 event was not delivered to it"
}
