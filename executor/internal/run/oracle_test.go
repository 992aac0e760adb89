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
	started   []*oracleStep // in the order of their first attempts that ran, or run
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
	past      *history
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
	ran       bool
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
	kept      bool           // it ended before the run was resumed
	undecided bool           // somebody must say what is to become of it
}

type question struct {
	kind  string // recall, if, unless, require, approval, lock, again
	guard *plan.Guard
	index int
}

func foretell(s *scenario) []string {
	o := &oracle{scenario: s, requests: s.requests, await: s.await}
	if s.resumed != nil {
		o.past = historyOf(s.plan, s.resumed.journal)
	}
	for _, n := range nodesOf(s.plan) {
		step := &s.plan.Phase(string(n.Phase))[n.Index]
		o.steps = append(o.steps, o.newStep(step, step.ID, n.Phase, nil))
	}
	o.run = oracleStep{Step: &plan.Step{Require: s.plan.Require, Lock: s.plan.Lock}, id: "run", times: map[string]int{}}
	o.run.questions = o.questionsOf(&o.run)
	if o.past != nil {
		o.resumes()
	} else {
		o.say("run_started %d", len(s.plan.Steps))
	}
	for {
		for o.settle() {
		}
		if o.over() {
			return o.trace
		}
		if o.paused && (len(o.requests) == 0 || o.undecided()) {
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
		if o.failure() && !o.cancelled && !o.aborted && !o.refused || o.undoing() {
			o.path = "handlers"
			for _, st := range slices.Backward(o.ranOnce()) {
				if st.Rollback != nil && st.phase == event.Main && (!o.noRollback || o.undoing()) {
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
	if o.undoing() {
		return "over"
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
	if o.undoing() && !o.aborted {
		status = o.undoneStatus()
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
	return o.aborted || o.killed || o.refused || o.cancelled && o.phase() != event.Finally || o.undoing() && o.phase() == event.Main
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
		line += fmt.Sprintf("#%d", o.attempt(st))
	}
	if reason != "" {
		line += " " + reason
	}
	if is == "failed" || is == "timeout" {
		if st.tolerated = o.forgives(st, reason); st.tolerated {
			line += " tolerated"
		}
	}
	o.ends(st, is, reason, line)
}

func (o *oracle) ends(st *oracleStep, is, reason, line string) {
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

// earliest is the step that failed first, which the trace tells. A foreach has
// failed with its item, although it ends later.
func (o *oracle) earliest(steps []*oracleStep) *oracleStep {
	for _, line := range o.trace {
		for _, st := range steps {
			if !o.failing(st) {
				continue
			}
			for _, one := range slices.Concat(st.kids, []*oracleStep{st}) {
				f := strings.Fields(line)
				if (one == st || o.loop(st)) && bad(one) && len(f) > 2 && (f[1] == "failed" || f[1] == "timeout") && strings.Split(f[2], "#")[0] == o.name(one) {
					return st
				}
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
	if o.serial(st) && !o.behind(st) {
		return false
	}
	for _, n := range st.Needs {
		need := around[n]
		if need.is != "completed" && !need.tolerated && (need.is != "skipped" || need.reason == "need" || need.reason == "stopped") {
			return false
		}
	}
	for _, n := range st.After {
		if !done(around[n]) || around[n].is == "cancelled" && !around[n].kept {
			return false
		}
	}
	return true
}

// behind: all that it waits for has ended, and all that waits for in turn.
func (o *oracle) behind(st *oracleStep) bool {
	for _, n := range slices.Concat(st.Needs, st.After) {
		if before := o.around(st)[n]; !done(before) || !o.behind(before) {
			return false
		}
	}
	return true
}

// serial: what it is beside runs one at a time, in order.
func (o *oracle) serial(st *oracleStep) bool {
	if st.up != nil {
		return o.body(st.up) && st.up.Body.Strategy == plan.Serial
	}
	return o.plan.Strategy == plan.Serial
}

// exhausted: the foreach has failed, and begins no more items.
func (o *oracle) exhausted(st *oracleStep) bool {
	return st.instance && slices.ContainsFunc(st.up.kids, bad)
}

// settle does the first thing that follows from how things stand, if any.
func (o *oracle) settle() bool {
	if !o.paused && o.cancelled && !o.killed && !o.aborted && !o.began() && o.guardsRun() {
		o.kill()
		return true
	}
	if o.paused || o.phase() == "over" && !slices.ContainsFunc(o.undo, func(st *oracleStep) bool { return st.is == "completed" && !st.undoes.undone }) {
		return false
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

func (o *oracle) settleBlock(steps []*oracleStep, up *oracleStep) bool {
	if o.givenUp() || o.held(steps, up) {
		if o.sweep(steps, !o.givenUp()) {
			return true
		}
	} else {
		for _, st := range steps {
			if st.is == "" && o.hopeless(st) {
				o.unreached(st, "skipped", "need")
				return true
			}
		}
		for _, st := range steps {
			if st.is == "" && o.exhausted(st) && st.asking != "probe" {
				o.unreached(st, "skipped", "stopped")
				return true
			}
		}
		for _, st := range steps {
			if st.is == "" && st.asking == "" && !st.undecided && st.approval != "requested" && o.turn(st) && len(st.questions) > 0 && len(o.run.questions) == 0 {
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
	for _, st := range append(o.rememberedOf(steps, held), steps...) { // what ends as before may take others with it
		if st.is != "" || st.asking == "probe" {
			continue
		}
		some = true
		switch {
		case !held && o.undoing() && st.phase == event.Main:
			o.unreached(st, "skipped", "left_out")
		case !held && o.refused && !o.cancelled && !o.aborted:
			o.unreached(st, "skipped", "stopped")
		case !held && st.phase == event.Main:
			o.unreached(st, "cancelled", "cancelled")
		case !held:
			o.unreached(st, "skipped", "cancelled")
		case o.hopeless(st):
			o.unreached(st, "skipped", "need")
		default:
			o.unreached(st, "skipped", "stopped")
		}
	}
	return some
}
