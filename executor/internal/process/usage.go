package process

import (
	"runtime"
	"syscall"
	"time"
)

func usageOf(r *syscall.Rusage) Usage {
	unit := int64(1)
	if runtime.GOOS == "linux" {
		unit = 1024
	}
	return Usage{
		User:   time.Duration(r.Utime.Nano()),
		System: time.Duration(r.Stime.Nano()),
		MaxRSS: r.Maxrss * unit,
	}
}
