package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
)

// The laws of a run that is kept. Whatever is done to the engine, and whenever:
//
//  1. What anybody was told is in the journal.
//  2. Nothing is recorded as completed that has not had its effect.
//  3. Nothing has an effect that was not recorded as started.
//  4. What is not idempotent has its effect once, and once more for each time
//     that it was undone.
//  5. Interrupted is what was started and did not end, and nothing else. An engine
//     that goes on says so of steps; of handlers and rollbacks it need not, for
//     they run again at the new end.
//  6. A resumed run comes to the end that it would have come to.
//  7. When the lock of a run is free, no process of it is alive.
//  8. The journal can be read, and so can the list of runs.

// effectsFile is where steps write down what they really do.
const effectsFile = "effects"

// An effectLine is a line of the file of effects.
type effectLine struct{ word, phase, step, attempt string }

func (s *scene) effects() (all []effectLine) {
	s.t.Helper()
	text, _ := os.ReadFile(s.path(effectsFile))
	for line := range strings.Lines(string(text)) {
		var e effectLine
		if _, err := fmt.Sscan(line, &e.word, &e.phase, &e.step, &e.attempt); err != nil {
			s.t.Fatalf("the effects have a line %q", line)
		}
		all = append(all, e)
	}
	return all
}

// events are those of the journal.
func (s *scene) events() []event.Event {
	s.t.Helper()
	events, err := s.run().Events()
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // then the engine was killed before the first record
		s.t.Fatalf("law 8: %v", err)
	}
	return events
}

// lawful checks all that can be checked of a run that no engine has.
func (s *scene) lawful() {
	s.t.Helper()
	if s.id == uuid.Nil {
		if effects := s.effects(); len(effects) > 0 {
			s.t.Errorf("law 3: without a run there are effects: %v", effects)
		}
		return
	}
	s.settled()
	if alive := s.alive(); len(alive) > 0 {
		s.t.Errorf("law 7: the lock is free while these are alive: %q", alive)
	}
	events, effects := s.events(), s.effects()
	s.recordsToldOf(events)
	s.effectsMatch(events, effects)
	s.interruptedIsOpen(events)
	s.list()
	if _, err := s.run().Summary(); err != nil {
		s.t.Errorf("law 8: %v", err)
	}
}

// recordsToldOf is law 1.
func (s *scene) recordsToldOf(events []event.Event) {
	s.t.Helper()
	type record struct {
		seq     uint64
		typ     event.Type
		step    string
		attempt int
	}
	written := map[record]bool{}
	for _, e := range events {
		written[record{e.Seq, e.Type, e.StepID, e.Attempt}] = true
	}
	for _, told := range s.told {
		for _, e := range told.events {
			switch e.Type {
			case event.Stdout, event.Stderr, event.Progress, event.Warning, event.Dropped:
				continue
			}
			if told.id != uuid.Nil && !written[record{e.Seq, e.Type, e.StepID, e.Attempt}] {
				s.t.Errorf("law 1: somebody was told of record %d, %s %s, which is not in the journal", e.Seq, e.Type, e.StepID)
			}
		}
	}
}

// effectsMatch is laws 2, 3 and 4.
func (s *scene) effectsMatch(events []event.Event, effects []effectLine) {
	s.t.Helper()
	has := map[effectLine]int{}
	done, undone := map[string]int{}, map[string]int{}
	for _, e := range effects {
		has[e]++
		switch {
		case e.word == "done" && e.phase == "do":
			done[e.step]++
		case e.word == "begin" && e.phase == "undo":
			undone[e.step]++
		}
		if e.word == "begin" && has[e] > 1 {
			s.t.Errorf("law 4: attempt %s of %s (%s) was begun twice", e.attempt, e.step, e.phase)
		}
	}
	started := map[effectLine]bool{}
	for _, e := range events {
		phase := "do"
		if e.Phase == event.Rollback {
			phase = "undo"
		}
		line := effectLine{"done", phase, e.StepID, fmt.Sprint(e.Attempt)}
		switch {
		case e.Type == event.Started:
			line.word = "begin"
			started[line] = true
		case e.Type == event.Completed && e.Attempt > 0 && !e.Kept && e.Reason != event.ReasonMarkedDone && has[line] == 0:
			s.t.Errorf("law 2: attempt %d of %s (%s) is recorded as completed, and did nothing", e.Attempt, e.StepID, phase)
		}
	}
	for e := range has {
		if e.word == "begin" && !started[e] {
			s.t.Errorf("law 3: attempt %s of %s (%s) has an effect and no record", e.attempt, e.step, e.phase)
		}
	}
	for step, n := range done {
		if !strings.HasPrefix(step, "any") && n > 1+undone[step] {
			s.t.Errorf("law 4: %s was done %d times, and undone %d times", step, n, undone[step])
		}
	}
}

