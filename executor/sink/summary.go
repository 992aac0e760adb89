package sink

import (
	"fmt"
	"sort"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
)

// Rows of a summary of a large run, beyond which steps are only counted.
const (
	maxFailed  = 20
	maxSkipped = 10
)

// maxIDWidth is where a longer id no longer pushes the other rows to the right.
const maxIDWidth = 32

// A summary is what is told at the end of a run.
type summary struct {
	*Console
	run   *runView
	steps []*stepView     // in the order of the runbook, handlers last; without rollbacks
	undo  []*stepView     // rollbacks, in the order they ran
	held  map[string]bool // ids with a failure inside of them, which tells more than their own
	large bool
}

// summary prints how each step ended, what is known of the failures, what was
// undone, what waits, and the verdict as the last line.
func (c *Console) summary(r *runView) {
	s := &summary{Console: c, run: r, large: r.total > manySteps}
	var bad []*stepView
	for _, step := range c.ordered(r) {
		if step.phase == event.Rollback {
			continue
		}
		s.steps = append(s.steps, step)
		if step.bad() {
			bad = append(bad, step)
		}
	}
	for _, step := range r.order {
		if step.phase == event.Rollback {
			s.undo = append(s.undo, step)
		}
	}
	s.held = holders(bad)
	f := c.out
	if r.undoing {
		f.buf = s.undoing(f.buf)
		return
	}
	if !c.opt.Quiet && !r.barred {
		f.buf = append(f.buf, '\n')
		f.buf = s.table(f.buf)
	}
	f.buf, bad = s.failures(f.buf)
	f.buf = s.undone(f.buf)
	f.buf = s.questions(f.buf)
	if r.dropped > 0 {
		f.buf = append(f.buf, fmt.Sprintf("\n%s came too fast to be shown here; the logs have them\n", count(r.dropped, "line"))...)
	}
	if !c.opt.Quiet || r.status != event.StatusCompleted || len(bad) > 0 {
		f.buf = append(f.buf, '\n')
		f.buf = s.verdict(f.buf)
	}
}

// ordered is the steps of a run in the order of the runbook, handlers last. The
// instances of a step follow it.
func (c *Console) ordered(r *runView) []*stepView {
	at := func(s *stepView) int {
		if i, ok := c.place[outer(s.id)]; ok {
			return 2*i + inside(s)
		}
		return 2*len(c.place) + inside(s)
	}
	steps := append([]*stepView(nil), r.order...)
	sort.SliceStable(steps, func(i, j int) bool { return at(steps[i]) < at(steps[j]) })
	return steps
}

func inside(s *stepView) int {
	if isInner(s.id) {
		return 1
	}
	return 0
}

// questions are what waits for an approval.
func (s *summary) questions(b []byte) []byte {
	if s.run.status != event.StatusPaused {
		return b
	}
	for i, step := range s.run.waiting {
		if i == 0 {
			b = append(b, '\n')
		}
		b = s.id(b, step.id)
		b = s.yellow(b, " waits for approval")
		b = append(b, ": "+Escape(step.question)+"\n"...)
	}
	return b
}

// verdict is the last line: how the run ended, after how long, and the counts.
func (s *summary) verdict(b []byte) []byte {
	r := s.run
	name := r.name
	if name == "" {
		name = "run"
	}
	b = s.bold(b, Escape(name))
	b = append(b, ": "...)
	word := r.status.String()
	if r.status == event.StatusCancelled && r.signal != "" {
		word += " by " + r.signal
	}
	b = s.status(b, r.status, word)
	took := Brief(r.endedAt.Sub(r.startedAt))
	if r.status == event.StatusPaused {
		b = append(b, " after "+took...)
	} else {
		b = append(b, " in "+took...)
	}
	switch {
	case r.barred && !s.opt.Quiet: // its first line said why
		return append(b, ": nothing was started\n"...)
	case r.err != "":
		b = append(b, ": "+Escape(r.err)...)
	}
	if r.barred { // how the steps stand is how they stood
		return append(b, '\n')
	}
	b = s.counts(b)
	return append(b, '\n')
}

// counts are the numbers of the verdict.
func (s *summary) counts(b []byte) []byte {
	stats := s.run.stats
	if stats == (event.Stats{}) {
		stats = s.run.count()
	}
	var words []string
	for _, n := range []struct {
		n    int
		word string
	}{
		{stats.Completed, "completed"}, {stats.Failed, "failed"}, {stats.Timeout, "timed out"},
		{stats.Cancelled, "cancelled"}, {stats.Skipped, "skipped"},
	} {
		if n.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n.n, n.word))
		}
	}
	if n := len(s.run.waiting); n > 0 && s.run.status == event.StatusPaused {
		words = append(words, fmt.Sprintf("%d waiting for approval", n))
	}
	if len(words) > 0 {
		b = append(b, ": "+strings.Join(words, ", ")...)
	}
	tolerated, items, handlers, undone, stuck := 0, 0, 0, 0, 0
	for _, step := range s.steps {
		switch {
		case !step.bad() || !step.tolerated:
		case !isInner(step.id):
			tolerated++
		case !s.held[step.id]:
			items++
		}
		if step.bad() && step.phase != event.Main && !step.tolerated && !isInner(step.id) {
			handlers++
		}
	}
	for _, step := range s.undo {
		if step.status == event.StatusCompleted {
			undone++
		} else if step.bad() {
			stuck++
		}
	}
	if tolerated > 0 {
		b = append(b, fmt.Sprintf("; %s tolerated", count(tolerated, "failure"))...)
	}
	if items > 0 { // which are no steps, as those before are
		b = append(b, fmt.Sprintf("; %s of items tolerated", count(items, "failure"))...)
	}
	if undone > 0 {
		b = append(b, fmt.Sprintf("; %d undone", undone)...)
	}
	for _, bad := range []struct {
		n    int
		noun string
	}{{stuck, "rollback"}, {handlers, "handler"}} {
		if bad.n > 0 {
			b = append(b, "; "...)
			b = s.red(b, count(bad.n, bad.noun)+" failed")
		}
	}
	return b
}

// count is the steps by how they ended, for a run that has not.
func (r *runView) count() event.Stats {
	stats := event.Stats{Total: r.total}
	for _, s := range r.order {
		if s.phase != event.Main || isInner(s.id) {
			continue
		}
		switch s.status {
		case event.StatusCompleted:
			stats.Completed++
		case event.StatusFailed:
			stats.Failed++
		case event.StatusTimeout:
			stats.Timeout++
		case event.StatusCancelled:
			stats.Cancelled++
		case event.StatusSkipped:
			stats.Skipped++
		}
	}
	return stats
}
