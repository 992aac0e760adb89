package run

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// gating is what is not recorded: above all which questions are under way. A
// machine that was told the events asks those again that led to no event.
type gating struct {
	run    runGate
	probes work // nodes whose probe runs

	undecided int  // nodes that somebody must decide on
	asked     int  // probes that run and locks that are waited for, those of the run included
	await     bool // somebody may answer an approval
	undone    int  // how many rollbacks there is nothing more to say about
}

// gate is how far a node is with its guards.
type gate struct {
	at     gateStep
	k      int // of several guards: the next
	waited bool
	flight flight
	answer *Probed
	locked bool
	told   bool   // that the lock is waited for
	lock   string // its name

	recalled  bool // what the run did before it was resumed has been looked at
	undecided bool // somebody must say what is to become of that

	// Of an included runbook.
	passed  bool
	refused event.Reason
	message string
}

// gateStep is what is looked at next. The order is that of the language.
type gateStep uint8

const (
	atIf gateStep = iota
	atUnless
	atRequire
	atApproval
	atLock
	atUnlessAgain // where something was waited for
	atRequireAgain
	atEnd
)

type flight uint8

const (
	grounded flight = iota
	probing
	locking
)

// guarded reports whether anything is to be looked at before an attempt of a
// node.
func (m *Machine) guarded(i int) bool {
	s := m.nodes[i].step
	if k, _ := m.in(i); s.Group > 0 && k.gates > 0 {
		return true
	}
	if m.memory != nil && m.stageOf(i) == main && m.memory.knows(m.stepID(i)) {
		return true
	}
	if s.If == nil && s.Unless == nil && len(s.Require) == 0 && s.Approval == nil && s.Lock == nil && s.Foreach == nil && s.Body == nil {
		return false
	}
	if !m.isInstance(i) || s.Body != nil {
		return true
	}
	return m.loopOf(s).any
}

// concerns reports whether a guard is asked about node i: with foreach, one that
// names the item is asked about each instance, and every other about the step.
func (m *Machine) concerns(i int, g *plan.Guard) bool {
	s := m.nodes[i].step
	return s.Foreach == nil || m.isRollback(i) || m.loopOf(s).each[g] == m.isInstance(i)
}

func (m *Machine) hasLock(i int) bool {
	s := m.nodes[i].step
	return s.Lock != nil && (s.Foreach == nil || m.isRollback(i) || m.loopOf(s).lock == m.isInstance(i))
}

// pass goes on with the guards of node i until one has to be waited for or all
// of them are done with.
func (m *Machine) pass(i int) {
	if m.memory != nil && !m.recall(i) || !m.passGates(i) {
		return
	}
	n := &m.nodes[i]
	if n.gate == nil {
		n.gate = &gate{}
	}
	g := n.gate
	switch n.approval {
	case requested:
		if m.answered(i, m.options.Rejected) {
			m.recordAbout(i, event.Event{Type: event.ApprovalRejected, By: m.options.ApprovedBy})
			return
		}
		if !m.options.ApproveAll && !m.answered(i, m.options.Approved) {
			m.hold(i)
			return
		}
		m.recordAbout(i, event.Event{Type: event.ApprovalGranted, By: m.options.ApprovedBy})
		return
	case rejected:
		m.failGate(i, event.ReasonRejected, n.note)
		return
	case granted:
		if g.at <= atApproval {
			g.at, g.k, g.waited = atLock, 0, true
		}
	}
	for g.at < atEnd {
		if !m.passStep(i, g) {
			return
		}
	}
	m.open(i)
}

// passStep looks at what is next. It reports whether the node can go on at once.
func (m *Machine) passStep(i int, g *gate) bool {
	s := m.nodes[i].step
	switch g.at {
	case atIf:
		return m.passGuard(i, g, If, s.If, 0)
	case atUnless, atUnlessAgain:
		return m.passGuard(i, g, Unless, s.Unless, 0)
	case atRequire, atRequireAgain:
		if requires := m.requiresOf(i); g.k < len(requires) {
			return m.passRequire(i, g, &requires[g.k])
		}
	case atApproval:
		if s.Approval != nil && !m.isInstance(i) {
			return m.requestApproval(i)
		}
	case atLock:
		if m.hasLock(i) && !g.locked {
			return m.takeLock(i, g)
		}
	}
	g.next()
	return true
}

// next goes on to what comes after.
func (g *gate) next() {
	g.at, g.k = g.at+1, 0
	if g.at == atUnlessAgain && !g.waited {
		g.at = atEnd
	}
}

