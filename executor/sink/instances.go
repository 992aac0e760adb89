package sink

import (
	"fmt"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
)

// tally counts the instances of a step with foreach by how they ended.
type tally struct {
	total     int
	completed int
	failed    int // timeouts among them
	tolerated int
	cancelled int
	skipped   int
}

func (t *tally) add(s *stepView) {
	switch s.status {
	case event.StatusCompleted:
		t.completed++
	case event.StatusFailed, event.StatusTimeout:
		t.failed++
		if s.tolerated {
			t.tolerated++
		}
	case event.StatusCancelled:
		t.cancelled++
	case event.StatusSkipped:
		t.skipped++
	}
}

// words are the counts for a row: 2 of 3 completed, 1 failed.
func (t *tally) words() string {
	if t.completed == t.total {
		return count(t.total, "item")
	}
	text := fmt.Sprintf("%d of %d completed", t.completed, t.total)
	for _, n := range []struct {
		n    int
		word string
	}{{t.failed, "failed"}, {t.cancelled, "cancelled"}, {t.skipped, "skipped"}} {
		if n.n > 0 {
			text += fmt.Sprintf(", %d %s", n.n, n.word)
		}
	}
	return text
}

// isLoop reports whether the step is known to have items.
func (s *stepView) isLoop() bool { return s.items != nil && s.items.total > 0 }

// isInner reports whether an id is that of an instance, or of a step inside of
// one: they are told of with the step of the runbook that they belong to.
func isInner(id string) bool { return strings.IndexByte(id, '[') >= 0 }

// outer is the step of the runbook that an id belongs to.
func outer(id string) string {
	id, _, _ = strings.Cut(id, "[")
	return id
}

// holders are the ids that have one of the steps inside of them: restart, for
// restart[blue]; drain and drain[blue], for drain[blue]/stop.
func holders(steps []*stepView) map[string]bool {
	held := map[string]bool{}
	for _, s := range steps {
		for i := 0; i < len(s.id); i++ {
			switch {
			case s.id[i] == '[':
				held[s.id[:i]] = true
			case s.id[i] == ']' && i+1 < len(s.id):
				held[s.id[:i+1]] = true
			}
		}
	}
	return held
}
