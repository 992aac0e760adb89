package process

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// aloneTries is how often something is tried while nothing else of the
	// host runs, whose end could make room.
	aloneTries = 5

	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second

	// elbowRoom is how many descriptors a start leaves to the rest of the
	// program. Steps that run for hours must not keep it from reading what is
	// asked of it, or what another step has put out.
	elbowRoom = 4
)

// Scarce reports whether err is want of something that others may give back, so
// that [Host.Retry] may help.
func Scarce(err error) bool { return scarce(err) }

func scarce(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOMEM)
}

// plenty is a limit of descriptors that nobody comes near: what is done for want
// of them costs each start ten system calls.
const plenty = 4096

// hardly is a limit under which each descriptor counts.
const hardly = 32

// Scant reports whether this program may run out of descriptors.
func Scant() bool { return fewerThan(plenty) }

func fewerThan(n uint64) bool {
	var limit syscall.Rlimit
	return syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur < n
}

// leaveRoom returns an error where a process, having got its own, leaves fewer
// than elbowRoom descriptors. One that runs alone may have them all.
func (h *Host) leaveRoom() (err error) {
	if h.gate.alone() || !Scant() {
		return nil
	}
	var room [elbowRoom]int
	n := 0
	for ; n < elbowRoom && err == nil; n++ {
		room[n], err = unix.FcntlInt(h.null.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	}
	if err != nil {
		n--
	}
	for _, fd := range room[:n] {
		unix.Close(fd)
	}
	return os.NewSyscallError("dup", err)
}

// Retry calls f, and again for as long as it fails for want of descriptors,
// processes or memory (EMFILE, ENFILE, EAGAIN, ENOMEM). Before each further
// try it waits for another process of the host to end, or 50 ms to 2 s, and
// the host starts fewer processes at a time. Where nothing else of the host is
// running it gives up after five tries, with an error that names the limit.
func (h *Host) Retry(ctx context.Context, f func() error) error {
	err := f()
	if !scarce(err) {
		return err
	}
	h.gate.join()
	if err := h.persist(ctx, nil, err, f); err != nil {
		return err
	}
	h.gate.leave()
	return nil
}

// persist calls f until it does not fail of a shortage any more. It is called
// after f failed with err, and admitted; when it returns nil it is admitted.
func (h *Host) persist(ctx context.Context, kill <-chan struct{}, err error, f func() error) error {
	pause, alone := firstPause, 1
	for scarce(err) {
		others := h.gate.shortage()
		switch {
		case others:
			alone = 0
		case alone >= aloneTries:
			return exhausted(err)
		}
		alone++
		wait := pause/2 + rand.N(pause)
		pause = min(2*pause, lastPause)
		if !others && !sleep(wait, ctx.Done(), kill) {
			return stopped(ctx)
		}
		if !h.gate.enter(wait, ctx.Done(), kill) {
			return stopped(ctx)
		}
		err = f()
	}
	if err != nil {
		h.gate.leave()
	}
	return err
}

// stopped is the error of a wait that ended because it was told to.
func stopped(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return fmt.Errorf("killed before it started: %w", context.Canceled)
}

// sleep reports whether it slept for all of d.
func sleep(d time.Duration, cancel, kill <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-cancel:
	case <-kill:
	}
	return false
}

// exhausted names the limit behind err.
func exhausted(err error) error {
	switch {
	case errors.Is(err, syscall.EMFILE):
		limit := syscall.Rlimit{}
		_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
		return fmt.Errorf("no file descriptor is free, of the %d this program may have; raise it with ulimit -n, or run fewer steps at a time: %w", limit.Cur, err)
	case errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("no file descriptor is free on this machine (fs.file-max): %w", err)
	case errors.Is(err, syscall.EAGAIN):
		return fmt.Errorf("no further process is allowed; raise the limit (ulimit -u, or pids.max of the control group), or run fewer steps at a time: %w", err)
	}
	return fmt.Errorf("no memory is free for a further process: %w", err)
}
