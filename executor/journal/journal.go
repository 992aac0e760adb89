// Package journal writes the record of a run: its state events, one JSON object
// a line, each with the hash of the line before it. It is the only truth about
// a run; what a run's state is, is a fold of its journal.
//
// Output, progress and warnings are not state and are not in it.
package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/cloudops-run/runbook/executor/event"
)

// A Writer appends records. One goroutine owns it.
type Writer struct {
	file io.Writer
	prev [sha256.Size]byte
	buf  []byte
	err  error
}

// NewWriter returns a Writer that begins a new journal. Every record is one
// call of file.Write.
func NewWriter(file io.Writer) *Writer { return &Writer{file: file} }

// IsState reports whether an event belongs in a journal.
func IsState(t event.Type) bool {
	switch t {
	case event.Stdout, event.Stderr, event.Progress, event.Warning, event.Dropped:
		return false
	}
	return true
}

// Append writes e. After an error nothing more is written, and every later call
// returns that error: a record after a hole could not be trusted.
func (w *Writer) Append(e event.Event) error {
	if w.err != nil {
		return w.err
	}
	w.buf = e.AppendJSON(w.buf[:0])
	w.buf = append(w.buf[:len(w.buf)-1], `,"prev":"`...)
	w.buf = hex.AppendEncode(w.buf, w.prev[:])
	w.buf = append(w.buf, "\"}\n"...)
	if _, err := w.file.Write(w.buf); err != nil {
		w.err = err
		return err
	}
	w.prev = sha256.Sum256(w.buf)
	return nil
}
