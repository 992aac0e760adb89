package sink

import (
	"fmt"
	"io"
	"os"
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

// summary prints how each step ended, what is known of the failures, and the
// verdict as the last line.
func (c *Console) summary(r *runView) {
	f := c.out
	steps := c.ordered(r)
	if !c.opt.Quiet {
		f.buf = append(f.buf, '\n')
		f.buf = c.table(f.buf, steps, r.total > manySteps)
	}
	failures := 0
	for _, s := range steps {
		if s.bad() {
			if failures++; failures <= maxFailed {
				f.buf = c.failure(f.buf, s)
			}
		}
	}
	if more := failures - maxFailed; more > 0 {
		f.buf = append(f.buf, fmt.Sprintf("\nand %s\n", count(more, "more failure"))...)
	}
	if r.dropped > 0 {
		f.buf = append(f.buf, fmt.Sprintf("\n%s came too fast to be shown here; the logs have them\n", count(r.dropped, "line"))...)
	}
	if !c.opt.Quiet || r.status != event.StatusCompleted || failures > 0 {
		f.buf = append(f.buf, '\n')
		f.buf = c.verdict(f.buf, r, steps)
	}
}

// ordered is the steps of a run in the order of the runbook, handlers last.
func (c *Console) ordered(r *runView) []*stepView {
	place := make(map[string]int, len(c.opt.Steps))
	for i, s := range c.opt.Steps {
		place[s.ID] = i
	}
	at := func(s *stepView) int {
		if i, ok := place[s.id]; ok {
			return i
		}
		return len(place)
	}
	steps := append([]*stepView(nil), r.order...)
	sort.SliceStable(steps, func(i, j int) bool { return at(steps[i]) < at(steps[j]) })
	return steps
}

// table has a row for each step; of a large run, for those that did not complete.
func (c *Console) table(b []byte, steps []*stepView, large bool) []byte {
	idWidth := 0
	shown, left := rows(steps, large)
	for _, s := range shown {
		idWidth = max(idWidth, min(len(Escape(s.id)), maxIDWidth))
	}
	for _, s := range shown {
		b = append(b, "  "...)
		b = c.id(b, s.id)
		b = pad(b, max(idWidth-len(Escape(s.id)), 0)+2)
		word := s.status.String()
		b = c.status(b, s.status, word)
		taken := ""
		if s.result != nil && s.attempts > 0 {
			taken = brief(s.result.Duration)
		}
		note := s.note()
		if taken != "" || note != "" {
			b = pad(b, len("completed")-len(word)+8-len([]rune(taken)))
			b = append(b, taken...)
		}
		if note != "" {
			b = append(b, "  "...)
			b = append(b, Escape(note)...)
		}
		b = append(b, '\n')
	}
	if left > 0 {
		b = append(b, fmt.Sprintf("  and %d more skipped\n", left)...)
	}
	return b
}

// rows are the steps worth a row, and how many skipped ones were left out.
func rows(steps []*stepView, large bool) (shown []*stepView, left int) {
	if !large {
		return steps, 0
	}
	skipped := 0
	for _, s := range steps {
		switch s.status {
		case event.StatusCompleted:
			continue
		case event.StatusSkipped:
			if skipped++; skipped > maxSkipped {
				left++
				continue
			}
		}
		shown = append(shown, s)
	}
	return shown, left
}

// note is the rest of a row: why the step ended so, and what is special.
func (s *stepView) note() string {
	var parts []string
	if s.status != event.StatusCompleted {
		if why := s.why(); why != "" && why != s.status.String() {
			parts = append(parts, why)
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

// failure tells what is known of a failed step: why, its last lines, its log.
func (c *Console) failure(b []byte, s *stepView) []byte {
	b = append(b, '\n')
	b = c.id(b, s.id)
	b = append(b, ' ')
	word := "failed"
	if s.status == event.StatusTimeout {
		word = "timed out"
	}
	b = c.red(b, word)
	if why := s.why(); why != "" {
		b = append(b, ": "+Escape(why)...)
	}
	if s.attempts > 1 {
		b = append(b, ", "+count(s.attempts, "attempt")...)
	}
	if s.tolerated {
		b = append(b, ", tolerated"...)
	}
	b = append(b, '\n')
	for _, line := range s.lastLines() {
		b = c.dim(append(b, "  "...), "| ")
		b = c.text.append(b, line)
		b = append(b, '\n')
	}
	if s.result != nil && s.result.LogPath != "" {
		b = append(b, "  log: "+Escape(s.result.LogPath)+"\n"...)
	}
	return b
}

// lastLines are the last lines the step wrote. They come from its log, because
// the console may have missed output that came too fast; from the events where
// there is no log to read.
func (s *stepView) lastLines() []string {
	if s.result != nil && s.result.LogPath != "" {
		if lines := logTail(s.result.LogPath); lines != nil {
			return lines
		}
	}
	return s.tail.all()
}

// logTail is the last lines of a log; nil where it cannot be read.
func logTail(path string) []string {
	const most = 16 << 10
	log, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	from := max(0, info.Size()-most)
	end, err := io.ReadAll(io.NewSectionReader(log, from, info.Size()-from))
	if err != nil || len(end) == 0 {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(string(end), "\n"), "\n")
	if from > 0 && len(lines) > 1 {
		lines = lines[1:] // its beginning is cut off
	}
	lines = lines[max(0, len(lines)-tailLines):]
	for i, line := range lines {
		if len(line) > tailWidth {
			lines[i] = line[:tailWidth] + "…"
		}
	}
	return lines
}

// verdict is the last line: how the run ended, after how long, and the counts.
func (c *Console) verdict(b []byte, r *runView, steps []*stepView) []byte {
	name := r.name
	if name == "" {
		name = "run"
	}
	b = c.bold(b, Escape(name))
	b = append(b, ": "...)
	word := r.status.String()
	if r.status == event.StatusCancelled && r.signal != "" {
		word += " by " + r.signal
	}
	b = c.status(b, r.status, word)
	b = append(b, " in "+brief(r.endedAt.Sub(r.startedAt))...)
	if r.err != "" {
		b = append(b, ": "+Escape(r.err)...)
	}
	sep := ": "
	for _, n := range []struct {
		n    int
		word string
	}{
		{r.stats.Completed, "completed"}, {r.stats.Failed, "failed"}, {r.stats.Timeout, "timed out"},
		{r.stats.Cancelled, "cancelled"}, {r.stats.Skipped, "skipped"},
	} {
		if n.n > 0 {
			b = append(b, fmt.Sprintf("%s%d %s", sep, n.n, n.word)...)
			sep = ", "
		}
	}
	tolerated, handlers := 0, 0
	for _, s := range steps {
		if s.bad() && s.tolerated {
			tolerated++
		}
		if s.bad() && s.phase != event.Main && !s.tolerated {
			handlers++
		}
	}
	if tolerated > 0 {
		b = append(b, fmt.Sprintf("; %s tolerated", count(tolerated, "failure"))...)
	}
	if handlers > 0 {
		b = append(b, "; "...)
		b = c.red(b, count(handlers, "handler")+" failed")
	}
	return append(b, '\n')
}

func pad(b []byte, n int) []byte {
	for ; n > 0; n-- {
		b = append(b, ' ')
	}
	return b
}
