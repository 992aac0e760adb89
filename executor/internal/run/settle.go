package run

import (
	"fmt"

	"github.com/cloudops-run/runbook/executor/event"
)

// settle records everything that follows from the state as it is, and asks what
// has to be asked before more can follow. What it records depends only on
// recorded state and on answers, so that a run whose engine died between two
// records goes on with the same next one.
func (m *Machine) settle() {
	for m.status == event.StatusRunning {
		switch {
		case m.cutShort >= 0 && !m.cancelled && m.broken == "":
			m.cancel(Cancel{Message: fmt.Sprintf("step %q was stopped", m.stepID(m.cutShort))})
		case m.cancelled && !m.dead() && !m.began && m.hasRunGate():
			m.kill("") // nothing was begun under the run's lock, so nothing is left to do under it
		case m.leftOut.size > 0 && m.stage == main:
			i := m.leftOut.min()
			m.leftOut.remove(i)
			if m.nodes[i].status == event.StatusPending {
				m.endLeftOut(i)
			}
		case m.stages[rollback] != 0 && m.recordRolledBack():
		case m.stage == over:
			if m.run.flight == probing || len(m.probes) > 0 {
				return
			}
			m.recordEnd()
		case m.passRun():
		case len(m.work) > 0:
			if b := m.work[0]; !m.settleBlock(b) {
				m.work.remove(b)
			}
		case m.busy() || m.run.closed:
			return
		case m.awaiting == 0 && m.undecided == 0:
			m.abort(m.stuckMessage())
		case m.await && m.awaiting > 0:
			return
		case m.undecided > 0:
			m.record(event.Event{Type: event.RunPaused, Reason: event.ReasonUndecided, Message: m.undecidedMessage()})
			m.rest()
		default:
			m.record(event.Event{Type: event.RunPaused, Message: m.pauseMessage()})
			m.rest()
		}
	}
}

// recordLeftOut ends a step that a flag leaves out.
func (m *Machine) recordLeftOut(i int) {
	e := event.Event{Type: event.Skipped, Reason: event.ReasonLeftOut, Message: m.leftOutBy(), Outputs: m.options.Outputs[m.stepID(i)]}
	if m.memory != nil && e.Outputs == nil {
		e.Outputs = m.memory.given[m.stepID(i)]
	}
	if m.memory != nil && m.memory.past[m.stepID(i)] != nil {
		e.Kept, e.Attempt = true, m.memory.past[m.stepID(i)].start.Attempt
	}
	m.recordAbout(i, e)
}

// busy reports whether anything can still happen without an approval or a
// decision.
func (m *Machine) busy() bool {
	return m.running > 0 || m.between > 0 || m.asked > 0 || m.blocks[m.stages[m.stage]].wants()
}

// settleBlock does the first thing that there is to do in a block, if any.
func (m *Machine) settleBlock(b int32) bool {
	k := &m.blocks[b]
	switch {
	case k.owner >= 0 && m.nodes[k.owner].status.Ended():
		return false
	case k.kind == gatesOf:
		return m.settleGates(k)
	case k.owner < 0 && b != m.stages[m.stage]:
		return false
	}
	if halt, by := m.haltOf(b); halt != goOn {
		if !k.swept {
			m.sweep(b, halt, by)
			return true
		}
	} else {
		switch {
		case k.doomed.size > 0:
			i := k.first + k.doomed.min()
			k.doomed.remove(i - k.first)
			m.endUnreached(i, m.recordDoomed(i))
			return true
		case k.kind == items && k.failure >= 0 && !k.shut:
			m.shut(b)
			return true
		case k.gated.size > 0 && !m.run.closed:
			m.pass(k.first + k.gated.min())
			return true
		}
	}
	if k.left == 0 && k.owner >= 0 {
		m.recordInner(k.owner)
		return true
	}
	return false
}

