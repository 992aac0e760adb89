package process

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// glanceTime is how long a process is watched from its own goroutine, which
// keeps a thread, before others are had for it. Most steps of a long run end by
// then without a word, and cost half of what waking goroutines for them would.
// Nothing tells x to stop meanwhile.
var glanceTime = 10 * time.Millisecond // tests change it

// maxGlances is how many threads may be kept so at once; they are of the few
// that are had for calls that block.
const maxGlances = 4

var glances atomic.Int32

// glance watches a process until it has ended and its output too, or there is
// something to read, or it takes longer.
func (x *execution) glance() {
	if x.pidfd < 0 {
		return
	}
	defer glances.Add(-1)
	if int(glances.Add(1)) > min(maxGlances, runtime.GOMAXPROCS(0)) {
		return
	}
	patience := glanceTime
	if x.spec.Timeout > 0 {
		patience = min(patience, x.spec.Timeout)
	}
	var room [3]unix.PollFd
	fds := room[:0]
	for _, s := range x.streams {
		fds = append(fds, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
	}
	leader := len(fds)
	fds = append(fds, unix.PollFd{Fd: int32(x.pidfd), Events: unix.POLLIN})
	for !x.ended || x.open > 0 {
		left := unix.NsecToTimespec(int64(max(0, patience-time.Since(x.exit.Started))))
		n, err := unix.Ppoll(fds, &left, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		for i, s := range x.streams {
			switch {
			case fds[i].Revents&unix.POLLIN != 0:
				return
			case fds[i].Revents != 0: // nobody can write any more, and nobody did
				s.done, fds[i].Fd = true, -1
				x.note(streamEnded)
			}
		}
		if fds[leader].Revents != 0 {
			fds[leader].Fd = -1
			x.note(leaderEnded)
		}
	}
}
