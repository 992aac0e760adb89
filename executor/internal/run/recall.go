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
	if m.isLoop(i) || m.isBody(i) {
		return m.recallGroup(i)
	}
	p := m.memory.past[m.stepID(i)]
	if p == nil {
		n.gate.recalled = true
		return true
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
		m.undecided = append(m.undecided, int32(i))
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
	switch {
	case m.named(i, m.options.Rerun):
		return doRerun, "asked for", nil
	case m.marks(i) && !p.completed():
		return doMark, "", m.fingerprint(i)
	case p.unknown() || p.undoing:
		why = "it was interrupted"
		if p.undoing {
			why = "its rollback was begun and did not complete"
		}
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
		if len(changed) == 0 || m.named(i, m.options.Keep) {
			return doKeep, "", now
		}
		why = strings.Join(changed, ", ") + " changed"
	}
	if repeatable(step) {
		return doRerun, why, now
	}
	return doNothing, why, now
}

// repeatable reports whether doing a step a second time does no harm.
func repeatable(s *plan.Step) bool {
	return s.Effect == plan.Read || s.Idempotent || s.Unless != nil
}

func hasSecretOutputs(s *plan.Step) bool {
	return slices.ContainsFunc(s.Outputs, func(o plan.Output) bool { return o.Secret })
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

// stillDone asks the unless of a node that has completed, if it has one. It is
// not known while its probe runs, nor where it has no answer, which fails the
// node.
func (m *Machine) stillDone(i int) (done, known bool) {
	guard := m.nodes[i].step.Unless
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

// marks reports whether somebody says that a step is done.
func (m *Machine) marks(i int) bool { return m.named(i, m.options.MarkDone) }

// recordMarked completes a node by somebody's word.
func (m *Machine) recordMarked(i int, p *past, now event.Fingerprint) {
	r := m.resultOf(i, event.StatusCompleted, event.ReasonMarkedDone, "")
	r.Attempts, r.StartedAt, r.CompletedAt = p.start.Attempt, p.start.Timestamp.UTC(), m.now.UTC()
	m.recordAbout(i, event.Event{
		Type: event.Completed, Attempt: p.start.Attempt, Result: r, Outputs: m.options.Outputs[m.stepID(i)],
		Reason: event.ReasonMarkedDone, By: m.options.By, Kept: true, Fingerprint: now,
	})
}

// endUnreached ends a node whose turn does not come: as it ended before the run
// was resumed, if it had an attempt then; else as the caller says. What is inside
// of it ends the same way.
func (m *Machine) endUnreached(i int, otherwise func(i int)) {
	if m.memory == nil || m.stageOf(i) != main || !m.memory.knows(m.stepID(i)) {
		otherwise(i)
		return
	}
	if !m.isLoop(i) && !m.isBody(i) {
		m.recordAbout(i, m.memory.past[m.stepID(i)].again())
		return
	}
	m.recordAbout(i, event.Event{Type: event.Expanded, Items: m.memory.items[m.stepID(i)], Kept: true})
	if m.nodes[i].inner == 0 { // it is something else than it was
		otherwise(i)
		return
	}
	for local := range m.blocks[m.nodes[i].inner].size {
		if inner := m.blocks[m.nodes[i].inner].first + local; m.nodes[inner].status == event.StatusPending {
			m.endUnreached(inner, otherwise)
		}
	}
}

// again is the end of a step, told once more.
func (p *past) again() event.Event {
	e := event.Event{
		Type: event.Cancelled, Attempt: p.start.Attempt, Reason: event.ReasonInterrupted,
		Error: "interrupted before the run was resumed", Kept: true,
	}
	switch {
	case p.end != nil && !p.undoing:
		e = *p.end
		e.Kept, e.Fingerprint = true, p.start.Fingerprint
	case p.failed != nil:
		e = *p.failed
		e.Type, e.Delay, e.Kept = event.Failed, 0, true
	}
	return e
}

// Undecided is what somebody must decide on before the run can end, in the order
// in which it came up.
func (m *Machine) Undecided() []Decision {
	var list []Decision
	for _, i := range m.undecided {
		if p := m.memory.past[m.stepID(int(i))]; p != nil {
			do, why, _ := m.judge(int(i), p)
			list = append(list, p.decision(m.stepID(int(i)), fates[do], why, false))
		}
	}
	return list
}
