package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// GiveParams notes what the params of the run are given from now on: a resume may
// give others, and the next one goes on from these. The caller has the run's lock.
func (r *Run) GiveParams(params []Param) error {
	asked, err := r.Asked()
	if err != nil {
		return err
	}
	asked.Params = params
	temp := filepath.Join(r.path, ".run.json")
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	if err = writeJSON(temp, asked); err == nil {
		err = os.Rename(temp, r.askedFile())
	}
	if err != nil {
		return fmt.Errorf("run %s: note its params: %w", r.ID, err)
	}
	return nil
}

// Remove removes a run that has done nothing, and lets its lock go.
func (r *Run) Remove() error {
	gone := filepath.Join(filepath.Dir(r.path), going+r.ID.String())
	err := os.Rename(r.path, gone)
	return errors.Join(err, r.Release(), os.RemoveAll(gone))
}
