// Package output turns what a process writes into lines, keeps the head and
// tail of it in memory, and all of it in a log file.
package output

import (
	"bytes"
	"unicode/utf8"
)

// MaxLine is the longest line, in bytes, that is handed on whole. A longer one
// is handed on in parts.
const MaxLine = 64 << 10

// A Batch is a run of whole lines of one stream, or a part of one long line.
type Batch struct {
	Data    []byte // valid only during the call that hands it on
	Partial bool   // Data is a part of a line that goes on in the next batch of this stream
}

// Lines cuts a byte stream into batches of lines. Bytes pass through unchanged:
// the batches put together are what was written. It holds no more than one
// unfinished line, and nothing while there is none.
//
// A Lines is used by one goroutine.
type Lines struct {
	emit func(Batch)
	tail []byte // an unfinished line, shorter than MaxLine
}

// NewLines returns a Lines that hands every batch to emit.
func NewLines(emit func(Batch)) *Lines { return &Lines{emit: emit} }

// Write takes any bytes, and never fails.
func (l *Lines) Write(p []byte) (int, error) {
	n := len(p)
	if len(l.tail) > 0 {
		p = l.finishLine(p)
	}
	if end := bytes.LastIndexByte(p, '\n') + 1; end > 0 {
		p = l.wholeLines(p, end)
	}
	for len(p) > MaxLine {
		cut := cutPart(p)
		l.emit(Batch{Data: p[:cut], Partial: true})
		p = p[cut:]
	}
	if len(p) > 0 {
		l.tail = append(l.tail, p...)
	}
	return n, nil
}

// wholeLines hands on p up to end, which is behind a newline, and returns the
// rest. Lines that are too long, which only a large write can hold, are cut.
func (l *Lines) wholeLines(p []byte, end int) []byte {
	lines := p[:end]
	for len(lines) > MaxLine {
		cut := bytes.LastIndexByte(lines[:MaxLine+1], '\n') + 1
		partial := cut == 0
		if partial {
			cut = cutPart(lines)
		}
		l.emit(Batch{Data: lines[:cut], Partial: partial})
		lines = lines[cut:]
	}
	if len(lines) > 0 {
		l.emit(Batch{Data: lines})
	}
	return p[end:]
}

// finishLine adds p to the unfinished line up to the first newline, and returns
// what is left of p.
func (l *Lines) finishLine(p []byte) []byte {
	end := bytes.IndexByte(p, '\n') + 1
	ended := end > 0
	if !ended {
		end = len(p)
	}
	for len(l.tail)+end > MaxLine+1 || (!ended && len(l.tail)+end > MaxLine) {
		room := MaxLine - len(l.tail)
		l.tail = append(l.tail, p[:room]...)
		p, end = p[room:], end-room
		cut := cutPart(l.tail)
		l.emit(Batch{Data: l.tail[:cut], Partial: true})
		l.tail = append(l.tail[:0], l.tail[cut:]...)
	}
	l.tail = append(l.tail, p[:end]...)
	if ended {
		l.emit(Batch{Data: l.tail})
		l.tail = nil
	}
	return p[end:]
}

// Flush hands on a last line that has no newline. Call it at the end.
func (l *Lines) Flush() {
	if len(l.tail) > 0 {
		l.emit(Batch{Data: l.tail})
		l.tail = nil
	}
}

// cutPart returns how much of p, which is at least MaxLine long, makes the next
// part: MaxLine, or up to three bytes less where that would split a character.
func cutPart(p []byte) int {
	for i := MaxLine; i > MaxLine-utf8.UTFMax; i-- {
		if i == len(p) || utf8.RuneStart(p[i]) {
			if r, size := utf8.DecodeLastRune(p[:i]); r != utf8.RuneError || size > 1 {
				return i
			}
		}
	}
	return MaxLine
}
