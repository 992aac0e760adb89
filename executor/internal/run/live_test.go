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
	requests chan request
	answers  chan liveAnswer
	attempts map[Node]*liveAttempt
	locking  map[Node]int   // how often a lock was let go of; answers from before do not count
	times    map[string]int // how often each probe was asked
	free     int
	events   []event.Event
	done     bool
}

type liveAttempt struct{ stop, kill chan struct{} }

type liveAnswer struct {
	in      Input
	node    Node
	locking int
}

func runLive(s *scenario) *live {
	l := &live{
		scenario: s, m: s.machine(), free: s.slots, attempts: map[Node]*liveAttempt{},
		ended: make(chan Finished), requests: make(chan request, len(s.requests)), answers: make(chan liveAnswer, 10_000),
		locking: map[Node]int{}, times: map[string]int{},
	}
	for _, r := range s.requests {
		time.AfterFunc(r.at, func() { l.requests <- r })
	}
	timer := time.NewTimer(time.Hour)
	l.carryOut(Begin{})
	for !l.done {
		for l.free > 0 && l.m.WantsSlot() {
			l.startNext()
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
		case r := <-l.requests:
			l.carryOut(r.input(l.m))
		case a := <-l.answers:
			if a.locking == l.locking[a.node] {
				l.carryOut(a.in)
			}
		case <-timer.C:
			l.carryOut(Tick{})
		}
	}
	return l
}

func (l *live) startNext() {
	n, number, _ := l.m.Next(time.Now())
	if t := l.tryOf(nameOf(l.m, n), instanceOf(l.m, n), number); t.ending == NotStarted && t.early {
		l.carryOut(Finished{n, number, t.outcome(time.Now())})
		return
	}
	l.carryOut(SlotFree{})
}

// outcome is what comes of a try that is let alone.
func (t try) outcome(began time.Time) Outcome {
	o := Outcome{Ending: t.ending, ExitCode: t.code, Reason: t.reason, StartedAt: began}
	if yes := t.retry == "yes"; t.retry != "" {
		o.RetryIf = &yes
	}
	return o
}

func (l *live) carryOut(in Input) {
	for _, effect := range l.m.Handle(time.Now(), in) {
		switch e := effect.(type) {
		case Record:
			l.events = append(l.events, *e.Event)
		case Start:
			l.free--
			a := &liveAttempt{make(chan struct{}), make(chan struct{})}
			l.attempts[e.Node] = a
			go l.attempt(e, a, l.tryOf(nameOf(l.m, e.Node), instanceOf(l.m, e.Node), e.Attempt))
		case Stop:
			if e.Attempt > 0 {
				close(l.attempts[e.Node].stop)
			}
		case KillNow:
			if e.Attempt > 0 {
				close(l.attempts[e.Node].kill)
			}
		case Probe:
			l.probe(e)
		case Lock:
			l.lock(e)
		case Unlock:
			l.locking[e.Node]++
		case End:
			l.done = true
		}
	}
}

func (l *live) later(n Node, a answer, in Input) {
	told := liveAnswer{in, n, l.locking[n]}
	time.AfterFunc(a.at, func() { l.answers <- told })
}

func (l *live) probe(e Probe) {
	key := fmt.Sprintf("%s %s %d", nameOf(l.m, e.Node), e.Which, e.Index)
	a := l.probeAnswer(key, l.times[key])
	l.times[key]++
	l.later(e.Node, a, a.input(e.Node, &e))
}

func (l *live) lock(e Lock) {
	for _, a := range l.lockAnswers(nameOf(l.m, e.Node), e.Wait > 0) {
		l.later(e.Node, a, a.input(e.Node, nil))
	}
}

func (l *live) attempt(s Start, a *liveAttempt, t try) {
	began := time.Now()
	o := t.outcome(began)
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
			s.slots, s.plan.MaxConcurrency, s.plan.StopOnError = 100, 0, false
			s.requests = []request{{60 * ms, "unattended", ""}}
			for _, steps := range [][]plan.Step{s.plan.Steps, s.plan.OnFailure, s.plan.Finally} {
				withoutRaces(steps)
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

// withoutRaces takes from steps what lets the order of things at one moment
// decide.
func withoutRaces(steps []plan.Step) {
	for i := range steps {
		step := &steps[i]
		if step.Retry != nil {
			step.Retry.MaxElapsed = plan.Value{}
		}
		if step.Foreach != nil {
			step.Foreach.MaxConcurrency = 1
		}
		if step.Body != nil {
			step.Body.StopOnError, step.Body.MaxConcurrency = false, 0
			withoutRaces(step.Body.Steps)
		}
	}
}
