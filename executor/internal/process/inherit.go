package process

import (
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// inheritance is what this program was started with and must not pass on. What
// it opens itself, Go keeps from children.
type inheritance struct {
	strays  int  // one more than the highest descriptor that would be passed on
	blocked bool // signals are blocked
}

// closed in the list of files closes that descriptor in the child.
const closed = ^uintptr(0)

// inspectInheritance looks at what is there now. With mark, descriptors that
// would be passed on are marked not to be, in this program; else each child
// closes them, and all below the highest.
func inspectInheritance(mark bool) inheritance {
	in := inheritance{strays: 3, blocked: signalsBlocked()}
	if mark && markAll() {
		return in
	}
	dir := "/dev/fd"
	if runtime.GOOS == "linux" {
		dir = "/proc/self/fd"
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return in
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd < 3 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		if mark {
			unix.CloseOnExec(fd)
		} else {
			in.strays = max(in.strays, fd+1)
		}
	}
	return in
}

// files is the list of a child's descriptors: the three it is to have.
func (in inheritance) files(std [3]uintptr) []uintptr {
	files := make([]uintptr, in.strays)
	copy(files, std[:])
	for i := 3; i < len(files); i++ {
		files[i] = closed
	}
	return files
}

// forkExec is syscall.ForkExec, for a child with no signals blocked.
func (in inheritance) forkExec(path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	if in.blocked {
		defer unblockSignals()()
	}
	return syscall.ForkExec(path, argv, attr)
}
