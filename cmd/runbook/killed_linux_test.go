package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
)

// The runbooks that engines are killed in. Steps whose id begins with "any" may
// be done any number of times.
const mixed = `version: 1
name: mixed
strategy: {type: dependency_graph, max_concurrency: 4}
defaults: {grace_period: 50ms}
steps:
  - {id: one, exec: [sh, step, begin, nap=0.003, done]}
  - {id: two, exec: [sh, step, begin, nap=0.008, done]}
  - {id: any_three, idempotent: true, exec: [sh, step, begin, nap=0.005, done]}
  - {id: any_four, effect: read, exec: [sh, step, begin, done]}
  - {id: count, depends_on: [one], exec: [sh, step, begin, echo=42, done], outputs: {n: int(stdout)}}
  - {id: flaky, depends_on: [any_three], retry: {times: 3, delay: 5ms}, exec: [sh, step, begin, flaky, nap=0.002, done]}
  - {id: wipe, effect: destroy, depends_on: [two], exec: [sh, step, begin, nap=0.002, done]}
  - {id: escaped, exec: [sh, step, begin, escape, escape=bare, nap=0.004, done]}
  - {id: stubborn, exec: [sh, step, ignore, begin, nap=0.006, done]}
  - id: each
    foreach: {in: ["a", "b", "c", "d", "e"], max_concurrency: 2}
    depends_on: [count]
    exec: [sh, step, begin, nap=0.002, done]
  - {id: any_guarded, unless: {exec: [sh, step, exists=guarded]}, exec: [sh, step, begin, done, touch=guarded]}
  - {id: any_never, if: 1 == 2, exec: [sh, step, begin, done]}
  - {id: tolerated, continue_on_error: true, exec: [sh, step, begin, exit=3]}
  - {id: held, lock: scene, depends_on: [one], exec: [sh, step, begin, done]}
  - {id: uses_count, depends_on: [wipe], env: {N: "${{ steps.count.outputs.n }}"}, exec: [sh, step, begin, done]}
  - {id: gate, approval: "Go on?", depends_on: [uses_count, each, flaky], exec: [sh, step, begin, nap=0.002, done]}
  - {id: after_one, depends_on: [gate], exec: [sh, step, begin, done]}
  - {id: after_two, depends_on: [gate], exec: [sh, step, begin, nap=0.003, done]}
  - {id: any_last, idempotent: true, depends_on: [after_one, after_two], exec: [sh, step, begin, done]}
finally:
  - {id: any_tidy, exec: [sh, step, begin, done]}
`

const undone = `version: 1
name: undone
defaults: {grace_period: 50ms}
steps:
  - {id: one, exec: [sh, step, begin, nap=0.002, done], rollback: {exec: [sh, step, begin, nap=0.002, done]}}
  - id: each
    foreach: {in: ["a", "b", "c"], max_concurrency: 2}
    exec: [sh, step, begin, nap=0.002, done]
    rollback: {exec: [sh, step, begin, nap=0.002, done]}
  - {id: any_two, idempotent: true, exec: [sh, step, begin, done]}
  - {id: three, retry: 2, exec: [sh, step, begin, flaky, done], rollback: {exec: [sh, step, begin, done]}}
  - {id: four, exec: [sh, step, begin, nap=0.002, done], rollback: {retry: 1, exec: [sh, step, begin, nap=0.001, done]}}
  - {id: any_broken, idempotent: true, exec: [sh, step, begin, exit=1]}
  - {id: never, exec: [sh, step, begin, done]}
on_failure:
  - {id: any_page, exec: [sh, step, begin, nap=0.002, done]}
finally:
  - {id: any_tidy, exec: [sh, step, begin, done]}
`

// stories are the runbooks, and the flags without which they would not end.
var stories = []struct {
	name, text string
	resume     []string
	code       int // of the end
}{
	{"mixed", mixed, []string{"--approve", "gate"}, 0},
	{"undone", undone, nil, 1},
}

// endingOf is what a story comes to when nobody is killed, and how many events
// it takes.
func endingOf(t *testing.T, text string, flags []string) (ending, int) {
	t.Helper()
	s := newScene(t, text)
	e := s.apply(nil, flags...)
	s.over(e)
	s.lawful()
	return s.ending(), len(e.events)
}

// An engine that is killed at any moment, and the next one, and the one after
// that, leave a run that is gone on with to its end.
func TestKilledAtAnyMoment(t *testing.T) {
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			want, events := endingOf(t, story.text, story.resume)
			rounds(t, 12, func(t *testing.T, random *rand.Rand) {
				s := newScene(t, story.text)
				s.endWith(story.resume, story.code, func(e *engine) {
					e.reached(random.IntN(events))
					time.Sleep(time.Duration(random.IntN(4000)) * time.Microsecond)
					e.kill()
				}, 1+random.IntN(4))
				s.endsLike(want)
			})
		})
	}
}

// endWith takes the run to its end, while so many of its engines are killed. The
// laws are looked at after each of them.
func (s *scene) endWith(flags []string, code int, kill func(*engine), kills int) {
	s.t.Helper()
	answers := flags
	for n := 0; ; n++ {
		if n > kills+20 {
			s.t.Fatal("the run comes to no end")
		}
		var e *engine
		switch {
		case s.id == uuid.Nil && n == 0:
			e = s.apply(nil) // without an answer to what it asks
		case s.id == uuid.Nil:
			e = s.apply(nil, flags...)
		default:
			e = s.resume(nil, answers...)
		}
		if n < kills {
			kill(e)
		}
		s.over(e)
		s.lawful()
		if s.t.Failed() {
			s.t.FailNow()
		}
		answers = flags
		switch {
		case e.killed(), e.code() == exitPaused:
		case e.code() == exitUndecided:
			answers = append(s.decisions(), flags...)
		case e.code() == code:
			return
		default:
			s.t.Fatalf("exit code %d, want %d", e.code(), code)
		}
	}
}
