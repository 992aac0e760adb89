package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/cloudops-run/runbook/executor/event"
)

// A DamageError says that a journal was changed, or not written to its end, at
// a place that cannot be passed over.
type DamageError struct {
	Offset int    // of the first bad record, in bytes
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
	var prev [sha256.Size]byte
	for end < len(data) {
		n := bytes.IndexByte(data[end:], '\n') + 1
		if n == 0 {
			return events, end, nil
		}
		line := data[end : end+n]
		e, what := readRecord(line, prev)
		if what != "" {
			return events, end, &DamageError{end, len(events) + 1, what}
		}
		if len(events) > 0 && e.Seq <= events[len(events)-1].Seq {
			return events, end, &DamageError{end, len(events) + 1, "its number does not follow the one before"}
		}
		prev = sha256.Sum256(line)
		events = append(events, e)
		end += n
	}
	return events, end, nil
}

func readRecord(line []byte, prev [sha256.Size]byte) (e event.Event, what string) {
	var chain struct {
		Prev string `json:"prev"`
	}
	if err := json.Unmarshal(line, &chain); err != nil {
		return e, "it is no JSON object"
	}
	if chain.Prev != hex.EncodeToString(prev[:]) {
		return e, "it does not follow the record before it"
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return e, "it is no event"
	}
	return e, ""
}
