package process

import "os"

// What a contained host tells the watchdog, where there is one.

// await waits until the watchdog exists.
func (a *adoption) await() {
	if a.watchdog != nil {
		a.watchdog.wait()
	}
}

// watched reports whether there is a watchdog.
func (a *adoption) watched() bool { return a.watchdog != nil && a.watchdog.alive() }

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
