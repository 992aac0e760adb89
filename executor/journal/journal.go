// Package journal keeps the record of a run: its state events, one JSON object
// a line, each with the hash of the line before it. It is the only truth about
// a run; what a run's state is, is a fold of its journal.
//
// Output, progress and warnings are not state and are not in it.
package journal

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/cloudops-run/runbook/executor/event"
)

// IsState reports whether an event belongs in a journal.
func IsState(t event.Type) bool {
	switch t {
	case event.Stdout, event.Stderr, event.Progress, event.Warning, event.Dropped:
		return false
	}
	return true
}

// A hash is that of a whole record, its newline included. The record after it
// ends with it; before the first one it is zero.
type hash [sha256.Size]byte

// appendRecord appends e as the record that follows the one with hash prev.
func appendRecord(b []byte, e *event.Event, prev hash) []byte {
	b = e.AppendJSON(b)
	return appendLink(b[:len(b)-1], prev)
}

// appendLink appends how every record ends.
func appendLink(b []byte, prev hash) []byte {
	b = append(b, `,"prev":"`...)
	b = hex.AppendEncode(b, prev[:])
	return append(b, "\"}\n"...)
}
