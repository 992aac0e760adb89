package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/cloudops-run/runbook/executor/event"
)

// A detached run reads the events of a run that goes on without a terminal. When
// the first of its steps has come to something, it lets go of the streams of the
// terminal, and tells the id of the run to who waits there.
type detached struct {
	cli     *cli
	state   *stateFlags
	tell    *os.File
	strays  []int // descriptors that this process was started with
	console lateFile
	opened  bool
	ending  bool // before it has begun: who waits gets the exit code
	told    atomic.Bool
}

// tellAs is the descriptor of the pipe to who waits.
const tellAs = 3

// detached is the run of this process; nil: it is not the one that goes on.
func (c *cli) detached(f *applyFlags) *detached {
	if c.env(detachedAs) == "" {
		return nil
	}
	os.Unsetenv(detachedAs)
	strays := strays() // what the program opens itself is not among them
	unix.CloseOnExec(tellAs)
	tell := os.NewFile(tellAs, "pipe")
	if info, err := tell.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return nil // somebody has set the variable
	}
	return &detached{
		cli: c, state: &f.engine.state, tell: tell, strays: strays,
		console: lateFile{open: make(chan struct{})},
	}
}

// strays are the descriptors that a program it starts would have too: those that
// it was started with. Go keeps its own from children.
func strays() (fds []int) {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= tellAs {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			fds = append(fds, fd)
		}
	}
	return fds
}

// OnEvent notes what the run has come to.
func (d *detached) OnEvent(e event.Event) {
	if !d.opened {
		d.opened = true
		d.console.set(d.openConsole(e.RunID))
	}
	switch e.Type {
	case event.RunStarted, event.RunResumed, event.Interrupted, event.Warning:
		return
	case event.RunCancelling:
		d.ending = true
	}
	if !d.ending && !d.told.Load() {
		d.leave(e.RunID)
	}
}

// openConsole opens the file for what a console would show.
func (d *detached) openConsole(id uuid.UUID) *os.File {
	file, err := func() (*os.File, error) {
		folder, err := d.state.open()
		if err != nil {
			return nil, err
		}
		run, err := folder.Run(id)
		if err != nil {
			return nil, err
		}
		return os.OpenFile(run.ConsoleFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	}()
	if err != nil {
		d.cli.complain("warning", fmt.Sprintf("what the console would show is lost: %v", err))
		file, _ = os.OpenFile(os.DevNull, os.O_RDWR, 0)
	}
	return file
}

// leave lets go of what belongs to the terminal: whoever reads the other end of
// a stream must not wait for the end of the run.
func (d *detached) leave(id uuid.UUID) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(unix.Dup2(int(null.Fd()), 0), null.Close())
	}
	for stream := 1; stream <= 2; stream++ {
		err = errors.Join(err, unix.Dup2(int(d.console.file.Fd()), stream))
	}
	if err != nil {
		d.cli.complain("warning", fmt.Sprintf("the streams of the terminal stay open: %v", err))
	}
	for _, fd := range d.strays {
		unix.Close(fd)
	}
	d.told.Store(true)
	fmt.Fprintln(d.tell, id) // who waited may be gone: the run goes on all the same
	d.tell.Close()
}

// A lateFile is a file that what is written to waits for.
type lateFile struct {
	open chan struct{}
	file *os.File
}

var _ io.Writer = (*lateFile)(nil)

func (l *lateFile) set(f *os.File) {
	l.file = f
	close(l.open)
}

func (l *lateFile) Write(p []byte) (int, error) {
	<-l.open
	return l.file.Write(p)
}
