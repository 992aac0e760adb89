package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/lock"
	"github.com/cloudops-run/runbook/executor/journal"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A Run is one run on disk.
type Run struct {
	ID   uuid.UUID
	path string
	lock *lock.Lock // nil: it is only read

	askedSum string // the hash of run.json
	bound    string // the one that the journal says it has; empty: it does not say
}

// Path is the folder of the run, with all that there is of it.
func (r *Run) Path() string { return r.path }

// JournalFile is the run's journal.
func (r *Run) JournalFile() string { return filepath.Join(r.path, "journal.jsonl") }

// Logs is the folder for what the steps write.
func (r *Run) Logs() string { return filepath.Join(r.path, "steps") }

// ConsoleFile is for what a run without a terminal would show on one.
func (r *Run) ConsoleFile() string { return filepath.Join(r.path, "console.log") }

// Dir is a folder of the steps' own.
func (r *Run) Dir() string { return filepath.Join(r.path, "dir") }

// Outputs is the folder of the files in which attempts give their outputs.
func (r *Run) Outputs() string { return filepath.Join(r.path, "outputs") }

// Requests is the folder of what other terminals ask of the run.
func (r *Run) Requests() string { return filepath.Join(r.path, "requests") }

func (r *Run) askedFile() string { return filepath.Join(r.path, "run.json") }
func (r *Run) planFile() string  { return filepath.Join(r.path, "plan.json") }
func (r *Run) lockFile() string  { return filepath.Join(r.path, "lock") }

// ForgetOutputs removes what attempts gave and nobody took, since their engine
// died. It may be a secret.
func (r *Run) ForgetOutputs() error {
	err := os.RemoveAll(r.Outputs())
	if err == nil {
		err = os.Mkdir(r.Outputs(), 0o700)
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	return nil
}

// LogFile is the log of one attempt.
func (r *Run) LogFile(stepID string, phase event.Phase, attempt int) string {
	return filepath.Join(r.Logs(), LogName(stepID, phase, attempt))
}

// OpenLog opens the log of one attempt, to read it: in the folder of the logs
// itself, and nothing that a link leads to.
func (r *Run) OpenLog(stepID string, phase event.Phase, attempt int) (*os.File, error) {
	dir, err := openFolder(r.Logs())
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	defer dir.Close()
	file, err := openRegular(r.LogFile(stepID, phase, attempt))
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	return file, nil
}

// Asked is what was asked for.
func (r *Run) Asked() (Asked, error) {
	_, a, err := r.readAsked()
	a.Key = ""
	return a, err
}

// Key is what the fingerprints in the journal are hashed with.
func (r *Run) Key() (string, error) {
	_, a, err := r.readAsked()
	return a.Key, err
}

// readAsked is all that was noted, and the text of it.
func (r *Run) readAsked() (text []byte, a Asked, err error) {
	text, err = r.readJSON(r.askedFile(), &a)
	return text, a, err
}

// Plan is what was made of the runbook. One that is not what it was is an error:
// it would be run.
func (r *Run) Plan() (*plan.Plan, error) {
	p := &plan.Plan{}
	text, err := r.readJSON(r.planFile(), p)
	if err == nil {
		err = r.checkPlan(text)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (r *Run) readJSON(path string, into any) ([]byte, error) {
	text, err := readFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: read %s: %w", r.ID, filepath.Base(path), err)
	}
	return text, nil
}

// openFolder opens a folder that is no link to one.
func openFolder(path string) (*os.File, error) {
	dir, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%q is not a folder, or a link to one", path)
	}
	return dir, err
}

// openRegular opens a regular file that is no link to one.
func openRegular(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%q is a link", path)
	}
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%q is not a regular file", path), file.Close())
	}
	return file, nil
}

func readFile(path string) ([]byte, error) {
	file, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// Events are the events of the journal, in order. A last record that is not
// complete is left out: it may be one that is just being written.
func (r *Run) Events() ([]event.Event, error) {
	f, err := r.Follow()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	events, err := f.Next()
	if err != nil {
		err = fmt.Errorf("run %s: %w", r.ID, err)
	}
	return events, err
}

// Follow reads the journal while the run goes on.
func (r *Run) Follow() (*journal.Follower, error) {
	seal, err := r.seal()
	if err != nil {
		return nil, err
	}
	f, err := journal.Follow(r.JournalFile(), seal)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	return f, nil
}

// Holder is the engine that has the run; false: none has.
func (r *Run) Holder() (Holder, bool, error) { return lock.HeldBy(r.lockFile()) }

// LockFile is the file by which the run is held, for a process that is to keep
// it held as long as it lives; nil for a run that is only read.
func (r *Run) LockFile() *os.File {
	if r.lock == nil {
		return nil
	}
	return r.lock.File()
}

// Release lets go of the run. One that is only read has nothing to let go of.
func (r *Run) Release() error {
	if r.lock == nil {
		return nil
	}
	l := r.lock
	r.lock = nil
	return l.Release()
}
