package run

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
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

	past       map[string]*past
	order      int
	attempts   map[phaseID]int
	asked      map[string]event.Fingerprint // approvals that wait
	approved   map[string]approved
	refused    map[string]event.Event  // no was said, and nothing has followed from it yet
	items      map[string][]event.Item // of each foreach that was begun
	whole      map[string]event.Fingerprint
	rolledBack map[string]bool
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
	ran         bool         // an attempt before the last one did
	interrupted bool         // told as interrupted already
	undoing     bool         // its rollback was started, and has not completed
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
		whole: map[string]event.Fingerprint{}, rolledBack: map[string]bool{},
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
	c.refused = maps.Clone(m.refused)
	c.items, c.whole, c.rolledBack = maps.Clone(m.items), maps.Clone(m.whole), maps.Clone(m.rolledBack)
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
		m.Began = true
		m.order++
		m.past[id] = &past{start: *e, order: m.order, ran: p != nil && (p.ran || p.unknown())}
		delete(m.rolledBack, id)
	case event.Retrying:
		if notRun(e) {
			m.notRun(id, e)
		} else if p != nil {
			p.failed, p.ran = e, true
		}
	case event.Completed, event.Failed, event.Timeout, event.Cancelled:
		switch {
		case e.Attempt == 0: // of what has no attempts of its own, or had none now
			if e.Type == event.Completed {
				m.whole[id] = e.Fingerprint
			}
		case e.Reason == event.ReasonInterrupted:
		case notRun(e) && (p == nil || !p.ran):
			delete(m.past, id)
		default:
			m.end(id, e)
		}
	case event.Interrupted:
		if p != nil {
			p.interrupted = true
		}
	case event.Expanded:
		m.items[id] = e.Items
		delete(m.whole, id)
	case event.Reset:
		m.forget(id)
	case event.RolledBack:
		delete(m.past, id)
		m.rolledBack[id] = true
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

// notRun reports whether an event tells the end of an attempt of which nothing
// ran.
func notRun(e *event.Event) bool { return e.Result != nil && e.Result.NotStarted }

// notRun forgets an attempt that came to nothing.
func (m *Memory) notRun(id string, e *event.Event) {
	switch p := m.past[id]; {
	case p == nil:
	case p.ran:
		p.failed = e
	default:
		delete(m.past, id)
	}
}

// end notes how a step ended after an attempt.
func (m *Memory) end(id string, e *event.Event) {
	p := m.past[id]
	if p == nil { // marked as done without ever having been started
		m.order++
		p = &past{start: *e, order: m.order}
		m.past[id] = p
	}
	p.end, p.failed, p.interrupted = e, nil, false
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
		delete(m.past, e.StepID)
		m.rolledBack[e.StepID] = true
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
	if _, group := m.items[id]; !group {
		return
	}
	for inner, p := range m.past {
		if isInside(inner, id) && which(p) {
			delete(m.past, inner)
		}
	}
	maps.DeleteFunc(m.whole, func(inner string, _ event.Fingerprint) bool { return isInside(inner, id) })
}

// isInside reports whether a step's id is that of something inside of another:
// outer[key], outer/inner.
func isInside(id, outer string) bool {
	rest, ok := strings.CutPrefix(id, outer)
	return ok && rest != "" && (rest[0] == '[' || rest[0] == '/')
}

// forgetUndone drops what needed a step that was rolled back, directly or not:
// without that its result means nothing.
func (m *Memory) forgetUndone(p *plan.Plan, graph graph) {
	if len(m.rolledBack) == 0 {
		return
	}
	index := make(map[string]int, len(p.Steps))
	for i := range p.Steps {
		index[p.Steps[i].ID] = i
	}
	var stack []int
	for id := range m.rolledBack {
		if i, ok := topStep(index, id); ok {
			stack = append(stack, i)
		}
	}
	seen := make([]bool, len(p.Steps))
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, w := range graph.needs.of(i) {
			if !seen[w] {
				seen[w] = true
				stack = append(stack, int(w))
				m.drop(p.Steps[w].ID, (*past).completed)
			}
		}
	}
}

// topStep finds the step of the runbook that an id is, or is inside of.
func topStep(index map[string]int, id string) (int, bool) {
	for k, c := range id + "/" {
		if c != '[' && c != '/' {
			continue
		}
		if i, ok := index[id[:k]]; ok {
			return i, true
		}
	}
	return 0, false
}

// knows reports whether a step, or something inside of it, had an attempt.
func (m *Memory) knows(id string) bool {
	if m.past[id] != nil {
		return true
	}
	if _, group := m.items[id]; group {
		for inner := range m.past {
			if isInside(inner, id) {
				return true
			}
		}
	}
	return false
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
