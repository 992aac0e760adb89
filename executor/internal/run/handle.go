package run

import (
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// Handle takes an input at a moment and returns what must be done about it. The
// slice is valid until the next call.
func (m *Machine) Handle(now time.Time, in Input) []Effect {
	clear(m.effects)
	m.effects = m.effects[:0]
	if m.status.Ended() {
		return nil
	}
	m.now = now
	if m.rests() && !m.resume(in) {
		return nil
	}
	m.wake()
	switch in := in.(type) {
	case Begin:
		m.recordBegin()
	case Refuse:
		m.recordBegin()
		m.refuse(in.Reason, in.Error)
	case SlotFree:
		m.startNext()
	case Finished:
		m.finish(in)
	case Probed:
		m.probed(in)
	case Locked:
		m.lockTaken(in.Node)
	case LockWaits:
		m.lockWaits(in)
	case LockBusy:
		m.lockBusy(in)
	case Approve:
		m.decide(in.Node, event.Event{Type: event.ApprovalGranted, By: in.By, Message: in.Message})
	case Reject:
		m.decide(in.Node, event.Event{Type: event.ApprovalRejected, By: in.By, Message: in.Message})
	case Unattended:
		m.await = false
	case Tick:
	case Cancel:
		m.recordBegin()
		m.cancel(in)
	case Kill:
		m.recordBegin()
		m.kill(in.By)
	case Abort:
		m.recordBegin()
		m.abort(in.Error)
	}
	m.settle()
	m.wake() // a retry without delay
	return m.effects
}

// record applies an event about the run and hands it out.
func (m *Machine) record(e event.Event) { m.recordAbout(-1, e) }

// recordAbout applies an event about node i and hands it out.
func (m *Machine) recordAbout(i int, e event.Event) {
	e.RunID, e.Timestamp = m.options.RunID, m.now.UTC()
	if i >= 0 {
		e.ExecutionID, e.StepID, e.Phase = m.executionID(i), m.stepID(i), m.phase(i)
	}
	m.apply(i, &e, m.now)
	m.emit(Record{&e})
	if i < 0 || !m.nodes[i].status.Ended() {
		return
	}
	m.unlock(i)
	for gate := range m.gatesOver(i) {
		if m.nodes[gate].status.Ended() {
			m.unlock(gate)
		}
	}
}

func (m *Machine) emit(e Effect) { m.effects = append(m.effects, e) }

func (m *Machine) recordBegin() {
	if m.status != event.StatusPending {
		return
	}
	e := event.Event{Type: event.RunStarted, Name: m.plan.Name, Total: len(m.plan.Steps)}
	if m.memory != nil {
		for _, p := range m.memory.open() {
			m.record(event.Event{
				Type: event.Interrupted, ExecutionID: p.start.ExecutionID, StepID: p.start.StepID, Attempt: p.start.Attempt,
			})
		}
		e.Type, e.By = event.RunResumed, m.options.By
		if m.options.Undo {
			e.Reason = event.ReasonRollback
		}
	}
	m.record(e)
}

// startNext starts the ready node that comes first in the file.
func (m *Machine) startNext() {
	if !m.WantsSlot() {
		return
	}
	i := m.nextReady()
	if m.givesUp(i) {
		return
	}
	attempt := m.nextAttempt(i)
	m.recordAbout(i, event.Event{Type: event.Started, Attempt: attempt, Fingerprint: m.recordedPrint(i)})
	m.nodes[i].told = 0
	m.emit(Start{Node: m.node(i), Attempt: attempt})
}

// nextAttempt is the number of a node's next attempt; those before the run was
// resumed count.
func (m *Machine) nextAttempt(i int) int {
	n := &m.nodes[i]
	if n.attempts == 0 && m.memory != nil {
		return m.memory.attempts[phaseID{m.phase(i), m.stepID(i)}] + 1
	}
	return n.attempts + 1
}

// givesUp ends a node whose next attempt comes too late.
func (m *Machine) givesUp(i int) bool {
	if !m.nodes[i].between || !m.tooLate(i) {
		return false
	}
	m.recordLast(i, "its time for retries (max_elapsed) was over before there was room for another attempt")
	return true
}

// cannotStart reports whether an input says of the node that comes next that
// its attempt cannot start. There is no started event then.
func (m *Machine) cannotStart(i int, in *Finished) bool {
	return in.Outcome.Ending == NotStarted && in.Attempt == m.nextAttempt(i) && m.WantsSlot() && m.nextReady() == i
}

// finish decides what the end of an attempt means for its step.
func (m *Machine) finish(in Finished) {
	i, ok := m.index(in.Node)
	if !ok {
		return
	}
	switch n := &m.nodes[i]; {
	case n.running() && n.attempts == in.Attempt:
	case m.cannotStart(i, &in):
		if m.givesUp(i) {
			return
		}
	default:
		return
	}
	r := m.result(i, in.Attempt, &in.Outcome)
	e := event.Event{Attempt: in.Attempt, Result: r}
	switch r.Status {
	case event.StatusCompleted:
		e.Type, e.Outputs = event.Completed, m.recordable(&in.Outcome, r)
	case event.StatusCancelled:
		e.Type = event.Cancelled
	}
	if r.Status == event.StatusFailed || r.Status == event.StatusTimeout {
		m.decideRetry(i, &in.Outcome, &e)
	}
	e.Error, e.Reason, e.Tolerated = r.Error, r.Reason, r.Tolerated
	m.recordAbout(i, e)
}

// decideRetry is for an attempt that failed or timed out: another follows, or
// the step ends with it.
func (m *Machine) decideRetry(i int, o *Outcome, e *event.Event) {
	r := e.Result
	if delay, again := m.again(i, o, r); again {
		e.Type, e.Delay = event.Retrying, event.Duration(delay)
		return
	}
	e.Type = event.Failed
	if r.Status == event.StatusTimeout {
		e.Type = event.Timeout
	}
	r.Tolerated = m.tolerates(i, r.Reason)
}

// recordable is the outputs of an attempt in the form they have after they were
// written down and read. One that cannot be written down fails the attempt.
func (m *Machine) recordable(o *Outcome, r *event.Result) event.Values {
	if len(o.Outputs) == 0 {
		return nil
	}
	v, err := event.Canonical(map[string]any(o.Outputs))
	if err != nil {
		r.Status, r.Reason, r.Error = event.StatusFailed, event.ReasonOutput, "outputs: "+err.Error()
		return nil
	}
	return v.(map[string]any)
}

// result describes an attempt. Its status is how the step stands if no other
// attempt follows.
func (m *Machine) result(i, attempt int, o *Outcome) *event.Result {
	r := &event.Result{
		ID:          m.executionID(i),
		StepID:      m.stepID(i),
		Phase:       m.phase(i),
		Attempts:    attempt,
		NotStarted:  o.Ending == NotStarted || o.NoProcess,
		ExitCode:    -1,
		Signal:      o.Signal,
		Truncated:   o.Truncated,
		Duration:    o.Duration,
		StartedAt:   o.StartedAt.UTC(),
		CompletedAt: o.EndedAt.UTC(),
		LogPath:     o.LogPath,
		LogLost:     o.LogLost,
		Error:       o.Error,
	}
	if o.Ending == Exited {
		r.ExitCode = o.ExitCode
	}
	r.Status, r.Reason = verdict(m.nodes[i].step, o)
	switch {
	case r.Status == event.StatusCompleted:
		r.Error = "" // a non-zero exit code that means success is no error
	case r.Error == "":
		r.Error = defaultError(m.nodes[i].step, o)
	}
	return r
}

// cancel asks for an orderly end. What runs is told before the many records of
// what will not run are made.
func (m *Machine) cancel(in Cancel) {
	if m.cancelled || m.refused != "" {
		return
	}
	m.record(event.Event{Type: event.RunCancelling, Signal: in.Signal, Message: in.Message, By: in.By})
	if m.givenUp() {
		m.stopRunning()
	}
}

func (m *Machine) kill(by string) {
	if m.killed {
		return
	}
	m.record(event.Event{Type: event.RunCancelling, Reason: event.ReasonKilled, Signal: m.signal, By: by})
	m.tellRunning(toldKill)
}

// abort lets what runs come to its end: it has done nothing wrong, and what it
// has half done is worth less than what it has done.
func (m *Machine) abort(why string) {
	if m.broken != "" {
		return
	}
	if why == "" {
		why = "the engine could not go on"
	}
	m.record(event.Event{Type: event.RunCancelling, Reason: event.ReasonEngine, Error: why})
}

// What a running attempt was told, so that it never gets the same twice.
const (
	toldStop = 1 + iota
	toldKill
)

func (m *Machine) stopRunning() { m.tellRunning(toldStop) }

// tellRunning ends the attempts that run and the probes, gracefully or at once.
func (m *Machine) tellRunning(how uint8) {
	if m.stage < over {
		m.tellBlock(m.stages[m.stage], how)
	}
	for _, i := range m.probes {
		m.tell(int(i), how, 0)
	}
	if m.run.flight == probing && m.run.told < how {
		m.run.told = how
		m.emitEnding(Itself, how, 0)
	}
}

func (m *Machine) tellBlock(b int32, how uint8) {
	k := &m.blocks[b]
	for local := range k.active.all {
		i := k.first + local
		switch n := &m.nodes[i]; {
		case n.inner != 0:
			m.tellBlock(n.inner, how)
		case n.running():
			m.tell(i, how, n.attempts)
		}
	}
}

func (m *Machine) tell(i int, how uint8, attempt int) {
	if n := &m.nodes[i]; n.told < how {
		n.told = how
		m.emitEnding(m.node(i), how, attempt)
	}
}

func (m *Machine) emitEnding(n Node, how uint8, attempt int) {
	if how == toldKill {
		m.emit(KillNow{Node: n, Attempt: attempt})
	} else {
		m.emit(Stop{Node: n, Attempt: attempt})
	}
}
