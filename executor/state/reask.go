package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// GiveParams notes what the params of the run are given from now on: a resume may
// give others, and the next one goes on from these. The caller has opened the
// run's journal, whose next record is to tell of it.
func (r *Run) GiveParams(params []Param) error {
	_, asked, err := r.readAsked()
	if err != nil {
		return err
	}
	asked.Params = params
	if asked.Replaces = r.bound; r.bound == "" {
		asked.Replaces = r.askedSum
	}
	if r.askedSum, err = replaceJSON(r.askedFile(), asked); err != nil {
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
