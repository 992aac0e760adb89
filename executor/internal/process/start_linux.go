package process

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// pipe returns the ends of a pipe, which both block.
func pipe() (r, w int, err error) {
	var p [2]int
	err = unix.Pipe2(p[:], unix.O_CLOEXEC)
	return p[0], p[1], err
}

func sysProcAttr(pidfd *int, noPidfd bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !noPidfd {
		attr.PidFD = pidfd
	}
	return attr
}
