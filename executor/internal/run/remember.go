package run

import (
	"maps"
	"slices"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// A Memory is what the events of a run so far say of it, to a machine that goes
// on with the run: with the plan as it was, or as somebody has mended it since.
// Therefore it knows steps by their ids alone. It forgets what is done again.
//
// Handlers and rollbacks are not remembered: they run at the new end. All but
// how many attempts they had, so that no log is written over.
type Memory struct {
	StartedAt time.Time    // of the run
	Status    event.Status // it last came to: completed, failed, cancelled or paused; running: its engine died
	Began     bool         // an attempt was started

	past     map[string]*past
	order    int            // starts so far
	since    int            // those before the run was resumed last
	ran      map[string]int // steps of which something ran and was not undone: when they were started, among others
	undone   map[string]int // steps that were rolled back, and how many starts there were before that
	attempts map[phaseID]int
	asked    map[string]event.Fingerprint // approvals that wait
	approved map[string]approved
	refused  map[string]event.Event  // no was said, and nothing has followed from it yet
	items    map[string][]event.Item // of each foreach that was begun; of the body of a step: none
	inside   map[string][]string     // what had an attempt, or completed without one, inside of each of those
	whole    map[string]event.Fingerprint
	given    map[string]event.Values // outputs of steps that were left out
	rolled   map[string]Decision     // about steps that were rolled back, and not started since
	handled  map[phaseID]Decision    // about handlers that ran
}

type phaseID struct {
	phase event.Phase
	id    string
}

// past is what became of the last attempt of a step.
type past struct {
	start       event.Event  // its started event, or the one that tells it was kept
	end         *event.Event // how the step ended; nil: it did not, or an attempt of it was to follow
	failed      *event.Event // retrying: how its last attempt ended
	before      int          // what Memory.ran was before it was started; 0: nothing of it ran
	interrupted bool         // told as interrupted already
	undoing     bool         // its rollback was started, and has not completed
	group       bool         // the step was a foreach or had a body: start is the last inside of it
	order       int          // of its start, among those of others
}

type approved struct {
	fingerprint event.Fingerprint
	by          string
}

// Remember folds the events of a run.
func Remember(events []event.Event) *Memory {
	m := &Memory{
		past: map[string]*past{}, attempts: map[phaseID]int{}, asked: map[string]event.Fingerprint{},
		approved: map[string]approved{}, refused: map[string]event.Event{}, items: map[string][]event.Item{},
		whole: map[string]event.Fingerprint{}, ran: map[string]int{}, undone: map[string]int{}, inside: map[string][]string{},
		given: map[string]event.Values{}, rolled: map[string]Decision{}, handled: map[phaseID]Decision{},
	}
	for i := range events {
		m.apply(&events[i])
	}
	return m
}

// clone is a copy that can be changed on its own.
func (m *Memory) clone() *Memory {
	c := *m
	c.past, c.attempts, c.asked, c.approved = maps.Clone(m.past), maps.Clone(m.attempts), maps.Clone(m.asked), maps.Clone(m.approved)
	c.refused, c.ran, c.undone = maps.Clone(m.refused), maps.Clone(m.ran), maps.Clone(m.undone)
	c.items, c.whole, c.inside = maps.Clone(m.items), maps.Clone(m.whole), maps.Clone(m.inside)
	c.given, c.rolled, c.handled = maps.Clone(m.given), maps.Clone(m.rolled), maps.Clone(m.handled)
	for id, list := range c.inside {
		c.inside[id] = slices.Clip(list)
	}
	for id, p := range c.past {
		copied := *p
		c.past[id] = &copied
	}
	return &c
}

func (m *Memory) apply(e *event.Event) {
	if e.Attempt > 0 {
		m.attempts[phaseID{e.Phase, e.StepID}] = max(e.Attempt, m.attempts[phaseID{e.Phase, e.StepID}])
	}
	switch e.Type {
	case event.RunStarted:
		m.StartedAt, m.Status = e.Timestamp.UTC(), event.StatusRunning
	case event.RunResumed:
		m.Status = event.StatusRunning
		m.since = m.order
	case event.RunPaused:
		m.Status = pausedStatus(e)
	case event.RunCompleted:
		m.Status = e.Status
	}
	switch e.Phase {
	case event.Main:
		m.applyStep(e)
	case event.Rollback:
		m.applyRollback(e)
	default:
		m.applyHandler(e)
	}
}

func (m *Memory) applyHandler(e *event.Event) {
	id := phaseID{e.Phase, e.StepID}
	switch d, ran := m.handled[id]; {
	case e.Type == event.Started:
		m.handled[id] = Decision{StepID: e.StepID, Phase: e.Phase, Do: Run, Ended: "interrupted", Started: e.Timestamp, Attempt: e.Attempt}
	case ran && ends(e.Type):
		d.Ended = statusAfter(e.Type).String()
		m.handled[id] = d
	}
}

// ends reports whether a step has its end with an event.
func ends(t event.Type) bool {
	switch t {
	case event.Completed, event.Failed, event.Timeout, event.Cancelled, event.Skipped:
		return true
	}
	return false
}

// pausedStatus is how a run stands that has come to rest for a while.
func pausedStatus(e *event.Event) event.Status {
	if e.Reason == event.ReasonUndecided {
		return event.StatusInterrupted
	}
	return event.StatusPaused
}

func (m *Memory) applyStep(e *event.Event) {
	id := e.StepID
	p := m.past[id]
	switch e.Type {
	case event.Started:
		m.started(id, e)
	case event.Retrying:
		if notRun(e) {
			m.notRun(id, e)
		} else if p != nil {
			p.failed = e
		}
	case event.Completed, event.Failed, event.Timeout, event.Cancelled:
		switch {
		case e.Attempt == 0: // of what has no attempts of its own, or had none now
			if e.Type == event.Completed && !e.Kept {
				m.completes(id, e.Fingerprint)
			}
		case e.Reason == event.ReasonInterrupted:
		case notRun(e) && !e.Kept:
			if m.notRun(id, e); m.ran[id] > 0 {
				m.end(id, e)
			}
		default:
			m.end(id, e)
		}
	case event.Skipped:
		if e.Outputs != nil {
			m.given[id] = e.Outputs
		}
	case event.Interrupted:
		if p == nil { // the record of its start was lost
			p = m.started(id, e)
		}
		p.interrupted = true
	case event.Expanded:
		m.items[id] = e.Items
		if !e.Kept {
			delete(m.whole, id)
		}
	case event.Reset:
		m.forget(id)
	case event.RolledBack:
		m.rolledBack(id)
	case event.ApprovalRequested:
		m.asked[id] = e.Fingerprint
		delete(m.approved, id)
		delete(m.refused, id)
	case event.ApprovalGranted:
		fingerprint, known := m.asked[id]
		if !known {
			fingerprint = e.Fingerprint
		}
		m.approved[id] = approved{fingerprint, e.By}
		delete(m.asked, id)
	case event.ApprovalRejected:
		m.refused[id] = *e
	}
	if ends(e.Type) {
		delete(m.refused, id)
		delete(m.asked, id)
	}
}

func (m *Memory) started(id string, e *event.Event) *past {
	p := m.past[id]
	m.Began = true
	m.order++
	started := &past{start: *e, order: m.order, before: m.ran[id]}
	// A retry is no new start, for what is undone in the order of starts.
	if again := p != nil && p.failed != nil && started.before > m.since; !again {
		m.ran[id] = m.order
	}
	delete(m.rolled, id)
	m.put(id, started)
	return started
}

// notRun reports whether an event tells the end of an attempt of which nothing
// ran.
func notRun(e *event.Event) bool { return e.Result != nil && e.Result.NotStarted }

// notRun forgets an attempt that came to nothing.
func (m *Memory) notRun(id string, e *event.Event) {
	p := m.past[id]
	switch {
	case p == nil || p.start.Attempt != e.Attempt: // it had no started event
	case p.before == 0:
		delete(m.past, id)
		delete(m.ran, id)
	default:
		m.ran[id], p.failed = p.before, e
	}
}

// put notes that a step was started, or is as if it had been.
func (m *Memory) put(id string, p *past) {
	if m.past[id] == nil {
		m.settleIn(id)
	}
	m.past[id] = p
}

// completes notes that a foreach or an included runbook did.
func (m *Memory) completes(id string, now event.Fingerprint) {
	if _, before := m.whole[id]; !before {
		m.settleIn(id)
	}
	m.whole[id] = now
}

// settleIn makes a step known to all that it is inside of.
func (m *Memory) settleIn(id string) {
	for outer := range m.around(id) {
		m.inside[outer] = append(m.inside[outer], id)
	}
}

// around yields what a step's id is inside of.
func (m *Memory) around(id string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k, c := range []byte(id) {
			if c != '[' && c != '/' {
				continue
			}
			if _, begun := m.items[id[:k]]; begun && !yield(id[:k]) {
				return
			}
		}
	}
}

