package run

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

// Apply brings the machine up to date with a recorded event. Events that say
// nothing about the state of the run, such as output, change nothing; neither
// do those of a step that the plan does not have.
func (m *Machine) Apply(e event.Event) {
	i := -1
	if e.StepID != "" {
		found, ok := m.lookup(&e)
		if !ok {
			if m.memory != nil { // what was interrupted may come to be later, and is told first
				m.memory.apply(&e)
			}
			return
		}
		i = found
	}
	m.apply(i, &e, e.Timestamp)
}

// apply is the only writer of state, nodes and queues. at is the event's
// timestamp, or, where the event has only just been made, the same moment with
// its reading of the monotonic clock: a delay must not depend on somebody
// setting the wall clock.
func (m *Machine) apply(i int, e *event.Event, at time.Time) {
	if m.memory != nil {
		m.memory.apply(e)
	}
	switch e.Type {
	case event.RunStarted:
		m.begin(at)
	case event.RunCancelling:
		m.cancelling(e)
	case event.RunPaused:
		m.status = pausedStatus(e)
	case event.RunResumed:
		if m.rests() {
			m.status = event.StatusRunning
		}
		m.undoing = e.Reason == event.ReasonRollback
		m.begin(at)
	case event.RunCompleted:
		m.status = e.Status
	case event.RolledBack:
		if i >= 0 {
			m.nodes[i].rolledBack = true
		}
	case event.Started, event.Retrying, event.Completed, event.Failed, event.Timeout, event.Cancelled, event.Skipped,
		event.Expanded, event.Waiting, event.ApprovalRequested, event.ApprovalGranted, event.ApprovalRejected:
		if i < 0 || m.nodes[i].status.Ended() {
			return
		}
		if e.ExecutionID != uuid.Nil {
			m.nodes[i].id = e.ExecutionID
		}
		m.applyStep(i, e, at)
	default:
		return
	}
	m.advance()
}

func (m *Machine) begin(at time.Time) {
	if m.status != event.StatusPending {
		return
	}
	m.status, m.startedAt = event.StatusRunning, at.UTC()
	if m.memory != nil {
		m.startedAt, m.began = m.memory.StartedAt, m.memory.Began
	}
	for i := range m.plan.Steps {
		if m.nodes[i].open == 0 {
			m.enter(i)
		}
	}
}

func (m *Machine) cancelling(e *event.Event) {
	for _, b := range m.stages {
		m.blocks[b].swept = false
		m.work.add(b)
	}
	switch e.Reason {
	case event.ReasonEngine:
		m.broken = e.Error
		return
	case event.ReasonRequire, event.ReasonProbe, event.ReasonExpression, event.ReasonLock, event.ReasonSecret:
		m.refused, m.refusal = e.Reason, e.Error
		return
	case event.ReasonKilled:
		m.killed = true
	}
	if !m.cancelled {
		m.cancelled, m.signal, m.cancelledIn = true, e.Signal, m.stage
	}
}

func (m *Machine) applyStep(i int, e *event.Event, at time.Time) {
	n := &m.nodes[i]
	k, local := m.in(i)
	switch e.Type {
	case event.Started:
		if n.inner != 0 || n.running() {
			return
		}
		if n.attempts == 0 {
			n.started, n.before = at, e.Attempt-1
		}
		m.began = true
		if !n.ran() && n.step.Rollback != nil && m.stageOf(i) == main {
			m.order = append(m.order, int32(i))
		}
		if n.between {
			m.between--
		}
		n.status, n.between, n.attempts = event.StatusRunning, false, e.Attempt
		k.ready.remove(local)
		k.gated.remove(local)
		k.active.add(local)
		m.runs(i, 1)
	case event.Retrying:
		if n.inner != 0 || !n.running() && e.Attempt <= n.attempts {
			return
		}
		m.attempted(i, e, at)
		if !n.between {
			m.between++
		}
		n.status, n.between, n.last, n.reason = event.StatusRunning, true, newEnding(e.Result), e.Reason
		n.due = at.Add(time.Duration(e.Delay))
		m.delays.add(i, n.due)
		m.unready(i)
		k.gated.remove(local)
		k.active.add(local)
	case event.Expanded:
		m.expand(i, e, at)
	case event.Waiting:
		n.waits = true
	case event.ApprovalRequested:
		m.ask(i, requested)
	case event.ApprovalGranted:
		if n.approval == requested || e.Kept {
			m.ask(i, granted)
		}
	case event.ApprovalRejected:
		if n.approval == requested || e.Kept {
			n.note = rejection(e)
			m.ask(i, rejected)
		}
	default:
		m.end(i, e, at)
	}
}

// attempted counts the attempt that an event tells the end of. There was no
// started event where it was known before that it could not start.
func (m *Machine) attempted(i int, e *event.Event, at time.Time) {
	n := &m.nodes[i]
	switch {
	case n.running():
		m.runs(i, -1)
	case e.Attempt > n.attempts:
		if n.attempts == 0 {
			n.started, n.before = at, e.Attempt-1
		}
		n.attempts = e.Attempt
	default:
		return
	}
	if e.Result == nil || !e.Result.NotStarted {
		return
	}
	// Of what never ran there is nothing to undo.
	if n.idle++; !n.ran() {
		if at := lastIndex(m.order, int32(i)); at >= 0 {
			m.order = slices.Delete(m.order, at, at+1)
		}
	}
}

