package sink

import (
	"fmt"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// paint appends text in colour, or as it is.
type paint struct{ on bool }

func (p paint) sgr(b []byte, code, s string) []byte {
	if !p.on || s == "" {
		return append(b, s...)
	}
	b = append(b, "\x1b["...)
	b = append(b, code...)
	b = append(b, 'm')
	b = append(b, s...)
	return append(b, sgrReset...)
}

func (p paint) bold(b []byte, s string) []byte   { return p.sgr(b, "1", s) }
func (p paint) dim(b []byte, s string) []byte    { return p.sgr(b, "2", s) }
func (p paint) red(b []byte, s string) []byte    { return p.sgr(b, "31", s) }
func (p paint) green(b []byte, s string) []byte  { return p.sgr(b, "32", s) }
func (p paint) yellow(b []byte, s string) []byte { return p.sgr(b, "33", s) }
func (p paint) cyan(b []byte, s string) []byte   { return p.sgr(b, "36", s) }

// id appends the name of a step.
func (p paint) id(b []byte, id string) []byte { return p.cyan(b, Escape(id)) }

// status appends s in the colour of a status.
func (p paint) status(b []byte, status event.Status, s string) []byte {
	switch status {
	case event.StatusCompleted:
		return p.green(b, s)
	case event.StatusFailed, event.StatusTimeout:
		return p.red(b, s)
	case event.StatusCancelled, event.StatusRolledBack, event.StatusPaused, event.StatusInterrupted:
		return p.yellow(b, s)
	}
	return p.dim(b, s)
}

// Brief is a duration with as many digits as a person reads.
func Brief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1ms"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Truncate(100*time.Millisecond).Seconds()), ".0") + "s"
	}
	return clock(d)
}

// clock is a duration in whole seconds.
func clock(d time.Duration) string {
	s := int(d / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
}

// count is a number with its noun: 1 step, 2 steps.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
