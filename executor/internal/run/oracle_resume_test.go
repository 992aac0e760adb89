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

// A memoir is what the records of a run say of the last attempt of a step.
type memoir struct {
	fact
	last event.Event // how it ended, or that another was to follow; of no type: unknown
	told bool        // as interrupted
	at   int         // of its start, in the journal
	lost bool        // of several: something was inside of what has no inside now
}

// history is what a run was before it is resumed.
type history struct {
	steps    map[string]*memoir
	order    map[string]int // of what there is to undo
	attempts map[string]int // by phase and id
	whole    map[string]event.Fingerprint
	items    map[string][]event.Item
	asked    map[string]event.Fingerprint // approvals, as they were asked for
	answer   map[string]event.Type        // the last that was said of them, and that counts
	status   event.Status
	began    bool
}

func historyOf(p *plan.Plan, journal []event.Event) *history {
	h := &history{
		steps: map[string]*memoir{}, order: map[string]int{}, attempts: map[string]int{}, whole: map[string]event.Fingerprint{},
		items: map[string][]event.Item{}, asked: map[string]event.Fingerprint{}, answer: map[string]event.Type{},
	}
	for k, e := range journal {
		h.read(k, e)
	}
	for id, f := range factsOf(journal) {
		h.order[id] = f.order
		lost := f.state == "completed" && needsUndone(p, journal, id)
		if st := h.steps[id]; st != nil && f.state != "" && !lost {
			st.fact = f
			if st.attempt == 0 {
				st.attempt = st.last.Attempt
			}
		} else {
			delete(h.steps, id)
		}
	}
	for id := range h.whole {
		if needsUndone(p, journal, id) {
			delete(h.whole, id)
		}
	}
	return h
}

func (h *history) read(k int, e event.Event) {
	id, key := e.StepID, string(e.Phase)+"/"+e.StepID
	h.attempts[key] = max(h.attempts[key], e.Attempt)
	switch e.Type {
	case event.RunStarted, event.RunResumed, event.RunPaused:
		h.status = event.StatusRunning
	case event.RunCompleted:
		h.status = e.Status
	case event.Completed:
		if e.Phase == event.Rollback {
			h.notWhole(id)
		}
	}
	if e.Phase != event.Main || id == "" {
		return
	}
	notStarted := e.Result != nil && e.Result.NotStarted
	st := h.steps[id]
	switch e.Type {
	case event.Started:
		h.began = true
		h.steps[id] = &memoir{fact: fact{attempt: e.Attempt}, at: k}
	case event.Interrupted:
		if st != nil {
			st.told = true
		}
	case event.Expanded:
		h.items[id] = e.Items
		if !e.Kept {
			delete(h.whole, id)
		}
	case event.Reset:
		h.forget(id)
	case event.RolledBack:
		h.notWhole(id)
	case event.ApprovalRequested:
		h.asked[id] = e.Fingerprint
		delete(h.answer, id)
	case event.ApprovalGranted, event.ApprovalRejected:
		if h.answer[id] = e.Type; e.Kept && e.Fingerprint != nil {
			h.asked[id] = e.Fingerprint
		}
	case event.Retrying:
		if st != nil && (!notStarted || st.attempt == e.Attempt) {
			st.last = e
		}
	case event.Completed, event.Failed, event.Timeout, event.Cancelled, event.Skipped:
		if h.answer[id] == event.ApprovalRejected {
			delete(h.answer, id)
		}
		switch {
		case e.Attempt == 0 && e.Type == event.Completed && !e.Kept:
			h.whole[id] = e.Fingerprint
		case e.Attempt > 0 && e.Reason != event.ReasonInterrupted && e.Type != event.Skipped:
			if st == nil {
				st = &memoir{at: k}
				h.steps[id] = st
			}
			st.last = e
		}
	}
}

// notWhole: something inside of others was undone.
func (h *history) notWhole(id string) {
	for outer := range h.whole {
		if plan.Inside(id, outer) {
			delete(h.whole, outer)
		}
	}
}

// forget drops a step and all that is inside of it.
func (h *history) forget(id string) {
	delete(h.whole, id)
	delete(h.steps, id)
	for inner := range h.steps {
		if plan.Inside(inner, id) {
			delete(h.steps, inner)
		}
	}
	for inner := range h.whole {
		if plan.Inside(inner, id) {
			delete(h.whole, inner)
		}
	}
}

