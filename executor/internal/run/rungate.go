package run

import (
	"fmt"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// runGate is what the run as a whole has to pass before anything starts: first
// what it requires, then its lock, then, if that was waited for, what it
// requires again. A run that goes on after an attempt was started needs only its
// lock.
type runGate struct {
	closed bool
	told   uint8 // how its probe was asked to end
	gate
}

func (m *Machine) hasRunGate() bool { return m.plan.Lock != nil || len(m.plan.Require) > 0 }

// passRun goes on with the guards of the run. It reports whether it recorded
// something or let the run begin.
func (m *Machine) passRun() bool {
	g := &m.run
	if !g.closed || g.flight != grounded || m.dead() {
		return false
	}
	if g.at < atLock && m.began {
		g.at = atLock
	}
	for {
		switch g.at {
		case atRequire, atRequireAgain:
			if g.k >= len(m.plan.Require) {
				g.at, g.k = g.at+1, 0
				continue
			}
			if done, recorded := m.passRunRequire(&m.plan.Require[g.k], g.k); !done {
				return recorded
			}
			g.k++
		case atLock:
			if m.plan.Lock != nil && !g.locked {
				return m.takeRunLock()
			}
			if g.at = atEnd; g.waited && !m.began {
				g.at = atRequireAgain
			}
		case atEnd:
			g.closed = false
			m.work.add(m.stages[m.stage])
			for b := range m.blocks { // what came to be meanwhile has been looked at in vain
				m.work.add(int32(b))
			}
			return true
		default:
			g.at++
		}
	}
}

// passRunRequire reports whether what is required holds, and if not, whether
// that was recorded.
func (m *Machine) passRunRequire(guard *plan.Guard, k int) (done, recorded bool) {
	g := &m.run
	scope := m.scopeOf(-1, Hidden{})
	var yes bool
	if guard.Probe == nil {
		var err error
		if yes, err = holds(guard.Expr, scope); err != nil {
			m.refuse(event.ReasonExpression, "require: "+err.Error())
			return false, true
		}
	} else {
		answer := g.answer
		g.answer = nil
		switch {
		case answer == nil:
			g.flight = probing
			m.asked++
			m.emit(Probe{Node: Itself, Which: Require, Index: k, Probe: guard.Probe})
			return false, false
		case answer.Error != "":
			m.refuse(event.ReasonProbe, "require: "+answer.Error)
			return false, true
		}
		yes = answer.Yes
	}
	if !yes {
		m.refuse(event.ReasonRequire, requireMessage(guard, scope))
	}
	return yes, true
}

func (m *Machine) takeRunLock() (recorded bool) {
	name, wait, err := m.lockOf(m.plan.Lock, m.scopeOf(-1, Hidden{}))
	if err != nil {
		m.refuse(event.ReasonExpression, err.Error())
		return true
	}
	m.run.flight, m.run.lock = locking, name
	m.asked++
	m.emit(Lock{Node: Itself, Name: name, Wait: wait})
	return false
}

// refuse ends the run before its first step. No handler runs: nothing was done
// that one could be for, and without the lock another run may be at work.
func (m *Machine) refuse(reason event.Reason, message string) {
	m.record(event.Event{Type: event.RunCancelling, Reason: reason, Error: message})
}

// landRun says that what the run waited for has come.
func (m *Machine) landRun() {
	m.run.flight = grounded
	m.asked--
}

// unlockRun lets go of the run's lock, or waits for it no longer.
func (m *Machine) unlockRun() {
	g := &m.run
	if g.flight == locking {
		m.landRun()
	} else if !g.locked {
		return
	}
	g.locked = false
	m.emit(Unlock{Node: Itself})
}

func busyMessage(lock, holder, problem string) string {
	switch {
	case problem != "":
		return fmt.Sprintf("lock %q: %s", lock, problem)
	case holder == "":
		return fmt.Sprintf("the lock %q is held by somebody else", lock)
	}
	return fmt.Sprintf("the lock %q is held by %s", lock, holder)
}
