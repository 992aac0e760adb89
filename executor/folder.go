package executor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/state"
)

// logFolder returns the folder for step logs, made if missing: the configured
// one, or one below the user's private temporary folder.
func logFolder(configured string) (string, error) {
	if configured == "" {
		base, err := privateTemp()
		if err != nil {
			return "", err
		}
		return subfolder(base, "logs")
	}
	dir, err := filepath.Abs(configured)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("log folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("log folder: %w", err)
	}
	if why := state.Unsafe(info, 0o022); why != "" {
		return "", fmt.Errorf("log folder %q: %s; use one that only you can write to", dir, why)
	}
	return dir, nil
}

// privateTemp returns a folder of the user's own below the system's temporary
// one. Anybody may have put something there under the name it usually has, a
// link to somewhere else for instance, so a name that is taken is used only if
// it is a folder that belongs to us and nobody else can enter. Otherwise a new
// one with a random name takes its place.
func privateTemp() (string, error) {
	dir := filepath.Join(os.TempDir(), "runbook-"+strconv.Itoa(os.Geteuid()))
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		var info fs.FileInfo
		if info, err = os.Lstat(dir); err == nil && state.Unsafe(info, 0o077) != "" {
			return os.MkdirTemp("", "runbook-"+strconv.Itoa(os.Geteuid())+"-")
		}
	}
	if err != nil {
		return "", fmt.Errorf("temporary folder: %w", err)
	}
	return dir, nil
}

// subfolder makes a folder in one that is private, if it is not there.
func subfolder(parent, name string) (string, error) {
	dir := filepath.Join(parent, name)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return dir, nil
}

// runFolder are the folders of one run.
type runFolder struct {
	base    string // removed at the end with all below it; empty: nothing is
	own     string // the steps' own, as RUNBOOK_RUN_DIR
	outputs string // for the files named by RUNBOOK_STEP_OUTPUT
	logs    string // stays
}

// newRunFolder makes the folders of a run. Logs of a runbook have a folder of
// the run's own; those of single executions lie side by side.
func newRunFolder(logs string, id uuid.UUID, ownLogs bool) (f runFolder, err error) {
	base, err := privateTemp()
	if err != nil {
		return f, err
	}
	f.logs = logs
	if ownLogs {
		f.logs = filepath.Join(logs, id.String()) // made with the first log
	}
	f.base = filepath.Join(base, "run-"+id.String())
	f.own, f.outputs = filepath.Join(f.base, "dir"), filepath.Join(f.base, "outputs")
	for _, dir := range []string{f.base, f.own, f.outputs} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return f, fmt.Errorf("folder of the run: %w", err)
		}
	}
	return f, nil
}

func (f runFolder) remove() error {
	if f.base == "" {
		return nil
	}
	return os.RemoveAll(f.base)
}
