package run

import (
	"fmt"

	"github.com/cloudops-run/runbook/executor/event"
)

// settle records everything that follows from the state as it is. It looks only
// at recorded state, never at the input that came in, so that a run whose
// engine died between two records goes on with the same next one.
func (m *Machine) settle() {
	for m.status == event.StatusRunning {
		switch {
		case m.cutShort >= 0 && !m.cancelled && m.broken == "":
			m.cancel("", fmt.Sprintf("step %q was stopped", m.step(m.cutShort).ID))
		case m.stage == over:
			m.recordEnd()
		case m.idle() > 0 && m.halted():
			m.sweep()
		case m.doomed.size > 0:
			i := m.doomed.min()
			m.recordAbout(i, event.Event{Type: event.Skipped, Reason: event.ReasonNeed, Message: m.needMessage(i)})
		case m.stuck():
			m.abort(m.stuckMessage())
		default:
			return
		}
	}
}

// idle counts the nodes of this stage that have neither ended nor an attempt
// running.
func (m *Machine) idle() int { return m.left[m.stage] - m.running }

// stopped reports whether stop_on_error keeps new steps from starting.
func (m *Machine) stopped() bool { return m.plan.StopOnError && m.failure >= 0 }

// halted reports whether nothing starts any more in this stage. A step that
// fails while others run ends their retries as well: another attempt would be a
// new start.
func (m *Machine) halted() bool {
	switch m.stage {
	case main:
		return m.cancelled || m.broken != "" || m.stopped()
	case onFailure:
		return m.cancelled || m.broken != ""
	default:
		return m.killed || m.broken != ""
	}
}

// sweep ends every idle node of a halted stage: first, in file order, those
// between two attempts, since they may take others with them, then the rest.
func (m *Machine) sweep() {
	s := m.stage
	stopOnly := !m.cancelled && m.broken == ""
	for i := range m.active.all {
		switch {
		case !m.nodes[i].between:
		case stopOnly:
			m.recordLast(i, m.stopMessage())
		default:
			m.recordBetweenCancelled(i)
		}
	}
	for i := m.first[s]; i < m.first[s+1]; i++ {
		switch {
		case m.nodes[i].status != event.StatusPending:
		case s != main:
			m.recordAbout(i, event.Event{Type: event.Skipped, Reason: event.ReasonCancelled, Message: m.haltMessage()})
		case !stopOnly:
			m.recordAbout(i, event.Event{Type: event.Cancelled, Reason: event.ReasonCancelled, Error: "cancelled before it started"})
		case m.doomed.has(i):
			m.recordAbout(i, event.Event{Type: event.Skipped, Reason: event.ReasonNeed, Message: m.needMessage(i)})
		default:
			m.recordAbout(i, event.Event{Type: event.Skipped, Reason: event.ReasonStopped, Message: m.stopMessage()})
		}
	}
}

// recordLast ends a node between two attempts as its last attempt did.
func (m *Machine) recordLast(i int, why string) {
	r := *m.nodes[i].result
	r.Error += "; not tried again: " + why
	r.Tolerated = m.step(i).ContinueOnError
	m.recordAbout(i, event.Event{
		Type: event.Failed, Attempt: r.Attempts, Result: &r,
		Error: r.Error, Reason: r.Reason, Tolerated: r.Tolerated,
	})
}

func (m *Machine) recordBetweenCancelled(i int) {
	r := *m.nodes[i].result
	r.Status, r.Reason = event.StatusCancelled, event.ReasonCancelled
	r.Error = fmt.Sprintf("cancelled before attempt %d; attempt %d: %s", r.Attempts+1, r.Attempts, r.Error)
	m.recordAbout(i, event.Event{
		Type: event.Cancelled, Attempt: r.Attempts, Result: &r, Error: r.Error, Reason: r.Reason,
	})
}

// recordEnd ends the run. An error of the engine says more than a cancel, and a
// cancel more than a failure.
func (m *Machine) recordEnd() {
	stats := m.stats
	e := event.Event{Type: event.RunCompleted, Status: event.StatusCompleted, Stats: &stats}
	switch {
	case m.broken != "":
		e.Status, e.Reason, e.Error = event.StatusFailed, event.ReasonEngine, m.broken
	case m.cancelled:
		e.Status, e.Reason, e.Error = event.StatusCancelled, event.ReasonCancelled, m.cancelMessage()
	case m.failure >= 0:
		e.Status, e.Reason, e.Error = event.StatusFailed, m.nodes[m.failure].reason, m.failureMessage()
	}
	m.record(e)
	m.emit(End{})
}

// stuck reports whether steps wait for each other, which no checked plan does.
// Saying so beats waiting for ever.
func (m *Machine) stuck() bool {
	return m.left[m.stage] > 0 && m.active.size == 0 && m.ready.size == 0
}
