package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/cloudops-run/runbook/executor/event"
)

// A DamageError says that a journal was changed, or not written to its end, at
// a place that cannot be passed over.
type DamageError struct {
	Offset int64  // of the first bad record, in bytes
	Record int    // its number, from 1
	What   string // what is wrong with it
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("journal damaged at byte %d (record %d): %s", e.Offset, e.Record, e.What)
}

// Read returns the events of a journal, in order. A last record that is not
// complete, as a crash leaves it, is left out; end is where it begins, or the
// length of data where there is none. Anything else that is wrong is a
// [*DamageError], with the events before it.
func Read(data []byte) (events []event.Event, end int, err error) {
	var p position
	events, err = p.read(data, true)
	return events, int(p.end), err
}

// A position is how far a journal was read, and what must follow.
type position struct {
	end    int64 // of the last good record, in bytes
	record int   // how many there were
	seq    uint64
	prev   hash
	seal   Seal // what the journal must have
}

// read returns the events of the records that data begins with, which lies at
// the position. last says that nothing follows data, so that a bad last record
// may be what a crash left: one that was written in part, or, where the machine
// crashed, in the wrong part.
func (p *position) read(data []byte, last bool) (events []event.Event, err error) {
	for len(data) > 0 {
		n := bytes.IndexByte(data, '\n') + 1
		if n == 0 {
			break
		}
		e, what := p.check(data[:n])
		if what != "" {
			if last && n == len(data) && !json.Valid(data[:n]) {
				break
			}
			return events, &DamageError{p.end, p.record + 1, what}
		}
		p.advance(data[:n], e.Seq)
		events = append(events, e)
		data = data[n:]
	}
	return events, p.short()
}

func (p *position) check(line []byte) (e event.Event, what string) {
	switch what = p.follows(line); {
	case what != "" && json.Valid(line):
		return e, what
	case json.Unmarshal(line, &e) != nil:
		return e, "it is no event"
	case p.record > 0 && e.Seq <= p.seq:
		return e, "its number does not follow the one before"
	}
	return e, what
}

// follows says why a record cannot be the next one, by its hashes alone; empty:
// it can.
func (p *position) follows(line []byte) string {
	var link [80]byte
	if !bytes.HasSuffix(line, appendLink(link[:0], p.prev)) {
		return "it does not follow the record before it"
	}
	return p.broken(line)
}

func (p *position) advance(line []byte, seq uint64) {
	p.end += int64(len(line))
	p.record++
	p.seq = seq
	p.prev = sha256.Sum256(line)
}

// A Follower reads a journal while its run goes on: it needs no lock, changes
// nothing, and takes a last record that is not complete for one that is being
// written.
type Follower struct {
	file *os.File
	at   position
}

// Follow returns a Follower that begins at the first record of a journal, which
// must have what was sealed.
func Follow(path string, s Seal) (*Follower, error) {
	file, err := open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return &Follower{file: file, at: position{seal: s}}, nil
}

// Next returns the events that were written since it was last called, none if
// there are none. The error may be a [*DamageError], with the events before it.
func (f *Follower) Next() ([]event.Event, error) {
	info, err := f.file.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, max(0, info.Size()-f.at.end))
	n, err := f.file.ReadAt(data, f.at.end)
	if err != nil && err != io.EOF {
		return nil, err
	}
	data = data[:n]
	return f.at.read(data[:bytes.LastIndexByte(data, '\n')+1], true)
}

// Rest is how many bytes follow what Next has returned: of a record that is
// being written, or that never was written to its end.
func (f *Follower) Rest() int64 {
	info, err := f.file.Stat()
	if err != nil {
		return 0
	}
	return max(0, info.Size()-f.at.end)
}

// Close ends the reading.
func (f *Follower) Close() error { return f.file.Close() }
