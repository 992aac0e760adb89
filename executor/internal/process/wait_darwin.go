package process

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func pidfdWorks() bool { return false }

func newPidfd(int) *os.File { return nil }

func (x *execution) glance() {}

// awaitExit waits until the process has ended, and does not reap it. waitid
// would do, but here it also returns when a process is suspended.
func (x *execution) awaitExit() {
	queue, err := unix.Kqueue()
	for errors.Is(err, unix.EMFILE) && sleep(firstPause, nil, nil) {
		queue, err = unix.Kqueue()
	}
	if err != nil {
		return
	}
	unix.CloseOnExec(queue)
	defer unix.Close(queue)
	var change unix.Kevent_t
	unix.SetKevent(&change, x.pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	change.Fflags = unix.NOTE_EXIT
	for {
		var events [1]unix.Kevent_t
		n, err := unix.Kevent(queue, []unix.Kevent_t{change}, events[:], nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		// ESRCH: it has ended before it could be asked for.
		if err != nil || n > 0 {
			return
		}
	}
}

// hasEnded reports whether awaitExit has returned.
func (x *execution) hasEnded() bool {
	for !x.ended && len(x.events) > 0 {
		x.note(<-x.events)
	}
	return x.ended
}

// groupAlive reports whether x's group has a member after x was reaped.
func (x *execution) groupAlive() bool {
	return syscall.Kill(-x.pid, 0) != syscall.ESRCH
}
