package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// The oracle says what a run of a scenario must look like. It shares nothing
// with the machine but the rules: it keeps no queue and no count, and asks of
// every step, again after each thing that happens, what the rules say of it.
type oracle struct {
	*scenario
	steps     []*oracleStep // main, on_failure, finally
	undo      []*oracleStep // rollbacks, once it comes to that
	opened    []*oracleStep // what has something inside, in the order in which that came to be
	started   []*oracleStep // in the order of their first attempts
	run       oracleStep    // the run's own guards
	now       time.Duration
	trace     []string
	requests  []request
	await     bool
	cancelled bool
	killed    bool
	aborted   bool
	refused   bool
	paused    bool
	first     string // the first failure that decides the run
	path      string // the failure path: "" until all steps have ended, then "handlers", "on_failure" or "no handlers"
}

type oracleStep struct {
	*plan.Step
	id        string
	phase     event.Phase
	up        *oracleStep   // what it is inside of
	kids      []*oracleStep // what is inside of it
	item      any           // of an instance
	number    int           // of an instance, from 0
	instance  bool
	undoes    *oracleStep
	undone    bool
	is        string // "", running, waiting, open, completed, failed, timeout, cancelled, skipped
	reason    string
	tolerated bool
	attempts  int
	began     time.Duration // the first attempt
	until     time.Duration // running: its end; waiting: its next attempt
	try       try           // of the last attempt
	told      string
	stopped   bool

	questions []question // that are left
	waited    bool
	answers   []answer // that will come
	asking    string   // which question is under way
	approval  string
	locked    bool
	times     map[string]int // how often each probe was asked
	hadTurn   bool           // of an instance: max_concurrency let it begin
}

type question struct {
	kind  string // if, unless, require, approval, lock, again
	guard *plan.Guard
	index int
}

func foretell(s *scenario) []string {
	o := &oracle{scenario: s, requests: s.requests, await: s.await}
	for _, n := range nodesOf(s.plan) {
		step := &s.plan.Phase(string(n.Phase))[n.Index]
		o.steps = append(o.steps, o.newStep(step, step.ID, n.Phase, nil))
	}
	o.run = oracleStep{Step: &plan.Step{Require: s.plan.Require, Lock: s.plan.Lock}, id: "run", times: map[string]int{}}
	o.run.questions = o.questionsOf(&o.run)
	o.say("run_started %d", len(s.plan.Steps))
	for {
		for o.settle() {
		}
		if o.over() {
			return o.trace
		}
		if o.paused && len(o.requests) == 0 {
			o.end()
			return o.trace
		}
		if !o.paused && o.startOne() {
			continue
		}
		o.next()
	}
}

func (o *oracle) newStep(step *plan.Step, id string, phase event.Phase, up *oracleStep) *oracleStep {
	st := &oracleStep{Step: step, id: id, phase: phase, up: up, times: map[string]int{}}
	st.questions = o.questionsOf(st)
	return st
}

// all yields every step there is, what is inside one after it.
func (o *oracle) all() []*oracleStep {
	var list []*oracleStep
	var walk func([]*oracleStep)
	walk = func(steps []*oracleStep) {
		for _, st := range steps {
			list = append(list, st)
			walk(st.kids)
		}
	}
	walk(o.steps)
	walk(o.undo)
	return list
}

func (o *oracle) loop(st *oracleStep) bool { return st.Foreach != nil && !st.instance }
func (o *oracle) body(st *oracleStep) bool { return st.Body != nil && !o.loop(st) }

// questionsOf lists what a step is asked, in the order of the language.
func (o *oracle) questionsOf(st *oracleStep) []question {
	mine := func(text string) bool {
		return st.Foreach == nil || strings.Contains(text, "item") == st.instance
	}
	var asked, again []question
	guard := func(kind string, g *plan.Guard, k int) {
		if g != nil && mine(textOf(g)) {
			asked = append(asked, question{kind, g, k})
			if kind != "if" {
				again = append(again, question{kind, g, k})
			}
		}
	}
	guard("if", st.If, 0)
	guard("unless", st.Unless, 0)
	for k := range st.Require {
		guard("require", &st.Require[k], k)
	}
	if st.Approval != nil && !st.instance {
		asked = append(asked, question{kind: "approval"})
	}
	if st.Lock != nil && mine(st.Lock.Name.String()) {
		asked = append(asked, question{kind: "lock"})
	}
	return append(append(asked, question{kind: "again"}), again...)
}

