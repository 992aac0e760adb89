package process

import (
	"math"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// signalsBlocked reports whether this program was started with signals blocked.
// Go keeps that for its threads, and gives it to every child: one that has TERM
// blocked cannot be asked to stop.
func signalsBlocked() bool {
	var mask unix.Sigset_t
	return unix.PthreadSigmask(unix.SIG_BLOCK, nil, &mask) == nil && mask != unix.Sigset_t{}
}

// unblockSignals lets a child forked from this goroutine start with no signals
// blocked, until undo is called. A signal that is waiting for this program
// stays blocked: it must not be delivered on our account.
func unblockSignals() (undo func()) {
	runtime.LockOSThread()
	var before unix.Sigset_t
	if unix.PthreadSigmask(unix.SIG_BLOCK, nil, &before) != nil {
		return runtime.UnlockOSThread
	}
	mask := before
	pending := pendingSignals()
	for i := range mask.Val {
		mask.Val[i] &= pending.Val[i]
	}
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &mask, nil)
	return func() {
		_ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
		runtime.UnlockOSThread()
	}
}

// markAll marks every descriptor but the first three not to be passed on. Kernels
// before 5.11 cannot.
func markAll() bool {
	return unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) == nil
}

func pendingSignals() (set unix.Sigset_t) {
	_, _, _ = unix.RawSyscall(unix.SYS_RT_SIGPENDING, uintptr(unsafe.Pointer(&set)), 8, 0)
	return set
}
