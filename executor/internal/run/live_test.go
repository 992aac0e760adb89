package run

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// live drives a machine as an engine does: a goroutine for each attempt, one
// that owns the machine, and a timer. Its clock is that of the bubble it is in.
type live struct {
	*scenario
	m        *Machine
	ended    chan Finished
	requests chan Input
	attempts map[Node]*liveAttempt
	free     int
	events   []event.Event
	done     bool
}

type liveAttempt struct{ stop, kill chan struct{} }

func runLive(s *scenario) *live {
	l := &live{
		scenario: s, m: s.machine(), free: s.slots, attempts: map[Node]*liveAttempt{},
		ended: make(chan Finished), requests: make(chan Input, len(s.requests)),
	}
	for _, r := range s.requests {
		time.AfterFunc(r.at, func() { l.requests <- r.input() })
	}
	timer := time.NewTimer(time.Hour)
	l.carryOut(Begin{})
	for !l.done {
		for l.free > 0 && l.m.WantsSlot() {
			l.carryOut(SlotFree{})
		}
		timer.Stop()
		if due, ok := l.m.NextTick(); ok {
			timer.Reset(time.Until(due))
		}
		if l.done {
			break
		}
		select {
		case f := <-l.ended:
			l.free++
			l.carryOut(f)
		case in := <-l.requests:
			l.carryOut(in)
		case <-timer.C:
			l.carryOut(Tick{})
		}
	}
	return l
}

func (l *live) carryOut(in Input) {
	for _, effect := range l.m.Handle(time.Now(), in) {
		switch e := effect.(type) {
		case Record:
			l.events = append(l.events, e.Event)
		case Start:
			l.free--
			a := &liveAttempt{make(chan struct{}), make(chan struct{})}
			l.attempts[e.Node] = a
			for i, n := range nodesOf(l.plan) {
				if n == e.Node {
					go l.attempt(e, a, l.try(i, e.Attempt))
				}
			}
		case Stop:
			close(l.attempts[e.Node].stop)
		case KillNow:
			close(l.attempts[e.Node].kill)
		case End:
			l.done = true
		}
	}
}

func (l *live) attempt(s Start, a *liveAttempt, t try) {
	began := time.Now()
	o := Outcome{Ending: t.ending, ExitCode: t.code, Reason: t.reason, StartedAt: began}
	over := time.After(t.took)
	for asked := false; ; {
		select {
		case <-over:
		case <-a.stop:
			asked, a.stop = true, nil
			over = time.After(min(t.stop, t.took-time.Since(began)))
			continue
		case <-a.kill:
			asked = true
		}
		if asked && time.Since(began) < t.took {
			o = Outcome{Ending: Stopped, ExitCode: -1, StartedAt: began}
		}
		break
	}
	o.EndedAt, o.Duration = time.Now(), time.Since(began)
	l.ended <- Finished{s.Node, s.Attempt, o}
}

// TestLive runs random scenarios with goroutines. What falls on the same moment
// comes in any order there. The rules must hold all the same; and every other
// scenario is made such that the order cannot matter, and must end as in the
// simulation.
func TestLive(t *testing.T) {
	scenarios := rapid.Custom(drawScenario)
	for seed := range 300 {
		s := scenarios.Example(seed)
		same := seed%2 == 0
		if same {
			s.slots, s.plan.MaxConcurrency, s.plan.StopOnError, s.requests = 100, 0, false, nil
			for i := range s.plan.Steps {
				if r := s.plan.Steps[i].Retry; r != nil {
					r.MaxElapsed = plan.Value{}
				}
			}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := runLive(s)
				checkRules(t, s, l.m, l.events)
				if !same {
					return
				}
				sim := simulate(t, s, s.machine(), nil)
				if got, want := summary(l.m), summary(sim.m); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		})
	}
}