// shut ends the items of a failed foreach that were not begun.
func (m *Machine) shut(b int32) {
	m.blocks[b].shut = true
	for local := range m.blocks[b].size {
		k := &m.blocks[b]
		i := k.first + local
		if n := &m.nodes[i]; n.status == event.StatusPending && (n.gate == nil || n.gate.flight != probing) {
			m.endUnreached(i, m.recordSkipped(event.ReasonStopped, m.limitMessage(k)))
		}
	}
}

// settleGates goes on with the gates of included runbooks. While nothing new
// starts the steps behind them end without.
func (m *Machine) settleGates(k *block) bool {
	if halt, _ := m.haltOf(k.steps); halt != goOn || k.gated.size == 0 || m.run.closed {
		return false
	}
	m.pass(k.first + k.gated.min())
	return true
}

// halt says why nothing new starts.
type halt uint8

const (
	goOn halt = iota
	stop      // stop_on_error, after a failure
	give      // nothing of this stage starts any more
)

// haltOf is what holds for a block, and, for stop, the failure it is because of.
// A step that fails while others run ends their retries as well: another attempt
// would be a new start.
func (m *Machine) haltOf(b int32) (halt, int) {
	if m.givenUp() {
		return give, -1
	}
	for {
		k := &m.blocks[b]
		if k.stops && k.failure >= 0 {
			return stop, k.failure
		}
		if k.owner < 0 {
			return goOn, -1
		}
		b = m.nodes[k.owner].block
	}
}

// givenUp reports whether nothing starts any more in this stage.
func (m *Machine) givenUp() bool {
	if m.stage == finally {
		return m.dead()
	}
	return m.cancelled || m.dead() || m.undoing && m.stage == main
}

// dead reports whether no handler starts either.
func (m *Machine) dead() bool { return m.killed || m.broken != "" || m.refused != "" }

// sweep ends every idle node of a halted block: first, in file order, those
// between two attempts and those that end as they did before the run was resumed,
// since they may take others with them, then the rest. A node whose probe runs is
// left until it has ended.
func (m *Machine) sweep(b int32, why halt, by int) {
	m.blocks[b].swept = true
	for local := range m.blocks[b].active.all {
		i := m.blocks[b].first + local
		switch n := &m.nodes[i]; {
		case n.inner != 0:
			m.sweep(n.inner, why, by)
		case !n.between:
		case why == stop:
			m.recordLast(i, m.stopMessage(by))
		default:
			m.recordBetweenCancelled(i)
		}
	}
	for _, remembered := range []bool{true, false} {
		for local := range m.blocks[b].size {
			i := m.blocks[b].first + local
			n := &m.nodes[i]
			switch {
			case n.status != event.StatusPending || n.gate != nil && n.gate.flight == probing:
			case remembered && (why == give || !m.remembers(i)):
			case why == give:
				m.endUnreached(i, m.recordGivenUp)
			case m.blocks[b].doomed.has(local):
				m.endUnreached(i, m.recordDoomed(i))
			default:
				m.endUnreached(i, m.recordSkipped(event.ReasonStopped, m.stopMessage(by)))
			}
		}
	}
}

func (m *Machine) recordSkipped(reason event.Reason, message string) func(i int) {
	return func(i int) {
		m.recordAbout(i, event.Event{Type: event.Skipped, Reason: reason, Message: message})
	}
}

// recordDoomed skips a node, or what is inside of it, that needs what did not
// complete.
func (m *Machine) recordDoomed(i int) func(i int) {
	return m.recordSkipped(event.ReasonNeed, m.needMessage(i))
}

// recordGivenUp ends a node that has not started.
func (m *Machine) recordGivenUp(i int) {
	switch s := m.stageOf(i); {
	case m.undoing && s == main:
		m.recordSkipped(event.ReasonLeftOut, "the run goes on only to undo what it has done")(i)
	case m.refused != "" && !m.cancelled && m.broken == "":
		m.recordAbout(i, event.Event{Type: event.Skipped, Reason: event.ReasonStopped, Message: m.haltMessage()})
	case s != main:
		m.recordAbout(i, event.Event{Type: event.Skipped, Reason: event.ReasonCancelled, Message: m.haltMessage()})
	default:
		m.recordFailure(i, event.StatusCancelled, event.ReasonCancelled, "cancelled before it started")
	}
}

