// Package lock keeps two runs from doing the same thing at once: named locks in
// a folder, held by the kernel on behalf of a process and so freed when that
// dies, however it dies.
package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// A Holder says who holds a lock. It is written into the lock's file, so that
// another run can name it, and is only ever a hint: the kernel alone knows.
type Holder struct {
	Name  string    `json:"name"` // of the lock
	Run   string    `json:"run"`
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func (h Holder) String() string {
	if h.Run == "" {
		return "a run that did not say which"
	}
	return fmt.Sprintf("run %s (pid %d on %s, since %s)", h.Run, h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}

// A BusyError says that somebody else holds a lock.
type BusyError struct {
	Name   string
	Holder Holder
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("lock %q is held by %s", e.Name, e.Holder)
}

// A Lock is held until [Lock.Release].
type Lock struct{ file *flock.Flock }

// Acquire takes the lock of this name in dir, a folder that only its owner, or
// those who share it, can write to; it is made if missing. It does not wait:
// where another run holds the lock the error is a [*BusyError].
func Acquire(dir, name, run string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	path := filepath.Join(dir, fileName(name))
	file := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	ok, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %q: %w", name, err)
	}
	if !ok {
		return nil, &BusyError{Name: name, Holder: readHolder(path)}
	}
	host, _ := os.Hostname() // only a hint
	text, err := json.Marshal(Holder{Name: name, Run: run, PID: os.Getpid(), Host: host, Since: time.Now().UTC()})
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o600)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %q: %w", name, err), file.Unlock())
	}
	return &Lock{file: file}, nil
}

// Release lets the lock go. Its file stays: removing it would let two runs hold
// the lock, one in the old file and one in the new.
func (l *Lock) Release() error { return l.file.Unlock() }

// fileName turns any name into a file's.
func fileName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16]) + ".lock"
}

func readHolder(path string) (h Holder) {
	text, err := os.ReadFile(path)
	if err != nil || errors.Is(err, fs.ErrNotExist) {
		return h
	}
	if json.Unmarshal(text, &h) != nil { // it is just being written
		return Holder{}
	}
	return h
}
