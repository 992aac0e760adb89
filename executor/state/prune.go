package state

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

// Keep says which runs stay. A run that is older than Age, or not among the
// newest Runs, goes. One that an engine has stays, and so do those that can be
// resumed, unless Unfinished says otherwise.
type Keep struct {
	Runs       int           // 0: however many there are
	Age        time.Duration // 0: however old they are
	Unfinished bool          // paused and interrupted runs go too
	Most       int           // look at no more runs than this; 0: at all
	DryRun     bool          // nothing goes; it is only told what would
}

// Prune removes the runs that need not be kept, the newest first, and returns
// them. Those that are to be kept cost nothing but the reading of their names.
func (f *Folder) Prune(k Keep) (removed []uuid.UUID, problems []Problem, err error) {
	ids, _, err := f.ids()
	if err != nil {
		return nil, nil, err
	}
	var over []uuid.UUID
	for i, id := range ids {
		if k.exceeded(i, id) {
			over = append(over, id)
		}
	}
	for _, id := range k.some(over) {
		gone, err := f.remove(id, k)
		if err != nil {
			problems = append(problems, Problem{f.run(id).path, err})
		}
		if gone {
			removed = append(removed, id)
		}
	}
	if !k.DryRun {
		problems = append(problems, f.sweep()...)
	}
	return removed, problems, nil
}

// some is those of a list to look at. Runs that cannot go stay in the list for
// ever, so that it is not always the same ones that are looked at.
func (k *Keep) some(list []uuid.UUID) []uuid.UUID {
	if k.Most <= 0 || len(list) <= k.Most {
		return list
	}
	from := rand.IntN(len(list) - k.Most + 1)
	return list[from : from+k.Most]
}

// exceeded: the run that i newer ones follow goes, if nothing speaks for it.
func (k *Keep) exceeded(i int, id uuid.UUID) bool {
	if k.Runs > 0 && i >= k.Runs {
		return true
	}
	started, known := startOf(id)
	return k.Age > 0 && known && time.Since(started) > k.Age
}

// remove removes a run unless somebody has it, or may want to go on with it. It
// takes the lock first, so that nobody begins to resume what is being removed.
func (f *Folder) remove(id uuid.UUID, k Keep) (bool, error) {
	r, err := f.Lock(id)
	var busy *BusyError
	if errors.As(err, &busy) || errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer r.Release()
	switch s, err := r.written(); {
	case err != nil:
		return false, err
	case !k.Unfinished && (s.Status == event.StatusRunning || !s.Status.Ended()):
		return false, nil
	case k.DryRun:
		return true, nil
	}
	out := filepath.Join(f.runs(), going+id.String())
	if err := os.Rename(r.path, out); err != nil {
		return false, fmt.Errorf("run %s: %w", id, err)
	}
	if err := os.RemoveAll(out); err != nil {
		return true, fmt.Errorf("run %s: %w", id, err)
	}
	return true, nil
}

// sweep removes what engines that died left of folders that were coming or
// going.
func (f *Folder) sweep() (problems []Problem) {
	entries, err := os.ReadDir(f.runs())
	if err != nil {
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(f.runs(), e.Name())
		if !strings.HasPrefix(e.Name(), going) && !(strings.HasPrefix(e.Name(), coming) && abandoned(path)) {
			continue
		}
		if err := os.RemoveAll(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, Problem{path, err})
		}
	}
	return problems
}

// abandoned: nobody makes a folder for that long.
func abandoned(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && time.Since(info.ModTime()) > time.Hour
}
