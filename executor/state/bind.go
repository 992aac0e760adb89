package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/journal"
)

// The files of a run hold together by hashes: run.json has that of plan.json, the
// record with which an engine begins that of run.json, each record that of the one
// before, and the seal that of the last one of an engine that ended in order. What
// was written before there were such hashes is not held to them.

// boundAsked is the part of that record's fingerprint with the hash of run.json.
const boundAsked = "run.json"

// Binding is what the record with which an engine begins says of the files that
// are not its journal. The caller has made the run, or opened its journal.
func (r *Run) Binding() event.Fingerprint {
	return event.Fingerprint{boundAsked: r.askedSum}
}

// bound is the hash that run.json should have; empty: none is known.
func bound(e *event.Event) string {
	if e.Type != event.RunStarted && e.Type != event.RunResumed {
		return ""
	}
	return e.Fingerprint[boundAsked]
}

// checkAsked compares run.json with the hash that it should have, which may be
// that of the one it has just replaced.
func (r *Run) checkAsked(want string) error {
	text, a, err := r.readAsked()
	if err != nil {
		return err
	}
	r.bound = want
	if r.askedSum = sum(text); want == "" || r.askedSum == want || a.Replaces == want {
		return nil
	}
	return r.notAsItWas("run.json", r.askedSum, want)
}

// CheckAsked says whether run.json is what it was when an engine last began, as
// the events of the journal tell.
func (r *Run) CheckAsked(events []event.Event) error {
	want := ""
	for i := range events {
		if b := bound(&events[i]); b != "" {
			want = b
		}
	}
	return r.checkAsked(want)
}

// CheckPlan says whether plan.json is what it was when the run began.
func (r *Run) CheckPlan() error {
	text, err := readFile(r.planFile())
	if err == nil {
		err = r.checkPlan(text)
	}
	if err != nil {
		return fmt.Errorf("run %s: read plan.json: %w", r.ID, err)
	}
	return nil
}

// checkPlan compares plan.json with the hash that it should have.
func (r *Run) checkPlan(text []byte) error {
	_, a, err := r.readAsked()
	if err != nil || a.PlanSHA256 == "" || sum(text) == a.PlanSHA256 {
		return err
	}
	return r.notAsItWas("plan.json", sum(text), a.PlanSHA256)
}

func (r *Run) notAsItWas(name, is, was string) error {
	return fmt.Errorf("run %s: %s is not what it was: its hash is %.12s, and was %.12s", r.ID, name, is, was)
}

func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}

func (r *Run) sealFile() string { return filepath.Join(r.path, "sealed.json") }

// seal is how far the journal is known to go. An empty file is what a machine
// that lost its power may leave of one.
func (r *Run) seal() (s journal.Seal, err error) {
	text, err := readFile(r.sealFile())
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err == nil && (s.Bytes <= 0 || s.SHA256 == "") {
		err = errors.New("it does not say how far the journal had come")
	}
	if err != nil {
		return s, fmt.Errorf("run %s: read sealed.json: %w", r.ID, err)
	}
	return s, nil
}

// Seal notes how far the journal has come, which was closed. Where that cannot be
// written, what was noted before stays true.
func (r *Run) Seal(f *journal.File) error {
	if _, err := replaceJSON(r.sealFile(), f.Seal()); err != nil {
		return fmt.Errorf("run %s: seal its journal: %w", r.ID, err)
	}
	return nil
}

// replaceJSON writes a file that may be there already, which others may read at
// any time, and returns its hash.
func replaceJSON(path string, v any) (hash string, err error) {
	dir, name := filepath.Split(path)
	temp := filepath.Join(dir, "."+name)
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if hash, err = writeJSON(temp, v); err != nil {
		return "", err
	}
	return hash, os.Rename(temp, path)
}
