package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A resumption is what a scenario goes on from, and what was decided.
type resumption struct {
	journal           []event.Event
	rerun, keep, mark []string
	undo              bool
	edited, earlier   string // steps that are not as they were
	part              string // what of it, as in a fingerprint
}

// isEdited: what is said of a step may be because it was edited.
func (r *resumption) isEdited(id string) bool {
	return slices.ContainsFunc([]string{r.edited, r.earlier}, func(edited string) bool {
		return edited != "" && (id == edited || plan.Inside(id, edited) || plan.Inside(edited, id) ||
			plainOf(id) == edited || plan.Inside(plainOf(id), edited))
	})
}

// drawDurable is a scenario of a run that may be resumed. Some of its steps may
// be repeated.
func drawDurable(t *rapid.T) *scenario {
	s := drawScenario(t)
	s.durable = true
	s.requests = slices.DeleteFunc(s.requests, func(r request) bool { return r.kind == "abort" })
	for _, steps := range [][]plan.Step{s.plan.Steps, s.plan.OnFailure, s.plan.Finally} {
		s.drawEffects("", steps)
	}
	return s
}

func (s *scenario) drawEffects(prefix string, steps []plan.Step) {
	for i := range steps {
		step := &steps[i]
		id := prefix + step.ID
		step.Effect = []plan.Effect{plan.Read, plan.Write, plan.Write, plan.Destroy}[s.dice("effect "+id, 4)]
		step.Idempotent = s.dice("idempotent "+id, 5) == 0
		step.Command = plan.Exec("run", plan.Texts([]string{id}))
		if step.Body != nil {
			s.drawEffects(id+"/", step.Body.Steps)
		}
	}
}

// past is what the events say of a step, found without the machine.
type fact struct {
	state   string // "": nothing; completed, failed, interrupted
	undoing bool
	print   event.Fingerprint
	attempt int
	order   int // of the first start in its run that ran and was not undone; 0: none
}

// factsOf reads a journal, a step at a time.
func factsOf(journal []event.Event) map[string]fact {
	facts, epoch := map[string]fact{}, 0
	last := map[string]int{} // what order was before the last start
	for k, e := range journal {
		if e.Type == event.RunResumed {
			epoch = k
		}
		f, id := facts[e.StepID], e.StepID
		notStarted := e.Result != nil && e.Result.NotStarted
		switch {
		case e.StepID == "":
			continue
		case e.Phase == event.Rollback:
			if e.Type == event.Started && f.state != "" {
				f.undoing = true
			} else if e.Type == event.Completed {
				f = fact{}
			}
		case e.Phase != event.Main:
			continue
		case e.Type == event.RolledBack:
			f = fact{}
		case e.Type == event.Reset:
			for inner, g := range facts {
				if plan.Inside(inner, id) {
					facts[inner] = fact{order: g.order}
				}
			}
			f = fact{order: f.order}
		case e.Type == event.Started:
			last[id] = f.order
			if f.order <= epoch+1 || f.state != "failed" {
				f.order = k + 1
			}
			f = fact{state: "interrupted", print: e.Fingerprint, attempt: e.Attempt, order: f.order}
		case e.Attempt == 0 || e.Reason == event.ReasonInterrupted || e.Type == event.Retrying && f.state == "":
			continue
		case e.Type == event.Completed:
			f.state, f.undoing = "completed", f.undoing && e.Kept && e.Reason != event.ReasonMarkedDone
			if e.Fingerprint != nil {
				f.print = e.Fingerprint
			}
		case e.Type == event.Failed, e.Type == event.Timeout, e.Type == event.Cancelled, e.Type == event.Retrying:
			if notStarted && !e.Kept && f.attempt == e.Attempt && f.state == "interrupted" {
				f.order = last[id]
			}
			f.state = "failed"
			if f.order == 0 {
				f = fact{}
			}
		}
		facts[id] = f
	}
	return facts
}

// stepOf is what the plan says of something that the machine has a node for.
func stepsOf(m *Machine) map[string]*plan.Step {
	all := map[string]*plan.Step{}
	for _, n := range allNodes(m) {
		if n.Phase == event.Main {
			all[m.StepID(n)] = m.Step(n)
		}
	}
	return all
}

