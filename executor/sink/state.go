package sink

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

// A runView is what the events told of one run so far.
type runView struct {
	id        uuid.UUID
	name      string
	total     int
	startedAt time.Time
	endedAt   time.Time
	status    event.Status
	stats     event.Stats
	err       string
	barred    bool   // it may not begin, as err says
	undoing   bool   // it goes on only to undo what it has done
	signal    string // of run_cancelling
	asked     bool   // to cancel
	dropped   int    // output lines the console did not get

	steps   map[uuid.UUID]*stepView
	groups  map[string]*stepView // of an instance that has not ended: the step it is one of
	order   []*stepView          // as they appeared
	running []*stepView          // as they started
	waiting []*stepView          // for an approval, as they asked
	ended   int                  // steps of the main phase that have ended, instances left out
	failed  int                  // of those: failures that count
	first   *stepView            // the failure that decided the run; nil: none did
}

// A stepView is what the events told of one step so far. Those of a large run are
// kept until its summary, so they hold no whole event.
type stepView struct {
	id         string
	phase      event.Phase
	status     event.Status
	tolerated  bool
	timed      bool // took is known
	notStarted bool // nothing of its last attempt ran
	reason     event.Reason
	attempts   int
	startedAt  time.Time
	took       time.Duration
	tail       tail
	log        string // path of one that did not complete; empty: there is none
	err        string
	message    string
	question   string // that waits, or waited, for an answer
	items      *tally // of a foreach; nil: it is none, or not known yet
}

// run finds the run of e, or begins one.
func (c *Console) run(e event.Event) *runView {
	for _, r := range c.runs {
		if r.id == e.RunID {
			return r
		}
	}
	r := &runView{id: e.RunID, startedAt: e.Timestamp, steps: make(map[uuid.UUID]*stepView), groups: map[string]*stepView{}}
	c.runs = append(c.runs, r)
	return r
}

func (c *Console) forget(r *runView) {
	c.runs = slices.DeleteFunc(c.runs, func(x *runView) bool { return x == r })
}

// step finds the step of e, or begins one.
func (r *runView) step(e event.Event) *stepView {
	s := r.steps[e.ExecutionID]
	if s == nil {
		s = &stepView{id: e.StepID, phase: e.Phase}
		r.steps[e.ExecutionID] = s
		r.order = append(r.order, s)
	}
	return s
}

// apply takes in a state event.
func (r *runView) apply(e event.Event) {
	if r.barred && e.Kept { // what a step came to before is not why
		return
	}
	switch e.Type {
	case event.RunStarted:
		r.name, r.total, r.startedAt = e.Name, e.Total, e.Timestamp
	case event.RunResumed:
		if e.Total > 0 { // by another engine: what was before is no part of what is told here
			r.name, r.total, r.startedAt = e.Name, e.Total, e.Timestamp
		}
		r.undoing = e.Reason == event.ReasonRollback
	case event.RunCancelling:
		r.asked, r.signal = true, e.Signal
		if e.Error != "" && e.Reason != event.ReasonEngine && len(r.steps) == 0 {
			r.barred = true
		}
	case event.RunPaused:
		r.status, r.endedAt = event.StatusPaused, e.Timestamp
		if e.Reason == event.ReasonUndecided {
			r.status = event.StatusInterrupted
		}
	case event.RunCompleted:
		r.status, r.endedAt = e.Status, e.Timestamp
		if e.Reason == event.ReasonEngine || r.barred { // other errors are told with their step
			r.err = e.Error
		}
		if e.Stats != nil {
			r.stats = *e.Stats
		}
	case event.Dropped:
		r.dropped += e.Count
	case event.Expanded:
		r.expand(e)
	case event.ApprovalRequested:
		s := r.step(e)
		s.question = e.Message
		r.waiting = append(r.waiting, s)
	case event.ApprovalGranted, event.ApprovalRejected:
		r.noLongerWaiting(r.step(e))
	case event.Started:
		s := r.step(e)
		if s.status != event.StatusRunning {
			r.running = append(r.running, s)
			s.startedAt = e.Timestamp
		}
		s.status, s.attempts, s.tail = event.StatusRunning, e.Attempt, tail{}
	case event.Completed:
		r.end(e, event.StatusCompleted)
	case event.Failed:
		r.end(e, event.StatusFailed)
	case event.Timeout:
		r.end(e, event.StatusTimeout)
	case event.Cancelled:
		r.end(e, event.StatusCancelled)
	case event.Skipped:
		r.end(e, event.StatusSkipped)
	}
}

