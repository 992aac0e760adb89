package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/failpoint"
)

// A File is a journal that is written. Append may be called by one goroutine at
// a time, Sync by any.
type File struct {
	path string
	disk disk
	buf  []byte
	last Part // the last record

	mu     sync.Mutex
	prev   hash
	end    int64 // of the last record
	synced int64 // what lies before is on the disk
	err    error // what ended the writing
	failed chan struct{}
	timer  *time.Timer // syncs what was written; armed while synced < end
	armed  bool
	closed bool

	syncing sync.Mutex // held during a sync, so that those who wait share the next one
	before  func() error
	reserve reserve
}

// disk is an [*os.File], or what a test puts in its place.
type disk interface {
	io.Writer
	Sync() error
	Truncate(size int64) error
	Close() error
}

// Create makes a new, empty journal. Nothing may have its name already.
func Create(path string) (*File, error) {
	file, err := open(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	f := newFile(file, allocator(file), position{})
	f.path = path
	f.before = func() error { return syncFolder(filepath.Dir(path)) }
	return f, nil
}

// Before replaces what a new journal does before its first sync, which is to
// sync the folder it is in: for a folder that has more in it.
func (f *File) Before(sync func() error) { f.before = sync }

// A Past is what a journal held when it was opened.
type Past struct {
	Events []event.Event
	Torn   int64  // how many bytes of a record that was not complete were cut off
	Kept   string // the file they are in; empty: there were none
}

// Open opens a journal to go on with it, for who holds the lock of its run. A
// last record that is not complete is cut off. Other damage is a
// [*DamageError], and nothing is changed; so is a journal that does not have what
// was sealed.
func Open(path string, s Seal) (f *File, past Past, err error) {
	file, err := open(path, os.O_RDWR|os.O_APPEND)
	if err != nil {
		return nil, past, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, past, err
	}
	at := position{seal: s}
	if past.Events, err = at.read(data, true); err != nil {
		return nil, past, err
	}
	if torn := data[at.end:]; len(torn) > 0 {
		past.Torn = int64(len(torn))
		if past.Kept, err = keepTorn(path, torn); err != nil {
			return nil, past, fmt.Errorf("keep the torn record of the journal: %w", err)
		}
		if err = file.Truncate(at.end); err == nil {
			err = file.Sync()
		}
		if err != nil {
			return nil, past, fmt.Errorf("cut off the torn record of the journal: %w", err)
		}
	}
	f = newFile(file, allocator(file), at)
	f.path = path
	return f, past, nil
}

// keepTorn writes what is cut off to a file beside the journal.
func keepTorn(path string, torn []byte) (string, error) {
	kept := filepath.Join(filepath.Dir(path), "journal.torn-"+time.Now().UTC().Format("20060102T150405.000000000Z"))
	file, err := os.OpenFile(kept, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.Write(torn)
	return kept, errors.Join(err, file.Close())
}

// open opens a journal, which is a regular file and no link to one.
func open(path string, flags int) (*os.File, error) {
	file, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("journal %q is not a regular file", path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func newFile(d disk, allocate func(offset, size int64) error, at position) *File {
	f := &File{disk: d, prev: at.prev, end: at.end, synced: at.end, failed: make(chan struct{})}
	f.reserve = reserve{allocate: allocate, end: at.end}
	f.timer = time.AfterFunc(time.Hour, func() { f.Sync() })
	f.timer.Stop()
	return f
}

// errClosed is what a journal says that was closed.
var errClosed = errors.New("the journal is closed")

// Append writes e as one record. When it returns the record survives this
// process, however that ends; [File.Sync], or some 100 ms, make it survive the
// machine.
//
// A [*FullError] says that the record was written, but that the disk is full:
// only what ends the run should follow. After any other error nothing more is
// written, and every later call returns that error: a record after a hole could
// not be trusted.
func (f *File) Append(e event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	f.buf = appendRecord(f.buf[:0], &e, f.prev)
	failpoint.Reach(failpoint.Appending)
	full := f.reserve.extend(f.end + int64(len(f.buf)))
	n, err := f.disk.Write(f.buf)
	if err == nil && n < len(f.buf) {
		err = io.ErrShortWrite
	}
	if err != nil {
		if n > 0 {
			err = errors.Join(err, f.disk.Truncate(f.end))
		}
		f.fail(fmt.Errorf("write the journal: %w", err))
		return f.err
	}
	failpoint.Reach(failpoint.Appended)
	f.prev = sha256.Sum256(f.buf)
	f.last = Part{path: f.path, offset: f.end, size: int64(n), Count: 1}
	f.end += int64(n)
	if !f.armed {
		f.armed = true
		f.timer.Reset(syncDelay)
	}
	if full != nil {
		return &FullError{full}
	}
	return nil
}

// fail ends the writing. The caller holds mu.
func (f *File) fail(err error) {
	if f.err == nil {
		f.err = err
		close(f.failed)
	}
}

// Failed returns a channel that is closed when the journal can no longer be
// written, also where that comes out between two calls of Append; [File.Err]
// says why.
func (f *File) Failed() <-chan struct{} { return f.failed }

// Err is what ended the writing; nil while it goes on.
func (f *File) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
