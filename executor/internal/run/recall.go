package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// What a run has done before it was resumed is decided on when a step's turn
// comes: only then is everything known that the step is made of. What is as it
// was is kept. What has changed, or was interrupted, is run again where that
// does no harm, and else left for somebody to decide.

// A fate is what becomes of a step that had an attempt before.
type fate uint8

const (
	doRun     fate = iota // it did not complete: as if it had not been tried
	doKeep                // it counts as it ended
	doRerun               // it completed, or nobody knows, and it is run again
	doMark                // somebody says that it is done
	doNothing             // somebody must decide
)

// recall decides on what is remembered of node i. It reports whether the node
// goes on to its guards.
func (m *Machine) recall(i int) bool {
	n := &m.nodes[i]
	if n.gate != nil && n.gate.recalled {
		return true
	}
	if k, _ := m.in(i); k.kind == gatesOf || m.stageOf(i) != main {
		return true
	}
	if n.gate == nil {
		n.gate = &gate{}
	}
	group := m.isLoop(i) || m.isBody(i)
	p := m.memory.of(m.stepID(i), group)
	switch {
	case p == nil && group:
		return m.recallGroup(i)
	case p == nil:
		n.gate.recalled = true
		return true
	case n.gate.undecided:
		m.hold(i)
		return false
	}
	do, why, fingerprint := m.judge(i, p)
	if do == doKeep && !m.named(i, m.options.Keep) {
		done, known := m.stillDone(i)
		if !known {
			return false
		}
		if !done {
			do, why = doRerun, "unless does not hold any more"
		}
	}
	switch do {
	case doKeep:
		m.recordAbout(i, event.Event{
			Type: event.Completed, Attempt: p.end.Attempt, Result: p.end.Result, Outputs: p.end.Outputs,
			Reason: p.end.Reason, By: p.end.By, Kept: true, Fingerprint: fingerprint,
		})
		return false
	case doMark:
		m.recordMarked(i, p, fingerprint)
		return false
	case doNothing:
		m.hold(i)
		n.gate.undecided = true
		m.undecided++
		return false
	case doRerun:
		m.nodes[i].gate = &gate{recalled: true}
		m.recordAbout(i, event.Event{Type: event.Reset, Message: why})
		return true
	}
	n.gate.recalled = true
	return true
}

// judge says what becomes of a node, why, and what it is now. Whether what it
// has done still holds is not asked.
func (m *Machine) judge(i int, p *past) (do fate, why string, now event.Fingerprint) {
	step := m.nodes[i].step
	marked := slices.Contains(m.options.MarkDone, m.stepID(i))
	_, given := m.options.Outputs[m.stepID(i)]
	switch {
	case m.named(i, m.options.Rerun):
		return doRerun, "asked for", nil
	case m.named(i, m.options.MarkDone) && !p.counts():
		return doMark, "", m.fingerprint(i)
	case p.unknown() || p.undoing:
		why = p.trouble()
		if repeatable(step) {
			return doRerun, why, nil
		}
		return doNothing, why, nil
	case !p.completed():
		return doRun, "it " + pastVerb(p), nil
	case hasSecretOutputs(step):
		why = "its secret_outputs are kept in memory only"
	default:
		now = m.fingerprint(i)
		changed := now.Differs(p.start.Fingerprint)
		if len(changed) == 0 && !(marked && given) || m.named(i, m.options.Keep) {
			return doKeep, "", now
		}
		why = strings.Join(changed, ", ") + " changed"
	}
	switch {
	case marked: // as it is now
		return doMark, "", m.fingerprint(i)
	case repeatable(step):
		return doRerun, why, now
	}
	return doNothing, why, now
}

// repeatable reports whether doing a step a second time does no harm.
func repeatable(s *plan.Step) bool {
	return s.Effect == plan.Read || s.Idempotent || doneProbe(s) != nil
}

// doneProbe is the unless of a step that looks whether the step has been done. An
// expression does not look: it says the same as when the step ran.
func doneProbe(s *plan.Step) *plan.Guard {
	if s.Unless == nil || s.Unless.Probe == nil {
		return nil
	}
	return s.Unless
}

func hasSecretOutputs(s *plan.Step) bool {
	return slices.ContainsFunc(s.Outputs, func(o plan.Output) bool { return o.Secret })
}

// counts reports whether a step has completed, and nothing of it was undone.
func (p *past) counts() bool { return p.completed() && !p.undoing }

// trouble is why it is not known what there is of a step.
func (p *past) trouble() string {
	switch {
	case p.group:
		return "it was a foreach, or ran another runbook"
	case p.undoing:
		return "its rollback was begun and did not complete"
	}
	return "it was interrupted"
}

func pastVerb(p *past) string {
	switch {
	case p.end == nil || p.end.Type == event.Failed:
		return "failed"
	case p.end.Type == event.Timeout:
		return "timed out"
	}
	return "was cancelled"
}

// stillDone asks the probe of a node that has completed, if it has one. It is
// not known while its probe runs, nor where it has no answer, which fails the
// node.
func (m *Machine) stillDone(i int) (done, known bool) {
	guard := doneProbe(m.nodes[i].step)
	if guard == nil || !m.concerns(i, guard) {
		return true, true
	}
	g := m.nodes[i].gate
	g.at = atUnless
	done, known, reason, problem := m.answerOf(i, g, Unless, guard, 0)
	if !known {
		return false, false
	}
	g.at = atIf
	if reason != "" {
		g.recalled = true
		m.failGate(i, reason, fmt.Sprintf("%s: %s", Unless, problem))
		return false, false
	}
	return done, true
}