// attemptOf is an attempt of a step in a part of a run.
type attemptOf struct {
	step    string
	phase   event.Phase
	attempt int
}

// interruptedIsOpen is law 5: of the journal as it is, and of each engine that has
// gone on with it.
func (s *scene) interruptedIsOpen(events []event.Event) {
	s.t.Helper()
	open := map[attemptOf]bool{}
	var left, told []string // what the engine before left open, and what the next one said of that
	compare := func() {
		slices.Sort(left)
		slices.Sort(told)
		if !slices.Equal(left, told) {
			s.t.Errorf("law 5: left open were %q, told as interrupted %q", left, told)
		}
		left, told = nil, nil
	}
	for _, e := range events {
		key := attemptOf{e.StepID, e.Phase, e.Attempt}
		switch e.Type {
		case event.Started:
			open[key] = true
		case event.Retrying, event.Completed, event.Failed, event.Timeout, event.Cancelled:
			delete(open, key)
		case event.Interrupted:
			if !open[key] {
				s.t.Errorf("law 5: %v is told as interrupted, which was not open", key)
			}
			delete(open, key)
			told = append(told, fmt.Sprint(key))
		case event.RunResumed:
			left = append(left, told...)
			for key := range open {
				if key.phase == event.Main {
					left = append(left, fmt.Sprint(key))
					delete(open, key)
				}
			}
			compare()
		}
	}
	s.interruptedIsShown(events)
}

// interruptedIsShown is law 5, of what people are shown.
func (s *scene) interruptedIsShown(events []event.Event) {
	s.t.Helper()
	unknown := map[attemptOf]bool{}
	for _, e := range events {
		key := attemptOf{e.StepID, e.Phase, e.Attempt}
		switch e.Type {
		case event.Started:
			unknown[key] = true
		case event.Retrying, event.Completed, event.Failed, event.Timeout, event.Cancelled:
			delete(unknown, key)
		case event.Reset: // to be run again: it is as if it had not been
			for k := range unknown {
				if k.step == e.StepID && k.phase == event.Main {
					delete(unknown, k)
				}
			}
		}
	}
	kept := state.Summarize(events)
	kept.Interrupt()
	for _, step := range kept.Steps {
		if n := len(step.Attempts); n > 0 {
			last := attemptOf{step.ID, step.Phase, step.Attempts[n-1].Number}
			if is := step.Status == event.StatusInterrupted; is != unknown[last] {
				s.t.Errorf("law 5: %v shows as %v, and its end is unknown: %v", last, step.Status, unknown[last])
			}
		}
	}
}

// An ending is what a run has come to.
type ending map[string]string

func (s *scene) ending() ending {
	s.t.Helper()
	summary, err := s.run().Summary()
	if err != nil {
		s.t.Fatalf("law 8: %v", err)
	}
	all := ending{"": summary.Status.String()}
	for _, step := range summary.Steps {
		switch {
		case step.Phase == event.Rollback:
		case step.Reason == event.ReasonUnless: // done by an attempt whose engine was killed
			all[step.ID] = fmt.Sprint(event.StatusCompleted, step.Outputs)
		default:
			all[step.ID] = fmt.Sprint(step.Status, step.Outputs)
		}
	}
	done := map[string]int{}
	for _, e := range s.effects() {
		switch {
		case e.word == "done" && e.phase == "do":
			done[e.step] = 1
		case e.word == "done" && e.phase == "undo":
			done[e.step] = 0
		}
	}
	for step, n := range done {
		if n > 0 {
			all[step] += " done"
		}
	}
	return all
}

// endsLike is law 6.
func (s *scene) endsLike(want ending) {
	s.t.Helper()
	got := s.ending()
	for id, end := range want {
		if got[id] != end {
			s.t.Errorf("law 6: %q ended as %q, want %q", id, got[id], end)
		}
		delete(got, id)
	}
	if len(got) > 0 {
		s.t.Errorf("law 6: more has ended: %v", got)
	}
}

// alive are the processes of the scene: those that have the id of its run, or its
// folder for a mark.
func (s *scene) alive() (all []string) {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	mark := []byte("RUNBOOK_RUN_ID=" + s.id.String())
	for _, folder := range folders {
		environ, _ := os.ReadFile(folder + "/environ")
		line, _ := os.ReadFile(folder + "/cmdline")
		if bytes.Contains(environ, mark) || bytes.Contains(line, []byte(s.dir)) {
			all = append(all, filepath.Base(folder)+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return all
}
