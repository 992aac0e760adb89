package process

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// pipe returns a pipe whose read end does not block and is in Go's poller. The
// write end blocks, as programs expect of their output.
func pipe() (r *os.File, w int, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, -1, err
	}
	if _, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETFL, unix.O_NONBLOCK); err != nil {
		unix.Close(p[0])
		unix.Close(p[1])
		return nil, -1, err
	}
	return os.NewFile(uintptr(p[0]), "pipe"), p[1], nil
}

func sysProcAttr(pidfd *int, noPidfd bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !noPidfd {
		attr.PidFD = pidfd
	}
	return attr
}