func (r *resumption) says(list []string, id string) bool { return slices.Contains(list, id) }

func mayRepeat(s *plan.Step) bool { return s.Effect == plan.Read || s.Idempotent || looksAgain(s) }

// looksAgain reports whether a probe can tell that the step is done.
func looksAgain(s *plan.Step) bool { return s.Unless != nil && s.Unless.Probe != nil }

// checkResumed looks for what must hold of a run that was resumed.
func checkResumed(t rapid.TB, s *scenario, sim *simulation) {
	m, events, before := sim.m, sim.events(), s.resumed.journal
	checkRules(t, s, m, events)
	facts, steps := factsOf(before), stepsOf(m)
	last := events[len(events)-1]
	reset, began, attempts := map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, e := range before {
		attempts[fmt.Sprintf("%s %s %d", e.Phase, e.StepID, e.Attempt)] = true
	}
	granted := map[string]bool{}
	for _, e := range before {
		if e.Type == event.ApprovalRequested || e.Type == event.ApprovalGranted {
			granted[e.StepID] = e.Type == event.ApprovalGranted
		}
	}
	for _, e := range events {
		id, f := e.StepID, facts[e.StepID]
		switch {
		case e.Type == event.RunCancelling && e.Reason == event.ReasonEngine:
			t.Fatalf("the run is stuck: %s", e.Error)
		case e.Type == event.ApprovalRequested && e.Phase == event.Main && granted[id] && !s.resumed.isEdited(id):
			t.Fatalf("%s was approved and is asked for again", id)
		case e.Type == event.Reset:
			reset[id] = e.Message
			if !s.resumed.says(s.resumed.rerun, id) && !s.resumed.says(s.resumed.rerun, plainOf(id)) && !mayRepeat(steps[id]) {
				t.Fatalf("%s is run again although that may do harm: %s", id, e.Message)
			}
			named := s.resumed.says(s.resumed.rerun, id) || s.resumed.says(s.resumed.rerun, plainOf(id))
			if f.state == "completed" && !f.undoing && !looksAgain(steps[id]) && !named && !s.resumed.isEdited(id) {
				t.Fatalf("%s is run again although nothing has changed: %s", id, e.Message)
			}
			if part := s.resumed.part; part != "" && id == s.resumed.edited && f.state == "completed" && !f.undoing && !named && !looksAgain(steps[id]) && !strings.Contains(e.Message, part) {
				t.Fatalf("%s is run again because %s, and not for %s", id, e.Message, part)
			}
		case e.Type == event.Started || e.Type == event.Retrying && e.Result.NotStarted:
			if key := fmt.Sprintf("%s %s %d", e.Phase, id, e.Attempt); e.Type == event.Started && attempts[key] {
				t.Fatalf("attempt %s was there before", key)
			}
			if e.Phase != event.Main {
				continue
			}
			why, ok := reset[id]
			for outer, because := range reset {
				if plan.Inside(id, outer) {
					why, ok = because, true
				}
			}
			if !ok && !began[id] && (f.state == "completed" || f.state == "interrupted" || f.undoing) && !needsUndone(s.plan, before, id) {
				t.Fatalf("%s was %s (undoing: %t) and is started again", id, f.state, f.undoing)
			}
			_ = why
			began[id] = true
		case e.Type == event.Completed && e.Kept && e.Phase == event.Main && e.Attempt > 0:
			// A run that only undoes tells how steps ended, whatever it undoes of them.
			if e.Reason != event.ReasonMarkedDone && (f.state != "completed" || f.undoing && !s.resumed.undo) {
				t.Fatalf("%s was %q and counts as completed", id, f.state)
			}
			if e.Reason != event.ReasonMarkedDone && !s.resumed.says(s.resumed.keep, id) && len(e.Fingerprint.Differs(f.print)) > 0 {
				t.Fatalf("%s has changed and is kept", id)
			}
		case e.Phase != event.Main && e.StepID != "" && last.Reason == event.ReasonUndecided:
			t.Fatalf("something must be decided, and %s %s ran", e.Phase, id)
		}
	}
	if m.Status() == event.StatusInterrupted {
		for _, d := range m.Undecided() {
			if f := facts[d.StepID]; d.Do != Decide || mayRepeat(steps[d.StepID]) || f.state != "interrupted" && !f.undoing && !s.resumed.isEdited(d.StepID) {
				t.Fatalf("%s (%+v) need not be decided", d.StepID, f)
			}
		}
	}
	checkUndone(t, s, sim, steps)
}