// recallGroup decides on a foreach or an included runbook. What is inside is
// remembered by itself; here it is only about the guards. One that had completed
// and is given the same again does not ask them a second time.
func (m *Machine) recallGroup(i int) bool {
	g, id := m.nodes[i].gate, m.stepID(i)
	whole, completed := m.memory.whole[id]
	why := ""
	switch {
	case m.named(i, m.options.Rerun):
		why = "asked for"
	case completed:
		done, known := m.stillDone(i)
		if !known {
			return false
		}
		if !done {
			why = "unless does not hold any more"
		}
	}
	if why != "" {
		m.nodes[i].gate = &gate{recalled: true}
		if m.memory.knows(id) {
			m.recordAbout(i, event.Event{Type: event.Reset, Message: why})
		}
		return true
	}
	g.recalled = true
	if completed && len(m.fingerprint(i).Differs(whole)) == 0 {
		g.at = atEnd
		m.open(i)
		return false
	}
	return true
}

// recordMarked completes a node by somebody's word.
func (m *Machine) recordMarked(i int, p *past, now event.Fingerprint) {
	r := m.resultOf(i, event.StatusCompleted, event.ReasonMarkedDone, "")
	r.Attempts, r.StartedAt, r.CompletedAt = p.start.Attempt, p.start.Timestamp.UTC(), m.now.UTC()
	outputs, given := m.options.Outputs[m.stepID(i)]
	if !given && p.completed() {
		outputs = p.end.Outputs
	}
	m.recordAbout(i, event.Event{
		Type: event.Completed, Attempt: p.start.Attempt, Result: r, Outputs: outputs,
		Reason: event.ReasonMarkedDone, By: m.options.By, Kept: true, Fingerprint: now,
	})
}

// endUnreached ends a node whose turn does not come: as it ended before the run
// was resumed, if it had an attempt then; else as the caller says. What is inside
// of it ends the same way.
func (m *Machine) endUnreached(i int, otherwise func(i int)) {
	m.endAsBefore(i, func(*past) bool { return true }, otherwise)
}

// endLeftOut ends a step that a flag leaves out. It counts as met, whatever has
// become of it; what it has completed is there all the same.
func (m *Machine) endLeftOut(i int) {
	m.endAsBefore(i, (*past).counts, m.recordLeftOut)
}

func (m *Machine) endAsBefore(i int, counts func(*past) bool, otherwise func(i int)) {
	if m.memory == nil || m.stageOf(i) != main {
		otherwise(i)
		return
	}
	id := m.stepID(i)
	if p := m.memory.past[id]; p != nil {
		if counts(p) {
			m.recordAgain(i, p)
		} else {
			otherwise(i)
		}
		return
	}
	if !m.wasGroup(i) {
		otherwise(i)
		return
	}
	if m.nodes[i].inner == 0 { // else its turn came by what ended before it, inside of the same step
		m.recordAbout(i, event.Event{Type: event.Expanded, Items: m.memory.items[id], Kept: true})
	}
	for local := range m.blocks[m.nodes[i].inner].size {
		if inner := m.blocks[m.nodes[i].inner].first + local; m.nodes[inner].status == event.StatusPending {
			m.endAsBefore(inner, counts, otherwise)
		}
	}
}

// remembers reports whether a node had an attempt before the run was resumed.
func (m *Machine) remembers(i int) bool {
	if m.memory == nil || m.stageOf(i) != main {
		return false
	}
	return m.memory.past[m.stepID(i)] != nil || m.wasGroup(i)
}

// wasGroup reports whether a foreach or a step with a body was one before the
// run was resumed, and something inside of it had an attempt.
func (m *Machine) wasGroup(i int) bool {
	id := m.stepID(i)
	if !m.memory.knows(id) {
		return false
	}
	return m.isLoop(i) && len(m.memory.items[id]) > 0 || m.isBody(i) && len(m.memory.items[id]) == 0
}

// recordAgain tells once more how a step ended.
func (m *Machine) recordAgain(i int, p *past) {
	e := event.Event{
		Type: event.Cancelled, Attempt: p.start.Attempt, Reason: event.ReasonInterrupted,
		Error: "interrupted before the run was resumed", Kept: true,
	}
	switch whole := !p.undoing || m.undoing; { // what is half undone must not count for others
	case p.end != nil && whole:
		e = *p.end
		e.Kept, e.Fingerprint = true, p.start.Fingerprint
	case p.failed != nil && whole: // it was to be tried again
		r := *p.failed.Result
		r.Tolerated = m.tolerates(i, r.Reason)
		e = *p.failed
		e.Type, e.Delay, e.Kept, e.Result, e.Tolerated = event.Failed, 0, true, &r, r.Tolerated
		if r.Status == event.StatusTimeout {
			e.Type = event.Timeout
		}
	}
	m.recordAbout(i, e)
}

// Undecided is what somebody must decide on before the run can end, in the order
// of the runbook.
func (m *Machine) Undecided() []Decision {
	var list []Decision
	for i := 0; len(list) < m.undecided; i++ {
		if n := &m.nodes[i]; n.gate == nil || !n.gate.undecided || n.status.Ended() {
			continue
		}
		p := m.memory.of(m.stepID(i), m.isLoop(i) || m.isBody(i))
		do, why, _ := m.judge(i, p)
		list = append(list, p.decision(m.stepID(i), fates[do], why, false))
	}
	return list
}
