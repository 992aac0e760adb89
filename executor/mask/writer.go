package mask

import (
	"sync"
	"time"
)

// Idle is how long a stream has to be silent before what is held back of it may
// be passed on, as [Writer.FlushIdle] says.
const Idle = 200 * time.Millisecond

// harmless is how many bytes of a secret may be shown before it is known to be
// one.
const harmless = 3

// A Writer masks one stream. It holds back the end of what was written where
// that could be the beginning of a secret. What it passes on does not depend on
// how the stream was cut into writes, FlushIdle aside.
//
// Its methods are called by one goroutine. Where something is held back, and
// the stream is silent for the time of Idle, a timer calls FlushIdle, so next
// may be called by another goroutine, but never by two at a time.
type Writer struct {
	m    *Masker
	next func([]byte)
	seen func(secret int) // called for each secret, also again; may be nil

	mu    sync.Mutex // because of the timer
	timer *time.Timer
	armed bool
	last  time.Time // of the writes that left something held back

	// held is the end of the stream: some context, and what is not decided yet.
	// The places below are counted from its beginning.
	held   []byte
	anchor int // no secret begins before it but those that were found
	told   int // so far the stream was passed on or replaced
	masked int // where the last stars end; negative or 0 while there are none
}

// Writer returns a Writer that gives what is left of the stream to next. The
// bytes are valid only during the call.
func (m *Masker) Writer(next func([]byte)) *Writer { return &Writer{m: m, next: next} }

// scratch is what a Writer needs while it works, so that one that waits has
// only a few bytes.
type scratch struct {
	text, out []byte
	decoding  decoding
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// addMax bounds the scratch.
const addMax = 64 << 10

// Write implements [io.Writer]. It never fails.
func (w *Writer) Write(p []byte) (int, error) {
	if w.m.size() == 0 {
		if len(p) > 0 {
			w.next(p)
		}
		return len(p), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		size := min(len(p), addMax)
		w.work(p[:size], w.scan, false)
		p = p[size:]
	}
	w.arm()
	return n, nil
}

// Flush passes on what is held back. Call it at the end of the stream; what
// follows is another one.
func (w *Writer) Flush() { w.end(w.scan) }

// FlushCut is Flush for a stream that was cut off, as that of a process that was
// killed: a last part that may be the beginning of a secret is replaced too,
// unless it has only a few bytes of it.
func (w *Writer) FlushCut() {
	w.end(func(s *scratch, _ bool) int {
		if from := w.scanOn(s); from < len(s.text) {
			w.mark(s, from, len(s.text))
		}
		return len(s.text)
	})
}

// FlushIdle passes on what is held back but for what begins with more than
// three bytes of a secret: a prompt must be seen, but a program that prints a
// secret slowly must not be able to show it bit by bit. If the secret does
// follow, what is left of it is replaced.
func (w *Writer) FlushIdle() {
	if w.m.size() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle()
}

func (w *Writer) idle() {
	w.work(nil, func(s *scratch, _ bool) int { return w.scanOn(s) }, false)
}

func (w *Writer) end(scan func(s *scratch, final bool) int) {
	if w.m.size() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.work(nil, scan, true)
	if w.timer != nil {
		w.timer.Stop()
	}
	w.held, w.anchor, w.told, w.masked, w.armed = nil, 0, 0, 0, false
}

// arm has the timer look after what is held back.
func (w *Writer) arm() {
	if w.told == len(w.held) {
		return
	}
	w.last = time.Now()
	switch {
	case w.armed:
	case w.timer == nil:
		w.timer = time.AfterFunc(Idle, w.expire)
	default:
		w.timer.Reset(Idle)
	}
	w.armed = true
}

func (w *Writer) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.armed {
		return
	}
	if left := Idle - time.Since(w.last); left > 0 {
		w.timer.Reset(left)
		return
	}
	w.armed = false
	w.idle()
}
