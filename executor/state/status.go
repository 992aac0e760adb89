package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// A Standing is where a run stands, as the end of its journal and its lock tell
// it. It costs the same however long the journal is.
type Standing struct {
	Status event.Status
	Stats  *event.Stats // nil: the run has not ended
	Last   time.Time    // when something was last written down
	Died   bool         // its engine did: Last is not its end
	Holder Holder       // of a run in hand
}

// Standing looks at the end of the journal and at the lock, in this order: a run
// that ends in between has ended, and is not taken for one whose engine died.
func (r *Run) Standing() (s Standing, err error) {
	if s, err = r.written(); err != nil || s.Status != event.StatusRunning {
		return s, err
	}
	holder, held, err := r.Holder()
	if err != nil {
		return s, fmt.Errorf("run %s: %w", r.ID, err)
	}
	if held && holder.Alive() {
		s.Holder = holder
		return s, nil
	}
	if held { // by the watchdog of an engine that was killed
		s.Status, s.Died = event.StatusInterrupted, true
		return s, nil
	}
	if s, err = r.written(); err == nil && s.Status == event.StatusRunning {
		s.Status, s.Died = event.StatusInterrupted, true
	}
	return s, err
}

// written is where the run stands by its journal alone.
func (r *Run) written() (s Standing, err error) {
	s.Status = event.StatusRunning
	last := time.Time{}
	err = r.backwards(func(e *event.Event) bool {
		if last.IsZero() {
			last = e.Timestamp
		}
		switch e.Type {
		case event.ApprovalGranted, event.ApprovalRejected:
			return true // the answer to a run that was paused leaves it paused
		case event.RunCompleted, event.RunPaused:
			s.Status, s.Stats = endStatus(e), e.Stats
		}
		return false
	})
	s.Last = last
	return s, err
}

// endStatus is the status of a run whose engine wrote e last.
func endStatus(e *event.Event) event.Status {
	switch {
	case e.Type == event.RunCompleted:
		return e.Status
	case e.Reason == event.ReasonUndecided:
		return event.StatusInterrupted
	}
	return event.StatusPaused
}

// backwards calls visit with the events of the journal from the last one back,
// as long as it returns true. What is no record is passed over: this is a quick
// look, and whoever reads from the beginning sees the damage.
func (r *Run) backwards(visit func(*event.Event) bool) error {
	file, err := openRegular(r.JournalFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil // the engine has just begun, or died beginning
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	end := info.Size()
	for size := int64(4096); ; size *= 4 {
		from := max(0, end-size)
		data := make([]byte, end-from)
		if _, err := file.ReadAt(data, from); err != nil && err != io.EOF {
			return fmt.Errorf("run %s: %w", r.ID, err)
		}
		if settled(data, visit) || from == 0 { // a record that is cut is none
			return nil
		}
	}
}

// settled calls visit with the events of data from the last one back, and
// reports whether it had enough.
func settled(data []byte, visit func(*event.Event) bool) bool {
	for {
		end := bytes.LastIndexByte(data, '\n')
		if end < 0 {
			return false
		}
		start := bytes.LastIndexByte(data[:end], '\n') + 1
		var e event.Event
		if json.Unmarshal(data[start:end], &e) == nil && !visit(&e) {
			return true
		}
		data = data[:start]
	}
}
