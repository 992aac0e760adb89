package process

import (
	"os"
	"syscall"
)

// What a contained host tells the watchdog, where there is one.

// await waits until the watchdog exists.
func (a *adoption) await() {
	if a.watchdog != nil {
		a.watchdog.wait()
	}
}

// watched reports whether there is a watchdog.
func (a *adoption) watched() bool { return a.watchdog != nil && a.watchdog.alive() }

// cgrouped reports whether all that is started is in a cgroup.
func (a *adoption) cgrouped() bool {
	return a.watched() && a.watchdog.cgroup != nil && !a.watchdog.cgroup.lost.Load()
}

// fork is forkExec into the cgroup, where there is one.
func (a *adoption) fork(in inheritance, path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	if a.watchdog == nil || a.watchdog.cgroup == nil || a.watchdog.cgroup.lost.Load() {
		return in.forkExec(path, argv, attr)
	}
	c, outside := a.watchdog.cgroup, *attr.Sys
	c.take(attr.Sys)
	pid, err := in.forkExec(path, argv, attr)
	if err == nil || !c.refuses(err) {
		return pid, err
	}
	attr.Sys = &outside
	if pid, err = in.forkExec(path, argv, attr); err == nil {
		c.lost.Store(true)
	}
	return pid, err
}

// announce writes down that x is about to start, enter that it has, and strike
// that it has not or that all of it has ended.
func (a *adoption) announce(x *execution) {
	x.entry = -1
	if a.watchdog != nil {
		x.entry = a.watchdog.ledger.announce(x.since, x.spec.Grace)
	}
}

func (a *adoption) enter(x *execution) {
	if a.watchdog != nil {
		a.watchdog.ledger.enter(x.entry, x.pid, startClock())
	}
}

func (a *adoption) strike(x *execution) {
	if a.watchdog != nil {
		a.watchdog.ledger.strike(x.entry)
	}
}

func (a *adoption) claim(entry string) {
	if a.watchdog != nil {
		a.watchdog.ledger.claim(entry)
	}
}

func (a *adoption) disclaim(entry string) {
	if a.watchdog != nil {
		a.watchdog.ledger.disclaim(entry)
	}
}

func (a *adoption) guard(f *os.File) error {
	if a.watchdog == nil {
		return nil
	}
	return a.watchdog.guard(f)
}

func (a *adoption) unguard(f *os.File) {
	if a.watchdog != nil {
		a.watchdog.unguard(f)
	}
}
