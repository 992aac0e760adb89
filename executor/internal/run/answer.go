package run

import (
	"fmt"

	"github.com/cloudops-run/runbook/executor/event"
)

// resume sets a paused run going again, if the input is one that does.
func (m *Machine) resume(in Input) bool {
	switch in := in.(type) {
	case Approve:
		if !m.waitsForApproval(in.Node) {
			return false
		}
	case Reject:
		if !m.waitsForApproval(in.Node) {
			return false
		}
	case Begin, Cancel, Kill, Abort:
	default:
		return false
	}
	m.run = runGate{closed: m.hasRunGate()}
	e := event.Event{Type: event.RunResumed}
	if m.undoing {
		e.Reason = event.ReasonRollback
	}
	m.record(e)
	return true
}

func (m *Machine) waitsForApproval(n Node) bool {
	i, ok := m.index(n)
	return ok && m.nodes[i].approval == requested && !m.nodes[i].status.Ended()
}

// decide records the answer to an approval.
func (m *Machine) decide(n Node, e event.Event) {
	if m.waitsForApproval(n) {
		i, _ := m.index(n)
		m.recordAbout(i, e)
	}
}

// rejection says who said no, and why.
func rejection(e *event.Event) string {
	text := "rejected"
	if e.By != "" {
		text += " by " + e.By
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// probed takes the answer to a probe.
func (m *Machine) probed(in Probed) {
	if in.Node == Itself {
		if g := &m.run; g.flight == probing && in.Which == Require && in.Index == g.k {
			m.landRun()
			g.answer = &in
		}
		return
	}
	i, ok := m.index(in.Node)
	if !ok {
		return
	}
	if g, ok := m.take(i, probing); ok && in.Which == g.which() && in.Index == g.k {
		m.land(i, g)
		g.answer = &in
	}
}

// which is the guard that a gate is at.
func (g *gate) which() Which {
	switch g.at {
	case atIf:
		return If
	case atUnless, atUnlessAgain:
		return Unless
	}
	return Require
}

func (m *Machine) lockTaken(n Node) {
	if n == Itself {
		if m.run.flight == locking {
			m.landRun()
			m.run.locked = true
		}
		return
	}
	i, ok := m.index(n)
	if !ok {
		return
	}
	if g, ok := m.take(i, locking); ok {
		g.locked = true
		m.land(i, g)
	}
}

// lockWaits records that a lock is waited for.
func (m *Machine) lockWaits(in LockWaits) {
	e := event.Event{Type: event.Waiting, Holder: in.Holder}
	if in.Node == Itself {
		if g := &m.run; g.flight == locking && !g.waited {
			g.waited = true
			e.Lock = g.lock
			m.record(e)
		}
		return
	}
	i, ok := m.index(in.Node)
	if !ok {
		return
	}
	if g, ok := m.take(i, locking); ok && !g.told {
		g.waited, g.told = true, true
		e.Lock = g.lock
		m.recordAbout(i, e)
	}
}

func (m *Machine) lockBusy(in LockBusy) {
	if in.Node == Itself {
		if g := &m.run; g.flight == locking {
			m.landRun()
			m.refuse(event.ReasonLock, busyMessage(g.lock, in.Holder, in.Error))
		}
		return
	}
	i, ok := m.index(in.Node)
	if !ok {
		return
	}
	if g, ok := m.take(i, locking); ok {
		m.land(i, g)
		m.failGate(i, event.ReasonLock, busyMessage(g.lock, in.Holder, in.Error))
	}
}

// unlock lets go of the lock of a node, or waits for it no longer.
func (m *Machine) unlock(i int) {
	g := m.nodes[i].gate
	if g == nil {
		return
	}
	if g.flight == locking {
		g.flight = grounded
		m.asked--
	} else if !g.locked {
		return
	}
	g.locked = false
	m.emit(Unlock{Node: m.node(i)})
}

// pauseMessage names what waits for an approval.
func (m *Machine) pauseMessage() string {
	list := m.Waiting()
	return fmt.Sprintf("step %q waits for an approval", m.StepID(list[0])) + andMore(len(list)-1)
}

// undecidedMessage names what somebody must decide on.
func (m *Machine) undecidedMessage() string {
	list := m.Undecided()
	return fmt.Sprintf("step %q needs a decision", list[0].StepID) + andMore(len(list)-1)
}
