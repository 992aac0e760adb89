package executor

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cloudops-run/runbook/executor/internal/process"
)

// An untouchedFolder tells whether anything was ever made in a folder. Most steps
// write no file for their outputs, and to look for one that is not there costs the
// kernel several times what it takes to look at a folder that is open.
type untouchedFolder struct {
	dir  *os.File // nil: that cannot be told
	mark unix.Timespec
}

// markUntouched gives an empty folder a time that nothing made in it later can
// have: what changes a folder sets its time to that of the change, as coarse as
// the clock of the file system may be.
func markUntouched(path string) (u untouchedFolder) {
	if process.Scant() { // steps need the descriptor more
		return u
	}
	dir, err := os.Open(path)
	if err != nil {
		return u
	}
	past := time.Now().Add(-time.Minute)
	var now unix.Stat_t
	if names, _ := dir.Readdirnames(1); len(names) > 0 || os.Chtimes(path, past, past) != nil || unix.Fstat(int(dir.Fd()), &now) != nil {
		dir.Close()
		return u
	}
	return untouchedFolder{dir, now.Mtim}
}

// still reports whether nothing was made in the folder, for certain.
func (u *untouchedFolder) still() bool {
	var now unix.Stat_t
	return u.dir != nil && unix.Fstat(int(u.dir.Fd()), &now) == nil && now.Mtim == u.mark && now.Nlink > 0
}

func (u *untouchedFolder) close() {
	if u.dir != nil {
		u.dir.Close()
	}
}
