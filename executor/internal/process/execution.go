package process

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	// holdTime is how long output is waited for that something else holds open
	// after the process has ended: enough for a "tee" behind it to finish, and
	// not so long that a forgotten daemon makes a slow step.
	holdTime = 2 * time.Second

	// partingTime is the most that what a process left running gets between
	// TERM and KILL. Nobody waits for it any more.
	partingTime = 2 * time.Second

	// undeadTime is how long something may take to die of KILL. What sits in
	// the kernel, on a file server that is gone say, does not die at all.
	undeadTime = 10 * time.Second

	// untouchedTime is how long something may take to end by itself that may
	// not be killed, as after a change of user.
	untouchedTime = time.Second
)

// happening is what another goroutine of an execution tells its own.
type happening uint8

const (
	leaderEnded happening = iota
	streamEnded
)

// execution is one process on its way from start to end. Its fields belong to
// the goroutine that is in Run.
type execution struct {
	host   *Host
	spec   *Spec
	cancel <-chan struct{} // nil once it was seen closed
	kill   <-chan struct{} // nil once it was seen closed

	pid     int
	pidfd   int      // -1: none
	waiter  *os.File // pidfd in Go's poller; nil until it is waited for there
	streams []*stream
	family  family

	events   chan happening // has room for all that can come
	open     int            // streams that are not at their end
	ended    bool
	reaped   bool
	reapedAt uint64    // on startClock; set where something was left then
	since    uint64    // on startClock, when it started; 0: not contained
	entry    int       // in the watchdog's ledger
	turn     uint64    // which start of this program it was; 0: others were running
	asked    bool      // TERM or KILL was sent
	killAt   time.Time // asked: when KILL is due
	lethal   bool      // KILL is due now
	hurry    bool      // told to stop after it had ended
	exit     Exit
}

// watch waits for the process itself to end, and ends it where it must.
func (x *execution) watch() {
	x.open = len(x.streams)
	x.glance()
	if x.ended && x.open == 0 {
		return
	}
	x.listen()
	var alarm <-chan time.Time // the timeout, then the grace period, then undeadTime
	if x.spec.Timeout > 0 {
		timer := time.NewTimer(x.spec.Timeout - time.Since(x.exit.Started))
		defer timer.Stop()
		alarm = timer.C
	}
	for !x.ended {
		select {
		case e := <-x.events:
			x.note(e)
			continue
		default:
		}
		select {
		case e := <-x.events:
			x.note(e)
		case <-x.cancel:
			x.cancel = nil
			if !x.asked {
				alarm = x.stop(Stopped)
			}
		case <-x.kill:
			x.kill = nil
			if !x.lethal {
				x.lethal = true
				alarm = x.stop(Stopped)
			}
		case <-alarm:
			if x.lethal {
				x.abandon()
				return
			}
			x.lethal = x.asked
			alarm = x.stop(TimedOut)
		}
	}
}

// listen lets goroutines tell what happens from now on.
func (x *execution) listen() {
	x.events = make(chan happening, 1+x.open)
	for _, s := range x.streams {
		if s.done {
			continue
		}
		s.open()
		go func() {
			s.copy()
			x.events <- streamEnded
		}()
	}
	if x.ended {
		return
	}
	x.waiter = newPidfd(x.pidfd)
	go func() {
		x.awaitExit()
		x.events <- leaderEnded
	}()
}

func (x *execution) note(e happening) {
	switch e {
	case leaderEnded:
		x.ended = true
		x.exit.Ended = time.Now()
		x.exit.Duration = x.exit.Ended.Sub(x.exit.Started)
	case streamEnded:
		x.open--
	}
}