// plainOf is an id without keys.
func plainOf(id string) string {
	for {
		from, to := strings.Index(id, "["), strings.Index(id, "]")
		if from < 0 || to < from {
			return id
		}
		id = id[:from] + id[to+1:]
	}
}

// needsUndone reports whether something that a step needs, directly or not, was
// rolled back after the step's last start.
func needsUndone(p *plan.Plan, journal []event.Event, id string) bool {
	started := 0
	for k, e := range journal {
		if e.Type == event.Started && e.StepID == id && e.Phase == event.Main {
			started = k
		}
	}
	undone := map[string]bool{} // plain ids of what was undone since, and of all around it
	for _, e := range journal[started:] {
		if e.Type == event.RolledBack || e.Type == event.Completed && e.Phase == event.Rollback {
			undone[e.StepID] = true
		}
	}
	var needy func(p *plan.Plan, prefix string) bool
	needy = func(p *plan.Plan, prefix string) bool {
		lost := make([]bool, len(p.Steps))
		for range p.Steps { // edges may point to what comes later in the file
			for i := range p.Steps {
				for _, n := range p.Steps[i].Needs {
					need := prefix + p.Steps[n].ID
					for u := range undone {
						lost[i] = lost[i] || u == need || plan.Inside(u, need)
					}
					lost[i] = lost[i] || lost[n]
				}
			}
		}
		for i := range p.Steps {
			own := prefix + p.Steps[i].ID
			if id != own && !plan.Inside(id, own) {
				continue
			}
			if lost[i] {
				return true
			}
			rest := id[len(own):]
			if body := p.Steps[i].Body; body != nil && p.Steps[i].Foreach == nil && rest != "" {
				return needy(body, own+"/")
			} else if at := strings.Index(rest, "]/"); body != nil && at >= 0 {
				return needy(body, own+rest[:at]+"]/")
			}
		}
		return false
	}
	return needy(p, "")
}

// checkUndone: what was started and is not undone is, in the reverse order of its
// start, where the run rolls back.
func checkUndone(t rapid.TB, s *scenario, sim *simulation, steps map[string]*plan.Step) {
	var got, want []string
	due, stopped := false, false
	upTo := slices.Clone(s.resumed.journal)
	for _, e := range sim.events() {
		switch {
		case e.Phase == event.Rollback:
			if due = true; !slices.Contains(got, e.StepID) {
				got = append(got, e.StepID)
			}
		case e.Type == event.RunCancelling:
			stopped = true
		case e.Type == event.RunCompleted:
			_, failed := sim.m.Failure()
			due = due || (failed && !stopped && !s.noRollback || s.resumed.undo) && sim.m.EngineError() == ""
		}
		if e.Phase == event.Main && e.Type != event.RolledBack {
			upTo = append(upTo, e)
		}
	}
	if !due {
		return
	}
	facts := factsOf(upTo)
	for id, f := range facts {
		if f.order > 0 && steps[id] != nil && steps[id].Rollback != nil {
			want = append(want, id)
		}
	}
	slices.SortFunc(want, func(a, b string) int { return facts[b].order - facts[a].order })
	if stopped { // what was not begun then is told in another order
		slices.Sort(want)
		slices.Sort(got)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("not what was started is undone (-want +got):\n%s\n%s", diff, strings.Join(sim.trace, "\n"))
	}
}

// goOn is the scenario of a run whose engine died after some records.
func (s *scenario) goOn(journal []event.Event, requests []request) *scenario {
	next := s.copy()
	next.requests, next.resumed = requests, &resumption{journal: journal}
	return next
}

