// Package lock keeps two runs from doing the same thing at once: locks that the
// kernel holds on behalf of a process and frees when that dies, however it dies.
package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A BusyError says that somebody else holds a lock.
type BusyError struct {
	Name   string // empty: it is the lock of the run itself
	Holder Holder
}

func (e *BusyError) Error() string {
	if e.Name == "" {
		return "the run is in the hands of another engine: " + e.Holder.process()
	}
	return fmt.Sprintf("lock %q is held by %s", e.Name, e.Holder)
}

// A Lock is held until [Lock.Release], by every process that has its file.
type Lock struct{ file *os.File }

// Acquire takes the lock of this name in dir, a folder that only its owner, or
// those who share it, can write to; it is made if missing. It does not wait:
// where another run holds the lock the error is a [*BusyError].
func Acquire(dir, name, run string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	l, err := acquire(filepath.Join(dir, fileName(name)), name, run, sharedMode(dir))
	var busy *BusyError
	if err != nil && !errors.As(err, &busy) {
		err = fmt.Errorf("lock %q: %w", name, err)
	}
	return l, err
}

// AcquireFile takes the lock that is this file, which is made if missing, as
// Acquire does. The file may be removed, but only by who holds the lock.
func AcquireFile(path, name, run string) (*Lock, error) { return acquire(path, name, run, 0o600) }

// sharedMode is the mode of lock files in a folder: who may make one there may
// take those of others too.
func sharedMode(dir string) os.FileMode {
	mode := os.FileMode(0o600)
	if info, err := os.Stat(dir); err == nil {
		if info.Mode()&0o020 != 0 {
			mode |= 0o060
		}
		if info.Mode()&0o002 != 0 {
			mode |= 0o006
		}
	}
	return mode
}

// open opens a lock file, or makes it. In a folder with the sticky bit Linux lets
// nobody open the file of another with O_CREAT (fs.protected_regular).
func open(path string, mode os.FileMode) (*os.File, error) {
	const flags = os.O_RDWR | unix.O_NOFOLLOW | unix.O_NONBLOCK
	for {
		file, err := os.OpenFile(path, flags, 0)
		if !errors.Is(err, syscall.ENOENT) {
			return file, err
		}
		file, err = os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, syscall.EEXIST) {
			continue // another was faster
		}
		if err == nil && mode != 0o600 { // the umask is not for what is shared on purpose
			err = file.Chmod(mode)
		}
		return file, err
	}
}

func acquire(path, name, run string, mode os.FileMode) (*Lock, error) {
	for {
		file, err := open(path, mode)
		if err != nil {
			return nil, err
		}
		err = take(file)
		if err == unix.EWOULDBLOCK {
			err = &BusyError{Name: name, Holder: readHolder(file)}
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if !isAt(file, path) { // removed between opening and locking
			file.Close()
			continue
		}
		if err := writeHolder(file, Self(name, run)); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return &Lock{file}, nil
	}
}

// take locks a file. Somebody who only asks whether it is locked has it locked
// for a moment, so no is an answer only when it lasts.
func take(file *os.File) error {
	for try := 0; ; try++ {
		err := flock(file, unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EWOULDBLOCK || try == 5 {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func flock(file *os.File, how int) error {
	for {
		if err := unix.Flock(int(file.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}

func isAt(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, there)
}

// HeldBy tells whether somebody holds the lock that is this file, and who says
// to be it.
func HeldBy(path string) (Holder, bool, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENOENT) {
		return Holder{}, false, nil
	}
	if err != nil {
		return Holder{}, false, err
	}
	defer file.Close()
	switch err := flock(file, unix.LOCK_SH|unix.LOCK_NB); err {
	case nil:
		return Holder{}, false, nil
	case unix.EWOULDBLOCK:
		return readHolder(file), true, nil
	default:
		return Holder{}, false, err
	}
}

// File is the file that is locked. Another process that is given it holds the
// lock too, as long as it has the file open: other processes do not get it.
func (l *Lock) File() *os.File { return l.file }

// Release lets the lock go, for all that hold it. Its file stays: removing it
// would let two runs hold the lock, one in the old file and one in the new.
func (l *Lock) Release() error {
	return errors.Join(flock(l.file, unix.LOCK_UN), l.file.Close())
}

// fileName turns any name into a file's.
func fileName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16]) + ".lock"
}

func writeHolder(file *os.File, h Holder) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(append(text, '\n'), 0)
	return err
}

func readHolder(file *os.File) (h Holder) {
	text := make([]byte, 4096)
	n, _ := file.ReadAt(text, 0)
	if json.Unmarshal(text[:n], &h) != nil { // it is just being written
		return Holder{}
	}
	return h
}