// stop tells the process and its family to end, or where that is due kills
// them. It returns the alarm for the next thing to do about it.
func (x *execution) stop(why Cause) <-chan time.Time {
	if x.hasEnded() { // it was faster
		for !x.ended {
			x.note(<-x.events)
		}
		x.hurry = why == Stopped
		return nil
	}
	if !x.asked {
		x.asked = true
		x.exit.Cause = why
		x.lethal = x.lethal || x.spec.Grace <= 0
	}
	// What has left the group can be told from strangers only while its parents
	// live, so the look comes before the signal.
	x.host.look(x)
	if !x.lethal {
		x.killAt = time.Now().Add(x.spec.Grace)
		x.signal(syscall.SIGTERM)
		return time.After(x.spec.Grace)
	}
	x.signal(syscall.SIGKILL)
	if errors.Is(killError(x.pid), syscall.EPERM) {
		return time.After(untouchedTime)
	}
	return time.After(undeadTime)
}

// abandon gives up on a process that does not die. It is reaped when it does.
func (x *execution) abandon() {
	x.exit.Ended = time.Now()
	x.exit.Duration = x.exit.Ended.Sub(x.exit.Started)
	x.exit.Code = -1
	x.exit.Err = fmt.Errorf("process %d cannot be killed: %w", x.pid, killError(x.pid))
}

// settle sees to what is left once the process itself has ended.
func (x *execution) settle() {
	held := !x.drain(x.patience())
	if !held && x.reap() && !x.host.remains(x) {
		x.close()
		return
	}
	left := x.clear()
	x.reap()
	if x.open > 0 {
		x.drain(100 * time.Millisecond)
	}
	cut := x.cut()
	x.exit.PipeHeld = held && (left || cut)
	x.close()
}

// patience is how long others may go on writing after the process has ended.
func (x *execution) patience() time.Duration {
	switch {
	case x.lethal:
		return 50 * time.Millisecond
	case x.asked:
		return min(holdTime, time.Until(x.killAt))
	case x.hurry:
		return 0
	}
	return holdTime
}

// drain waits for the end of the output and reports whether it came in time.
// Being told to stop or to kill ends the waiting.
func (x *execution) drain(patience time.Duration) bool {
	if x.open == 0 {
		return true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for x.open > 0 {
		select {
		case e := <-x.events:
			x.note(e)
		case <-timer.C:
			return false
		case <-x.cancel:
			x.cancel = nil
			if !x.asked {
				return false
			}
		case <-x.kill:
			x.kill, x.lethal = nil, true
			return false
		}
	}
	return true
}

// reap takes the exit status, once it is there.
func (x *execution) reap() bool {
	if !x.ended || x.reaped {
		return x.reaped
	}
	x.reaped = true
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err := syscall.Wait4(x.pid, &status, 0, &usage)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			x.exit.Code = -1
			x.exit.Err = fmt.Errorf("the exit status of process %d was taken by other code of this program: %w", x.pid, err)
			return true
		}
		break
	}
	x.exit.Code = status.ExitStatus()
	if status.Signaled() {
		x.exit.Signal = status.Signal()
	}
	x.exit.Usage = usageOf(&usage)
	return true
}

// cut stops reading and reports whether anything could still be written. It
// waits for a Write that is under way.
func (x *execution) cut() (held bool) {
	if x.open > 0 {
		for _, s := range x.streams {
			if !s.done {
				s.cut()
			}
		}
	}
	for x.open > 0 {
		x.note(<-x.events)
	}
	for _, s := range x.streams {
		held = held || s.held
	}
	return held
}

// close gives up the descriptors, and the claim to what comes from x: a sweep
// that goes on at the same time must not take that before x has.
func (x *execution) close() {
	for _, s := range x.streams {
		s.close()
	}
	if x.ended {
		x.forget()
		return
	}
	go func() { // abandoned
		x.note(<-x.events)
		x.reap()
		x.forget()
	}()
}

func (x *execution) forget() {
	switch {
	case x.waiter != nil:
		x.waiter.Close()
	case x.pidfd >= 0:
		syscall.Close(x.pidfd)
	}
	leaders.remove(x)
	if x.host.adoption != nil {
		x.host.adoption.strike(x)
	}
}
