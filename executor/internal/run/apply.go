package run

import (
	"slices"
	"strings"
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
	switch e.Type {
	case event.RunStarted:
		m.begin()
	case event.RunCancelling:
		m.cancelling(e)
	case event.RunCompleted:
		m.status = e.Status
	case event.Started, event.Retrying, event.Completed, event.Failed, event.Timeout, event.Cancelled, event.Skipped:
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

func (m *Machine) begin() {
	if m.status != event.StatusPending {
		return
	}
	m.status = event.StatusRunning
	for i := range m.plan.Steps {
		if m.nodes[i].open == 0 {
			m.ready.add(i)
		}
	}
}

func (m *Machine) cancelling(e *event.Event) {
	switch e.Reason {
	case event.ReasonEngine:
		m.broken = e.Error
		return
	case event.ReasonKilled:
		m.killed = true
	}
	if !m.cancelled {
		m.cancelled, m.signal = true, e.Signal
	}
}

func (m *Machine) applyStep(i int, e *event.Event, at time.Time) {
	n := &m.nodes[i]
	switch e.Type {
	case event.Started:
		if n.attempts == 0 {
			n.started = at
		}
		if n.running() {
			return
		}
		n.status, n.between, n.attempts = event.StatusRunning, false, e.Attempt
		m.ready.remove(i)
		m.active.add(i)
		m.running++
	case event.Retrying:
		if !n.running() {
			return
		}
		n.between, n.result, n.reason = true, e.Result, e.Reason
		n.due = at.Add(time.Duration(e.Delay))
		m.delays.add(i, n.due)
		m.running--
	default:
		m.end(i, e)
	}
}

// end takes a node out of everything it was in and tells those who waited for
// it.
func (m *Machine) end(i int, e *event.Event) {
	n := &m.nodes[i]
	if n.running() {
		m.running--
	}
	m.ready.remove(i)
	m.doomed.remove(i)
	m.active.remove(i)
	n.status, n.reason, n.tolerated, n.between = statusAfter(e.Type), e.Reason, e.Tolerated, false
	n.result, n.note = e.Result, e.Error
	if e.Type == event.Skipped {
		n.note = e.Message
	}
	s := m.stageOf(i)
	m.left[s]--
	if s == main {
		m.count(i)
		m.release(i)
		return
	}
	if n.failed() || n.status == event.StatusCancelled && !m.cancelled && m.broken == "" {
		m.handlerFailed = true
	}
	if next := i + 1; next < m.first[s+1] {
		m.arrive(next)
	}
}

func (m *Machine) count(i int) {
	n := &m.nodes[i]
	switch n.status {
	case event.StatusCompleted:
		m.stats.Completed++
	case event.StatusFailed:
		m.stats.Failed++
	case event.StatusTimeout:
		m.stats.Timeout++
	case event.StatusCancelled:
		m.stats.Cancelled++
		if !m.cancelled && m.broken == "" && m.cutShort < 0 {
			m.cutShort = i
		}
	case event.StatusSkipped:
		m.stats.Skipped++
	}
	if n.failed() {
		m.failures++
		if m.failure < 0 {
			m.failure = i
		}
	}
}

// release tells the steps that wait for step i that it has ended.
func (m *Machine) release(i int) {
	n := &m.nodes[i]
	switch {
	case n.meetsNeeds():
		for _, w := range m.graph.needs.of(i) {
			m.arrive(int(w))
		}
	case n.failed() || n.reason == event.ReasonNeed:
		m.doom(i)
	}
	if n.meetsOrder() {
		for _, w := range m.graph.after.of(i) {
			m.arrive(int(w))
		}
	}
}

// arrive takes one edge off those a node waits for.
func (m *Machine) arrive(i int) {
	n := &m.nodes[i]
	n.open--
	if n.open == 0 && n.status == event.StatusPending {
		m.ready.add(i)
	}
}

// doom marks what cannot run any more because, directly or not, it needs step
// i. All of it is marked before the first of it is skipped, so that the skips
// can be told in file order.
func (m *Machine) doom(i int) {
	for stack := []int{i}; len(stack) > 0; {
		last := len(stack) - 1
		i, stack = stack[last], stack[:last]
		for _, w := range m.graph.needs.of(i) {
			w := int(w)
			if m.nodes[w].status == event.StatusPending && !m.doomed.has(w) {
				m.doomed.add(w)
				stack = append(stack, w)
			}
		}
	}
}

// advance opens the next stage once all of a stage has ended. It skips
// on_failure where there is no failure to handle, or where the run is cancelled.
func (m *Machine) advance() {
	if m.status != event.StatusRunning {
		return
	}
	for m.stage < over && m.left[m.stage] == 0 {
		m.stage++
		if m.stage == onFailure && (m.failure < 0 || m.cancelled || m.cutShort >= 0 || m.broken != "") {
			m.stage++
		}
		if m.stage < over && m.left[m.stage] > 0 {
			m.arrive(m.first[m.stage])
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

// running reports whether an attempt of the node runs.
func (n *node) running() bool { return n.status == event.StatusRunning && !n.between }

// failed reports whether the node ended in a failure that nothing tolerates.
func (n *node) failed() bool {
	return (n.status == event.StatusFailed || n.status == event.StatusTimeout) && !n.tolerated
}

// meetsNeeds reports whether what needs this node may run.
func (n *node) meetsNeeds() bool {
	switch n.status {
	case event.StatusCompleted:
		return true
	case event.StatusFailed, event.StatusTimeout:
		return n.tolerated
	case event.StatusSkipped:
		return n.reason != event.ReasonNeed && n.reason != event.ReasonStopped
	}
	return false
}

// meetsOrder reports whether what only comes after this node may run.
func (n *node) meetsOrder() bool {
	return n.status.Ended() && n.status != event.StatusCancelled
}

// lookup finds an event's node by its step id, which is unique in a plan. Only
// a replay needs it, so the index is built when it comes to that.
func (m *Machine) lookup(e *event.Event) (int, bool) {
	if m.byID == nil {
		m.byID = make([]int32, len(m.nodes))
		for i := range m.byID {
			m.byID[i] = int32(i)
		}
		slices.SortFunc(m.byID, func(a, b int32) int {
			return strings.Compare(m.step(int(a)).ID, m.step(int(b)).ID)
		})
	}
	k, ok := slices.BinarySearchFunc(m.byID, e.StepID, func(i int32, id string) int {
		return strings.Compare(m.step(int(i)).ID, id)
	})
	if !ok {
		return 0, false
	}
	return int(m.byID[k]), true
}
