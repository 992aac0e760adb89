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
	if m.Done() {
		return nil
	}
	m.now = now
	m.wake()
	switch in := in.(type) {
	case Begin:
		m.recordBegin()
	case SlotFree:
		m.startNext()
	case Finished:
		m.finish(in)
	case Tick:
	case Cancel:
		m.recordBegin()
		m.cancel(in.Signal, in.Message)
	case Kill:
		m.recordBegin()
		m.kill()
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
		e.ExecutionID, e.StepID, e.Phase = m.executionID(i), m.step(i).ID, phases[m.stageOf(i)]
	}
	m.apply(i, &e, m.now)
	m.emit(Record{e})
}

func (m *Machine) emit(e Effect) { m.effects = append(m.effects, e) }

func (m *Machine) recordBegin() {
	if m.status == event.StatusPending {
		m.record(event.Event{Type: event.RunStarted, Name: m.plan.Name, Total: len(m.plan.Steps)})
	}
}

// startNext starts the ready node that comes first in the file.
func (m *Machine) startNext() {
	for m.WantsSlot() {
		i := m.ready.min()
		n := &m.nodes[i]
		if n.between && m.tooLate(i) {
			m.recordLast(i, "its time for retries (max_elapsed) was over before there was room for another attempt")
			m.settle()
			continue
		}
		attempt := n.attempts + 1
		m.recordAbout(i, event.Event{Type: event.Started, Attempt: attempt})
		m.told[i] = 0
		m.emit(Start{Node: m.node(i), Attempt: attempt})
		return
	}
}

// finish decides what the end of an attempt means for its step.
func (m *Machine) finish(in Finished) {
	i, ok := m.index(in.Node)
	if !ok || !m.nodes[i].running() || m.nodes[i].attempts != in.Attempt {
		return
	}
	r := m.result(i, &in.Outcome)
	e := event.Event{Attempt: in.Attempt, Result: r}
	switch r.Status {
	case event.StatusCompleted:
		e.Type = event.Completed
	case event.StatusCancelled:
		e.Type = event.Cancelled
	case event.StatusTimeout:
		e.Type = event.Timeout
		r.Tolerated = m.step(i).ContinueOnError
	default:
		e.Type = event.Failed
		delay, again := m.again(i, &in.Outcome, r)
		if again {
			e.Type, e.Delay = event.Retrying, event.Duration(delay)
			break
		}
		r.Tolerated = m.step(i).ContinueOnError
	}
	e.Error, e.Reason, e.Tolerated = r.Error, r.Reason, r.Tolerated
	m.recordAbout(i, e)
}

// result describes an attempt. Its status is how the step stands if no other
// attempt follows.
func (m *Machine) result(i int, o *Outcome) *event.Result {
	r := &event.Result{
		ID:          m.executionID(i),
		StepID:      m.step(i).ID,
		Phase:       phases[m.stageOf(i)],
		Attempts:    m.nodes[i].attempts,
		ExitCode:    -1,
		Signal:      o.Signal,
		Truncated:   o.Truncated,
		Duration:    o.Duration,
		StartedAt:   o.StartedAt.UTC(),
		CompletedAt: o.EndedAt.UTC(),
		LogPath:     o.LogPath,
		Error:       o.Error,
	}
	if o.Ending == Exited {
		r.ExitCode = o.ExitCode
	}
	r.Status, r.Reason = verdict(m.step(i), o)
	switch {
	case r.Status == event.StatusCompleted:
		r.Error = "" // a non-zero exit code that means success is no error
	case r.Error == "":
		r.Error = defaultError(m.step(i), o)
	}
	return r
}

// cancel asks for an orderly end. What runs is told before the many records of
// what will not run are made.
func (m *Machine) cancel(signal, message string) {
	if m.cancelled || m.broken != "" {
		return
	}
	m.record(event.Event{Type: event.RunCancelling, Signal: signal, Message: message})
	if m.halted() {
		m.stopRunning()
	}
}

func (m *Machine) kill() {
	if m.killed {
		return
	}
	m.record(event.Event{Type: event.RunCancelling, Reason: event.ReasonKilled, Signal: m.signal})
	for i := range m.active.all {
		if m.nodes[i].running() && m.told[i] < toldKill {
			m.told[i] = toldKill
			m.emit(KillNow{Node: m.node(i), Attempt: m.nodes[i].attempts})
		}
	}
}

func (m *Machine) abort(why string) {
	if m.broken != "" {
		return
	}
	if why == "" {
		why = "the engine could not go on"
	}
	m.record(event.Event{Type: event.RunCancelling, Reason: event.ReasonEngine, Error: why})
	m.stopRunning()
}

// What a running attempt was told, so that it never gets the same twice.
const (
	toldStop = 1 + iota
	toldKill
)

func (m *Machine) stopRunning() {
	for i := range m.active.all {
		if m.nodes[i].running() && m.told[i] < toldStop {
			m.told[i] = toldStop
			m.emit(Stop{Node: m.node(i), Attempt: m.nodes[i].attempts})
		}
	}
}
