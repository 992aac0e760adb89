//go:build linux

package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A program that was started with signals ignored and blocked and with a stray
// descriptor does not pass that on, as far as it may.
func TestNothingIsInherited(t *testing.T) {
	for mode, want := range map[string]string{
		"contain": "SigBlk:0000000000000000\nSigIgn:0000000000000000\n0  1  2  3\nend\n",
		// HUP and TSTP stay ignored: that is the state of the whole program.
		"library": "SigBlk:0000000000000000\nSigIgn:0000000000080001\n0  1  2  3\nend\n",
	} {
		r := newRig(t, Options{})
		s, stdout, stderr := r.spec("odd", "inherit", mode)
		exit := r.run(s)
		if got := withoutLibrarySignals(stdout.String()); exit.Code != 0 || got != want {
			t.Errorf("%s: %+v\ngot  %q\nwant %q\n%s", mode, exit, got, want, stderr)
		}
	}
}

// withoutLibrarySignals clears signals 32 and 33 in a SigIgn line. They are the
// C library's own, and no Go program can change what becomes of them: where the
// tests themselves were started with one ignored, it stays so.
func withoutLibrarySignals(status string) string {
	before, rest, ok := strings.Cut(status, "SigIgn:")
	if !ok {
		return status
	}
	mask, after, _ := strings.Cut(rest, "\n")
	bits, err := strconv.ParseUint(mask, 16, 64)
	if err != nil {
		return status
	}
	return fmt.Sprintf("%sSigIgn:%016x\n%s", before, bits&^(3<<31), after)
}

// odd becomes the host role in an odd state: HUP and TSTP ignored, USR1 and
// TERM blocked, descriptor 77 open.
func odd(args []string) {
	type sigaction struct {
		handler, flags, restorer uintptr
		mask                     uint64
	}
	for sig := syscall.Signal(1); sig < 32; sig++ {
		var action sigaction // the default, whatever the tests were started with
		if sig == syscall.SIGHUP || sig == syscall.SIGTSTP {
			action.handler = 1
		}
		_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
		if errno != 0 && sig != syscall.SIGKILL && sig != syscall.SIGSTOP {
			panic(errno)
		}
	}
	null, _ := os.Open("/dev/null")
	if err := unix.Dup3(int(null.Fd()), 77, 0); err != nil {
		panic(err)
	}
	blocked := unix.Sigset_t{}
	blocked.Val[0] = 1<<(syscall.SIGUSR1-1) | 1<<(syscall.SIGTERM-1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, nil); err != nil {
		panic(err)
	}
	env := []string{roleVar + "=host", "PATH=/usr/bin:/bin"}
	self, _ := os.Executable()
	panic(syscall.Exec(self, append([]string{"host"}, args...), env))
}

func TestFilesOfAChild(t *testing.T) {
	std := [3]uintptr{10, 11, 12}
	if got := (inheritance{strays: 3}).files(std); len(got) != 3 || got[2] != 12 {
		t.Error(got)
	}
	got := inheritance{strays: 6}.files(std)
	if len(got) != 6 || got[0] != 10 || got[3] != closed || got[5] != closed {
		t.Error(got)
	}
}
