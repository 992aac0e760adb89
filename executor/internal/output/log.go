package output

import (
	"os"
	"sync"
)

// A Log is the file that gets all output of one attempt, of both streams, in
// the order it was read. It may be used by several goroutines.
//
// A write error ends the writing, not the step: the process must never block on
// a full disk. [Log.Close] tells.
type Log struct {
	path string

	mu   sync.Mutex
	file *os.File
	end  int64  // bytes written
	last string // the stream that wrote last
	open bool   // the last byte written was not a newline
	err  error
	lost int64 // bytes that could not be written
}

// CreateLog creates the file, which must not exist, readable by its owner alone.
func CreateLog(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &Log{path: path, file: f}, nil
}

// Path is where the log is.
func (l *Log) Path() string { return l.path }

// Append writes data, which came from the named stream, and returns the offset
// it has in the file; -1 if it could not be written. Where the other stream had
// left a line unfinished, a newline goes before it.
func (l *Log) Append(stream string, data []byte) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
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
	n, err := l.file.Write(data)
	l.end += int64(n)
	l.err = err
	return err == nil
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

// Close closes the file. The error is the first that a write met; lost is how
// many bytes it cost.
func (l *Log) Close() (lost int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.file.Close(); l.err == nil {
		l.err = err
	}
	return l.lost, l.err
}
