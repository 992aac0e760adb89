package run

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
)

// A simulation drives a machine through a scenario in virtual time. Of what
// falls on the same moment, ends come first, in the order of the nodes, then
// requests, then ticks.
type simulation struct {
	*scenario
	t       rapid.TB
	m       *Machine
	nodes   []Node
	now     time.Duration
	free    int
	running map[Node]*attempt
	ended   bool

	trace   []string
	batches [][]event.Event // the records of each Handle
	after   func(in Input)  // called after each Handle
}

type attempt struct {
	number  int
	started time.Duration
	end     time.Duration
	try     try
	stopped bool
}

func simulate(t rapid.TB, s *scenario, m *Machine, after func(*simulation)) *simulation {
	sim := &simulation{
		scenario: s, t: t, m: m, nodes: nodesOf(s.plan), free: s.slots,
		running: map[Node]*attempt{}, after: func(Input) {},
	}
	if after != nil {
		sim.after = func(Input) { after(sim) }
	}
	sim.handle(Begin{})
	for sim.fill(); !sim.ended; sim.fill() {
		if !sim.step() {
			t.Fatalf("the run hangs after\n%s", strings.Join(sim.trace, "\n"))
		}
	}
	if len(sim.running) > 0 {
		t.Fatalf("the run ended while attempts ran: %v", sim.running)
	}
	return sim
}

// fill gives the machine slots as long as it asks for them.
func (s *simulation) fill() {
	for s.free > 0 && !s.ended && s.m.WantsSlot() {
		before := len(s.running)
		s.handle(SlotFree{})
		if len(s.running) == before && s.m.WantsSlot() {
			s.t.Fatalf("a slot was asked for and not used, and is asked for again")
		}
	}
	if !s.m.WantsSlot() {
		for _, e := range s.m.Handle(epoch.Add(s.now), SlotFree{}) {
			s.t.Fatalf("an unwanted slot had an effect: %+v", e)
		}
	}
}

// step lets the next thing happen.
func (s *simulation) step() bool {
	node, first := -1, time.Duration(0)
	for i, n := range s.nodes {
		if a := s.running[n]; a != nil && (node < 0 || a.end < first) {
			node, first = i, a.end
		}
	}
	tick, waiting := s.m.NextTick()
	due := max(tick.Sub(epoch), s.now)
	switch {
	case node >= 0 && (len(s.requests) == 0 || first <= s.requests[0].at) && (!waiting || first <= due):
		s.now = first
		s.finish(s.nodes[node])
	case len(s.requests) > 0 && (!waiting || s.requests[0].at <= due):
		r := s.requests[0]
		s.requests = s.requests[1:]
		s.now = max(s.now, r.at)
		s.handle(r.input())
	case waiting:
		s.now = due
		s.handle(Tick{})
	default:
		return false
	}
	return true
}

func (s *simulation) finish(n Node) {
	a := s.running[n]
	delete(s.running, n)
	s.free++
	for _, wrong := range []Finished{{n, a.number + 1, Outcome{}}, {n, 0, Outcome{}}, {Node{Phase: n.Phase, Index: 99}, 1, Outcome{}}, {Node{Phase: "none"}, 1, Outcome{}}} {
		for _, e := range s.m.Handle(epoch.Add(s.now), wrong) {
			s.t.Fatalf("the end of an attempt that does not run had an effect: %+v", e)
		}
	}
	o := Outcome{
		Ending: a.try.ending, ExitCode: a.try.code, Reason: a.try.reason,
		StartedAt: epoch.Add(a.started), EndedAt: epoch.Add(s.now), Duration: s.now - a.started,
		LogPath: fmt.Sprintf("%s.%d.log", n.Phase, a.number),
	}
	if a.stopped {
		o.Ending, o.ExitCode, o.Reason, o.Signal = Stopped, -1, "", "SIGTERM"
	}
	s.handle(Finished{n, a.number, o})
}

func (s *simulation) handle(in Input) {
	var batch []event.Event
	starts := 0
	for _, effect := range s.m.Handle(epoch.Add(s.now), in) {
		if s.ended {
			s.t.Fatalf("an effect after the end: %+v", effect)
		}
		switch e := effect.(type) {
		case Record:
			batch = append(batch, e.Event)
			s.say(traceEvent(e.Event))
		case Start:
			if k := len(batch) - 1; k < 0 || batch[k].Type != event.Started || batch[k].Attempt != e.Attempt {
				s.t.Fatalf("%+v does not follow its record", e)
			}
			starts++
			s.start(e)
		case Stop:
			s.stop(e.Node, e.Attempt, "stop", s.running[e.Node].try.stop)
		case KillNow:
			s.stop(e.Node, e.Attempt, "kill", 0)
		case End:
			s.ended = true
			failure := ""
			if n, ok := s.m.Failure(); ok {
				failure = s.plan.Steps[n.Index].ID
			}
			s.say(fmt.Sprintf("failure %q, of a handler: %t", failure, s.m.HandlerFailed()))
		}
	}
	if _, ok := in.(SlotFree); starts > 1 || starts == 1 && !ok {
		s.t.Fatalf("%T%+v gave %d starts", in, in, starts)
	}
	s.batches = append(s.batches, batch)
	s.after(in)
}

func (s *simulation) start(e Start) {
	if s.running[e.Node] != nil {
		s.t.Fatalf("%v was started while it ran", e.Node)
	}
	for i, n := range s.nodes {
		if n == e.Node {
			t := s.try(i, e.Attempt)
			s.running[n] = &attempt{number: e.Attempt, started: s.now, end: s.now + t.took, try: t}
		}
	}
	s.free--
}

func (s *simulation) stop(n Node, number int, word string, takes time.Duration) {
	a := s.running[n]
	if a == nil || a.number != number {
		s.t.Fatalf("%s for attempt %d of %v, which does not run", word, number, n)
	}
	s.say(fmt.Sprintf("%s %s#%d", word, s.plan.Phase(string(n.Phase))[n.Index].ID, number))
	if end := s.now + takes; end < a.end {
		a.end, a.stopped = end, true
	}
}

func (s *simulation) say(line string) { s.trace = append(s.trace, fmt.Sprintf("%v %s", s.now, line)) }

func (s *simulation) events() []event.Event {
	var all []event.Event
	for _, b := range s.batches {
		all = append(all, b...)
	}
	return all
}

// traceEvent is what of an event the oracle foretells.
func traceEvent(e event.Event) string {
	line := string(e.Type)
	switch e.Type {
	case event.RunStarted:
		return fmt.Sprintf("%s %d", line, e.Total)
	case event.RunCompleted:
		return fmt.Sprintf("%s %v %+v", line, e.Status, *e.Stats)
	case event.RunCancelling:
		return strings.TrimSpace(fmt.Sprintf("%s %s", line, e.Reason))
	}
	line += " " + e.StepID
	if e.Attempt > 0 {
		line += fmt.Sprintf("#%d", e.Attempt)
	}
	if e.Reason != "" {
		line += " " + string(e.Reason)
	}
	if e.Tolerated {
		line += " tolerated"
	}
	if e.Type == event.Retrying {
		line += fmt.Sprintf(" after %v", e.Delay)
	}
	return line
}
