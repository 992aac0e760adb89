package sink

import (
	"fmt"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// manySteps is where a run becomes too large to be told step by step.
const manySteps = 50

// stateLine prints what happened to a step, or to the run.
func (c *Console) stateLine(r *runView, e event.Event) {
	f := c.out
	f.endPartial()
	switch e.Type {
	case event.RunStarted:
		if e.Name != "" {
			f.buf = c.bold(f.buf, Escape(e.Name))
			f.buf = append(f.buf, ": "+count(e.Total, "step")+"\n"...)
		}
	case event.RunCancelling:
		if !r.barred {
			if e.By == "" { // a signal: who sent it has seen that
				return
			}
			word := "is cancelled"
			if e.Reason == event.ReasonKilled {
				word = "is killed"
			}
			f.buf = append(c.bold(f.buf, Escape(r.name)), ": "...)
			f.buf = append(c.status(f.buf, event.StatusCancelled, word+by(e)), '\n')
			break
		}
		f.buf = c.red(f.buf, "may not begin")
		f.buf = append(f.buf, ": "+Escape(e.Error)+"\n"...)
	case event.RunResumed:
		f.buf = c.bold(f.buf, Escape(r.name))
		switch {
		case e.Reason == event.ReasonRollback:
			f.buf = append(f.buf, ": undoes what it has done"...)
		case e.Total > 0:
			f.buf = append(f.buf, ": goes on, "+count(e.Total, "step")...)
		default:
			f.buf = append(f.buf, ": goes on"...)
		}
		f.buf = append(f.buf, '\n')
	case event.Expanded:
		if len(e.Items) == 0 && isInner(e.StepID) { // an instance whose steps are those of another runbook
			return
		}
		c.stepLine(e, event.StatusRunning, count(len(e.Items), "item"), "")
	case event.Waiting:
		c.waitingLine(e)
	case event.ApprovalRequested:
		if c.opt.Asks {
			return
		}
		c.stepLine(e, event.StatusPaused, "waits for approval", e.Message)
	case event.ApprovalGranted:
		c.stepLine(e, event.StatusRunning, "approved"+by(e), e.Message)
	case event.ApprovalRejected:
		c.stepLine(e, event.StatusFailed, "rejected"+by(e), e.Message)
	case event.Started:
		c.stepLine(e, event.StatusRunning, "started", c.title(e))
	case event.Retrying:
		c.stepLine(e, event.StatusFailed, fmt.Sprintf("attempt %d failed", e.Attempt), retryText(e))
	case event.Interrupted:
		c.stepLine(e, event.StatusCancelled, "interrupted", "its engine died")
	case event.Reset:
		c.stepLine(e, event.StatusRunning, "runs again", e.Message)
	default:
		if !ends(e.Type) || r.undoing && e.Phase == event.Main || r.barred && e.Kept {
			return
		}
		c.endLine(r.step(e), e, r)
	}
	f.written()
}

func ends(t event.Type) bool {
	switch t {
	case event.Completed, event.Failed, event.Timeout, event.Cancelled, event.Skipped:
		return true
	}
	return false
}

// endLine prints how a step, or its rollback, ended.
func (c *Console) endLine(s *stepView, e event.Event, r *runView) {
	word, detail := "", ""
	switch e.Type {
	case event.Completed:
		word = "completed" + inTime(e)
		switch {
		case e.Reason == event.ReasonMarkedDone:
			word = "counts as done" + by(e)
		case e.Kept:
			word, detail = "kept", "it has completed before"
		case s.phase == event.Rollback:
			word = "undone" + inTime(e)
		case s.isLoop():
			detail = s.items.words()
		}
	case event.Failed:
		word, detail = "failed"+inTime(e), tolerance(s)
	case event.Timeout:
		word = "timed out after " + Brief(duration(e))
		if detail = tolerance(s); s.limit() != "" {
			word, detail = fmt.Sprintf("timed out after %s (%s)", Brief(duration(e)), detail), ""
		}
	case event.Cancelled:
		word = "cancelled"
		if e.Result != nil {
			word = "cancelled after " + Brief(duration(e))
		}
	case event.Skipped:
		if max(r.total, len(r.order)) > manySteps || r.barred {
			return
		}
		word, detail = "skipped", s.why()
	}
	if s.phase == event.Rollback && e.Type != event.Completed {
		word = "rollback " + word
	}
	c.stepLine(e, s.status, word, detail)
}

// inTime says how long the last attempt of a step took; nothing where there was
// none.
func inTime(e event.Event) string {
	if e.Result == nil || e.Reason == event.ReasonStart || e.Type == event.Failed && e.Result.Attempts == 0 {
		return ""
	}
	return " in " + Brief(e.Result.Duration)
}

func by(e event.Event) string {
	if e.By == "" {
		return ""
	}
	return " by " + Escape(e.By)
}

// waitingLine tells of a lock that somebody else has.
func (c *Console) waitingLine(e event.Event) {
	text := fmt.Sprintf("the lock %q", e.Lock)
	if e.Holder != "" {
		text += ", which " + e.Holder + " has"
	}
	if e.Delay > 0 {
		text += ", for " + Brief(time.Duration(e.Delay)) + " at most"
	}
	if e.StepID != "" {
		c.stepLine(e, event.StatusPaused, "waits for "+text, "")
		return
	}
	b := c.status(c.out.buf, event.StatusPaused, "waits for "+Escape(text))
	c.out.buf = append(b, '\n')
}

// stepLine prints "step: word: detail".
func (c *Console) stepLine(e event.Event, status event.Status, word, detail string) {
	b := c.id(c.out.buf, e.StepID)
	b = append(b, ": "...)
	b = c.status(b, status, word)
	if detail != "" {
		b = append(b, ": "...)
		b = append(b, Escape(strings.TrimRight(detail, "\n"))...)
	}
	c.out.buf = append(b, '\n')
}

// title is what a step is called where it starts.
func (c *Console) title(e event.Event) string {
	title := e.Name
	if title == "" || isInner(e.StepID) && len(e.Command) > 0 {
		title = said(e)
	}
	title, rest, cut := strings.Cut(strings.TrimSpace(title), "\n")
	if cut && strings.TrimSpace(rest) != "" {
		title += " …"
	}
	notes := ""
	if e.Attempt > 1 {
		notes += fmt.Sprintf(" (attempt %d)", e.Attempt)
	}
	if e.Phase != event.Main {
		notes += " (" + string(e.Phase) + ")"
	}
	room := titleWidth
	if c.opt.TTY {
		room = c.opt.Width() - len(e.StepID+": started: "+notes)
	}
	return shorten(Escape(title), max(room, minTitleWidth)) + notes
}

// said is a command as the runbook has it: without what the engine puts before it.
// Code is shown as it is, words as a shell would take them.
func said(e event.Event) string {
	words := e.Command[min(max(e.Lead, 0), len(e.Command)):]
	if len(words) == 1 {
		return words[0]
	}
	return CommandLine(words)
}

// A title is cut to the terminal's width, elsewhere to titleWidth characters.
const (
	titleWidth    = 100
	minTitleWidth = 16
)

// shorten cuts s to n characters.
func shorten(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}

func retryText(e event.Event) string {
	text := e.Error
	if text == "" && e.Result != nil {
		text = e.Result.Error
	}
	next := "trying again"
	if e.Delay > 0 {
		next += " in " + Brief(time.Duration(e.Delay))
	}
	if text == "" {
		return next
	}
	return text + ", " + next
}

func tolerance(s *stepView) string {
	text := s.why()
	switch {
	case s.tolerated && s.limit() != "":
		text += ", tolerated"
	case s.tolerated:
		text += " (tolerated, the run goes on)"
	}
	return text
}

func (c *Console) warningLine(e event.Event) string {
	b := c.yellow(nil, "warning:")
	b = append(b, ' ')
	if e.StepID != "" {
		b = append(b, "step "+Escape(e.StepID)+": "...)
	}
	return string(append(b, Escape(e.Message)...))
}

func duration(e event.Event) time.Duration {
	if e.Result == nil {
		return 0
	}
	return e.Result.Duration
}

// progress is the bottom line: how far the run is, for how long, and what runs
// now, cut to the width.
func (c *Console) progress(width int) (text string, cells int) {
	if len(c.runs) == 0 || width < 10 {
		return "", 0
	}
	r := c.runs[len(c.runs)-1]
	now := time.Now()
	line := fmt.Sprintf("[%d/%d] %s", r.ended, r.total, clock(max(0, now.Sub(r.startedAt))))
	if r.asked {
		line += " stopping"
	}
	if r.failed > 0 {
		line += fmt.Sprintf(" %d failed", r.failed)
	}
	if len(r.waiting) > 0 {
		line += fmt.Sprintf(" %d waiting", len(r.waiting))
	}
	for i, s := range r.running {
		item := " " + ascii(s.id)
		if len(r.running) > 1 {
			item += " " + clock(max(0, now.Sub(s.startedAt)))
		}
		more := ""
		if left := len(r.running) - i - 1; left > 0 {
			more = fmt.Sprintf(" +%d", left)
		}
		if len(line)+len(item)+len(more) > width {
			line += fmt.Sprintf(" +%d", len(r.running)-i)
			break
		}
		line += item
	}
	if len(line) > width {
		line = line[:width]
	}
	return string(c.dim(nil, line)), len(line)
}

// ascii makes each character one cell wide, so that the line can be measured.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
}