// inside is the step that was started last inside of another; nil: none.
func (h *history) inside(id string) *memoir {
	var last *memoir
	for inner, st := range h.steps {
		if plan.Inside(inner, id) && (last == nil || st.at > last.at) {
			last = st
		}
	}
	return last
}

// resumes tells the beginning of a run that goes on.
func (o *oracle) resumes() {
	var open []string
	for id, st := range o.past.steps {
		if st.last.Type == "" && !st.told {
			open = append(open, id)
		}
	}
	slices.SortFunc(open, func(a, b string) int { return o.past.steps[a].at - o.past.steps[b].at })
	for _, id := range open {
		o.say("interrupted %s#%d", id, o.past.steps[id].attempt)
	}
	o.say("run_resumed")
}

// remembers is what there is of a step before the run was resumed; nil: nothing.
func (o *oracle) remembers(st *oracleStep) *memoir {
	if o.past == nil || st.phase != event.Main {
		return nil
	}
	p := o.past.steps[st.id]
	if p == nil && !o.loop(st) && !o.body(st) {
		if last := o.past.inside(st.id); last != nil {
			return &memoir{fact: fact{state: "interrupted", attempt: last.attempt}, lost: true}
		}
	}
	return p
}

func (o *oracle) says(list []string, st *oracleStep) bool {
	return slices.ContainsFunc(list, func(s string) bool { return plan.Covers(s, st.id) })
}

// recall decides what becomes of a step whose turn has come. It reports whether
// the step goes on.
func (o *oracle) recall(st *oracleStep) bool {
	p, r := o.remembers(st), o.resumed
	group := o.loop(st) || o.body(st)
	switch {
	case p == nil && group:
		return o.recallGroup(st)
	case p == nil:
		return true
	case o.says(r.rerun, st):
		return o.reset(st)
	case o.says(r.mark, st) && (p.state != "completed" || p.undoing):
		o.keeps(st, "completed", p.attempt, "marked_done", false)
		return false
	case p.state == "interrupted" || p.undoing:
		return o.decides(st)
	case p.state == "failed":
		return true
	case o.says(r.keep, st):
	case len(o.print(st).Differs(p.print)) > 0:
		return o.decides(st)
	default:
		switch o.holds(st) {
		case "":
			return false
		case "no":
			return o.reset(st)
		}
	}
	o.keeps(st, "completed", p.last.Attempt, string(p.last.Reason), false)
	return false
}

// recallGroup is for what has others inside, which are remembered one by one.
func (o *oracle) recallGroup(st *oracleStep) bool {
	whole, completed := o.past.whole[st.id]
	switch {
	case o.says(o.resumed.rerun, st):
		return o.resetGroup(st)
	case !completed:
		return true
	}
	switch o.holds(st) {
	case "":
		return false
	case "no":
		return o.resetGroup(st)
	}
	if len(o.print(st).Differs(whole)) == 0 {
		st.questions = nil
		o.open(st)
		return false
	}
	return true
}

func (o *oracle) resetGroup(st *oracleStep) bool {
	if o.past.inside(st.id) == nil {
		return true
	}
	return o.reset(st)
}

func (o *oracle) reset(st *oracleStep) bool {
	o.say("reset %s", o.name(st))
	o.past.forget(st.id)
	return true
}

func (o *oracle) decides(st *oracleStep) bool {
	if mayRepeat(st.Step) {
		return o.reset(st)
	}
	st.undecided = true
	return false
}

// holds asks whether what a step has done is still there: yes, no, or nothing as
// long as there is no answer.
func (o *oracle) holds(st *oracleStep) string {
	g := st.Unless
	if g == nil || g.Probe == nil || !o.mine(st, textOf(g)) {
		return "yes"
	}
	if len(st.answers) == 0 {
		o.askProbe(st, question{"unless", g, 0})
		return ""
	}
	said := st.answers[0].says
	if st.answers = nil; said == "error" {
		o.finishes(st, "failed", "probe")
		return ""
	}
	return said
}

// print is what a step is made of. Of the drawn runbooks nothing in it depends on
// what others put out.
func (o *oracle) print(st *oracleStep) event.Fingerprint {
	switch {
	case o.loop(st) && st.Body != nil:
		return plan.GroupFingerprint(append([]any{}, st.Foreach.Items...), []any{st.With}, "")
	case o.loop(st):
		return plan.GroupFingerprint(append([]any{}, st.Foreach.Items...), []any{st.Command, st.Env, st.Stdin}, "")
	case o.body(st):
		return plan.GroupFingerprint(nil, plan.Values{}, "")
	}
	scope := &plan.Scope{Item: st.item, HasItem: st.instance}
	inv, err := st.Invocation(scope)
	if err != nil {
		panic(err)
	}
	return st.Fingerprint(&inv, scope, "")
}

