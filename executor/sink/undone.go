package sink

import (
	"fmt"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
)

// undone tells what was undone, what was not, and why.
func (s *summary) undone(b []byte) []byte {
	if len(s.undo) > 0 {
		b = append(b, "\nundone, the last first:\n"...)
		b = s.rollbacks(b)
	}
	if s.run.status == event.StatusCompleted || s.run.status == event.StatusPaused || s.run.status == event.StatusInterrupted {
		return b
	}
	tried := map[string]bool{}
	for _, r := range s.undo {
		tried[r.id] = true
	}
	var left, none []string
	for _, step := range s.steps {
		known := s.told(step.id)
		if step.phase != event.Main || !step.ran() || tried[step.id] || strings.Contains(step.id, "]/") {
			continue
		}
		switch {
		case known.Rollback:
			left = addName(left, step.id)
		case known.Writes:
			none = addName(none, step.id)
		}
	}
	if len(left) > 0 {
		b = s.names(b, "not undone, "+s.whyNot(), left)
	}
	if len(none) > 0 && len(s.undo) > 0 {
		b = s.names(b, "not undone, without a rollback", none)
	}
	return b
}

// undoing is the summary of a run that went on only to undo what it had done:
// nothing else happened in it.
func (s *summary) undoing(b []byte) []byte {
	b = s.undone(b)
	b = append(b, '\n')
	b = s.bold(b, Escape(s.run.name))
	done := 0
	for _, step := range s.undo {
		if step.status == event.StatusCompleted {
			done++
		}
	}
	switch left := len(s.undo) - done; {
	case len(s.undo) == 0:
		return append(b, ": nothing to undo\n"...)
	case left > 0:
		b = append(b, fmt.Sprintf(": %d undone, ", done)...)
		b = s.red(b, fmt.Sprintf("%d not", left))
	default:
		b = append(b, fmt.Sprintf(": %d undone", done)...)
	}
	return append(b, " in "+Brief(s.run.endedAt.Sub(s.run.startedAt))+"\n"...)
}

func (s *summary) rollbacks(b []byte) []byte {
	idWidth := 0
	for _, step := range s.undo {
		idWidth = max(idWidth, min(len(Escape(step.id)), maxIDWidth))
	}
	for _, step := range s.undo {
		b = append(b, "  "...)
		b = s.id(b, step.id)
		b = pad(b, max(idWidth-len(Escape(step.id)), 0)+2)
		if step.status == event.StatusCompleted {
			b = s.green(b, "undone")
			b = pad(b, len("not undone")-len("undone")+7-len([]rune(taken(step))))
			b = append(b, taken(step)+"\n"...)
			continue
		}
		b = s.status(b, step.status, "not undone")
		if why := step.why(); why != "" {
			why, _, _ = strings.Cut(why, "\n")
			b = append(b, "  "+Escape(shorten(why, maxNote))...)
		}
		b = append(b, '\n')
	}
	return b
}

// addName adds the step that an id belongs to, unless it was the last one added:
// instances are not told one by one.
func addName(names []string, id string) []string {
	if id = outer(id); len(names) > 0 && names[len(names)-1] == id {
		return names
	}
	return append(names, id)
}

// whyNot is why rollbacks that there are did not run.
func (s *summary) whyNot() string {
	switch {
	case s.opt.NoRollback:
		return "as --no-rollback says"
	case s.run.status == event.StatusCancelled:
		return "because the run was cancelled"
	}
	return "because the run ended before"
}

// names is a line with as many names as anybody reads.
func (s *summary) names(b []byte, title string, names []string) []byte {
	more := ""
	if len(names) > maxFailed {
		more = ", …"
		names = names[:maxFailed]
	}
	b = append(b, "\n"+title+": "...)
	for i, name := range names {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = s.id(b, name)
	}
	return append(b, more+"\n"...)
}