// recordFailure ends a node without an attempt. What it says of it is short
// where the node only did not start.
func (m *Machine) recordFailure(i int, status event.Status, reason event.Reason, message string) {
	e := event.Event{Type: event.Cancelled, Reason: reason, Error: message}
	if status == event.StatusFailed {
		e.Type, e.Tolerated = event.Failed, m.tolerates(i, reason)
		e.Result = m.resultOf(i, status, reason, message)
		e.Result.Tolerated = e.Tolerated
	}
	m.recordAbout(i, e)
}

// resultOf describes a node that had no attempt of its own.
func (m *Machine) resultOf(i int, status event.Status, reason event.Reason, message string) *event.Result {
	n := &m.nodes[i]
	r := &event.Result{
		ID: m.executionID(i), StepID: m.stepID(i), Phase: m.phase(i),
		Status: status, Reason: reason, ExitCode: -1, Error: message,
	}
	if n.inner != 0 {
		r.StartedAt, r.CompletedAt, r.Duration = n.started.UTC(), m.now.UTC(), m.now.Sub(n.started)
	}
	return r
}

// recordInner ends a node whose inside has ended.
func (m *Machine) recordInner(i int) {
	n := &m.nodes[i]
	k := &m.blocks[n.inner]
	switch {
	case k.cancelled > 0:
		r := m.resultOf(i, event.StatusCancelled, event.ReasonCancelled, "cancelled")
		m.recordAbout(i, event.Event{Type: event.Cancelled, Reason: r.Reason, Error: r.Error, Result: r})
	case k.failure >= 0:
		m.recordFailure(i, event.StatusFailed, m.nodes[m.cause(i)].reason, m.innerMessage(k))
	case k.stopped > 0:
		m.recordAbout(i, event.Event{Type: event.Skipped, Reason: event.ReasonStopped, Message: fmt.Sprintf("%d of %d did not start any more", k.stopped, k.size)})
	default:
		outputs, err := m.bodyOutputs(i)
		if err != nil {
			m.recordFailure(i, event.StatusFailed, event.ReasonOutput, err.Error())
			return
		}
		e := event.Event{Type: event.Completed, Outputs: outputs, Result: m.resultOf(i, event.StatusCompleted, "", ""), Kept: n.kept}
		if !n.kept { // else it was not looked at as it is now
			e.Fingerprint = m.recordedPrint(i)
		}
		m.recordAbout(i, e)
	}
}

// recordLast ends a node between two attempts as its last attempt did.
func (m *Machine) recordLast(i int, why string) {
	r := m.lastResult(i)
	r.Error += "; not tried again: " + why
	r.Tolerated = m.tolerates(i, r.Reason)
	e := event.Event{
		Type: event.Failed, Attempt: r.Attempts, Result: &r,
		Error: r.Error, Reason: r.Reason, Tolerated: r.Tolerated,
	}
	if r.Status == event.StatusTimeout {
		e.Type = event.Timeout
	}
	m.recordAbout(i, e)
}

func (m *Machine) recordBetweenCancelled(i int) {
	r := m.lastResult(i)
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
	case m.undoing:
		e.Status, e.Reason = m.undoneStatus(), event.ReasonRollback
	case m.cancelled:
		e.Status, e.Reason, e.Error = event.StatusCancelled, event.ReasonCancelled, m.cancelMessage()
	case m.refused != "":
		e.Status, e.Reason, e.Error = event.StatusFailed, m.refused, m.refusal
	case m.failure() >= 0:
		e.Status, e.Reason, e.Error = event.StatusFailed, m.nodes[m.failure()].reason, m.failureMessage()
	}
	m.record(e)
	m.rest()
}

// rest lets go of what the run itself holds.
func (m *Machine) rest() {
	m.unlockRun()
	m.emit(End{})
}
