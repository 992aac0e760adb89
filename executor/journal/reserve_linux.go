package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocator returns what takes room on the disk for a file without making it
// longer.
func allocator(file *os.File) func(offset, size int64) error {
	return func(offset, size int64) error {
		for {
			err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, offset, size)
			if err != unix.EINTR {
				return err
			}
		}
	}
}
