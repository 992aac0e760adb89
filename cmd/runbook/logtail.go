package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"
)

// maxLogLine is how much of a line is kept until its end comes. A longer one is
// printed in parts.
const maxLogLine = 1 << 20

// copy prints what a log has got since. ended says that nothing comes any more,
// so that a last line without a newline is printed too. A step that wrote nothing
// has no log.
func (v *logView) copy(t *logTail, ended bool) error {
	file, err := v.run.OpenLog(t.id, t.phase, t.n)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &exit{code: exitEngine, err: err}
	}
	defer file.Close()
	if _, err := file.Seek(t.offset, io.SeekStart); err != nil {
		return &exit{code: exitEngine, err: err}
	}
	chunk := make([]byte, 64<<10)
	for {
		n, err := file.Read(chunk)
		t.offset += int64(n)
		if v.raw() {
			v.bytes(t, chunk[:n])
		} else {
			v.lines(t, chunk[:n])
		}
		if err == io.EOF || n == 0 {
			break
		}
		if err != nil {
			return &exit{code: exitEngine, err: err}
		}
	}
	if ended && len(t.part) > 0 {
		v.line(t, t.part)
		t.part = nil
	}
	return nil
}

// bytes prints a part of a log as it is. Another log begins on a new line.
func (v *logView) bytes(t *logTail, data []byte) {
	if len(data) == 0 {
		return
	}
	if v.open != nil && v.open != t {
		v.w.WriteByte('\n')
	}
	v.w.Write(data)
	v.open = nil
	if data[len(data)-1] != '\n' {
		v.open = t
	}
}

// lines prints whole lines and keeps what is left.
func (v *logView) lines(t *logTail, data []byte) {
	for {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			break
		}
		v.line(t, append(t.part, data[:end]...))
		t.part, data = t.part[:0], data[end+1:]
	}
	t.part = append(t.part, data...)
	if len(t.part) > maxLogLine {
		v.line(t, t.part)
		t.part = t.part[:0]
	}
}

// sortByTime sorts logs by when their attempts were started.
func sortByTime(tails []*logTail, at []time.Time) {
	order := make([]int, len(tails))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return at[a].Compare(at[b]) })
	sorted := make([]*logTail, len(tails))
	for i, k := range order {
		sorted[i] = tails[k]
	}
	copy(tails, sorted)
}