// passGuard decides on one guard, once its answer is known.
func (m *Machine) passGuard(i int, g *gate, which Which, guard *plan.Guard, k int) bool {
	if guard != nil && m.concerns(i, guard) {
		yes, known, reason, problem := m.answerOf(i, g, which, guard, k)
		switch {
		case !known:
			return false
		case reason != "":
			m.failGate(i, reason, fmt.Sprintf("%s: %s", which, problem))
			return false
		case which == If && !yes:
			m.skipGate(i, event.ReasonIf, "if does not hold")
			return false
		case which == Unless && yes:
			m.skipGate(i, event.ReasonUnless, "already done")
			return false
		case which == Require && !yes:
			m.failGate(i, event.ReasonRequire, requireMessage(guard, m.guardScope(i, which, Hidden{})))
			return false
		}
	}
	if which == Require {
		g.k++
	} else {
		g.next()
	}
	return true
}

// answerOf is the answer to a guard. A probe has to be asked first: then it is
// not known yet. With a reason there will be none.
func (m *Machine) answerOf(i int, g *gate, which Which, guard *plan.Guard, k int) (yes, known bool, reason event.Reason, problem string) {
	if guard.Probe == nil {
		yes, err := holds(guard.Expr, m.guardScope(i, which, Hidden{}))
		if err != nil {
			return false, true, event.ReasonExpression, err.Error()
		}
		return yes, true, "", ""
	}
	if g.answer == nil {
		g.flight = probing
		m.hold(i)
		m.asked++
		m.nodes[i].told = 0
		m.probes.add(int32(i))
		m.emit(Probe{Node: m.node(i), Which: which, Index: k, Probe: guard.Probe})
		return false, false, "", ""
	}
	answer := g.answer
	g.answer = nil
	if answer.Error != "" {
		return false, true, event.ReasonProbe, answer.Error
	}
	return answer.Yes, true, "", ""
}

// holds evaluates a condition.
func holds(e *plan.Expr, scope *plan.Scope) (bool, error) {
	if e == nil {
		return false, errors.New("there is nothing to ask")
	}
	v, err := e.Eval(scope)
	if err != nil {
		return false, err
	}
	yes, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("%s is neither true nor false", e.Source())
	}
	return yes, nil
}

// hold takes a node off those whose guards can be looked at.
func (m *Machine) hold(i int) {
	k, local := m.in(i)
	k.gated.remove(local)
}

// requestApproval asks, and answers at once where the answer was given
// beforehand. It reports whether the node can go on.
func (m *Machine) requestApproval(i int) bool {
	text, err := m.nodes[i].step.Approval.Resolve(m.scopeOf(i, Hidden{}))
	if err != nil {
		m.failGate(i, event.ReasonExpression, "approval: "+err.Error())
		return false
	}
	e := event.Event{Type: event.ApprovalRequested, Message: text.Text}
	if print := m.recordedPrint(i); print != nil {
		e.Fingerprint = plan.WithQuestion(print, text.Text, m.options.Key)
	}
	if m.memory != nil {
		if given, ok := m.memory.approved[m.stepID(i)]; ok && len(e.Fingerprint.Differs(given.fingerprint)) == 0 {
			m.recordAbout(i, event.Event{Type: event.ApprovalGranted, By: given.by, Kept: true, Fingerprint: e.Fingerprint})
			return false
		}
		// Somebody has said no while no engine was there to hear it.
		if no, ok := m.memory.refused[m.stepID(i)]; ok && len(e.Fingerprint.Differs(m.memory.asked[m.stepID(i)])) == 0 {
			m.recordAbout(i, event.Event{Type: event.ApprovalRejected, By: no.By, Message: no.Message, Kept: true, Fingerprint: e.Fingerprint})
			return false
		}
	}
	if m.isLoop(i) {
		list, err := m.itemsOf(i)
		if err != nil {
			m.failGate(i, event.ReasonForeach, "foreach: "+err.Error())
			return false
		}
		if e.Count = len(list); e.Count == 0 { // there is nothing to approve
			m.nodes[i].gate.next()
			return true
		}
	}
	m.recordAbout(i, e)
	return false
}

// answered reports whether a list of ids has the step, or, by the id without keys,
// all its like.
func (m *Machine) answered(i int, list []string) bool {
	if len(list) == 0 {
		return false
	}
	id := m.stepID(i)
	return slices.ContainsFunc(list, func(s string) bool { return s == id || s == m.plainID(i) })
}

// named is answered for lists in which a step stands for all inside of it too.
func (m *Machine) named(i int, list []string) bool {
	if len(list) == 0 {
		return false
	}
	id := m.stepID(i)
	return m.answered(i, list) || slices.ContainsFunc(list, func(s string) bool {
		return plan.Inside(id, s) || plan.Inside(m.plainID(i), s)
	})
}

