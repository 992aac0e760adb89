package sink

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
)

// failures tells of the failures that decided something, with their last lines,
// and names those that were tolerated. A step that failed because of one inside
// of it is not told of again.
func (s *summary) failures(b []byte) ([]byte, []*stepView) {
	var counted, tolerated, all []*stepView
	main := 0 // of counted: in the main phase
	for _, step := range append(append([]*stepView(nil), s.steps...), s.undo...) {
		if !step.bad() {
			continue
		}
		all = append(all, step)
		switch {
		case s.held[step.id] && step.phase != event.Rollback:
		case step.tolerated && step.toldInTable() && !s.opt.Quiet:
		case step.tolerated:
			tolerated = append(tolerated, step)
		case step.toldInTable() && !s.opt.Quiet:
		default:
			counted = append(counted, step)
			if step.phase == event.Main {
				main++
			}
		}
	}
	for _, step := range counted[:min(len(counted), maxFailed)] {
		b = s.failure(b, step, main > 1 && step == s.decisive())
	}
	if more := len(counted) - maxFailed; more > 0 {
		b = append(b, fmt.Sprintf("\nand %s\n", count(more, "more failure"))...)
	}
	if len(tolerated) > 0 {
		b = s.tolerated(append(b, '\n'), tolerated)
	}
	return b, all
}

// toldInTable reports whether the table told all there is to tell of a step.
func (s *stepView) toldInTable() bool {
	return s.phase != event.Rollback && s.toldWhole() && len(s.tail.lines) == 0 && s.log == ""
}

// decisive is the failure that decided the run.
func (s *summary) decisive() *stepView {
	first := s.run.first
	if first == nil || !s.held[first.id] {
		return first
	}
	for _, step := range s.run.order {
		if step.bad() && !step.tolerated && !s.held[step.id] && strings.HasPrefix(step.id, first.id) {
			return step
		}
	}
	return first
}

// failure tells what is known of a failed step: why, its last lines, its log.
func (s *summary) failure(b []byte, step *stepView, first bool) []byte {
	b = append(b, '\n')
	b = s.id(b, step.id)
	b = append(b, ' ')
	word := "failed"
	if step.status == event.StatusTimeout {
		word = "timed out"
	}
	if step.phase == event.Rollback {
		word = "rollback " + word
	}
	if first {
		word += " first"
	}
	b = s.red(b, word)
	why := step.why()
	if why != "" && (s.opt.Quiet || step.phase == event.Rollback || !step.toldWhole()) {
		b = append(b, ": "+Escape(strings.TrimRight(why, "\n"))...)
	}
	if step.attempts > 1 && s.opt.Quiet {
		b = append(b, ", "+count(step.attempts, "attempt")...)
	}
	b = append(b, '\n')
	for _, line := range step.lastLines() {
		b = s.dim(append(b, "  "...), "| ")
		b = s.text.append(b, line)
		b = append(b, '\n')
	}
	if step.log != "" {
		b = append(b, "  log: "+Escape(step.log)+"\n"...)
	}
	return b
}

// tolerated names the failures that let the run go on, each with where to read
// more.
func (s *summary) tolerated(b []byte, steps []*stepView) []byte {
	for i, step := range steps {
		if i == maxFailed {
			return append(b, fmt.Sprintf("and %s\n", count(len(steps)-i, "more failure")+" tolerated")...)
		}
		b = s.id(b, step.id)
		b = append(b, ' ')
		b = s.yellow(b, "failed, tolerated")
		why, _, _ := strings.Cut(step.why(), "\n")
		if why != "" && s.opt.Quiet {
			b = append(b, ": "+Escape(why)...)
		}
		if step.log != "" {
			b = append(b, "; log: "+Escape(step.log)...)
		}
		b = append(b, '\n')
	}
	return b
}

// lastLines are the last lines the step wrote. They come from its log, because
// the console may have missed output that came too fast; from the events where
// there is no log to read.
func (s *stepView) lastLines() []string {
	if s.log != "" {
		if lines := logTail(s.log); lines != nil {
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
