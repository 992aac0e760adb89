// Package process starts operating system processes and sees them to their
// end. It is the only place of the engine that does.
//
// Each process is the leader of a session of its own: a group that can be
// signalled as a whole, and no terminal to hang on. [Host.Run] returns when the
// process and what it started have ended, as far as the containment in force
// can tell:
//
//   - pgroup (the default) answers for the session of the process, and while
//     that is alive for all its descendants. It touches nothing outside of
//     them. What calls setsid and outlives its parent escapes.
//   - subreaper ([Options].Contain, Linux) makes this program the parent of
//     whatever its descendants orphan, so escapees come back to it. That is a
//     property of the whole program, hence the program's to decide.
//   - watchdog (the same, in a program that calls [BecomeWatchdog] first) adds
//     a process beside this program that ends all of this should the program be
//     killed.
//   - cgroup (the same, where this program may make a cgroup below its own) finds
//     then what nothing else tells of.
package process

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// Options say how far a Host may go. The zero value touches no process-wide
// state.
type Options struct {
	// Contain makes this program a child subreaper for as long as the host is
	// open, so that processes which leave their session or daemonise are found
	// and ended too. More process-wide things come with it: signals that the
	// program was started with ignored are caught and dropped instead, so that
	// steps do not inherit that (ask signal.Ignored before NewHost);
	// descriptors above 2 that it was started with are marked close-on-exec; a
	// few threads are made while there may be more; and children of this program that are in a session of their own and were
	// not started by a Host count as escapees.
	Contain bool

	// Warn is told once where the watchdog has died, or cannot be had. It is
	// called from a goroutine of its own. Nil: nobody is told.
	Warn func(string)
}

// Spec is one process to run.
type Spec struct {
	Path  string   // as for execve; see [LookPath]
	Args  []string // without argv[0]
	Argv0 string   // empty: Path
	Env   []string // the whole environment, as NAME=value
	Dir   string   // empty: this program's own

	// Stdin is read by the process from its start where it is a file that can
	// seek, else from where it stands. Nil is /dev/null. The caller closes it.
	Stdin *os.File

	// Stdout and Stderr are each called from a goroutine of their own, with up
	// to 64 KiB at a time, and never after Run has returned. They must not keep
	// the slice. An error is ignored and reading goes on: a process must not
	// block on a pipe because a disk is full. Nil is /dev/null.
	Stdout, Stderr io.Writer

	Timeout time.Duration // 0: none
	Grace   time.Duration // between TERM and KILL

	// Cookie is an entry of Env that no other process has. Where the host
	// contains, it tells whose an orphan in a session of its own is.
	Cookie string

	// OnStart, if not nil, is called once the process exists, before anything
	// is waited for.
	OnStart func(pid int)

	// Prepare, if not nil, is called right before the process is started. It
	// may open files and set Stdin, Stdout and Stderr. Where the start has to
	// wait for descriptors or processes, undo is called and later Prepare
	// again, so that a step that waits holds nothing others wait for. After a
	// start undo is not called. An error that is not such a shortage ends the
	// run and is returned as it is.
	Prepare func(*Spec) (undo func(), err error)
}

// Cause is why a process was at its end.
type Cause uint8

const (
	Natural  Cause = iota // by itself
	TimedOut              // told to stop after Spec.Timeout
	Stopped               // told to stop by the context or the kill channel
)

func (c Cause) String() string {
	switch c {
	case TimedOut:
		return "timed out"
	case Stopped:
		return "stopped"
	}
	return "natural"
}

// Exit is how a process ended.
type Exit struct {
	PID            int // 0: no process came to be
	Started, Ended time.Time
	Duration       time.Duration  // on the monotonic clock, until the process itself had ended
	Code           int            // -1 when signalled or not started
	Signal         syscall.Signal // 0: none
	Cause          Cause

	// Err is a [*StartError] where no process came to be, the error of
	// Spec.Prepare where that failed, else nil or what went wrong inside.
	Err error

	// PipeHeld tells that the process had ended but something still held its
	// output open when the time for that was up.
	PipeHeld bool

	// Leftovers are what the process left running, killed unless they say so.
	Leftovers []Leftover

	Usage Usage
}

// Leftover is a process that outlived the one that started it.
type Leftover struct {
	PID int

	// Name is its command line, shortened. It holds arguments: treat it as
	// output of the process, secrets included.
	Name string

	// Err tells why it could not be killed, such as EPERM for a process that
	// changed its user. Nil: it is gone.
	Err error
}

// Usage is what a process and the children it waited for have used.
type Usage struct {
	User, System time.Duration
	MaxRSS       int64 // bytes, of the largest of them; Linux counts in what this program had when it forked
}

// Run starts one process and returns when it and everything it started have
// ended, as far as the containment goes. It may be called concurrently.
//
// When ctx is done the process is asked to stop: TERM to the group, CONT so
// that a suspended one sees it, and KILL after Spec.Grace. When kill is closed
// it is killed at once. Nothing gets the same signal twice. A nil kill is never
// closed.
//
// After the process itself has ended, output that others still hold open is
// read for two more seconds. What is still alive then is told to stop, if it
// was not, and killed when its time is up: Grace after it was told, and at most
// two seconds where the process ended by itself.
func (h *Host) Run(ctx context.Context, kill <-chan struct{}, s Spec) Exit {
	x := execution{host: h, spec: &s, cancel: ctx.Done(), kill: kill}
	if err := x.start(ctx); err != nil {
		now := time.Now()
		exit := Exit{Started: now, Ended: now, Code: -1, Err: err}
		if start := (*StartError)(nil); errors.As(err, &start) && start.Op == OpStop {
			exit.Cause = Stopped
		}
		return exit
	}
	defer h.gate.leave()
	if s.OnStart != nil {
		s.OnStart(x.pid)
	}
	x.watch()
	x.settle()
	return x.exit
}