func textOf(g *plan.Guard) string {
	if g.Probe != nil {
		var b strings.Builder
		for _, a := range g.Probe.Command.Args {
			b.WriteString(a.Value.String())
		}
		return b.String()
	}
	return g.Expr.Source()
}

func (o *oracle) say(format string, args ...any) {
	o.trace = append(o.trace, fmt.Sprintf("%v ", o.now)+fmt.Sprintf(format, args...))
}

func done(st *oracleStep) bool {
	return slices.Contains([]string{"completed", "failed", "timeout", "cancelled", "skipped"}, st.is)
}

func bad(st *oracleStep) bool {
	return (st.is == "failed" || st.is == "timeout") && !st.tolerated
}

func (o *oracle) ended(steps []*oracleStep, phase event.Phase) bool {
	return !slices.ContainsFunc(steps, func(st *oracleStep) bool { return st.phase == phase && !done(st) })
}

// failing: it has failed, or will once what was begun has ended.
func (o *oracle) failing(st *oracleStep) bool {
	if bad(st) {
		return true
	}
	return o.loop(st) && !st.tolerated && slices.ContainsFunc(st.kids, func(kid *oracleStep) bool {
		return bad(kid) && (!st.ContinueOnError || kid.reason == "rejected")
	})
}

func (o *oracle) failure() bool {
	return slices.ContainsFunc(o.steps, func(st *oracleStep) bool { return st.phase == event.Main && o.failing(st) })
}

// phase is the part of the run that is under way; "over" after the last.
func (o *oracle) phase() event.Phase {
	if !o.ended(o.steps, event.Main) {
		return event.Main
	}
	if o.path == "" {
		o.path = "no handlers"
		if o.failure() && !o.cancelled && !o.aborted && !o.refused {
			o.path = "handlers"
			for _, st := range slices.Backward(o.started) {
				if st.Rollback != nil && st.phase == event.Main && !o.noRollback {
					undo := o.newStep(st.Rollback, st.id, event.Rollback, nil)
					undo.undoes, undo.item, undo.number = st, st.item, st.number
					o.undo = append(o.undo, undo)
				}
			}
		}
	}
	if !o.ended(o.undo, event.Rollback) {
		return event.Rollback
	}
	if o.path == "handlers" {
		if o.path = "on_failure"; o.cancelled || o.aborted {
			o.path = "no handlers"
		}
	}
	if o.path == "on_failure" && !o.ended(o.steps, event.OnFailure) {
		return event.OnFailure
	}
	if !o.ended(o.steps, event.Finally) {
		return event.Finally
	}
	return "over"
}

// stage is the steps of the part of the run that is under way.
func (o *oracle) stage() []*oracleStep {
	phase := o.phase()
	if phase == event.Rollback {
		return o.undo
	}
	var list []*oracleStep
	for _, st := range o.steps {
		if st.phase == phase {
			list = append(list, st)
		}
	}
	return list
}

func (o *oracle) over() bool {
	if o.phase() != "over" || o.run.asking == "probe" {
		return false
	}
	status, stats := "completed", event.Stats{}
	for _, st := range o.steps {
		if st.phase == event.Main {
			stats.Total++
			*map[string]*int{"completed": &stats.Completed, "failed": &stats.Failed, "timeout": &stats.Timeout,
				"cancelled": &stats.Cancelled, "skipped": &stats.Skipped}[st.is]++
		}
	}
	if o.failure() || o.aborted || o.refused {
		status = "failed"
	}
	if o.cancelled && !o.aborted {
		status = "cancelled"
	}
	o.say("run_completed %s %+v", status, stats)
	o.end()
	return true
}

func (o *oracle) end() {
	o.unlockRun()
	handlers := slices.ContainsFunc(slices.Concat(o.steps, o.undo), func(st *oracleStep) bool {
		return st.phase != event.Main && bad(st)
	})
	o.say("failure %q, of a handler: %t", o.first, handlers)
}

// givenUp: nothing new starts in the part of the run that is under way.
func (o *oracle) givenUp() bool {
	return o.aborted || o.killed || o.refused || o.cancelled && o.phase() != event.Finally
}

