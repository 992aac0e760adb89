package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Log is the file that gets all output of one attempt, of both streams, in
// the order it was read. It is made when the first of it comes: most of what a
// large run costs beside its processes would be files that stay empty. It may
// be used by several goroutines.
//
// A write error ends the writing, not the step: the process must never block on
// a full disk. [Log.Close] tells.
type Log struct {
	path string

	mu   sync.Mutex
	fd   int    // -1: not open
	room int    // a descriptor that is held for the file; -1: none
	end  int64  // bytes written
	last string // the stream that wrote last
	open bool   // the last byte written was not a newline
	err  error
	lost int64 // bytes that could not be written
}

// NewLog returns a log that will be at path, which must not exist.
func NewLog(path string) *Log { return &Log{path: path, fd: -1, room: -1} }

// Path is where the log is; empty while there is none.
func (l *Log) Path() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end == 0 {
		return ""
	}
	return l.path
}

// Reserve takes the descriptor that the file will need. It is taken when the
// attempt starts, which can wait for one; the first line, which keeps the
// process from going on, cannot. Release gives it back, and so does Close.
func (l *Log) Reserve() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.room >= 0 {
		return nil
	}
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	l.room = fd
	return nil
}

// Release ends what Reserve began.
func (l *Log) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
}

func (l *Log) release() {
	if l.room >= 0 {
		unix.Close(l.room)
		l.room = -1
	}
}

// shortage bounds how long a first line waits for a descriptor. Other steps end
// and give theirs back; this one must not wait for itself.
const (
	shortageTries = 100
	shortagePause = 100 * time.Millisecond
)

// create makes the file, readable by its owner alone, and its folder if that is
// missing.
func (l *Log) create() {
	l.release()
	for range shortageTries {
		l.fd, l.err = unix.Open(l.path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_APPEND|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		switch l.err {
		case unix.ENOENT:
			l.err = os.Mkdir(filepath.Dir(l.path), 0o700)
			if l.err != nil && !errors.Is(l.err, fs.ErrExist) {
				return
			}
		case unix.EMFILE, unix.ENFILE:
			time.Sleep(shortagePause)
		case unix.EINTR:
		default:
			return
		}
	}
}

// Append writes data, which came from the named stream, and returns the offset
// it has in the file; -1 if it could not be written. Where the other stream had
// left a line unfinished, a newline goes before it.
func (l *Log) Append(stream string, data []byte) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd < 0 && l.err == nil {
		l.create()
	}
	if l.err == nil && l.open && l.last != stream {
		l.write([]byte{'\n'})
	}
	at := l.end
	if l.err != nil || !l.write(data) {
		l.lost += int64(len(data))
		return -1
	}
	l.last, l.open = stream, data[len(data)-1] != '\n'
	return at
}

func (l *Log) write(data []byte) bool {
	for len(data) > 0 {
		n, err := unix.Write(l.fd, data)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			l.err = err
			return false
		}
		l.end += int64(n)
		data = data[n:]
	}
	return true
}

// ReadAt returns size bytes that were written at offset. It may be called after
// Close: the file is opened anew.
func (l *Log) ReadAt(offset int64, size int) (string, error) {
	f, err := os.Open(l.path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data := make([]byte, size)
	if _, err := f.ReadAt(data, offset); err != nil {
		return "", err
	}
	return string(data), nil
}

// Close closes the file; nothing can be appended any more. The error is the
// first that making or writing it met; lost is how many bytes it cost.
func (l *Log) Close() (lost int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
	if l.fd >= 0 {
		if err := unix.Close(l.fd); l.err == nil {
			l.err = err
		}
	}
	lost, err = l.lost, l.err
	if l.fd = -1; l.err == nil {
		l.err = os.ErrClosed
	}
	return lost, err
}