// rolledBack notes that a step was undone, and so is not complete what it is
// inside of.
func (m *Memory) rolledBack(id string) {
	if p := m.past[id]; p != nil {
		d := p.decision(id, Run, "it was rolled back", false)
		d.Ended = Undone
		m.rolled[id] = d
	}
	delete(m.past, id)
	delete(m.ran, id)
	m.undone[id] = m.order
	for outer := range m.around(id) {
		delete(m.whole, outer)
	}
}

// end notes how a step ended after an attempt.
func (m *Memory) end(id string, e *event.Event) {
	p := m.past[id]
	if p == nil { // marked as done without ever having been started
		m.order++
		p = &past{start: *e, order: m.order}
		m.put(id, p)
	}
	told := e.Kept && e.Reason != event.ReasonMarkedDone // how it had ended, which settles nothing
	p.end, p.failed, p.interrupted, p.undoing = e, nil, false, told && p.undoing
	if e.Fingerprint != nil {
		p.start.Fingerprint = e.Fingerprint
	}
}

func (m *Memory) applyRollback(e *event.Event) {
	p := m.past[e.StepID]
	if p == nil {
		return
	}
	switch e.Type {
	case event.Started:
		p.undoing = true
	case event.Completed: // rolled_back follows, unless the engine dies in between
		m.rolledBack(e.StepID)
	}
}