// held: nothing new starts because of a failure.
func (o *oracle) held(steps []*oracleStep, up *oracleStep) bool {
	switch {
	case up != nil && o.body(up):
		if up.Body.StopOnError && slices.ContainsFunc(steps, o.failing) {
			return true
		}
	case up == nil && o.phase() == event.Main:
		return o.plan.StopOnError && o.failure()
	}
	return up != nil && o.held(o.around(up), up.up)
}

// around is the steps that a step is among.
func (o *oracle) around(st *oracleStep) []*oracleStep {
	if st.up != nil {
		return st.up.kids
	}
	return o.stage()
}

// forgives: a failure of the step lets the run go on.
func (o *oracle) forgives(st *oracleStep, reason string) bool {
	if reason == "rejected" || !st.instance {
		return st.ContinueOnError && reason != "rejected"
	}
	failures := 0
	for _, other := range st.up.kids {
		if (other.is == "failed" || other.is == "timeout") && other.tolerated {
			failures++
		}
	}
	return failures < st.Foreach.MaxFailures || st.ContinueOnError && st.Foreach.MaxFailures == 0
}

// finishes ends a step in whatever way.
func (o *oracle) finishes(st *oracleStep, is, reason string) {
	line := fmt.Sprintf("%s %s", is, o.name(st))
	if st.attempts > 0 {
		line += fmt.Sprintf("#%d", st.attempts)
	}
	if reason != "" {
		line += " " + reason
	}
	if is == "failed" || is == "timeout" {
		if st.tolerated = o.forgives(st, reason); st.tolerated {
			line += " tolerated"
		}
	}
	st.is, st.reason = is, reason
	o.say("%s", line)
	if o.first == "" && o.failure() && st.phase == event.Main {
		o.first = o.cause(st)
	}
	if st.locked || st.asking == "lock" {
		o.say("unlock %s", o.name(st))
		st.locked, st.asking, st.answers = false, "", nil
	}
	o.turns()
}

func (o *oracle) cause(st *oracleStep) string {
	for _, kid := range st.kids {
		if bad(kid) && kid.id != "" {
			return o.cause(o.earliest(st.kids))
		}
	}
	return st.id
}

// earliest is the step that failed first, which the trace tells.
func (o *oracle) earliest(steps []*oracleStep) *oracleStep {
	for _, line := range o.trace {
		for _, st := range steps {
			f := strings.Fields(line)
			if len(f) > 2 && (f[1] == "failed" || f[1] == "timeout") && strings.Split(f[2], "#")[0] == o.name(st) && bad(st) {
				return st
			}
		}
	}
	return nil
}

// name is the id of a step, told apart from that of its rollback.
func (o *oracle) name(st *oracleStep) string {
	if st.undoes != nil {
		return "undo:" + st.id
	}
	return st.id
}

// fail ends a step as its last attempt did.
func (o *oracle) fail(st *oracleStep) {
	fault := o.fault(st)
	if fault == "timeout" {
		o.finishes(st, "timeout", fault)
	} else {
		o.finishes(st, "failed", fault)
	}
}

// hopeless: a step it needs, however far up, has failed.
func (o *oracle) hopeless(st *oracleStep) bool {
	if st.instance {
		return false
	}
	for _, n := range st.Needs {
		need := o.around(st)[n]
		if o.failing(need) || o.hopeless(need) {
			return true
		}
	}
	return false
}

// turn: what comes before the step has ended as it must.
func (o *oracle) turn(st *oracleStep) bool {
	around := o.around(st)
	switch {
	case st.phase != o.phase():
		return false
	case st.instance:
		return st.hadTurn
	case st.phase != event.Main && st.up == nil:
		for _, before := range around {
			if before == st {
				return true
			}
			if !done(before) {
				return false
			}
		}
	}
	for _, n := range st.Needs {
		need := around[n]
		if need.is != "completed" && !need.tolerated && (need.is != "skipped" || need.reason == "need" || need.reason == "stopped") {
			return false
		}
	}
	for _, n := range st.After {
		if !done(around[n]) || around[n].is == "cancelled" {
			return false
		}
	}
	return true
}

// exhausted: the foreach has failed, and begins no more items.
func (o *oracle) exhausted(st *oracleStep) bool {
	return st.instance && slices.ContainsFunc(st.up.kids, bad)
}

