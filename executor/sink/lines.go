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
	case event.Started:
		c.stepLine(e, event.StatusRunning, "started", c.title(e))
	case event.Retrying:
		c.stepLine(e, event.StatusFailed, fmt.Sprintf("attempt %d failed", e.Attempt), retryText(e))
	case event.Completed:
		c.stepLine(e, event.StatusCompleted, "completed in "+brief(duration(e)), "")
	case event.Failed:
		word := "failed"
		if e.Reason != event.ReasonStart {
			word = "failed in " + brief(duration(e))
		}
		c.stepLine(e, event.StatusFailed, word, tolerance(r.step(e)))
	case event.Timeout:
		c.stepLine(e, event.StatusTimeout, "timed out after "+brief(duration(e)), tolerance(r.step(e)))
	case event.Cancelled:
		word := "cancelled"
		if e.Result != nil {
			word = "cancelled after " + brief(duration(e))
		}
		c.stepLine(e, event.StatusCancelled, word, "")
	case event.Skipped:
		if r.total <= manySteps {
			c.stepLine(e, event.StatusSkipped, "skipped", r.step(e).why())
		}
	default:
		return
	}
	f.written()
}

// stepLine prints "step: word: detail".
func (c *Console) stepLine(e event.Event, status event.Status, word, detail string) {
	b := c.id(c.out.buf, e.StepID)
	b = append(b, ": "...)
	b = c.status(b, status, word)
	if detail != "" {
		b = append(b, ": "...)
		b = append(b, Escape(detail)...)
	}
	c.out.buf = append(b, '\n')
}

// title is what a step is called where it starts.
func (c *Console) title(e event.Event) string {
	title := c.titles[e.StepID]
	if title == "" {
		title = strings.Join(e.Command, " ")
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
		next += " in " + brief(time.Duration(e.Delay))
	}
	if text == "" {
		return next
	}
	return text + ", " + next
}

func tolerance(s *stepView) string {
	text := s.why()
	if s.tolerated {
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