// forget drops a step and all that came to be inside of it.
func (m *Memory) forget(id string) {
	m.drop(id, func(*past) bool { return true })
}

func (m *Memory) drop(id string, which func(*past) bool) {
	if p := m.past[id]; p != nil && which(p) {
		delete(m.past, id)
	}
	delete(m.whole, id)
	for _, inner := range m.inside[id] {
		if p := m.past[inner]; p != nil && which(p) {
			delete(m.past, inner)
		}
		delete(m.whole, inner)
	}
}

// knows reports whether a step, or something inside of it, had an attempt.
func (m *Memory) knows(id string) bool {
	if m.past[id] != nil {
		return true
	}
	return slices.ContainsFunc(m.inside[id], func(inner string) bool { return m.past[inner] != nil })
}

// of is what is remembered of a step. Of one that was a foreach, or had a body,
// and is none now that is what was started last inside of it.
func (m *Memory) of(id string, group bool) *past {
	if p := m.past[id]; p != nil || group {
		return p
	}
	var last *past
	for _, inner := range m.inside[id] {
		if p := m.past[inner]; p != nil && (last == nil || p.order > last.order) {
			last = p
		}
	}
	if last == nil {
		return nil
	}
	return &past{start: last.start, order: last.order, group: true}
}

// open is the steps that were started and have no end, in the order of their
// start, those left out that were told already.
func (m *Memory) open() []*past {
	var list []*past
	for _, p := range m.past {
		if p.unknown() && !p.interrupted {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *past) int { return a.order - b.order })
	return list
}

// unknown reports whether nobody knows what became of the attempt.
func (p *past) unknown() bool { return p.end == nil && p.failed == nil }

func (p *past) completed() bool { return p.end != nil && p.end.Type == event.Completed }

// Ran is the ids of the steps of which something ran and was not undone, and of
// what those are inside of.
func (m *Memory) Ran() map[string]bool {
	all := map[string]bool{}
	for id := range m.ran {
		all[id] = true
		for k, c := range []byte(id) {
			if c == '[' || c == '/' {
				all[id[:k]] = true
			}
		}
	}
	return all
}
