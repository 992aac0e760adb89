package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// questionsOf lists what a step is asked, in the order of the language.
func (o *oracle) questionsOf(st *oracleStep) []question {
	mine := func(text string) bool { return o.mine(st, text) }
	var asked, again []question
	guard := func(kind string, g *plan.Guard, k int) {
		if g != nil && mine(textOf(g)) {
			asked = append(asked, question{kind, g, k})
			if kind != "if" {
				again = append(again, question{kind, g, k})
			}
		}
	}
	if o.past != nil && st != &o.run {
		asked = append(asked, question{kind: "recall"})
	}
	guard("if", st.If, 0)
	guard("unless", st.Unless, 0)
	for k := range st.Require {
		guard("require", &st.Require[k], k)
	}
	if body := st.Body; body != nil && st.undoes == nil && (st.Foreach == nil || st.instance) {
		for k := range body.Require { // asked of each
			q := question{"require", &body.Require[k], k}
			asked, again = append(asked, q), append(again, q)
		}
	}
	if st.Approval != nil && !st.instance {
		asked = append(asked, question{kind: "approval"})
	}
	if st.Lock != nil && mine(st.Lock.Name.String()) {
		asked = append(asked, question{kind: "lock"})
	}
	return append(append(asked, question{kind: "again"}), again...)
}

// mine: of a foreach, what names the item is asked of each instance.
func (o *oracle) mine(st *oracleStep, text string) bool {
	return st.Foreach == nil || strings.Contains(text, "item") == st.instance
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

func (o *oracle) guardsRun() bool { return o.plan.Lock != nil || len(o.plan.Require) > 0 }

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

// ask goes on with what a step is asked.
func (o *oracle) ask(st *oracleStep) {
	q := st.questions[0]
	switch q.kind {
	case "recall":
		if !o.recall(st) {
			return
		}
		st.questions = st.questions[1:]
	case "again":
		if st.questions = st.questions[1:]; !st.waited {
			st.questions = nil
		}
	case "approval":
		switch st.approval {
		case "":
			if o.approved(st) {
				return
			}
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
			o.askProbe(st, q)
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

func (o *oracle) askProbe(st *oracleStep, q question) {
	key := fmt.Sprintf("%s %s %d", o.name(st), q.kind, q.index)
	a := o.probeAnswer(key, st.times[key])
	st.times[key]++
	a.at += o.now
	st.asking, st.answers = "probe", []answer{a}
	o.say("probe %s", key)
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
	var items plan.List
	if o.loop(st) {
		items = st.Foreach.Items
	}
	o.expand(st, items)
}

func (o *oracle) expand(st *oracleStep, items plan.List) {
	switch {
	case o.loop(st):
		st.is = "open"
		for k, item := range items {
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
	case any(func(kid *oracleStep) bool { return kid.is == "cancelled" && !kid.kept }):
		o.finishes(st, "cancelled", "cancelled")
	case any(o.failing):
		kid := o.earliest(st.kids)
		if kid.reason == "cancelled" { // a foreach that was not begun again, with an item that had failed
			kid = o.earliest(kid.kids)
		}
		o.finishes(st, "failed", kid.reason)
	case any(func(kid *oracleStep) bool { return kid.is == "cancelled" || kid.never() }):
		o.finishes(st, "skipped", "stopped")
	default:
		o.finishes(st, "completed", "")
	}
}

// never: it was not begun, and not because of what it was asked itself.
func (st *oracleStep) never() bool {
	return st.is == "skipped" && slices.Contains([]string{"stopped", "need", "left_out"}, st.reason)
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
		if r.questions = r.questions[1:]; !r.waited || o.began() {
			r.questions = nil
		}
	case q.kind == "lock" && r.locked, q.kind == "require" && o.began():
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
		if st.is == "running" || st.is == "waiting" || st.asking != "" || o.canStart(st) && o.room(st) {
			return false
		}
		waits = waits || st.approval == "requested" && !done(st)
	}
	if !waits && !o.undecided() || waits && o.await || o.run.asking != "" || o.phase() == "over" || len(o.run.questions) > 0 {
		return false
	}
	o.paused = true
	o.say("run_paused")
	o.unlockRun()
	return true
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