// rememberedOf are the steps that had an attempt before the run was resumed, where
// the others do not start because one has failed.
func (o *oracle) rememberedOf(steps []*oracleStep, held bool) (list []*oracleStep) {
	for _, st := range steps {
		if held && o.past != nil && st.phase == event.Main && (o.past.steps[st.id] != nil || o.wasGroup(st)) {
			list = append(list, st)
		}
	}
	return list
}

// wasGroup reports whether something inside of a step is remembered.
func (o *oracle) wasGroup(st *oracleStep) bool {
	items := o.past.items[st.id]
	return o.past.inside(st.id) != nil && (o.loop(st) && len(items) > 0 || o.body(st) && len(items) == 0)
}

// unreached ends a step whose turn does not come: as it had ended, or, where it
// had no attempt, as is said.
func (o *oracle) unreached(st *oracleStep, is, reason string) {
	if o.past == nil || st.phase != event.Main {
		o.finishes(st, is, reason)
		return
	}
	if p := o.past.steps[st.id]; p != nil {
		o.endsAgain(st, p)
		return
	}
	if !o.wasGroup(st) {
		o.finishes(st, is, reason)
		return
	}
	st.kept = true
	var values plan.List
	for _, item := range o.past.items[st.id] {
		values = append(values, item.Value)
	}
	o.expand(st, values)
	for _, kid := range st.kids {
		if kid.is == "" {
			o.unreached(kid, is, reason)
		}
	}
}

// endsAgain tells once more how a step ended.
func (o *oracle) endsAgain(st *oracleStep, p *memoir) {
	e := p.last
	is := string(e.Type)
	switch {
	case p.undoing && !o.undoing() || is == "":
		o.keeps(st, "cancelled", p.attempt, "interrupted", false)
		return
	case e.Type == event.Retrying:
		e.Tolerated = o.forgives(st, string(e.Reason))
		if is = "failed"; e.Reason == event.ReasonTimeout {
			is = "timeout"
		}
	}
	o.keeps(st, is, e.Attempt, string(e.Reason), e.Tolerated)
}

// keeps ends a step by what was before.
func (o *oracle) keeps(st *oracleStep, is string, attempt int, reason string, tolerated bool) {
	line := fmt.Sprintf("%s %s#%d", is, o.name(st), attempt)
	if reason != "" {
		line += " " + reason
	}
	if tolerated {
		line += " tolerated"
	}
	st.kept, st.tolerated = true, tolerated
	o.ends(st, is, reason, line)
}

// approved answers for a step what somebody has answered before.
func (o *oracle) approved(st *oracleStep) bool {
	if o.past == nil || st.phase != event.Main {
		return false
	}
	text, err := st.Approval.Resolve(&plan.Scope{Item: st.item, HasItem: st.instance})
	if err != nil {
		panic(err)
	}
	if now := event.Fingerprint(plan.WithQuestion(o.print(st), text.Text, "")); len(now.Differs(o.past.asked[st.id])) > 0 {
		return false
	}
	switch o.past.answer[st.id] {
	case event.ApprovalGranted:
		st.approval = "granted"
	case event.ApprovalRejected:
		st.approval = "rejected"
	default:
		return false
	}
	o.say("approval_%s %s", st.approval, o.name(st))
	return true
}

func (o *oracle) undoing() bool { return o.past != nil && o.resumed.undo }

func (o *oracle) undecided() bool {
	return slices.ContainsFunc(o.all(), func(st *oracleStep) bool { return st.undecided && !done(st) })
}

// began: an attempt was started, now or before.
func (o *oracle) began() bool { return len(o.started) > 0 || o.past != nil && o.past.began }

// attempt is the number of the last attempt; those before count.
func (o *oracle) attempt(st *oracleStep) int {
	if o.past == nil {
		return st.attempts
	}
	return o.past.attempts[string(st.phase)+"/"+st.id] + st.attempts
}