// expand learns the instances of a step, so that they can be counted for it.
func (r *runView) expand(e event.Event) {
	s := r.step(e)
	s.items = &tally{total: len(e.Items)}
	for i := range e.Items {
		r.groups[e.StepID+"["+e.Items[i].Key+"]"] = s
	}
}

func (r *runView) noLongerWaiting(s *stepView) {
	r.waiting = slices.DeleteFunc(r.waiting, func(x *stepView) bool { return x == s })
}

func (r *runView) end(e event.Event, status event.Status) {
	s := r.step(e)
	r.noLongerWaiting(s)
	r.running = slices.DeleteFunc(r.running, func(x *stepView) bool { return x == s })
	s.status, s.reason = status, e.Reason
	s.err, s.message, s.tolerated = e.Error, e.Message, e.Tolerated
	s.timed, s.notStarted, s.log = false, false, ""
	if e.Result != nil {
		s.learn(e.Result)
	}
	if status == event.StatusCompleted || status == event.StatusSkipped {
		s.tail, s.log = tail{}, ""
	}
	if group := r.groups[s.id]; group != nil && s.phase != event.Rollback {
		group.items.add(s)
		delete(r.groups, s.id)
	}
	if s.phase != event.Main {
		return
	}
	counts := s.bad() && !s.tolerated
	if counts && r.first == nil {
		r.first = s
	}
	if !isInner(s.id) {
		r.ended++
		if counts {
			r.failed++
		}
	}
}

// learn takes in how the last attempt ended.
func (s *stepView) learn(r *event.Result) {
	s.timed, s.took, s.notStarted, s.log = true, r.Duration, r.NotStarted, r.LogPath
	if s.err == "" {
		s.err = r.Error
	}
	if r.Attempts > 0 {
		s.attempts = r.Attempts
	}
}

// bad reports whether the step is one a person wants to know more of.
func (s *stepView) bad() bool {
	return s.status == event.StatusFailed || s.status == event.StatusTimeout
}

// ran reports whether anything of the step ran, so that there may be something to
// undo.
func (s *stepView) ran() bool {
	return s.attempts > 0 && !s.notStarted
}

// limit is the timeout that a step went over; empty: it did not, or nobody
// said.
func (s *stepView) limit() string {
	if s.status != event.StatusTimeout {
		return ""
	}
	limit, ok := strings.CutPrefix(s.err, "timed out after ")
	if d, err := time.ParseDuration(limit); ok && err == nil {
		return Brief(d)
	}
	return ""
}

// skips are words for the common reasons to skip a step, whose messages would
// fill a screen.
var skips = map[event.Reason]string{
	event.ReasonIf:      "not wanted",
	event.ReasonUnless:  "already done",
	event.ReasonLeftOut: "left out",
	event.ReasonStopped: "not started after the failure",
}

// why is the reason for how the step ended, in words.
func (s *stepView) why() string {
	if s.status == event.StatusSkipped && skips[s.reason] != "" {
		return skips[s.reason]
	}
	if limit := s.limit(); limit != "" {
		return "limit " + limit
	}
	switch {
	case s.err != "":
		return s.err
	case s.message != "":
		return s.message
	}
	return string(s.reason)
}

const (
	tailLines = 10
	tailWidth = 400 // bytes kept of a line
)

// A tail is the last lines of an output. It keeps copies and uses their memory
// again: a line as it comes is part of a much larger text.
type tail struct {
	lines [][]byte // a ring once it is full
	next  int
}

func (t *tail) add(line string) {
	cut := len(line) > tailWidth
	if cut {
		line = line[:tailWidth]
	}
	if len(t.lines) < tailLines {
		t.lines = append(t.lines, nil)
	}
	kept := append(t.lines[t.next][:0], line...)
	if cut {
		kept = append(kept, "…"...)
	}
	t.lines[t.next] = kept
	t.next = (t.next + 1) % tailLines
}

// all are the lines, oldest first.
func (t *tail) all() []string {
	var lines []string
	for i := range t.lines {
		at := i
		if len(t.lines) == tailLines {
			at = (t.next + i) % tailLines
		}
		lines = append(lines, string(t.lines[at]))
	}
	return lines
}
