package process

import "syscall"

// pipe returns the ends of a pipe, which both block.
func pipe() (r, w int, err error) {
	var p [2]int
	syscall.ForkLock.RLock()
	if err = syscall.Pipe(p[:]); err == nil {
		syscall.CloseOnExec(p[0])
		syscall.CloseOnExec(p[1])
	}
	syscall.ForkLock.RUnlock()
	return p[0], p[1], err
}

func sysProcAttr(*int, bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true}
}