// answers is the requests of a scenario that answer approvals.
func (s *scenario) answers() []request {
	return slices.DeleteFunc(slices.Clone(s.requests), func(r request) bool { return r.kind == "cancel" || r.kind == "kill" })
}

// candidates is what may need a decision.
func candidates(journal []event.Event) (ids []string) {
	facts := factsOf(journal)
	for id, f := range facts {
		if f.state == "interrupted" || f.undoing || f.state == "completed" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// decide draws what somebody says about some of what was done.
func (r *resumption) decide(t *rapid.T) {
	facts := factsOf(r.journal)
	for _, id := range candidates(r.journal) {
		switch f := facts[id]; oneOf(t, "say", "", "", "rerun", "other") {
		case "rerun":
			r.rerun = append(r.rerun, id)
		case "other":
			if f.state == "completed" && !f.undoing {
				r.keep = append(r.keep, id)
			} else {
				r.mark = append(r.mark, id)
			}
		}
	}
}

// TestKillAndResume lets the engine die after any record of a random run, goes on
// with another, lets that die as well, and in the end decides on everything: the
// run must come to its end.
func TestKillAndResume(t *testing.T) {
	check(t, 4, func(rt *rapid.T) {
		s := drawDurable(rt)
		sim := simulate(rt, s.copy(), s.machine(), nil)
		var journal []event.Event
		next := s
		for range oneOf(rt, "kills", 1, 2, 3) {
			events := sim.events()
			journal = append(journal, events[:rapid.IntRange(1, len(events)).Draw(rt, "dies after")]...)
			requests := s.answers()
			if oneOf(rt, "again", false, false, true) {
				requests = s.requests
			}
			next = s.goOn(slices.Clone(journal), requests)
			next.seed += uint32(oneOf(rt, "answers", 0, 1))
			next.noRollback = oneOf(rt, "no rollback", s.noRollback, true)
			next.resumed.undo = oneOf(rt, "undo", false, false, false, false, true)
			if rapid.Bool().Draw(rt, "decided") {
				next.resumed.decide(rt)
			}
			sim = resumeSim(rt, next)
		}
		finish(rt, s, append(journal, sim.events()...), sim.m.Status())
	})
}

func resumeSim(t rapid.TB, s *scenario) (sim *simulation) {
	var told []Decision
	if !s.resumed.undo {
		told = s.machine().Explain(epoch)
	}
	defer func() {
		if sim == nil {
			t.Logf("%s", mustJSON(s.plan.Steps))
			for _, e := range s.resumed.journal {
				t.Logf("%s", traceEvent(e))
			}
		}
	}()
	whole := simulate(t, s.copy(), s.machine(), nil)
	defer func() {
		if sim == nil {
			t.Logf("resumed, undo %t, rerun %q keep %q mark %q:\n%s\n%s", s.resumed.undo, s.resumed.rerun, s.resumed.keep, s.resumed.mark, strings.Join(whole.trace, "\n"), "")
		}
	}()
	checkResumed(t, s, whole)
	if !s.resumed.undo {
		checkExplained(t, s, whole, told)
	}
	return whole
}

// finish decides on what is left to somebody until the run has ended, or waits
// for an approval.
func finish(t *rapid.T, s *scenario, journal []event.Event, status event.Status) {
	for range 20 {
		if status != event.StatusInterrupted {
			return
		}
		next := s.goOn(slices.Clone(journal), s.answers())
		facts := factsOf(journal)
		for _, id := range candidates(journal) {
			if f := facts[id]; (f.state == "interrupted" || f.undoing) && rapid.Bool().Draw(t, "mark") {
				next.resumed.mark = append(next.resumed.mark, id)
			} else if f.state == "interrupted" || f.undoing {
				next.resumed.rerun = append(next.resumed.rerun, id)
			}
		}
		sim := resumeSim(t, next)
		journal, status = append(journal, sim.events()...), sim.m.Status()
	}
	t.Fatalf("the run does not come to its end")
}