// settle does the first thing that follows from how things stand, if any.
func (o *oracle) settle() bool {
	if o.paused || o.phase() == "over" && !slices.ContainsFunc(o.undo, func(st *oracleStep) bool { return st.is == "completed" && !st.undoes.undone }) {
		return false
	}
	if o.cancelled && !o.killed && len(o.started) == 0 && o.guardsRun() {
		o.kill()
		return true
	}
	for _, st := range o.undo {
		if st.is == "completed" && !st.undoes.undone {
			st.undoes.undone = true
			o.say("rolled_back %s", st.undoes.id)
			return true
		}
	}
	if o.passRun() {
		return true
	}
	if o.settleBlock(o.stage(), nil) {
		return true
	}
	for _, up := range o.opened {
		if !done(up) && o.settleBlock(up.kids, up) {
			return true
		}
	}
	return o.pause()
}

func (o *oracle) guardsRun() bool { return o.plan.Lock != nil || len(o.plan.Require) > 0 }

func (o *oracle) settleBlock(steps []*oracleStep, up *oracleStep) bool {
	if o.givenUp() || o.held(steps, up) {
		if o.sweep(steps, !o.givenUp()) {
			return true
		}
	} else {
		for _, st := range steps {
			if st.is == "" && o.hopeless(st) {
				o.finishes(st, "skipped", "need")
				return true
			}
		}
		for _, st := range steps {
			if st.is == "" && o.exhausted(st) && st.asking != "probe" {
				o.finishes(st, "skipped", "stopped")
				return true
			}
		}
		for _, st := range steps {
			if st.is == "" && st.asking == "" && st.approval != "requested" && o.turn(st) && len(st.questions) > 0 && len(o.run.questions) == 0 {
				o.ask(st)
				return true
			}
		}
	}
	if up != nil && !slices.ContainsFunc(steps, func(st *oracleStep) bool { return !done(st) }) {
		o.close(up)
		return true
	}
	return false
}

// turns lets items begin, in order, as many at once as the foreach says.
func (o *oracle) turns() {
	for _, loop := range o.opened {
		under := 0
		for _, kid := range loop.kids {
			if kid.hadTurn && !done(kid) {
				under++
			}
		}
		for _, kid := range loop.kids {
			most := 0
			if kid.instance {
				most = kid.Foreach.MaxConcurrency
			}
			if kid.instance && kid.is == "" && !kid.hadTurn && !o.exhausted(kid) && (most == 0 || under < most) {
				kid.hadTurn = true
				under++
			}
		}
	}
}

// sweep ends every step that no attempt can be made of any more.
func (o *oracle) sweep(steps []*oracleStep, held bool) bool {
	some := false
	for _, st := range steps {
		switch {
		case st.is == "open":
			some = o.sweep(st.kids, held) || some
		case st.is != "waiting":
		case held:
			o.fail(st)
			some = true
		default:
			o.finishes(st, "cancelled", "cancelled")
			some = true
		}
	}
	for _, st := range steps {
		if st.is != "" || st.asking == "probe" {
			continue
		}
		some = true
		switch {
		case !held && o.refused && !o.cancelled && !o.aborted:
			o.finishes(st, "skipped", "stopped")
		case !held && st.phase == event.Main:
			o.finishes(st, "cancelled", "cancelled")
		case !held:
			o.finishes(st, "skipped", "cancelled")
		case o.hopeless(st):
			o.finishes(st, "skipped", "need")
		default:
			o.finishes(st, "skipped", "stopped")
		}
	}
	return some
}

// ask goes on with what a step is asked.
func (o *oracle) ask(st *oracleStep) {
	q := st.questions[0]
	switch q.kind {
	case "again":
		if st.questions = st.questions[1:]; !st.waited {
			st.questions = nil
		}
	case "approval":
		switch st.approval {
		case "":
			items := 0
			if o.loop(st) {
				if items = len(st.Foreach.Items); items == 0 {
					st.questions = st.questions[1:]
					break
				}
			}
			st.approval = "requested"
			o.say("approval_requested %s %d", o.name(st), items)
			if o.approveAll {
				st.approval = "granted"
				o.say("approval_granted %s", o.name(st))
			}
			return
		case "granted":
			st.waited = true
			st.questions = st.questions[1:]
		case "rejected":
			o.finishes(st, "failed", "rejected")
			return
		}
	case "lock":
		if st.locked {
			st.questions = st.questions[1:]
			break
		}
		o.askLock(st, "lock", o.name(st), st.Lock)
		return
	default:
		if !o.askGuard(st, q) {
			return
		}
	}
	if len(st.questions) == 0 {
		o.open(st)
	}
}

