package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

// A Filter says which runs are wanted. The zero Filter wants all.
type Filter struct {
	Name   string         // of the runbook; empty: any
	Status []event.Status // any of these; empty: any
	Since  time.Time      // started then or later
	Labels map[string]string
	Limit  int // the newest ones; 0: all
}

// An Entry is a run in a list.
type Entry struct {
	*Run
	Asked Asked
	Standing
	Damage error // what is wrong with its record; nil: nothing is
}

// A Problem is a run, or something that should be one, that cannot be read.
type Problem struct {
	Path string
	Err  error
}

func (p Problem) Error() string { return p.Err.Error() }

// List returns the runs that a filter wants, the newest first. What cannot be
// read is told and keeps nothing else from being listed.
func (f *Folder) List(want Filter) (runs []Entry, problems []Problem, err error) {
	ids, problems, err := f.ids()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if started, known := startOf(id); known && started.Before(want.Since.Truncate(time.Millisecond)) {
			break // the others are older
		}
		entry, err := f.entry(id, want)
		switch {
		case err != nil && gone(f.run(id)):
		case err != nil:
			problems = append(problems, Problem{f.run(id).path, err})
		case entry != nil:
			runs = append(runs, *entry)
		}
		if want.Limit > 0 && len(runs) == want.Limit {
			break
		}
	}
	return runs, problems, nil
}

// entry reads a run; nil if it is not wanted.
func (f *Folder) entry(id uuid.UUID, want Filter) (*Entry, error) {
	r, err := f.Run(id)
	if err != nil {
		return nil, err
	}
	e := &Entry{Run: r}
	if e.Asked, err = r.Asked(); err != nil {
		return nil, err
	}
	if !want.asked(&e.Asked) {
		return nil, nil
	}
	e.Standing, err = r.Standing()
	switch e.Damage = r.Damage(); {
	case e.Damage != nil && gone(r):
		return nil, nil
	case e.Damage != nil:
		e.Status = event.StatusDamaged
	case err != nil:
		return nil, err
	}
	if len(want.Status) > 0 && !slices.Contains(want.Status, e.Status) {
		return nil, nil
	}
	return e, nil
}

func (want *Filter) asked(a *Asked) bool {
	if want.Name != "" && a.Name != want.Name || a.StartedAt.Before(want.Since) {
		return false
	}
	for name, value := range want.Labels {
		if v, ok := a.Labels[name]; !ok || v != value {
			return false
		}
	}
	return true
}

// gone: somebody has removed the run meanwhile.
func gone(r *Run) bool {
	_, err := os.Lstat(r.path)
	return errors.Is(err, fs.ErrNotExist)
}

// ids are those of all runs, the newest first: ids of version 7 begin with the
// time. Folders that are coming or going are passed over; what is nothing of
// ours is a problem.
func (f *Folder) ids() (ids []uuid.UUID, problems []Problem, err error) {
	entries, err := os.ReadDir(f.runs())
	if err != nil {
		return nil, nil, fmt.Errorf("state folder: %w", err)
	}
	for _, e := range slices.Backward(entries) {
		name := e.Name()
		if strings.HasPrefix(name, coming) || strings.HasPrefix(name, going) {
			continue
		}
		id, err := uuid.Parse(name)
		if err != nil || id.String() != name {
			path := f.runs() + "/" + name
			problems = append(problems, Problem{path, fmt.Errorf("%q is no run's: its name is no id", path)})
			continue
		}
		ids = append(ids, id)
	}
	return ids, problems, nil
}

// startOf is when an id was made; false where it does not say.
func startOf(id uuid.UUID) (time.Time, bool) {
	if id.Version() != 7 {
		return time.Time{}, false
	}
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC(), true
}
