package main

import (
	"os"
	"testing"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/failpoint"
)

const askedOf = `version: 1
name: asked
strategy: parallel
steps:
  - {id: any_slow, idempotent: true, exec: [sh, step, begin, await=go, done]}
  - {id: gate, approval: "Go on?", exec: [sh, step, begin, done]}
`

// What was asked of an engine that is killed right then is not lost: an answer
// holds for the one that goes on, and is given once. That the dead one was to end
// is no wish about the next.
func TestKilledWhileAsked(t *testing.T) {
	for name, test := range map[string]struct {
		ask   []string
		point string
		flags []string // what the resume must be told besides
	}{
		"before an answer is recorded":     {[]string{"approve", "asked", "gate"}, fatal(failpoint.Appending, 4), nil},
		"when it is recorded":              {[]string{"approve", "asked", "gate"}, fatal(failpoint.Appended, 4), nil},
		"before the answer is removed":     {[]string{"approve", "asked", "gate"}, fatal(failpoint.Answered, 1), nil},
		"before a cancel is recorded":      {[]string{"cancel", "asked"}, fatal(failpoint.Appending, 4), []string{"--approve", "gate"}},
		"before the cancel is removed too": {[]string{"cancel", "asked"}, fatal(failpoint.Answered, 1), []string{"--approve", "gate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, askedOf)
			e := s.apply([]string{test.point})
			e.until(event.Started, "any_slow")
			ask := s.start(nil, append(test.ask, "--state-dir", "state")...)
			if ask.code() != 0 {
				t.Fatalf("%q: %s", test.ask, ask.stderr.String())
			}
			if !e.killed() {
				t.Fatal("it was not killed")
			}
			s.over(e)
			if left, err := os.ReadDir(s.run().Requests()); err != nil || len(left) != 1 {
				t.Fatalf("left of what was asked: %v, %v", left, err)
			}
			if err := os.WriteFile(s.path("go"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			next := s.resume(nil, test.flags...)
			if next.code() != 0 {
				t.Errorf("exit code %d, want 0\n%s", next.code(), next.stderr.String())
			}
			s.over(next)
			done, answered := 0, 0
			for _, e := range s.effects() {
				if e.word == "done" && e.step == "gate" {
					done++
				}
			}
			for _, e := range s.events() {
				if e.Type == event.ApprovalGranted && !e.Kept {
					answered++
				}
			}
			if done != 1 || answered != 1 {
				t.Errorf("gate was done %d times and approved %d times, want 1 and 1", done, answered)
			}
			if left, _ := os.ReadDir(s.run().Requests()); len(left) > 0 {
				t.Errorf("it is left: %v", left)
			}
		})
	}
}
