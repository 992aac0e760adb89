package main

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/failpoint"
)

const pointed = `version: 1
name: pointed
defaults: {grace_period: 50ms}
steps:
  - {id: one, exec: [sh, step, begin, done]}
  - {id: gate, approval: "Go on?", exec: [sh, step, begin, done]}
  - {id: wipe, effect: destroy, exec: [sh, step, begin, done], rollback: {exec: [sh, step, begin, done]}}
  - {id: any_broken, idempotent: true, exec: [sh, step, begin, exit=1]}
finally:
  - {id: any_tidy, exec: [sh, step, begin, done]}
`

// An engine that is killed at each moment at which it writes something down,
// brings it to the disk or starts a process, and one that is killed there while
// it goes on with the run, leave what is gone on with to the same end.
func TestKilledAtEachPoint(t *testing.T) {
	flags := []string{"--approve", "gate", "--durability", "strict"} // so that each record has a sync of its own
	want, _ := endingOf(t, pointed, flags)
	for _, at := range []struct {
		point  failpoint.Point
		stride int // of which each is taken where there is little time
	}{
		{failpoint.Creating, 1}, {failpoint.Naming, 1}, {failpoint.Named, 1},
		{failpoint.Appending, 2}, {failpoint.Appended, 2}, {failpoint.Syncing, 5}, {failpoint.Synced, 5},
		{failpoint.Forking, 1}, {failpoint.Forked, 2}, {failpoint.Entered, 2},
	} {
		t.Run(string(at.point), func(t *testing.T) {
			t.Parallel()
			stride := at.stride
			if *soak {
				stride = 1
			}
			for n, reached := 1, true; reached; n += stride {
				if !t.Run(fmt.Sprint(n), func(t *testing.T) {
					reached = killedAt(t, fatal(at.point, n), flags, want)
				}) {
					return
				}
			}
		})
	}
}

// killedAt has the first engine and the next one killed at a point, and reports
// whether the first one came there.
func killedAt(t *testing.T, point string, flags []string, want ending) (reached bool) {
	s := newScene(t, pointed)
	e := s.apply([]string{point}, flags...)
	s.over(e)
	s.lawful()
	if reached = e.killed(); !reached {
		if e.code() != 1 {
			t.Errorf("exit code %d, want 1", e.code())
		}
		s.endsLike(want)
		return false
	}
	if s.id != uuid.Nil {
		answers := append(s.decisions(), flags...)
		s.over(s.resume([]string{point}, answers...))
		s.lawful()
	}
	s.endWith(flags, 1, nil, 0)
	s.endsLike(want)
	return true
}
