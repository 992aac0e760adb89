package executor

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// An untouchedFolder tells whether anything was ever made in a folder. Most steps
// write no file for their outputs, and to look for one that is not there costs the
// kernel several times what it takes to look at a folder.
type untouchedFolder struct {
	path string // empty: that cannot be told
	mark unix.Timespec
}

// markUntouched gives an empty folder a time that nothing made in it later can
// have: what changes a folder sets its time to that of the change, as coarse as
// the clock of the file system may be.
func markUntouched(path string) (u untouchedFolder) {
	past := time.Now().Add(-time.Minute)
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) > 0 || os.Chtimes(path, past, past) != nil {
		return u
	}
	var now unix.Stat_t
	if unix.Stat(path, &now) == nil {
		u.path, u.mark = path, now.Mtim
	}
	return u
}

// still reports whether nothing was made in the folder, for certain.
func (u *untouchedFolder) still() bool {
	var now unix.Stat_t
	return u.path != "" && unix.Stat(u.path, &now) == nil && now.Mtim == u.mark
}
