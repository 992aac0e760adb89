package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/internal/lock"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// Folders of runs that are coming or going. They are no run's.
const (
	coming = ".new-"
	going  = ".old-"
)

// Create makes the folder of a new run and takes its lock. The folder gets its
// name last, so that nobody ever sees half of one.
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
	err := r.fill(asked, p)
	if err == nil {
		err = os.Rename(r.path, path)
	}
	if err == nil {
		r.path = path
		err = syncFolder(f.runs())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("folder of run %s: %w", id, err), r.Release(), os.RemoveAll(r.path))
	}
	return r, nil
}

// fill puts into the folder of a new run what it begins with.
func (r *Run) fill(asked Asked, p *plan.Plan) error {
	var err error
	if r.lock, err = lock.AcquireFile(r.lockFile(), "", r.ID.String()); err != nil {
		return err
	}
	for _, dir := range []string{r.Logs(), r.Dir(), r.Outputs(), r.Requests()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	asked.complete(r.ID)
	if err := writeJSON(r.askedFile(), asked); err != nil {
		return err
	}
	if err := writeJSON(r.planFile(), p); err != nil {
		return err
	}
	return syncFolder(r.path)
}

// writeJSON writes a file that is not there yet, to the disk.
func writeJSON(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(append(text, '\n')); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
