package process

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// nameless returns an empty file in memory, or on disk where a sandbox allows
// no such thing.
func nameless() (*os.File, error) {
	// vm.memfd_noexec may demand the seal; kernels before 6.3 do not know it.
	fd, err := unix.MemfdCreate("stdin", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("stdin", unix.MFD_CLOEXEC)
	}
	switch {
	case err == nil:
		return os.NewFile(uintptr(fd), "stdin"), nil
	case scarce(err):
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return unlinked()
}