// listed is named for the id of something that is no node yet.
func (m *Machine) listed(id string, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return plan.Covers(s, id) })
}

// plainID is the id of a node as the runbooks have it: without keys.
func (m *Machine) plainID(i int) string {
	k, _ := m.in(i)
	switch {
	case k.owner < 0:
		return m.stepID(i)
	case k.kind == items:
		return m.plainID(k.owner)
	}
	return m.plainID(k.owner) + "/" + m.nodes[i].step.ID
}

// takeLock asks for the lock of a node.
func (m *Machine) takeLock(i int, g *gate) bool {
	name, wait, err := m.lockOf(m.nodes[i].step.Lock, m.scopeOf(i, Hidden{}))
	if err != nil {
		m.failGate(i, event.ReasonExpression, err.Error())
		return false
	}
	g.flight, g.lock = locking, name
	m.hold(i)
	m.asked++
	m.emit(Lock{Node: m.node(i), Name: name, Wait: wait})
	return false
}

// lockOf is a lock with every value known. Its name is told to whoever waits for
// it, other runs among them.
func (m *Machine) lockOf(l *plan.Lock, scope *plan.Scope) (string, time.Duration, error) {
	name, err := l.Name.Resolve(scope)
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("lock: %w", err)
	case name.Text == "":
		return "", 0, errors.New("lock: its name is empty")
	}
	if m.options.Holds != nil {
		if secret, found := m.options.Holds(name.Text); found {
			return "", 0, fmt.Errorf("lock: its name holds the secret %q; name it after something that is no secret", secret)
		}
	}
	text, err := l.Wait.Resolve(scope)
	if err != nil {
		return "", 0, fmt.Errorf("lock.wait: %w", err)
	}
	if text.Text == "" {
		return name.Text, 0, nil
	}
	wait, err := plan.ParseDuration(text.Text)
	if err != nil {
		return "", 0, fmt.Errorf("lock.wait: %w", err)
	}
	return name.Text, wait, nil
}

// open is for a node that all guards have let through.
func (m *Machine) open(i int) {
	switch k, _ := m.in(i); {
	case k.kind == gatesOf:
		if _, err := m.bind(scopeKey{owner: int32(k.owner), group: i - k.first + 1}, Hidden{}); err != nil {
			m.failGate(i, event.ReasonExpression, err.Error())
			return
		}
		m.nodes[i].gate.passed = true
		m.openGate(i)
	case m.isLoop(i):
		list, err := m.itemsOf(i)
		if err != nil {
			m.failGate(i, event.ReasonForeach, "foreach: "+err.Error())
			return
		}
		m.recordAbout(i, event.Event{Type: event.Expanded, Items: list})
	case m.isBody(i):
		if _, err := m.bind(scopeKey{owner: int32(i)}, Hidden{}); err != nil {
			m.failGate(i, event.ReasonExpression, err.Error())
			return
		}
		m.recordAbout(i, event.Event{Type: event.Expanded})
	default:
		m.hold(i)
		m.makeReady(i)
	}
}

// skipGate ends a node that is not to run.
func (m *Machine) skipGate(i int, reason event.Reason, message string) {
	if m.refuseGate(i, reason, message) {
		return
	}
	m.recordAbout(i, event.Event{Type: event.Skipped, Reason: reason, Message: message})
}

// failGate ends a node that has not come to an attempt.
func (m *Machine) failGate(i int, reason event.Reason, message string) {
	if m.refuseGate(i, reason, message) {
		return
	}
	m.recordFailure(i, event.StatusFailed, reason, message)
}

// refuseGate is for the gate of an included runbook: the steps behind it end.
func (m *Machine) refuseGate(i int, reason event.Reason, message string) bool {
	if k, _ := m.in(i); k.kind != gatesOf {
		return false
	}
	m.nodes[i].gate.refused, m.nodes[i].gate.message = reason, message
	m.openGate(i)
	return true
}

// take gives the gate of a node an input, if it waits for it.
func (m *Machine) take(i int, what flight) (*gate, bool) {
	g := m.nodes[i].gate
	return g, g != nil && g.flight == what
}

// land says that what a node waited for has come.
func (m *Machine) land(i int, g *gate) {
	if g.flight == probing {
		m.probes.remove(int32(i))
	}
	g.flight = grounded
	m.asked--
	if m.nodes[i].status != event.StatusPending {
		return // it did not wait for the answer
	}
	k, local := m.in(i)
	k.gated.add(local)
	k.swept, k.shut = false, false
	m.work.add(m.nodes[i].block)
}
