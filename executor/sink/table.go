package sink

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cloudops-run/runbook/executor/event"
)

// maxNote is how much of a reason a row tells; longer ones are told whole where
// the failure is.
const maxNote = 72

// table has a row for each step; of a large run, for those that did not
// complete. Instances have one where they failed.
func (s *summary) table(b []byte) []byte {
	idWidth := 0
	shown, skipped, failed := s.rows()
	for _, step := range shown {
		idWidth = max(idWidth, min(len(Escape(step.id)), maxIDWidth))
	}
	for _, step := range shown {
		b = append(b, "  "...)
		b = s.id(b, step.id)
		b = pad(b, max(idWidth-len(Escape(step.id)), 0)+2)
		b = s.row(b, step.status, taken(step), step.note(s.held[step.id]))
	}
	if failed > 0 {
		b = append(b, fmt.Sprintf("  and %d more failed\n", failed)...)
	}
	if skipped > 0 {
		b = append(b, fmt.Sprintf("  and %d more skipped\n", skipped)...)
	}
	return b
}

// row is what follows the id: status, time and note.
func (s *summary) row(b []byte, status event.Status, took, note string) []byte {
	word := status.String()
	b = s.status(b, status, word)
	if took != "" || note != "" {
		b = pad(b, len("completed")-len(word)+8-utf8.RuneCountInString(took))
		b = append(b, took...)
	}
	if note != "" {
		b = append(b, "  "...)
		b = append(b, Escape(note)...)
	}
	return append(b, '\n')
}

func taken(s *stepView) string {
	if !s.timed || s.attempts == 0 && !s.isLoop() || s.status == event.StatusSkipped {
		return ""
	}
	return Brief(s.took)
}

// rows are the steps worth a row, and how many that are none were left out.
func (s *summary) rows() (shown []*stepView, skipped, failed int) {
	skips, inner := 0, 0
	for _, step := range s.steps {
		if isInner(step.id) {
			if !step.bad() {
				continue
			}
			if inner++; inner > maxFailed {
				failed++
				continue
			}
		} else if s.large {
			switch step.status {
			case event.StatusCompleted:
				continue
			case event.StatusSkipped:
				if skips++; skips > maxSkipped {
					skipped++
					continue
				}
			}
		}
		if step.status != event.StatusUnknown {
			shown = append(shown, step)
		}
	}
	return shown, skipped, failed
}

// note is the rest of a row: why the step ended so, and what is special. held
// tells that steps inside of it failed, whose rows tell why.
func (s *stepView) note(held bool) string {
	var parts []string
	if s.isLoop() {
		parts = append(parts, s.items.words())
	}
	if s.status != event.StatusCompleted && !held {
		if why := s.why(); why != "" && why != s.status.String() {
			why, _, _ = strings.Cut(why, "\n")
			parts = append(parts, shorten(why, maxNote))
		}
	}
	if s.attempts > 1 {
		parts = append(parts, count(s.attempts, "attempt"))
	}
	if s.tolerated {
		parts = append(parts, "tolerated")
	}
	if s.phase != event.Main {
		parts = append(parts, string(s.phase))
	}
	return strings.Join(parts, ", ")
}

// toldWhole reports whether note has the whole reason.
func (s *stepView) toldWhole() bool {
	why := s.why()
	return len([]rune(why)) <= maxNote && !strings.Contains(why, "\n")
}

func pad(b []byte, n int) []byte {
	for ; n > 0; n-- {
		b = append(b, ' ')
	}
	return b
}
