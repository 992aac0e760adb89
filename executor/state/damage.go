package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/journal"
)

// Damage says what is wrong with the record of the run, the first thing of it;
// nil: nothing is. It follows all hashes, but decodes only the records that it
// must, so that many runs can be looked at.
func (r *Run) Damage() error {
	logs, err := r.LogNames() // first: see LostOf
	if err != nil {
		return err
	}
	seal, err := r.seal()
	if err != nil {
		return err
	}
	want, known := "", attempts{}
	end, err := journal.Check(r.JournalFile(), seal, func(record []byte) {
		run := bytes.HasPrefix(record, []byte(`{"event_type":"run_`))
		if !run && (len(logs) == 0 || !bytes.Contains(record, []byte(`"attempt":`))) {
			return
		}
		var e event.Event
		if json.Unmarshal(record, &e) != nil {
			return
		}
		if b := bound(&e); b != "" {
			want = b
		}
		known.add(&e)
	})
	if err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	if err := r.checkAsked(want); err != nil {
		return err
	}
	if err := r.CheckPlan(); err != nil {
		return err
	}
	if end == seal.Bytes {
		return nil // it has all that there ever was
	}
	if lost := known.lacks(logs); len(lost) > 0 {
		return fmt.Errorf("run %s: the journal has no record of %s", r.ID, LostText(lost))
	}
	return nil
}

// attempts is the highest number of an attempt that is recorded, by what the name
// of its log begins with.
type attempts map[string]int

func (a attempts) add(e *event.Event) {
	if e.Attempt > 0 {
		stem := logStem(e.StepID, e.Phase)
		a[stem] = max(a[stem], e.Attempt)
	}
}

// lacks is which of these logs are of attempts that are not recorded.
func (a attempts) lacks(logs []string) (lost []string) {
	for _, name := range logs {
		if stem, n, ok := cutLogName(name); ok && n > a[stem] {
			lost = append(lost, name)
		}
	}
	return lost
}

// cutLogName is the inverse of LogName.
func cutLogName(name string) (stem string, attempt int, ok bool) {
	name, ok = strings.CutSuffix(name, ".log")
	at := strings.LastIndexByte(name, '.')
	if !ok || at < 0 {
		return "", 0, false
	}
	attempt, err := strconv.Atoi(name[at+1:])
	return name[:at], attempt, err == nil
}

// LogNames is what the logs are called, in order.
func (r *Run) LogNames() ([]string, error) { return r.namesIn(r.Logs()) }

// namesIn is what is in a folder of the run, in order; nothing where it is not
// there yet.
func (r *Run) namesIn(path string) (names []string, err error) {
	dir, err := openFolder(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	defer dir.Close()
	if names, err = dir.Readdirnames(-1); err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	slices.Sort(names)
	return names, nil
}

// LostText names the attempts with these logs, of which there is one at least.
func LostText(names []string) string {
	text := "the attempt with the log " + names[0]
	if n := len(names) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

// LostOf is which logs are of attempts that the events do not have. Of a run that
// goes on ask for its logs before its events: a log comes after its record.
func LostOf(logs []string, events []event.Event) []string {
	known := attempts{}
	for i := range events {
		known.add(&events[i])
	}
	return known.lacks(logs)
}

// Unrecorded is the attempts of which the journal has no record, but a log is
// there: its last records are lost, as where the machine lost its power. That an
// attempt was started is all that is known of it.
func (r *Run) Unrecorded(events []event.Event) (started []event.Event, err error) {
	logs, err := r.LogNames()
	for _, name := range LostOf(logs, events) {
		stem, n, _ := cutLogName(name)
		e := event.Event{Type: event.Started, RunID: r.ID, Attempt: n}
		if undoes, ok := strings.CutSuffix(stem, "."+string(event.Rollback)); ok {
			stem, e.Phase = undoes, event.Rollback
		}
		if e.StepID, _ = url.PathUnescape(stem); encodeID(e.StepID) != stem {
			continue // of an id that was too long for a name
		}
		if info, err := os.Lstat(filepath.Join(r.Logs(), name)); err == nil {
			e.Timestamp = info.ModTime().UTC()
		}
		started = append(started, e)
	}
	return started, err
}