func (o *oracle) askLock(st *oracleStep, what, name string, l *plan.Lock) {
	st.asking = "lock"
	o.say("%s %s", what, name)
	for _, a := range o.lockAnswers(name, !l.Wait.IsZero()) {
		a.at += o.now
		st.answers = append(st.answers, a)
	}
}

// askGuard reports whether the step goes on.
func (o *oracle) askGuard(st *oracleStep, q question) bool {
	said := "yes"
	switch {
	case q.guard.Probe == nil:
		said = truth(q.guard.Expr.Source(), st.item)
	case st.asking == "":
		if len(st.answers) == 0 {
			key := fmt.Sprintf("%s %s %d", o.name(st), q.kind, q.index)
			a := o.probeAnswer(key, st.times[key])
			st.times[key]++
			a.at += o.now
			st.asking, st.answers = "probe", []answer{a}
			o.say("probe %s", key)
			return false
		}
		said = st.answers[0].says
		st.answers = nil
	}
	switch {
	case said == "error" && q.guard.Probe != nil:
		o.refuses(st, "probe")
	case said == "error":
		o.refuses(st, "expression")
	case q.kind == "if" && said == "no":
		o.finishes(st, "skipped", "if")
	case q.kind == "unless" && said == "yes":
		o.finishes(st, "skipped", "unless")
	case q.kind == "require" && said == "no":
		o.refuses(st, "require")
	default:
		st.questions = st.questions[1:]
		return true
	}
	return false
}

func (o *oracle) refuses(st *oracleStep, reason string) {
	if st == &o.run {
		o.refused = true
		o.say("run_cancelling %s", reason)
	} else {
		o.finishes(st, "failed", reason)
	}
}

// open lets in a step that has been asked everything.
func (o *oracle) open(st *oracleStep) {
	switch {
	case o.loop(st):
		st.is = "open"
		for k, item := range st.Foreach.Items {
			kid := &oracleStep{Step: st.Step, id: fmt.Sprintf("%s[%v]", st.id, item), phase: st.phase, up: st, instance: true, item: item, number: k, times: map[string]int{}}
			kid.questions = o.questionsOf(kid)
			st.kids = append(st.kids, kid)
		}
	case o.body(st):
		st.is = "open"
		for k := range st.Body.Steps {
			s := &st.Body.Steps[k]
			st.kids = append(st.kids, o.newStep(s, st.id+"/"+s.ID, st.phase, st))
		}
	default:
		return
	}
	o.opened = append(o.opened, st)
	o.say("expanded %s %d", st.id, len(st.kids)*map[bool]int{true: 1}[o.loop(st)])
	o.turns()
}

// close ends a step when all inside of it has ended.
func (o *oracle) close(st *oracleStep) {
	any := func(is func(*oracleStep) bool) bool { return slices.ContainsFunc(st.kids, is) }
	switch {
	case any(func(kid *oracleStep) bool { return kid.is == "cancelled" }):
		o.finishes(st, "cancelled", "cancelled")
	case any(bad):
		kid := o.earliest(st.kids)
		o.finishes(st, "failed", kid.reason)
	case any(func(kid *oracleStep) bool { return kid.reason == "stopped" }):
		o.finishes(st, "skipped", "stopped")
	default:
		o.finishes(st, "completed", "")
	}
}

// passRun asks what the run itself is asked.
func (o *oracle) passRun() bool {
	r := &o.run
	if len(r.questions) == 0 || r.asking != "" || o.aborted || o.killed || o.refused {
		return false
	}
	q := r.questions[0]
	switch {
	case q.kind == "again":
		if r.questions = r.questions[1:]; !r.waited || len(o.started) > 0 {
			r.questions = nil
		}
	case q.kind == "lock" && r.locked, q.kind == "require" && len(o.started) > 0:
		r.questions = r.questions[1:]
	case q.kind == "lock":
		o.askLock(r, "lock", "run", r.Lock)
	default:
		o.askGuard(r, q)
	}
	return true
}

func (o *oracle) unlockRun() {
	if o.run.locked || o.run.asking == "lock" {
		o.say("unlock run")
	}
	o.run.locked = false
	if o.run.asking == "lock" {
		o.run.asking, o.run.answers = "", nil
	}
}

