package main

import (
	"os/signal"
	"syscall"
	"unsafe"
)

// giveSignalsBack gives signals that Go catches, and nothing here waits for, back
// to the kernel's default: that of a child's end, which would interrupt a thread
// for each step, and those that only what knows of them sends. Every process that
// is started resets all that are caught, a system call each.
//
// Started programs find these signals as ever. To ignore them instead would be
// passed on, and ending children would leave no exit status. [signal.Ignore]
// lets Go know that they are not its own any more.
func giveSignalsBack() {
	const firstFree, last = 35, 64 // below is what Go and libc use themselves
	giveBack(syscall.SIGCHLD)
	for s := syscall.Signal(firstFree); s <= last; s++ {
		giveBack(s)
	}
}

func giveBack(s syscall.Signal) {
	signal.Ignore(s)
	var byDefault struct { // as the kernel has it
		handler, flags, restorer uintptr
		mask                     uint64
	}
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&byDefault)), 0, unsafe.Sizeof(byDefault.mask), 0, 0)
}