// lastIndex is where x is in a list, looked for from its end; -1: nowhere.
func lastIndex(list []int32, x int32) int {
	for at, v := range slices.Backward(list) {
		if v == x {
			return at
		}
	}
	return -1
}

// unready takes a node off those that may start.
func (m *Machine) unready(i int) {
	if k, local := m.in(i); k.ready.has(local) {
		k.ready.remove(local)
		m.refresh(m.nodes[i].block)
	}
}

// ask moves the question of a node on. It is not asked twice.
func (m *Machine) ask(i int, to approval) {
	n := &m.nodes[i]
	if n.approval >= to {
		return
	}
	if to == requested {
		n.approval = to
		m.awaiting++
		return
	}
	if n.approval == requested {
		m.awaiting--
	}
	n.approval = to
	k, local := m.in(i)
	k.gated.add(local)
	m.work.add(n.block)
}

// end takes a node out of everything it was in and tells those who waited for
// it.
func (m *Machine) end(i int, e *event.Event, at time.Time) {
	n := &m.nodes[i]
	k, local := m.in(i)
	if !e.Kept {
		m.attempted(i, e, at)
	}
	if n.between {
		m.between--
	}
	if n.gate != nil && n.gate.undecided {
		m.undecided--
	}
	if n.approval == requested {
		m.awaiting--
	}
	m.unready(i)
	k.gated.remove(local)
	k.doomed.remove(local)
	k.active.remove(local)
	n.status, n.reason, n.tolerated, n.between = statusAfter(e.Type), e.Reason, e.Tolerated, false
	n.last, n.note, n.outputs = newEnding(e.Result), e.Error, e.Outputs
	if e.Type == event.Skipped {
		n.note = e.Message
	}
	if e.Kept {
		m.keep(i, e)
	}
	k.left--
	m.work.add(n.block)
	m.count(i)
	switch {
	case k.kind == byEdges:
		m.leaveGates(i)
		m.release(i)
	case k.kind == inTurn:
		if next := local + 1; next < k.size {
			m.arrive(k.first + next)
		}
	case local < k.next:
		k.under--
		m.admit(n.block)
	default:
		k.next = local + 1
	}
}

// keep is for a node that ends as it had ended before the run was resumed.
func (m *Machine) keep(i int, e *event.Event) {
	n := &m.nodes[i]
	n.kept, n.attempts, n.before = true, e.Attempt, e.Attempt
	if r := e.Result; r != nil {
		n.started = r.StartedAt
	}
}

// count keeps what is said of a block, and of the run, up to date.
func (m *Machine) count(i int) {
	n := &m.nodes[i]
	k, _ := m.in(i)
	switch n.status {
	case event.StatusCancelled:
		if n.kept {
			k.stopped++
		} else {
			k.cancelled++
		}
	case event.StatusSkipped:
		switch n.reason {
		case event.ReasonStopped, event.ReasonNeed, event.ReasonLeftOut:
			k.stopped++
		}
	case event.StatusFailed, event.StatusTimeout:
		if n.tolerated {
			k.tolerated++
		}
	}
	switch s := m.stageOf(i); {
	case s == main:
		if n.failed() {
			if n.inner == 0 {
				m.failed = append(m.failed, int32(i))
			}
			m.fails(i)
		}
		if n.status == event.StatusCancelled && !n.kept && !m.cancelled && m.broken == "" && m.cutShort < 0 {
			m.cutShort = i
		}
		if n.job == nil {
			m.tally(n.status)
		}
	case k.owner >= 0:
		if n.failed() {
			m.fails(i)
		}
	case n.failed() || n.status == event.StatusCancelled && !m.cancelled && m.broken == "":
		m.handlerFailed = true
	}
}

func (m *Machine) tally(status event.Status) {
	switch status {
	case event.StatusCompleted:
		m.stats.Completed++
	case event.StatusFailed:
		m.stats.Failed++
	case event.StatusTimeout:
		m.stats.Timeout++
	case event.StatusCancelled:
		m.stats.Cancelled++
	case event.StatusSkipped:
		m.stats.Skipped++
	}
}

// advance opens the next stage once all of a stage has ended. It skips rollbacks
// and on_failure where there is no failure to handle, or where the run is
// cancelled.
func (m *Machine) advance() {
	if m.status != event.StatusRunning {
		return
	}
	for m.stage < over && m.blocks[m.stages[m.stage]].left == 0 {
		m.stage++
		switch {
		case m.undoing && m.stage > rollback:
			m.stage = over
		case m.undoing:
		case (m.stage == rollback || m.stage == onFailure) && !m.handles():
			m.stage = finally
		}
		if m.stage == rollback {
			m.openRollbacks()
		}
		if m.stage < over {
			b := m.stages[m.stage]
			m.work.add(b)
			if k := &m.blocks[b]; k.left > 0 {
				m.arrive(k.first)
			}
		}
	}
}

// statusAfter is how a step stands after the event that ends it.
func statusAfter(t event.Type) event.Status {
	switch t {
	case event.Completed:
		return event.StatusCompleted
	case event.Failed:
		return event.StatusFailed
	case event.Timeout:
		return event.StatusTimeout
	case event.Cancelled:
		return event.StatusCancelled
	default:
		return event.StatusSkipped
	}
}