// pause: only approvals can let anything go on.
func (o *oracle) pause() bool {
	waits := false
	for _, st := range o.all() {
		if st.is == "running" || st.is == "waiting" || st.asking != "" || o.canStart(st) {
			return false
		}
		waits = waits || st.approval == "requested" && !done(st)
	}
	if !waits || o.await || o.run.asking != "" || o.phase() == "over" || len(o.run.questions) > 0 {
		return false
	}
	o.paused = true
	o.say("run_paused")
	o.unlockRun()
	return true
}

// canStart: only a slot is missing.
func (o *oracle) canStart(st *oracleStep) bool {
	if st.phase != o.phase() || o.loop(st) || o.body(st) || len(st.questions) > 0 {
		return false
	}
	return st.is == "waiting" && st.until <= o.now || st.is == "" && o.turn(st)
}

// room: no limit around the step keeps it from starting.
func (o *oracle) room(st *oracleStep) bool {
	var running func([]*oracleStep) int
	running = func(steps []*oracleStep) (n int) {
		for _, one := range steps {
			if one.is == "running" {
				n++
			}
			n += running(one.kids)
		}
		return n
	}
	if running(o.stage()) >= o.slots {
		return false
	}
	for up := st.up; up != nil; up = up.up {
		if most := 0; o.body(up) {
			if most = up.Body.MaxConcurrency; most > 0 && running(up.kids) >= most {
				return false
			}
		}
	}
	most := o.plan.MaxConcurrency
	return o.phase() != event.Main || most <= 0 || running(o.stage()) < most
}

// startOne starts the first step in the file that may, if there is room.
func (o *oracle) startOne() bool {
	if len(o.run.questions) > 0 {
		return false
	}
	for _, st := range o.all() {
		if !o.canStart(st) || !o.room(st) {
			continue
		}
		if st.is == "waiting" && o.late(st, o.now) {
			o.fail(st)
			return true
		}
		if st.attempts++; st.attempts == 1 {
			st.began = o.now
			o.started = append(o.started, st)
		}
		st.try = o.tryOf(o.name(st), st.number, st.attempts)
		st.is, st.until, st.told, st.stopped = "running", o.now+st.try.took, "", false
		o.say("started %s#%d", o.name(st), st.attempts)
		return true
	}
	return false
}

func (o *oracle) late(st *oracleStep, at time.Duration) bool {
	most, _ := plan.ParseDuration(st.Retry.MaxElapsed.String())
	return most > 0 && at > st.began+most
}

// fault is the reason of a failed attempt; empty: it did not fail.
func (o *oracle) fault(st *oracleStep) string {
	switch t := st.try; {
	case t.ending == TimedOut:
		return "timeout"
	case t.reason != "":
		return string(t.reason)
	case t.ending == Signaled:
		return "signal"
	case t.ending == NotStarted:
		return "start"
	case t.ending == Broken:
		return "engine"
	case t.code == 0 && st.SuccessExit == nil:
		return ""
	}
	for _, code := range st.SuccessExit {
		if st.try.code == code {
			return ""
		}
	}
	return "exit"
}

func (o *oracle) finish(st *oracleStep) {
	fault := o.fault(st)
	switch delay, again := o.delay(st); {
	case st.stopped:
		o.finishes(st, "cancelled", "cancelled")
	case fault == "":
		o.finishes(st, "completed", "")
	case again && !o.givenUp() && !o.held(o.around(st), st.up) && !o.late(st, o.now+delay):
		st.is, st.until = "waiting", o.now+delay
		o.say("retrying %s#%d %s after %v", o.name(st), st.attempts, fault, delay)
	default:
		o.fail(st)
	}
}

// delay is the delay before the next attempt, if there is one left.
func (o *oracle) delay(st *oracleStep) (time.Duration, bool) {
	if st.Retry == nil || st.attempts > st.Retry.Times || st.try.ending == Broken {
		return 0, false
	}
	if wants := st.try.retry; wants == "no" || wants == "" && st.try.ending == TimedOut {
		return 0, false
	}
	d, _ := plan.ParseDuration("0" + st.Retry.Delay.String())
	most, _ := plan.ParseDuration("0" + st.Retry.MaxDelay.String())
	if st.Retry.Backoff == plan.Exponential {
		d <<= st.attempts - 1
	}
	if most > 0 {
		d = min(d, most)
	}
	return time.Duration(float64(d) * (1 - st.Retry.Jitter*o.random)), true
}

