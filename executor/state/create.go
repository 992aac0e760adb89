package state

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/failpoint"
	"github.com/cloudops-run/runbook/executor/internal/lock"
	"github.com/cloudops-run/runbook/executor/journal"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// Folders of runs that are coming or going. They are no run's.
const (
	coming = ".new-"
	going  = ".old-"
)

// Create makes the folder of a new run and takes its lock. The folder gets its
// name last, so that nobody ever sees half of one. It is on the disk when the
// journal first is: see [Run.CreateJournal].
func (f *Folder) Create(id uuid.UUID, asked Asked, p *plan.Plan) (*Run, error) {
	r := f.run(id)
	path := r.path
	r.path = filepath.Join(f.runs(), coming+id.String())
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("run %s: %w", id, fs.ErrExist)
	}
	if err := os.Mkdir(r.path, 0o700); err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	failpoint.Reach(failpoint.Creating)
	err := r.fill(asked, p)
	if err == nil {
		failpoint.Reach(failpoint.Naming)
		err = os.Rename(r.path, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("folder of run %s: %w", id, err), r.Release(), os.RemoveAll(r.path))
	}
	failpoint.Reach(failpoint.Named)
	r.path = path
	return r, nil
}

// fill puts into the folder of a new run what it begins with. Folders for logs
// and requests are made by those who have some: each costs as much as a file.
func (r *Run) fill(asked Asked, p *plan.Plan) error {
	var err error
	if r.lock, err = lock.AcquireFile(r.lockFile(), "", r.ID.String()); err != nil {
		return err
	}
	for _, dir := range []string{r.Dir(), r.Outputs()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	asked.complete(r.ID)
	if asked.PlanSHA256, err = writeNew(r.planFile(), p.WriteJSON); err != nil {
		return err
	}
	if r.askedSum, err = writeJSON(r.askedFile(), asked); err != nil {
		return err
	}
	// An engine that is killed before its first record leaves a run that can be
	// gone on with: a journal that is missing is one that somebody took away.
	f, err := journal.Create(r.JournalFile())
	if err != nil {
		return err
	}
	return f.Close()
}

// writeJSON writes a file that is not there yet, and returns its hash.
func writeJSON(path string, v any) (hash string, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return writeNew(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// writeNew writes a line of text to a file that is not there yet, and returns
// its hash.
func writeNew(path string, write func(io.Writer) error) (hash string, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	to := bufio.NewWriter(io.MultiWriter(file, sum))
	if err = write(to); err == nil {
		to.WriteByte('\n')
		err = to.Flush()
	}
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, file.Close())
}

// CreateJournal begins the journal of a new run. Before its first record is
// synced to the disk, all that the run began with is. What that takes is opened
// at once: by then the steps may have every descriptor there is.
func (r *Run) CreateJournal() (*journal.File, error) {
	first, err := openAll(r.askedFile(), r.planFile(), r.path, filepath.Dir(r.path))
	var f *journal.File
	if err == nil {
		f, _, err = journal.Open(r.JournalFile(), journal.Seal{})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("run %s: %w", r.ID, err), closeAll(first))
	}
	f.Before(func() error {
		var errs []error
		for _, file := range first {
			errs = append(errs, file.Sync())
		}
		return errors.Join(errors.Join(errs...), closeAll(first))
	})
	return f, nil
}

// OpenJournal goes on with the journal of a run that is locked.
func (r *Run) OpenJournal() (*journal.File, journal.Past, error) {
	seal, err := r.seal()
	if err != nil {
		return nil, journal.Past{}, err
	}
	f, past, err := journal.Open(r.JournalFile(), seal)
	if err != nil {
		return nil, past, fmt.Errorf("run %s: %w", r.ID, err)
	}
	if err := r.CheckAsked(past.Events); err != nil {
		return nil, past, errors.Join(err, f.Close())
	}
	return f, past, nil
}

func openAll(paths ...string) (files []*os.File, err error) {
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}

func closeAll(files []*os.File) error {
	var errs []error
	for _, file := range files {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}
