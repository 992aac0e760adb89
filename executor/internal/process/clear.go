package process

import (
	"fmt"
	"syscall"
	"time"
)

// clear ends what is left of the family and reports whether there was any. What
// has not been told to stop is told now; who does not is killed.
func (x *execution) clear() (found bool) {
	if x.pid != 0 && census() == nil {
		// Without /proc there is only the group, and no telling who is in it.
		return syscall.Kill(-x.pid, syscall.SIGKILL) == nil
	}
	var lost time.Time // when to give up on those who should be gone
	overdue := func(now time.Time) bool {
		if lost.IsZero() {
			lost = now.Add(undeadTime)
		}
		return now.After(lost)
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		began := time.Now()
		alive, going := x.host.look(x)
		switch {
		case len(alive) == 0:
			if !going || overdue(began) {
				return found
			}
		case !x.asked && !x.lethal:
			found, x.asked = true, true
			x.killAt = began.Add(min(x.spec.Grace, partingTime))
			x.leave(alive)
			x.signal(syscall.SIGTERM)
		case x.lethal || !began.Before(x.killAt):
			found, x.lethal = true, true
			x.leave(alive)
			x.signal(syscall.SIGKILL)
			if overdue(began) || untouchable(alive) {
				x.survive(alive)
				return true
			}
			pause = min(pause, 5*time.Millisecond)
		}
		// A look costs by the number of processes on the machine.
		rest := max(pause, min(2*time.Since(began), 200*time.Millisecond))
		switch {
		case x.lethal:
			rest = pause
		case x.asked:
			rest = min(rest, time.Until(x.killAt))
		}
		x.rest(rest)
	}
}

// rest pauses clear, unless it is told to kill.
func (x *execution) rest(d time.Duration) {
	if !sleep(d, nil, x.kill) {
		x.kill, x.lethal = nil, true
	}
}

// leave names who is about to be ended although the process itself has. What
// ends in time after a request to stop was not left behind.
func (x *execution) leave(alive []proc) {
	for _, p := range alive {
		if x.family.named == nil {
			x.family.named = map[int]bool{}
		}
		if !x.family.named[p.pid] {
			x.family.named[p.pid] = true
			x.exit.Leftovers = append(x.exit.Leftovers, Leftover{PID: p.pid, Name: commandLine(p.pid)})
		}
	}
}

// survive notes who could not be ended.
func (x *execution) survive(alive []proc) {
	for i := range x.exit.Leftovers {
		l := &x.exit.Leftovers[i]
		for _, p := range alive {
			if p.pid == l.PID {
				l.Err = killError(p.pid)
			}
		}
	}
}

// killError tells why a process is still there.
func killError(pid int) error {
	if err := syscall.Kill(pid, 0); err != nil {
		return err
	}
	return fmt.Errorf("it did not end within %v of being killed", undeadTime)
}
