package process

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/cloudops-run/runbook/executor/failpoint"
)

// errOutOfReach is a shortage that dup3 in the child reports as EBADF.
var errOutOfReach = errors.New("the descriptors left are not enough for a further process")

// start brings the process to be. Where that fails, x is as it was, and nothing
// is admitted any more.
func (x *execution) start(ctx context.Context) error {
	asked := x.spec
	select {
	case <-x.cancel:
		return x.notStarted(OpStop, stopped(ctx))
	case <-x.kill:
		return x.notStarted(OpStop, stopped(ctx))
	default:
	}
	if !x.host.gate.enter(lastPause, x.cancel, x.kill) {
		return x.notStarted(OpStop, stopped(ctx))
	}
	preparing := false
	launch := func() error {
		s := *asked
		x.spec = &s
		undo := func() {}
		if s.Prepare != nil {
			preparing = true
			u, err := s.Prepare(&s)
			if err != nil {
				return err
			}
			if u != nil {
				undo = u
			}
		}
		preparing = false
		err := x.spawn()
		if err != nil {
			undo()
		}
		return err
	}
	err := launch()
	switch {
	case err == nil:
		return nil
	case !scarce(err):
		x.host.gate.leave()
	default:
		if err = x.host.persist(ctx, x.kill, err, launch); err == nil {
			return nil
		}
	}
	switch {
	case x.told():
		return x.notStarted(OpStop, err)
	case preparing:
		return err
	}
	return startError(x.spec, err)
}

func (x *execution) notStarted(op StartOp, err error) error {
	return &StartError{Op: op, Path: x.spec.Path, Dir: x.spec.Dir, Err: err}
}

// told reports whether x was told to stop.
func (x *execution) told() bool {
	select {
	case <-x.cancel:
	case <-x.kill:
	default:
		return false
	}
	return true
}

// spawn makes the pipes and starts the process, once; a busy file is tried
// again. Another thread of this program, or a step, may have forked while it
// held a program open for writing that it has closed itself since.
func (x *execution) spawn() (err error) {
	for pause := 2 * time.Millisecond; ; pause *= 2 {
		if err = x.spawnOnce(); !errors.Is(err, syscall.ETXTBSY) || pause > 300*time.Millisecond {
			return err
		}
		if !sleep(pause, x.cancel, x.kill) {
			return err
		}
	}
}

func (x *execution) spawnOnce() (err error) {
	s, null := x.spec, x.host.null.Fd()
	files := [3]uintptr{null, null, null}
	if s.Stdin != nil {
		_, _ = s.Stdin.Seek(0, io.SeekStart) // a pipe cannot, and need not
		files[0] = s.Stdin.Fd()
	}
	ends := [2]int{-1, -1}
	defer func() {
		for _, fd := range ends {
			if fd >= 0 {
				syscall.Close(fd)
			}
		}
		if err != nil {
			x.dropStreams()
		}
	}()
	for i, to := range [2]io.Writer{s.Stdout, s.Stderr} {
		if to == nil {
			continue
		}
		r, w, err := pipe()
		if err != nil {
			return os.NewSyscallError("pipe", err)
		}
		x.streams = append(x.streams, &stream{fd: r, to: to})
		ends[i] = w
		files[i+1] = uintptr(w)
	}
	if err := x.host.leaveRoom(); err != nil {
		return err
	}
	return x.fork(files)
}

func (x *execution) dropStreams() {
	for _, s := range x.streams {
		s.close()
	}
	x.streams = nil
}

// fork starts the process and enters it into the list of leaders.
func (x *execution) fork(files [3]uintptr) error {
	s, h := x.spec, x.host
	argv := make([]string, 0, 1+len(s.Args))
	if argv = append(argv, s.Argv0); s.Argv0 == "" {
		argv[0] = s.Path
	}
	argv = append(argv, s.Args...)
	env := s.Env
	if env == nil {
		env = []string{}
	}
	pidfd := -1
	attr := syscall.ProcAttr{Dir: s.Dir, Env: env, Files: h.inherit.files(files), Sys: sysProcAttr(&pidfd, h.noPidfd || Scant())}

	if h.adoption != nil {
		h.adoption.await()
		x.since = startClock()
		h.adoption.announce(x)
	}
	leaders.starting.RLock()
	defer leaders.starting.RUnlock()
	failpoint.Reach(failpoint.Forking)
	x.exit.Started = time.Now()
	var pid int
	var err error
	if h.adoption == nil {
		pid, err = h.inherit.forkExec(s.Path, argv, &attr)
	} else if pid, err = h.adoption.fork(h.inherit, s.Path, argv, &attr); err != nil {
		h.adoption.strike(x)
	}
	if errors.Is(err, syscall.EBADF) && nearLimit(attr.Files) {
		return syscall.EMFILE
	}
	if err != nil {
		return os.NewSyscallError("exec", err)
	}
	failpoint.Reach(failpoint.Forked)
	x.pid, x.exit.PID = pid, pid
	if h.adoption != nil {
		h.adoption.enter(x)
	}
	failpoint.Reach(failpoint.Entered)
	x.pidfd = pidfd
	leaders.add(x)
	return nil
}

// nearLimit reports whether the child may have had no number left to move a
// descriptor to, which it reports as EBADF.
func nearLimit(files []uintptr) bool {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return false
	}
	for _, fd := range files {
		if fd != closed && uint64(fd)+8 >= uint64(limit.Cur) {
			return true
		}
	}
	return false
}