// next lets the next thing happen: of those that fall on one moment the ends of
// attempts first, then answers, then requests.
func (o *oracle) next() {
	next, happens := time.Duration(-1), func() {}
	at := func(when time.Duration, what func()) {
		if next < 0 || when < next {
			next, happens = when, what
		}
	}
	for _, st := range o.all() {
		if st.is == "running" {
			at(st.until, func() { o.finish(st) })
		}
	}
	for _, st := range append([]*oracleStep{&o.run}, o.all()...) {
		if st.asking != "" {
			at(st.answers[0].at, func() { o.answered(st) })
		}
	}
	if len(o.requests) > 0 {
		r := o.requests[0]
		at(max(r.at, o.now), func() {
			o.requests = o.requests[1:]
			o.request(r)
		})
	}
	for _, st := range o.all() {
		if st.is == "waiting" && st.until > o.now {
			at(st.until, func() {})
		}
	}
	if next < 0 {
		panic("the oracle hangs after\n" + strings.Join(o.trace, "\n"))
	}
	o.now = next
	happens()
}

// answered takes the next answer to what a step has asked.
func (o *oracle) answered(st *oracleStep) {
	a := st.answers[0]
	st.answers = st.answers[1:]
	switch a.says {
	case "waits":
		st.waited = true
		o.say("waiting %s", o.name(st))
	case "locked":
		st.asking, st.locked = "", true
	case "busy":
		st.asking = ""
		o.refuses(st, "lock")
	default:
		st.asking, st.answers = "", []answer{a}
	}
}

func (o *oracle) kill() {
	o.cancelled, o.killed = true, true
	o.say("run_cancelling killed")
	o.tell("kill", func(*oracleStep) time.Duration { return 0 })
}

func (o *oracle) tell(word string, takes func(*oracleStep) time.Duration) {
	for _, st := range o.all() {
		if st.is == "running" && st.told != word && st.told != "kill" {
			st.told = word
			o.say("%s %s#%d", word, o.name(st), st.attempts)
			if end := o.now + takes(st); end < st.until {
				st.until, st.stopped = end, true
			}
		}
	}
	probed := slices.Concat(o.steps, o.undo)
	for _, up := range o.opened { // what came to be later is told later
		probed = append(probed, up.kids...)
	}
	for _, st := range append(probed, &o.run) {
		if st.asking == "probe" && st.told != word && st.told != "kill" {
			st.told = word
			o.say("%s %s#0", word, o.name(st))
			st.answers[0].at = min(st.answers[0].at, o.now)
		}
	}
}

func (o *oracle) request(r request) {
	if o.paused {
		st := o.find(r.step)
		if slices.Contains([]string{"approve", "reject"}, r.kind) && (st == nil || st.approval != "requested" || done(st)) || r.kind == "unattended" {
			return
		}
		o.paused = false
		o.say("run_resumed")
		if o.guardsRun() {
			o.run.questions = o.questionsOf(&o.run)
			o.run.waited = false
		}
	}
	slowly := func(st *oracleStep) time.Duration { return st.try.stop }
	switch {
	case r.kind == "cancel" && !o.cancelled && !o.aborted && !o.refused:
		last := o.phase() == event.Finally
		o.cancelled = true
		o.say("run_cancelling")
		if !last {
			o.tell("stop", slowly)
		}
	case r.kind == "kill" && !o.killed:
		o.kill()
	case r.kind == "abort" && !o.aborted:
		o.aborted = true
		o.say("run_cancelling engine")
		if !o.killed {
			o.tell("stop", slowly)
		}
	case r.kind == "approve" || r.kind == "reject":
		if st := o.find(r.step); st != nil && st.approval == "requested" && !done(st) {
			st.approval = map[string]string{"approve": "granted", "reject": "rejected"}[r.kind]
			o.say("approval_%s %s", st.approval, o.name(st))
		}
	case r.kind == "unattended":
		o.await = false
	}
}

func (o *oracle) find(id string) *oracleStep {
	for _, st := range o.all() {
		if st.id == id && st.undoes == nil {
			return st
		}
	}
	return nil
}
