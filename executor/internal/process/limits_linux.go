package process

import (
	"os"
	"syscall"
)

// maxString is what the kernel allows one argument or variable, with its final
// NUL (MAX_ARG_STRLEN).
func maxString() int { return 32 * os.Getpagesize() }

// maxTotal is what it allows them together: a quarter of the stack, at most
// 6 MiB.
func maxTotal() int {
	limit := syscall.Rlimit{}
	if syscall.Getrlimit(syscall.RLIMIT_STACK, &limit) != nil || limit.Cur > 24<<20 {
		return 6 << 20
	}
	return max(int(limit.Cur/4), 128<<10)
}
