package sink

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

const (
	bufferSize = 64 << 10              // what is written at once when there is much
	flushDelay = 50 * time.Millisecond // how long a line may wait for others
)

// JSONL writes each event as one line of JSON. A state event is written before
// OnEvent returns; output lines are gathered and follow within 50 ms, so that a
// gigabyte of them costs little and tail -f still shows them as they come.
//
// After a write error nothing more is written; Close reports the error.
type JSONL struct {
	mu      sync.Mutex
	w       io.Writer
	encoder event.Encoder
	closer  io.Closer
	buf     []byte
	timer   *time.Timer
	waiting bool // the timer is set
	fenced  bool
	err     error
}

// NewJSONL writes to w, which stays open.
func NewJSONL(w io.Writer) *JSONL {
	return &JSONL{w: w, buf: make([]byte, 0, bufferSize+8<<10)}
}

// OpenJSONL writes to the file at path, created with mode 0600 or emptied; "-"
// is standard output.
func OpenJSONL(path string) (*JSONL, error) {
	if path == "-" {
		return NewJSONL(os.Stdout), nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	j := NewJSONL(f)
	j.closer = f
	return j, nil
}

// FenceWorkflowCommands writes the characters ##[ in another JSON form, for a
// log that GitHub Actions reads: its runner finds commands of that old form
// anywhere in a line. Call it before the first event.
func (j *JSONL) FenceWorkflowCommands() { j.fenced = true }

// OnEvent writes e.
func (j *JSONL) OnEvent(e event.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return
	}
	from := len(j.buf)
	j.buf = j.encoder.Append(j.buf, &e)
	if j.fenced {
		j.fence(from)
	}
	j.buf = append(j.buf, '\n')
	switch {
	case len(j.buf) >= bufferSize, e.Type != event.Stdout && e.Type != event.Stderr:
		j.flush()
	case !j.waiting:
		j.waiting = true
		if j.timer == nil {
			j.timer = time.AfterFunc(flushDelay, j.tick)
		} else {
			j.timer.Reset(flushDelay)
		}
	}
}

// fence rewrites ##[ in what was appended to the buffer. The characters stand
// only inside JSON strings, where # may be written as an escape.
func (j *JSONL) fence(from int) {
	command := []byte("##[")
	if bytes.Contains(j.buf[from:], command) {
		text := bytes.ReplaceAll(j.buf[from:], command, []byte(`\u0023\u0023[`))
		j.buf = append(j.buf[:from], text...)
	}
}

func (j *JSONL) tick() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = false
	j.flush()
}

func (j *JSONL) flush() {
	if j.err == nil && len(j.buf) > 0 {
		_, j.err = j.w.Write(j.buf)
	}
	j.buf = j.buf[:0]
}

// Close writes what is left and returns the first error of any write.
func (j *JSONL) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.timer != nil {
		j.timer.Stop()
	}
	j.flush()
	if j.closer != nil {
		if err := j.closer.Close(); j.err == nil {
			j.err = err
		}
		j.closer = nil
	}
	if j.err != nil {
		return fmt.Errorf("events could not be written: %w", j.err)
	}
	return nil
}