// ranOnce is what ran and was not undone, in the order of the start: what ran
// before the run was resumed, and not since, first.
func (o *oracle) ranOnce() []*oracleStep {
	var list []*oracleStep
	for _, st := range o.all() {
		if o.past != nil && st.phase == event.Main && o.past.order[st.id] > 0 && !st.ran {
			list = append(list, st)
		}
	}
	slices.SortFunc(list, func(a, b *oracleStep) int { return o.past.order[a.id] - o.past.order[b.id] })
	for _, st := range o.started {
		if st.ran {
			list = append(list, st)
		}
	}
	return list
}

// foretold reports whether the oracle knows the rules for all of a scenario that
// is resumed. It knows none for runbooks that are refused before they run: those
// with a step that is no foreach any more and still names its item.
func foretold(steps []plan.Step) bool {
	return !slices.ContainsFunc(steps, func(s plan.Step) bool {
		return s.Foreach == nil && readsItem(&s) || s.Body != nil && !foretold(s.Body.Steps)
	})
}

func readsItem(s *plan.Step) bool {
	texts := ""
	for _, g := range append([]*plan.Guard{s.If, s.Unless}, guards(s.Require)...) {
		if g != nil {
			texts += textOf(g)
		}
	}
	if s.Lock != nil {
		texts += s.Lock.Name.String()
	}
	return strings.Contains(texts, "item")
}

func guards(list []plan.Guard) (all []*plan.Guard) {
	for i := range list {
		all = append(all, &list[i])
	}
	return all
}

// TestOracleResumed lets the engine die after any record of a random run, perhaps
// twice, and compares what the next one does with what must happen.
func TestOracleResumed(t *testing.T) {
	check(t, 4, func(rt *rapid.T) {
		s := drawDurable(rt)
		events := simulate(rt, s.copy(), s.machine(), nil).events()
		for range 4 {
			journal := events[:rapid.IntRange(1, len(events)).Draw(rt, "dies after")]
			sim := checkForetold(rt, s.drawResumed(rt, s.plan, journal))
			if again := sim.events(); rapid.Bool().Draw(rt, "twice") {
				journal = slices.Concat(journal, again[:rapid.IntRange(1, len(again)).Draw(rt, "dies again after")])
				checkForetold(rt, s.drawResumed(rt, sim.plan, journal))
			}
		}
	})
}

// drawResumed draws how a run goes on, perhaps with another plan.
func (s *scenario) drawResumed(t *rapid.T, p *plan.Plan, journal []event.Event) *scenario {
	next := s.goOn(slices.Clone(journal), s.requests)
	next.seed += uint32(oneOf(t, "answers", 0, 1))
	next.noRollback = oneOf(t, "no rollback", s.noRollback, true)
	next.resumed.undo = oneOf(t, "undo", false, false, false, false, true)
	if rapid.Bool().Draw(t, "decided") {
		next.resumed.decide(t)
	}
	if next.plan = p; p == s.plan && oneOf(t, "edited", false, false, true) {
		edited := viaJSON(t, *p)
		next.plan = &edited
		edit(t, &edited)
	}
	return next
}

func checkForetold(t *rapid.T, s *scenario) *simulation {
	sim := simulate(t, s.copy(), s.machine(), nil)
	if !foretold(s.plan.Steps) {
		return sim
	}
	if diff := cmp.Diff(foretell(s), sim.trace); diff != "" {
		for _, e := range s.resumed.journal {
			t.Logf("%s", traceEvent(e))
		}
		t.Logf("want:\n%s\ngot:\n%s", strings.Join(foretell(s), "\n"), strings.Join(sim.trace, "\n"))
		t.Fatalf("not as the oracle says (-want +got):\n%s\n%s\nplan: %s", diff, s.resumed.decisions(), mustJSON(s.plan))
	}
	return sim
}

func (r *resumption) decisions() string {
	return fmt.Sprintf("undo %t, rerun %q, keep %q, mark %q", r.undo, r.rerun, r.keep, r.mark)
}

// undoneStatus is how a run stands that went on only to undo what it had done.
func (o *oracle) undoneStatus() string {
	undone, left := 0, 0
	for _, st := range o.undo {
		switch st.is {
		case "completed":
			undone++
		case "skipped":
		default:
			left++
		}
	}
	before := o.past.status
	switch {
	case undone > 0 && left == 0:
		return "rolled_back"
	case left > 0 && before == event.StatusCompleted && !o.cancelled:
		return "failed"
	case left > 0 && before == event.StatusCompleted, !before.Ended():
		return "cancelled"
	}
	return before.String()
}
