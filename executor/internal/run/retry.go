package run

import (
	"math"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// verdict is what an attempt's outcome means for its step.
func verdict(s *plan.Step, o *Outcome) (event.Status, event.Reason) {
	switch o.Ending {
	case Stopped:
		return event.StatusCancelled, event.ReasonCancelled
	case TimedOut:
		return event.StatusTimeout, event.ReasonTimeout
	}
	if o.Reason != "" {
		return event.StatusFailed, o.Reason
	}
	switch o.Ending {
	case Exited:
		if s.Succeeds(o.ExitCode) {
			return event.StatusCompleted, ""
		}
		return event.StatusFailed, event.ReasonExit
	case Signaled:
		return event.StatusFailed, event.ReasonSignal
	case NotStarted:
		return event.StatusFailed, event.ReasonStart
	default:
		return event.StatusFailed, event.ReasonEngine
	}
}

// again reports whether an attempt that failed or timed out is followed by
// another, and after what delay. What retry.if says decides; without it what
// timed out is not tried again. One that the engine lost hold of never is: it
// may still be at work.
func (m *Machine) again(i int, o *Outcome, r *event.Result) (time.Duration, bool) {
	n := &m.nodes[i]
	retry, attempt, first := n.step.Retry, r.Attempts-n.before, n.started
	if n.attempts == 0 { // it is this one, and could not start
		attempt, first = 1, m.now
	}
	if retry == nil || attempt > retry.Times || o.Ending == Broken {
		return 0, false
	}
	if o.RetryIf != nil && !*o.RetryIf || o.RetryIf == nil && r.Status == event.StatusTimeout {
		return 0, false
	}
	if halt, _ := m.haltOf(n.block); halt != goOn {
		return 0, false
	}
	d, err := m.delaysOf(i)
	if err != nil {
		r.Error += "; not tried again: " + err.Error()
		return 0, false
	}
	delay := backoff(retry, d, attempt)
	if m.options.Random != nil && retry.Jitter > 0 {
		delay -= time.Duration(float64(delay) * min(retry.Jitter, 1) * m.options.Random())
	}
	if d.MaxElapsed > 0 && m.now.Add(delay).After(first.Add(d.MaxElapsed)) {
		return 0, false
	}
	return delay, true
}

// backoff is the delay after an attempt, jitter aside.
func backoff(r *plan.Retry, d plan.Delays, attempt int) time.Duration {
	delay, most := d.Delay, d.MaxDelay
	if most <= 0 {
		most = math.MaxInt64
	}
	if r.Backoff == plan.Exponential {
		for ; attempt > 1 && delay > 0 && delay < most; attempt-- {
			if delay > most/2 {
				return most
			}
			delay *= 2
		}
	}
	return min(delay, most)
}

// delaysOf is the durations of a node's retry. Most are written as they are, and
// need no scope.
func (m *Machine) delaysOf(i int) (plan.Delays, error) {
	retry := m.nodes[i].step.Retry
	var scope *plan.Scope
	for _, v := range []plan.Value{retry.Delay, retry.MaxDelay, retry.MaxElapsed} {
		if _, known := v.Literal(); !known {
			scope = m.scopeOf(i, Hidden{})
			break
		}
	}
	return retry.Delays(scope)
}

// tooLate reports whether no further attempt of a node may start.
func (m *Machine) tooLate(i int) bool {
	if m.nodes[i].step.Retry == nil {
		return false
	}
	d, err := m.delaysOf(i)
	return err != nil || d.MaxElapsed > 0 && m.now.After(m.nodes[i].started.Add(d.MaxElapsed))
}

// wake makes ready the nodes whose next attempt is due.
func (m *Machine) wake() {
	for {
		m.dropStaleDelays()
		if len(m.delays) == 0 || m.delays[0].due.After(m.now) {
			return
		}
		m.makeReady(m.delays.removeFirst().node)
	}
}

// dropStaleDelays lets go of delays whose node has ended.
func (m *Machine) dropStaleDelays() {
	for len(m.delays) > 0 && !m.nodes[m.delays[0].node].between {
		m.delays.removeFirst()
	}
}
