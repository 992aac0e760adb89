package run

import (
	"fmt"
	"slices"
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
	now       time.Duration
	trace     []string
	cancelled bool
	killed    bool
	aborted   bool
	first     string // the first failure that decides the run
	began     string // the failure path: "" until all steps have ended, then "handlers" or "no handlers"
}

type oracleStep struct {
	*plan.Step
	phase     event.Phase
	is        string // "", running, waiting, completed, failed, timeout, cancelled, skipped
	tolerated bool
	attempts  int
	began     time.Duration // the first attempt
	until     time.Duration // running: its end; waiting: its next attempt
	try       try           // of the last attempt
	told      string
	stopped   bool
}

func foretell(s *scenario) []string {
	o := &oracle{scenario: s}
	for _, n := range nodesOf(s.plan) {
		o.steps = append(o.steps, &oracleStep{Step: &s.plan.Phase(string(n.Phase))[n.Index], phase: n.Phase})
	}
	o.say("run_started %d", len(s.plan.Steps))
	requests := s.requests
	for o.conclude(); !o.over(); o.conclude() {
		if o.startOne() {
			continue
		}
		next, what := time.Duration(-1), -1
		for i, st := range o.steps {
			if st.is == "running" && (what < 0 || st.until < next) {
				next, what = st.until, i
			}
		}
		if len(requests) > 0 && (what < 0 || max(requests[0].at, o.now) < next) {
			next, what = max(requests[0].at, o.now), len(o.steps)
		}
		for _, st := range o.steps {
			if st.is == "waiting" && st.until > o.now && (what < 0 || st.until < next) {
				next, what = st.until, len(o.steps)+1
			}
		}
		o.now = next
		switch {
		case what < len(o.steps):
			o.finish(what)
		case what == len(o.steps):
			o.request(requests[0].kind)
			requests = requests[1:]
		}
	}
	return o.trace
}

func (o *oracle) say(format string, args ...any) {
	o.trace = append(o.trace, fmt.Sprintf("%v ", o.now)+fmt.Sprintf(format, args...))
}

func (o *oracle) ended(phase event.Phase) bool {
	for _, st := range o.steps {
		if st.phase == phase && (st.is == "" || st.is == "running" || st.is == "waiting") {
			return false
		}
	}
	return true
}

func (o *oracle) failure() bool {
	for _, st := range o.steps {
		if st.phase == event.Main && (st.is == "failed" || st.is == "timeout") && !st.tolerated {
			return true
		}
	}
	return false
}

// phase is the part of the run that is under way; "over" after the last.
func (o *oracle) phase() event.Phase {
	if !o.ended(event.Main) {
		return event.Main
	}
	if o.began == "" {
		o.began = "no handlers"
		if o.failure() && !o.cancelled && !o.aborted {
			o.began = "handlers"
		}
	}
	if o.began == "handlers" && !o.ended(event.OnFailure) {
		return event.OnFailure
	}
	if !o.ended(event.Finally) {
		return event.Finally
	}
	return "over"
}

