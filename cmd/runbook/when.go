package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// moment is a point in time as people write it, where the machine is.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// An age is a flag for how long ago: 36h, or days and weeks, which Go's
// durations do not have.
type age time.Duration

func (a *age) String() string {
	d := time.Duration(*a)
	if day := 24 * time.Hour; d > 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return plan.DurationText(d)
}

func (a *age) Type() string { return "age" }

func (a *age) Set(s string) error {
	d, ok := parseAge(s)
	if !ok {
		return fmt.Errorf("an age such as 36h, 30d or 2w")
	}
	*a = age(d)
	return nil
}

func parseAge(s string) (time.Duration, bool) {
	for unit, size := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if text, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseUint(text, 10, 16)
			return time.Duration(n) * size, err == nil
		}
	}
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 0
}

// since is a flag for a point in time: an age, a day or a moment.
type since struct {
	at   time.Time
	text string
}

func (s *since) String() string { return s.text }
func (s *since) Type() string   { return "time" }

func (s *since) Set(text string) error {
	if d, ok := parseAge(text); ok {
		s.at, s.text = time.Now().Add(-d), text
		return nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			s.at, s.text = at, text
			return nil
		}
	}
	return fmt.Errorf("an age such as 24h or 7d, or a day such as 2026-03-14")
}
