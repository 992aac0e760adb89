package process

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// pidfdWorks reports whether a process can be waited for by a descriptor: Linux
// 5.4, and no sandbox that forbids it.
var pidfdWorks = sync.OnceValue(func() bool {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return errors.Is(unix.Waitid(unix.P_PIDFD, fd, nil, unix.WEXITED|unix.WNOHANG, nil), unix.ECHILD)
})

// newPidfd puts a pidfd into Go's poller: waiting then takes a goroutine, but
// no thread.
func newPidfd(fd int) *os.File {
	if fd < 0 {
		return nil
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_NONBLOCK); err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), "pidfd")
}

// awaitExit waits until the process has ended. It does not reap it, which keeps
// its number, and so that of its group, from being used again.
func (x *execution) awaitExit() {
	if x.waiter != nil {
		conn, err := x.waiter.SyscallConn()
		if err == nil {
			err = conn.Read(func(fd uintptr) bool { return waitable(unix.P_PIDFD, int(fd), unix.WNOHANG) })
		}
		if err == nil {
			return
		}
	}
	waitable(unix.P_PID, x.pid, 0)
}

// hasEnded reports whether awaitExit returns, or is about to.
func (x *execution) hasEnded() bool {
	return x.ended || waitable(unix.P_PID, x.pid, unix.WNOHANG)
}

// waitable reports whether a child has ended. With options 0 it waits for that.
func waitable(kind, id, options int) bool {
	for {
		var info unix.Siginfo
		err := unix.Waitid(kind, id, &info, unix.WEXITED|unix.WNOWAIT|options, nil)
		if err == unix.EINTR {
			continue
		}
		// ECHILD: other code of this program has reaped it. Without an error,
		// no signal number means that it is still running.
		return err != nil && err != unix.EAGAIN || err == nil && info.Signo != 0
	}
}

// noGroupSignal is set where pidfd_send_signal knows no groups (Linux < 6.9).
var noGroupSignal atomic.Bool

// groupAlive reports whether x's group has a member after x was reaped. The
// pidfd asks for the very group, by number it may be another by now.
func (x *execution) groupAlive() bool {
	if x.pidfd >= 0 && !noGroupSignal.Load() {
		err := unix.PidfdSendSignal(x.pidfd, 0, nil, unix.PIDFD_SIGNAL_PROCESS_GROUP)
		if err != unix.EINVAL {
			return err != unix.ESRCH
		}
		noGroupSignal.Store(true)
	}
	return syscall.Kill(-x.pid, 0) != syscall.ESRCH
}
