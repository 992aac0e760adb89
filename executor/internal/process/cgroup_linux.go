package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// A cgroup holds all that this program starts: nothing in it can leave it without
// the right to write elsewhere, and the kernel knows what is in it. It is had
// where this program may make one below its own: as root, or where its own was
// delegated to it, as by systemd-run --user --scope.
type cgroup struct {
	dir  string
	fd   int
	lost atomic.Bool // it can be made, but nothing started in it
}

// noCgroups is for tests of what is done without.
var noCgroups bool

// newCgroup returns nil where there is none to be had.
func newCgroup() *cgroup {
	own := ownCgroup()
	if own == "" || noCgroups || fewerThan(hardly) {
		return nil
	}
	dir := filepath.Join(own, fmt.Sprintf("runbook-%d-%d", os.Getpid(), startClock()))
	if os.Mkdir(dir, 0o755) != nil {
		return nil
	}
	_, err := os.Stat(filepath.Join(dir, "cgroup.kill")) // Linux 5.14
	if err == nil {
		var fd int
		if fd, err = unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
			return &cgroup{dir: dir, fd: fd}
		}
	}
	os.Remove(dir)
	return nil
}

// ownCgroup returns the folder of the cgroup (version 2) of this program, or
// nothing where it is not to be seen.
func ownCgroup() string {
	groups, _ := os.ReadFile("/proc/self/cgroup")
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(groups)) {
		path, v2 := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !v2 || strings.Contains(path, "/..") || strings.HasSuffix(path, " (deleted)") {
			continue
		}
		for mount := range strings.Lines(string(mounts)) {
			left, right, _ := strings.Cut(mount, " - ")
			if !strings.HasPrefix(right, "cgroup2 ") || strings.Contains(left, `\`) {
				continue
			}
			fields := strings.Fields(left)
			if len(fields) < 5 {
				continue
			}
			root, dir := fields[3], fields[4]
			if below, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(below) {
				return filepath.Join(dir, below)
			}
		}
	}
	return ""
}

// take lets a child start in the cgroup.
func (c *cgroup) take(attr *syscall.SysProcAttr) {
	attr.UseCgroupFD, attr.CgroupFD = true, c.fd
}

// refuses reports whether the error of a start may be the cgroup's. It may be the
// program's as well, as it has the same numbers: only a start without it tells.
func (c *cgroup) refuses(err error) bool {
	return !scarce(err) && !errors.Is(err, syscall.ETXTBSY)
}

// close removes the cgroup, unless something that could not be ended is in it.
func (c *cgroup) close() {
	unix.Close(c.fd)
	removeCgroup(c.dir)
}

// inCgroup returns what is in a cgroup and those below it, which its processes
// may have made.
func inCgroup(dir string) map[int]bool {
	pids := map[int]bool{}
	eachCgroup(dir, func(dir string) {
		list, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for pid := range strings.FieldsSeq(string(list)) {
			pids[number([]byte(pid))] = true
		}
	})
	return pids
}

func killCgroup(dir string) {
	_ = os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0)
}

func removeCgroup(dir string) {
	var all []string
	eachCgroup(dir, func(dir string) { all = append(all, dir) })
	for i := len(all) - 1; i >= 0; i-- {
		_ = syscall.Rmdir(all[i])
	}
}

func eachCgroup(dir string, f func(dir string)) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			f(path)
		}
		return nil
	})
}
