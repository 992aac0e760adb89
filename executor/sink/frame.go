package sink

import (
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

// bottomInterval is how often the bottom line is drawn anew while nothing
// happens, so that its clock moves.
const bottomInterval = 250 * time.Millisecond

// A frame gathers text and writes it in one go, over the bottom line and with a
// new bottom line beneath: what is on the terminal is never half of either.
//
// Its methods are called with locker held.
type frame struct {
	w      io.Writer
	locker sync.Locker
	width  func() int
	fence  string

	buf     []byte
	partial source // whose unfinished line the text ends with
	timer   *time.Timer
	waiting bool // the timer is set
	fenced  bool // the fence was opened
	err     error
	done    bool

	bottom func(width int) (text string, cells int) // nil: there is no bottom line
	prompt string                                   // a question takes the place of the bottom line; empty: none is open
	height func() int                               // rows of the terminal
	ticker *time.Timer
	asked  []string // what stands above the question and stays with it
	drawn  int      // cells of the bottom line on the terminal
	above  []int    // cells of each line that was drawn with it
}

// A source is one stream of one step.
type source struct {
	id     uuid.UUID
	stream event.Type
}

func newFrame(w io.Writer, width func() int, fence string) *frame {
	return &frame{w: w, width: width, fence: fence, buf: make([]byte, 0, bufferSize+8<<10)}
}

// written is called after text was added to buf.
func (f *frame) written() {
	switch {
	case f.err != nil || f.done:
		f.buf = f.buf[:0]
	case len(f.buf) >= bufferSize:
		f.flush()
	case !f.waiting:
		f.waiting = true
		if f.timer == nil {
			f.timer = time.AfterFunc(flushDelay, f.tick)
		} else {
			f.timer.Reset(flushDelay)
		}
	}
}

func (f *frame) tick() {
	f.locker.Lock()
	defer f.locker.Unlock()
	f.waiting = false
	f.flush()
}

// flush writes the text and the bottom line.
func (f *frame) flush() {
	if f.err != nil || f.done {
		f.buf = f.buf[:0]
		return
	}
	if f.prompt != "" {
		f.endPartial() // the question must be seen, beneath whatever comes
	}
	text := f.buf
	if f.fence != "" && !f.fenced && len(text) > 0 {
		f.fenced = true
		text = append([]byte("::stop-commands::"+f.fence+"\n"), text...)
	}
	if f.drawn > 0 || f.bottom != nil || f.prompt != "" {
		text = append(f.erasure(), text...)
		text = append(text, f.bottomLine()...)
	}
	if len(text) > 0 {
		_, f.err = f.w.Write(text)
	}
	f.buf = f.buf[:0]
	if cap(f.buf) > 4*bufferSize {
		f.buf = make([]byte, 0, bufferSize+8<<10)
	}
}

// bottomLine is the bottom line, to be drawn where the text ends with a newline.
func (f *frame) bottomLine() string {
	if f.prompt != "" {
		return f.question()
	}
	if f.bottom == nil || f.partial != (source{}) {
		return ""
	}
	text, cells := f.bottom(f.width() - 1) // the last column would wrap on some terminals
	f.drawn = cells
	if f.ticker == nil {
		f.ticker = time.AfterFunc(bottomInterval, f.drawAgain)
	}
	return text
}

func (f *frame) drawAgain() {
	f.locker.Lock()
	defer f.locker.Unlock()
	if f.bottom == nil || f.done || f.err != nil {
		return
	}
	if f.prompt == "" { // drawing it again would hide what was typed so far
		f.flush()
	}
	f.ticker.Reset(bottomInterval)
}

// erasure removes the bottom line. A terminal that became narrower since has
// wrapped it, so that it begins some rows further up.
func (f *frame) erasure() []byte {
	if f.drawn == 0 {
		return nil
	}
	var b []byte
	if width := f.width(); width > 0 {
		rows := (f.drawn - 1) / width
		for _, cells := range f.above {
			rows += rowsOf(cells, width)
		}
		if rows > 0 {
			b = append(b, "\x1b["...)
			b = strconv.AppendInt(b, int64(rows), 10)
			b = append(b, 'A')
		}
	}
	f.drawn, f.above = 0, nil
	return append(b, "\r\x1b[J"...)
}

// lift writes the text and takes the bottom line away, for somebody else to
// write to the same terminal; redraw puts it back.
func (f *frame) lift() {
	bottom, prompt := f.bottom, f.prompt
	f.bottom, f.prompt = nil, ""
	f.flush()
	f.bottom, f.prompt = bottom, prompt
}

func (f *frame) redraw() {
	if f.bottom != nil || f.prompt != "" {
		f.flush()
	}
}

// endLive takes the bottom line away for good.
func (f *frame) endLive() {
	f.endPartial()
	f.bottom, f.prompt, f.asked = nil, "", nil
	if f.ticker != nil {
		f.ticker.Stop()
	}
}

// endPartial ends an unfinished line, so that another can be printed.
func (f *frame) endPartial() {
	if f.partial != (source{}) {
		f.partial = source{}
		f.buf = append(f.buf, '\n')
	}
}

// close writes what is left and closes the fence.
func (f *frame) close() {
	if f.done {
		return
	}
	f.endLive()
	f.flush()
	if f.fenced && f.err == nil {
		_, f.err = io.WriteString(f.w, "::"+f.fence+"::\n")
	}
	if f.timer != nil {
		f.timer.Stop()
	}
	f.done = true
}
