package journal

import (
	"errors"
	"syscall"
)

// reserved is how much of the disk is set aside for the records to come, at
// least: what a run needs to come to its end in order, with all that it stops,
// when others have filled the disk.
const reserved = 256 << 10

// A FullError says that a record was written, but into what was set aside for
// the end of the run: the disk is full.
type FullError struct{ Err error }

func (e *FullError) Error() string { return "the disk with the journal is full: " + e.Err.Error() }
func (e *FullError) Unwrap() error { return e.Err }

// A reserve is room on the disk behind the end of a file.
type reserve struct {
	allocate func(offset, size int64) error // nil: not to be had
	end      int64
}

// DiskFull reports whether an error says that there is no room on a disk, or no
// more of it for this user.
func DiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// extend sees to it that there is room behind end, and returns an error if the
// disk is full. Twice the room is taken at a time, so that few records pay.
func (r *reserve) extend(end int64) error {
	if r.allocate == nil || r.end-end >= reserved {
		return nil
	}
	from := max(r.end, end)
	to := end + 2*reserved
	err := r.allocate(from, to-from)
	switch {
	case err == nil:
		r.end = to
	case DiskFull(err):
		return err
	default: // not of this file system
		r.allocate = nil
	}
	return nil
}
