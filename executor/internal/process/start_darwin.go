package process

import (
	"os"
	"syscall"
)

// pipe returns a pipe whose read end does not block and is in Go's poller. The
// write end blocks, as programs expect of their output.
func pipe() (r *os.File, w int, err error) {
	var p [2]int
	syscall.ForkLock.RLock()
	if err = syscall.Pipe(p[:]); err == nil {
		syscall.CloseOnExec(p[0])
		syscall.CloseOnExec(p[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, -1, err
	}
	if err = syscall.SetNonblock(p[0], true); err != nil {
		syscall.Close(p[0])
		syscall.Close(p[1])
		return nil, -1, err
	}
	return os.NewFile(uintptr(p[0]), "pipe"), p[1], nil
}

func sysProcAttr(*int, bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}
