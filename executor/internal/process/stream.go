package process

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bufferSize is what a pipe holds: to read less at a time costs more.
const bufferSize = 64 << 10

// afterCut bounds what is still read of a stream once its time is up: as much
// as a pipe can hold (fs.pipe-max-size), for who holds it may write for ever.
const afterCut = 1 << 20

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// stream reads one output of a process. It has a buffer only while there is
// something to read, so that hundreds of waiting processes cost none.
type stream struct {
	fd   int      // the read end of a pipe; it blocks until there is a file
	file *os.File // the same in Go's poller; nil until it is read
	done bool     // it is at its end, and was never read
	to   io.Writer
	late atomic.Bool // cut was called
	held bool        // at the end of copy: something still holds the pipe

	buf *[bufferSize]byte
	n   int // what the last fill read; 0: the end
}

// open puts the pipe into Go's poller. A program expects that its own end
// blocks, which is not changed by that.
func (s *stream) open() {
	_, _ = unix.FcntlInt(uintptr(s.fd), unix.F_SETFL, unix.O_NONBLOCK) // of a pipe that is there, it does not fail
	s.file = os.NewFile(uintptr(s.fd), "pipe")
}

// close gives the pipe up. Nobody may be in copy.
func (s *stream) close() {
	if s.file == nil {
		syscall.Close(s.fd)
		return
	}
	s.file.Close()
}

// copy reads until nobody can write any more, or the stream is cut.
func (s *stream) copy() {
	conn, err := s.file.SyscallConn()
	for err == nil {
		err = conn.Read(s.fill)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			err = s.pollOnce(conn)
		}
		if err == nil && !s.forward() {
			return
		}
	}
	s.rest(conn)
}

// fill is a try to read. It reports false where there is nothing yet.
func (s *stream) fill(fd uintptr) bool {
	if s.buf == nil {
		s.buf = buffers.Get().(*[bufferSize]byte)
	}
	var err error
	for {
		if s.n, err = syscall.Read(int(fd), s.buf[:]); err != syscall.EINTR {
			break
		}
	}
	if err == syscall.EAGAIN {
		s.release()
		return false
	}
	s.n = max(s.n, 0)
	return true
}

// forward hands on what was read and reports whether there can be more.
func (s *stream) forward() bool {
	if s.n == 0 {
		s.release()
		return false
	}
	_, _ = s.to.Write(s.buf[:s.n])
	return true
}

func (s *stream) release() {
	if s.buf != nil {
		buffers.Put(s.buf)
		s.buf = nil
	}
}

// cut ends copy soon, even though something still holds the pipe.
func (s *stream) cut() {
	s.late.Store(true)
	_ = s.file.SetReadDeadline(time.Unix(1, 0))
}

// rest reads what is in the pipe after a cut.
func (s *stream) rest(conn syscall.RawConn) {
	defer s.release()
	s.held = true
	for left := afterCut; left > 0; left -= s.n {
		ready := false
		if err := conn.Control(func(fd uintptr) { ready = s.fill(fd) }); err != nil || !ready {
			return
		}
		if !s.forward() {
			s.held = false
			return
		}
	}
}

// pollOnce reads without Go's poller, which takes no more descriptors where
// fs.epoll.max_user_watches is reached.
func (s *stream) pollOnce(conn syscall.RawConn) error {
	for ready := false; !ready; {
		if s.late.Load() {
			return os.ErrDeadlineExceeded
		}
		err := conn.Control(func(fd uintptr) {
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 100)
			ready = s.fill(fd)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
