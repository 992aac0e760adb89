package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
)

// A simulation drives a machine through a scenario in virtual time. Of what
// falls on the same moment, ends of attempts come first, in the order of the
// nodes, then answers, then requests, then ticks.
type simulation struct {
	*scenario
	t       rapid.TB
	m       *Machine
	now     time.Duration
	free    int
	running map[Node]*attempt
	asking  map[Node]*asking
	times   map[string]int // how often each probe was asked
	asked   bool           // during the last Handle something was asked, or under way before
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

// asking is a probe that runs or a lock that is asked for.
type asking struct {
	probe   *Probe // nil: a lock
	answers []answer
}

func simulate(t rapid.TB, s *scenario, m *Machine, after func(*simulation)) *simulation {
	sim := &simulation{
		scenario: s, t: t, m: m, free: s.slots,
		running: map[Node]*attempt{}, asking: map[Node]*asking{}, times: map[string]int{}, after: func(Input) {},
	}
	if after != nil {
		sim.after = func(Input) { after(sim) }
	}
	sim.handle(Begin{})
	for {
		if sim.fill(); !sim.ended && !sim.step() {
			t.Fatalf("the run hangs after\n%s", strings.Join(sim.trace, "\n"))
		}
		if !sim.ended {
			continue
		}
		if m.Status() != event.StatusPaused || len(sim.requests) == 0 {
			break
		}
		sim.ended = false
		sim.request()
	}
	if len(sim.running) > 0 || len(sim.asking) > 0 {
		t.Fatalf("the run ended while attempts ran: %v or something was asked: %v", sim.running, sim.asking)
	}
	failure := ""
	if n, ok := m.Failure(); ok {
		failure = m.StepID(n)
	}
	sim.say(fmt.Sprintf("failure %q, of a handler: %t", failure, m.HandlerFailed()))
	return sim
}

// allNodes is every node there is, what is inside one after it.
func allNodes(m *Machine) []Node {
	var list []Node
	var walk func([]Node)
	walk = func(nodes []Node) {
		for _, n := range nodes {
			list = append(list, n)
			walk(m.Inner(n))
		}
	}
	walk(nodesOf(m.plan))
	walk(m.Rollbacks())
	return list
}

// allGates is the gates of included runbooks.
func allGates(m *Machine) []Node {
	var list []Node
	for _, k := range m.blocks {
		for i := k.first; k.kind == gatesOf && i < k.first+k.size; i++ {
			list = append(list, m.node(i))
		}
	}
	return list
}

// fill gives the machine slots as long as it asks for them.
func (s *simulation) fill() {
	for s.free > 0 && !s.ended && s.m.WantsSlot() {
		before := len(s.running)
		said := len(s.trace)
		s.startNext()
		if len(s.running) == before && len(s.trace) == said && s.m.WantsSlot() {
			s.t.Fatalf("a slot was asked for and not used, and is asked for again")
		}
	}
	if !s.m.WantsSlot() {
		for _, e := range s.m.Handle(epoch.Add(s.now), SlotFree{}) {
			s.t.Fatalf("an unwanted slot had an effect: %+v", e)
		}
	}
}

// startNext uses a slot, or says that what is next cannot start.
func (s *simulation) startNext() {
	n, number, _ := s.m.Next(epoch.Add(s.now))
	if t := s.tryOf(nameOf(s.m, n), instanceOf(s.m, n), number); t.ending == NotStarted && t.early {
		s.handle(Finished{n, number, s.outcome(n, &attempt{number: number, started: s.now, try: t})})
		return
	}
	s.handle(SlotFree{})
}

// step lets the next thing happen.
func (s *simulation) step() bool {
	next, happens := time.Duration(-1), func() {}
	at := func(when time.Duration, what func()) {
		if when = max(when, s.now); next < 0 || when < next {
			next, happens = when, what
		}
	}
	nodes := allNodes(s.m)
	for _, n := range nodes {
		if a := s.running[n]; a != nil {
			at(a.end, func() { s.finish(n) })
		}
	}
	for _, n := range slices.Concat([]Node{Itself}, nodes, allGates(s.m)) {
		if a := s.asking[n]; a != nil {
			at(a.answers[0].at, func() { s.answer(n) })
		}
	}
	if len(s.requests) > 0 {
		at(s.requests[0].at, s.request)
	}
	if tick, waiting := s.m.NextTick(); waiting {
		at(tick.Sub(epoch), func() { s.handle(Tick{}) })
	}
	if next < 0 {
		return false
	}
	s.now = next
	happens()
	return true
}

func (s *simulation) request() {
	r := s.requests[0]
	s.requests = s.requests[1:]
	s.now = max(s.now, r.at)
	in := r.input(s.m)
	paused := s.m.Status() == event.StatusPaused
	s.handle(in)
	if paused && s.m.Status() == event.StatusPaused {
		s.ended = true
	}
}

func (s *simulation) name(n Node) string { return nameOf(s.m, n) }

// nameOf is the id of a node, told apart from that of its rollback.
func nameOf(m *Machine, n Node) string {
	switch {
	case n == Itself:
		return "run"
	case n.Phase == event.Rollback:
		return "undo:" + m.StepID(n)
	}
	return m.StepID(n)
}

// instanceOf is the number of an instance, or of the one that is rolled back,
// among those of its foreach.
func instanceOf(m *Machine, n Node) int {
	i, _ := m.index(n)
	if j := m.nodes[i].job; j != nil && j.undoes >= 0 {
		i = int(j.undoes)
	}
	if j := m.nodes[i].job; j != nil {
		return j.index
	}
	return 0
}

func (s *simulation) finish(n Node) {
	a := s.running[n]
	delete(s.running, n)
	s.free++
	for _, wrong := range []Input{
		Finished{n, a.number + 1, Outcome{}}, Finished{n, a.number + 1, Outcome{Ending: NotStarted}}, Finished{n, 0, Outcome{}}, Finished{Node{Phase: n.Phase, Index: 99}, 1, Outcome{}}, Finished{Node{Phase: "none"}, 1, Outcome{}},
		Probed{Node: n, Yes: true}, Locked{n}, LockBusy{Node: n}, LockWaits{Node: n}, Approve{Node: n}, Reject{Node: n}, Probed{Node: Node{Job: 999}},
	} {
		for _, e := range s.m.Handle(epoch.Add(s.now), wrong) {
			s.t.Fatalf("%T for a node that does not wait for it had an effect: %+v", wrong, e)
		}
	}
	s.handle(Finished{n, a.number, s.outcome(n, a)})
}

// outcome is how an attempt ended that ends now.
func (s *simulation) outcome(n Node, a *attempt) Outcome {
	o := Outcome{
		Ending: a.try.ending, ExitCode: a.try.code, Reason: a.try.reason,
		StartedAt: epoch.Add(a.started), EndedAt: epoch.Add(s.now), Duration: s.now - a.started,
		LogPath: fmt.Sprintf("%s.%d.log", n.Phase, a.number),
		Outputs: event.Values{"big": 2_000_000, "half": 0.5, "step": s.m.StepID(n), "list": []any{a.number, nil}},
	}
	if yes := a.try.retry == "yes"; a.try.retry != "" {
		o.RetryIf = &yes
	}
	if a.stopped {
		o.Ending, o.ExitCode, o.Reason, o.Signal = Stopped, -1, "", "SIGTERM"
	}
	return o
}

// answer gives the machine the next answer to what a node has asked.
func (s *simulation) answer(n Node) {
	a := s.asking[n]
	next := a.answers[0]
	if a.answers = a.answers[1:]; len(a.answers) == 0 {
		delete(s.asking, n)
	}
	s.handle(next.input(n, a.probe))
}

func (s *simulation) handle(in Input) {
	var batch []event.Event
	starts := 0
	s.asked = len(s.asking) > 0
	for _, effect := range s.m.Handle(epoch.Add(s.now), in) {
		if s.ended {
			s.t.Fatalf("an effect after the end: %+v", effect)
		}
		switch e := effect.(type) {
		case Record:
			batch = append(batch, *e.Event)
			s.say(traceEvent(*e.Event))
		case Start:
			if k := len(batch) - 1; k < 0 || batch[k].Type != event.Started || batch[k].Attempt != e.Attempt {
				s.t.Fatalf("%+v does not follow its record", e)
			}
			starts++
			s.start(e)
		case Stop:
			s.stop(e.Node, e.Attempt, "stop")
		case KillNow:
			s.stop(e.Node, e.Attempt, "kill")
		case Probe:
			s.probe(e)
		case Lock:
			s.lock(e)
		case Unlock:
			s.say("unlock " + s.name(e.Node))
			delete(s.asking, e.Node)
		case End:
			s.ended = true
		}
	}
	if _, ok := in.(SlotFree); starts > 1 || starts == 1 && !ok {
		s.t.Fatalf("%T%+v gave %d starts", in, in, starts)
	}
	s.batches = append(s.batches, batch)
	s.asked = s.asked || len(s.asking) > 0
	s.after(in)
}

func (s *simulation) start(e Start) {
	if s.running[e.Node] != nil || s.asking[e.Node] != nil {
		s.t.Fatalf("%v was started while it ran or was asked something", e.Node)
	}
	t := s.tryOf(nameOf(s.m, e.Node), instanceOf(s.m, e.Node), e.Attempt)
	s.running[e.Node] = &attempt{number: e.Attempt, started: s.now, end: s.now + t.took, try: t}
	s.free--
}

func (s *simulation) stop(n Node, number int, word string) {
	s.say(fmt.Sprintf("%s %s#%d", word, s.name(n), number))
	if ask := s.asking[n]; number == 0 {
		if ask == nil || ask.probe == nil {
			s.t.Fatalf("%s for a probe of %v, which does not run", word, n)
		}
		ask.answers[0].at = s.now
		return
	}
	a := s.running[n]
	if a == nil || a.number != number {
		s.t.Fatalf("%s for attempt %d of %v, which does not run", word, number, n)
	}
	takes := time.Duration(0)
	if word == "stop" {
		takes = a.try.stop
	}
	if end := s.now + takes; end < a.end {
		a.end, a.stopped = end, true
	}
}

func (s *simulation) probe(e Probe) {
	if e.Probe == nil || s.asking[e.Node] != nil {
		s.t.Fatalf("%+v while another is under way, or of nothing", e)
	}
	key := fmt.Sprintf("%s %s %d", s.name(e.Node), e.Which, e.Index)
	s.say("probe " + key)
	a := s.probeAnswer(key, s.times[key])
	s.times[key]++
	a.at += s.now
	s.asking[e.Node] = &asking{&e, []answer{a}}
}

func (s *simulation) lock(e Lock) {
	if e.Name == "" || s.asking[e.Node] != nil {
		s.t.Fatalf("%+v while something is asked, or without a name", e)
	}
	s.say("lock " + s.name(e.Node))
	answers := s.lockAnswers(s.name(e.Node), e.Wait > 0)
	for k := range answers {
		answers[k].at += s.now
	}
	s.asking[e.Node] = &asking{nil, answers}
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
	case event.RunPaused, event.RunResumed:
		return line
	}
	if line += " "; e.Phase == event.Rollback {
		line += "undo:"
	}
	if line += e.StepID; e.StepID == "" {
		line += "run"
	}
	if e.Attempt > 0 {
		line += fmt.Sprintf("#%d", e.Attempt)
	}
	if e.Reason != "" {
		line += " " + string(e.Reason)
	}
	if e.Tolerated {
		line += " tolerated"
	}
	switch e.Type {
	case event.Retrying:
		line += fmt.Sprintf(" after %v", e.Delay)
	case event.Expanded:
		line += fmt.Sprintf(" %d", len(e.Items))
	case event.ApprovalRequested:
		line += fmt.Sprintf(" %d", e.Count)
	}
	return line
}