func (o *oracle) over() bool {
	if o.phase() != "over" {
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
	if o.failure() || o.aborted {
		status = "failed"
	}
	if o.cancelled && !o.aborted {
		status = "cancelled"
	}
	o.say("run_completed %s %+v", status, stats)
	handlers := slices.ContainsFunc(o.steps, func(st *oracleStep) bool {
		return st.phase != event.Main && (st.is == "failed" || st.is == "timeout") && !st.tolerated
	})
	o.say("failure %q, of a handler: %t", o.first, handlers)
	return true
}

// fail ends a step as its last attempt did.
func (o *oracle) fail(st *oracleStep) {
	line := o.fault(st)
	if st.is = "failed"; line == "timeout" {
		st.is = "timeout"
	}
	if st.tolerated = st.ContinueOnError; st.tolerated {
		line += " tolerated"
	} else if st.phase == event.Main && o.first == "" {
		o.first = st.ID
	}
	o.say("%s %s#%d %s", st.is, st.ID, st.attempts, line)
}

// halted: nothing new starts in the phase that is under way.
func (o *oracle) halted() bool {
	switch o.phase() {
	case event.Main:
		return o.cancelled || o.aborted || o.plan.StopOnError && o.failure()
	case event.OnFailure:
		return o.cancelled || o.aborted
	}
	return o.killed || o.aborted
}

// hopeless: a step it needs, however far up, has failed.
func (o *oracle) hopeless(st *oracleStep) bool {
	for _, n := range st.Needs {
		need := o.steps[n]
		bad := (need.is == "failed" || need.is == "timeout") && !need.tolerated
		if bad || o.hopeless(need) {
			return true
		}
	}
	return false
}

// conclude ends every step that no attempt can be made of any more.
func (o *oracle) conclude() {
	for again := true; again; {
		again = false
		phase, halted := o.phase(), o.halted()
		ends := func(st *oracleStep, is, reason string) {
			st.is, again = is, true
			if st.attempts > 0 {
				o.say("%s %s#%d %s", is, st.ID, st.attempts, reason)
			} else {
				o.say("%s %s %s", is, st.ID, reason)
			}
		}
		for _, st := range o.steps {
			switch {
			case st.is != "waiting" || st.phase != phase || !halted:
			case o.cancelled || o.aborted:
				ends(st, "cancelled", "cancelled")
			default:
				o.fail(st)
				again = true
			}
		}
		for _, st := range o.steps {
			switch {
			case st.is != "" || st.phase != phase:
			case halted && (o.cancelled || o.aborted) && phase == event.Main:
				ends(st, "cancelled", "cancelled")
			case halted && phase != event.Main:
				ends(st, "skipped", "cancelled")
			case phase == event.Main && o.hopeless(st):
				ends(st, "skipped", "need")
			case halted:
				ends(st, "skipped", "stopped")
			}
		}
	}
}

// startOne starts the first step in the file that may, if there is room.
func (o *oracle) startOne() bool {
	phase, running := o.phase(), 0
	for _, st := range o.steps {
		if st.is == "running" {
			running++
		}
	}
	limit := o.slots
	if most := o.plan.MaxConcurrency; phase == event.Main && most > 0 {
		limit = min(limit, most)
	}
	if phase != event.Main {
		limit = min(limit, 1)
	}
	if running >= limit {
		return false
	}
	for _, st := range o.steps {
		ready := st.phase == phase && (st.is == "" || st.is == "waiting" && st.until <= o.now)
		for _, n := range st.Needs {
			need := o.steps[n]
			ready = ready && (need.is == "completed" || need.tolerated)
		}
		for _, n := range st.After {
			is := o.steps[n].is
			ready = ready && is != "" && is != "running" && is != "waiting"
		}
		if phase != event.Main {
			for _, before := range o.steps {
				if before == st {
					break
				}
				ready = ready && (before.phase != phase || before.is != "" && before.is != "waiting")
			}
		}
		if !ready {
			continue
		}
		if st.is == "waiting" && o.late(st, o.now) {
			o.fail(st)
			return true
		}
		if st.attempts++; st.attempts == 1 {
			st.began = o.now
		}
		for i := range o.steps {
			if o.steps[i] == st {
				st.try = o.try(i, st.attempts)
			}
		}
		st.is, st.until, st.told, st.stopped = "running", o.now+st.try.took, "", false
		o.say("started %s#%d", st.ID, st.attempts)
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

func (o *oracle) finish(i int) {
	st := o.steps[i]
	fault := o.fault(st)
	switch delay, again := o.pause(st); {
	case st.stopped:
		st.is = "cancelled"
		o.say("cancelled %s#%d cancelled", st.ID, st.attempts)
	case fault == "":
		st.is = "completed"
		o.say("completed %s#%d", st.ID, st.attempts)
	case again && fault != "timeout" && !o.halted() && !o.late(st, o.now+delay):
		st.is, st.until = "waiting", o.now+delay
		o.say("retrying %s#%d %s after %v", st.ID, st.attempts, fault, delay)
	default:
		o.fail(st)
	}
}

// pause is the delay before the next attempt, if there is one left.
func (o *oracle) pause(st *oracleStep) (time.Duration, bool) {
	if st.Retry == nil || st.attempts > st.Retry.Times || st.try.ending == Broken {
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

func (o *oracle) request(kind string) {
	tell := func(word string, takes func(*oracleStep) time.Duration) {
		for _, st := range o.steps {
			if st.is == "running" && st.told != word {
				st.told = word
				o.say("%s %s#%d", word, st.ID, st.attempts)
				if end := o.now + takes(st); end < st.until {
					st.until, st.stopped = end, true
				}
			}
		}
	}
	slowly := func(st *oracleStep) time.Duration { return st.try.stop }
	switch {
	case kind == "cancel" && !o.cancelled && !o.aborted:
		last := o.phase() == event.Finally
		o.cancelled = true
		o.say("run_cancelling")
		if !last {
			tell("stop", slowly)
		}
	case kind == "kill" && !o.killed:
		o.cancelled, o.killed = true, true
		o.say("run_cancelling killed")
		tell("kill", func(*oracleStep) time.Duration { return 0 })
	case kind == "abort" && !o.aborted:
		o.aborted = true
		o.say("run_cancelling engine")
		if !o.killed {
			tell("stop", slowly)
		}
	}
}
