package run

import (
	"slices"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

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
		}
		st.try = o.tryOf(o.name(st), st.number, o.attempt(st))
		if st.try.ending == NotStarted && st.try.early {
			st.stopped = false
			o.finish(st)
			return true
		}
		if !st.ran {
			o.started = slices.DeleteFunc(o.started, func(other *oracleStep) bool { return other == st })
			o.started = append(o.started, st)
		}
		st.is, st.until, st.told, st.stopped = "running", o.now+st.try.took, "", false
		o.say("started %s#%d", o.name(st), o.attempt(st))
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
	st.ran = st.ran || st.try.ending != NotStarted || st.stopped
	switch delay, again := o.delay(st); {
	case st.stopped:
		o.finishes(st, "cancelled", "cancelled")
	case fault == "":
		o.finishes(st, "completed", "")
	case again && !o.givenUp() && !o.held(o.around(st), st.up) && !o.late(st, o.now+delay):
		st.is, st.until = "waiting", o.now+delay
		o.say("retrying %s#%d %s after %v", o.name(st), o.attempt(st), fault, delay)
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

func (o *oracle) kill() {
	o.cancelled, o.killed = true, true
	o.say("run_cancelling killed")
	o.tell("kill", func(*oracleStep) time.Duration { return 0 })
}

func (o *oracle) tell(word string, takes func(*oracleStep) time.Duration) {
	for _, st := range o.all() {
		if st.is == "running" && st.told != word && st.told != "kill" {
			st.told = word
			o.say("%s %s#%d", word, o.name(st), o.attempt(st))
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
	case r.kind == "cancel" && !o.cancelled && !o.refused:
		last := o.phase() == event.Finally
		o.cancelled = true
		o.say("run_cancelling")
		if !last || o.aborted {
			o.tell("stop", slowly)
		}
	case r.kind == "kill" && !o.killed:
		o.kill()
	case r.kind == "abort" && !o.aborted:
		o.aborted = true
		o.say("run_cancelling engine")
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
