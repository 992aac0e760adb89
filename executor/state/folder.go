// Package state keeps runs on disk: what was asked, the plan, the journal, the
// logs, and what other terminals ask of a run that goes on.
//
// A run is a folder of its own, named by its id. Whoever holds its lock may
// write to it; anybody who can enter it may read it at any time.
package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/internal/lock"
	"github.com/cloudops-run/runbook/executor/journal"
)

// BusyError says that a run is in the hands of another engine, and of which.
type BusyError = lock.BusyError

// Holder is the engine that has a run.
type Holder = lock.Holder

// DamageError says where a journal was changed, and how.
type DamageError = journal.DamageError

// A Folder is where the runs of one user are.
type Folder struct {
	path string

	// Warning says why what is written here may be lost, or locked by two at
	// once; empty where nothing is known to be wrong.
	Warning string
}

// Open opens a state folder, which is made if it is missing. One that others can
// look into, or that is not ours, is refused: plans and journals are nobody
// else's business, and what others wrote must not be resumed.
func Open(path string) (*Folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	f := &Folder{path: path}
	for _, dir := range []string{path, f.runs()} {
		if err := private(dir); err != nil {
			return nil, err
		}
	}
	f.Warning = networkWarning(path)
	return f, nil
}

// private makes a folder that nobody else can enter, or checks that it is one.
func private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("state folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	if why := Unsafe(info, 0o077); why != "" {
		return fmt.Errorf("state folder %q: %s; use one that only you can enter", dir, why)
	}
	return nil
}

// Unsafe says why a folder cannot be trusted; empty if it can. others are the
// permission bits that nobody but the owner may have. A link is not a folder,
// if info is Lstat's.
func Unsafe(info fs.FileInfo, others fs.FileMode) string {
	switch stat, ok := info.Sys().(*syscall.Stat_t); {
	case info.Mode()&fs.ModeSymlink != 0:
		return "it is a link to somewhere else"
	case !info.IsDir():
		return "it is not a folder"
	case ok && int(stat.Uid) != os.Geteuid():
		return fmt.Sprintf("it belongs to user %d, not to you", stat.Uid)
	case info.Mode().Perm()&others != 0:
		return fmt.Sprintf("others may use it (its mode is %04o)", info.Mode().Perm())
	}
	return ""
}

// Path is the folder itself.
func (f *Folder) Path() string { return f.path }

func (f *Folder) runs() string { return filepath.Join(f.path, "runs") }

// run is one that may be there or not.
func (f *Folder) run(id uuid.UUID) *Run {
	return &Run{ID: id, path: filepath.Join(f.runs(), id.String())}
}

// ErrNotFound says that there is no such run.
var ErrNotFound = errors.New("there is no such run")

// Run is the run with this id, to be read.
func (f *Folder) Run(id uuid.UUID) (*Run, error) {
	r := f.run(id)
	info, err := os.Lstat(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	if why := Unsafe(info, 0o077); why != "" {
		return nil, fmt.Errorf("run %s: its folder %q: %s", id, r.path, why)
	}
	return r, nil
}

// Lock is the run with this id, to be gone on with or answered while no engine
// has it. Where one has, the error is a [*BusyError].
func (f *Folder) Lock(id uuid.UUID) (*Run, error) {
	r, err := f.Run(id)
	if err != nil {
		return nil, err
	}
	r.lock, err = lock.AcquireFile(r.lockFile(), "", id.String())
	if errors.Is(err, fs.ErrNotExist) { // it was removed this moment
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	return r, nil
}
