package run

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A scenario is a plan and everything that happens to it from outside. Time in
// it is counted from the run's beginning.
type scenario struct {
	plan     *plan.Plan
	tries    map[string][]try // by id; the last repeats
	seed     uint32           // what probes and locks answer
	slots    int              // of the engine
	random   float64          // what jitter gets
	requests []request

	probes map[string][]string // what these answer, by probe; the last repeats
	locks  map[string][]answer // what these answer, by id

	durable bool
	resumed *resumption // nil: it is new

	await, approveAll, noRollback bool
	approvals                     []string // ids that may be asked for
}

// A try is what an attempt does if it is let alone, and how long it takes to
// end when it is told to stop.
type try struct {
	took, stop time.Duration
	ending     Ending
	code       int
	reason     event.Reason
	early      bool   // NotStarted: known beforehand
	retry      string // what retry.if says: yes, no, or empty: it is not asked
}

type request struct {
	at   time.Duration
	kind string // cancel, kill, abort, approve, reject, unattended
	step string // that is approved or rejected
}

// An answer comes to a probe (yes, no, error) or to a lock that was asked for
// (waits, locked, busy), some time after the question.
type answer struct {
	at   time.Duration
	says string
}

// input is the request as an input of a machine that it is about.
func (r request) input(m *Machine) Input {
	n := Node{Index: -1}
	for _, one := range append(allNodes(m), allGates(m)...) {
		if m.StepID(one) == r.step && one.Phase != event.Rollback {
			n = one
		}
	}
	switch r.kind {
	case "approve":
		return Approve{Node: n, By: "someone"}
	case "reject":
		return Reject{Node: n, By: "someone", Message: "no"}
	case "cancel":
		return Cancel{Signal: "SIGINT"}
	case "kill":
		return Kill{}
	case "unattended":
		return Unattended{}
	}
	return Abort{Error: "disk full"}
}

var (
	epoch = time.Date(2026, 2, 28, 23, 59, 58, 123456789, time.UTC)
	runID = uuid.MustParse("0190a0a0-0000-7000-8000-000000000001")
)

func nodesOf(p *plan.Plan) []Node {
	var nodes []Node
	for _, phase := range []event.Phase{event.Main, event.OnFailure, event.Finally} {
		for i := range p.Phase(string(phase)) {
			nodes = append(nodes, Node{Phase: phase, Index: i})
		}
	}
	return nodes
}

// tryOf is what the number-th attempt of a step does. Each instance of a foreach,
// counted from 0, begins with another.
func (s *scenario) tryOf(id string, instance, attempt int) try {
	plain := id
	for {
		from, to := strings.Index(plain, "["), strings.Index(plain, "]")
		if from < 0 {
			break
		}
		plain = plain[:from] + plain[to+1:]
	}
	tries := s.tries[plain]
	if len(tries) == 0 {
		return try{took: ms}
	}
	return tries[min(instance+attempt, len(tries))-1]
}

// dice is a number below n that depends on nothing but the text.
func (s *scenario) dice(text string, n uint32) uint32 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%d %s", s.seed, text)
	return h.Sum32() / 7 % n
}

func (s *scenario) probeAnswer(key string, times int) answer {
	if says := s.probes[key]; says != nil {
		return answer{ms, says[min(times, len(says)-1)]}
	}
	key = fmt.Sprint(key, times)
	says := []string{"yes", "no", "yes", "no", "yes", "no", "error"}[s.dice(key, 7)]
	if strings.Contains(key, "require") && says == "no" && s.dice(key+"again", 2) == 0 {
		says = "yes"
	}
	return answer{time.Duration(s.dice(key+"took", 5)) * ms, says}
}

func (s *scenario) lockAnswers(id string, wait bool) []answer {
	if answers := s.locks[id]; answers != nil {
		return slices.Clone(answers)
	}
	switch s.dice("lock"+id, 4) {
	case 0:
		if wait {
			return []answer{{0, "waits"}, {4 * ms, "busy"}}
		}
		return []answer{{0, "busy"}}
	case 1:
		if wait {
			return []answer{{0, "waits"}, {3 * ms, "locked"}}
		}
	}
	return []answer{{0, "locked"}}
}

// input is the answer to what a node asked: a probe, or, with nil, for a lock.
func (a answer) input(n Node, probe *Probe) Input {
	switch a.says {
	case "waits":
		return LockWaits{Node: n, Holder: "another"}
	case "locked":
		return Locked{n}
	case "busy":
		return LockBusy{Node: n, Holder: "another"}
	}
	in := Probed{Node: n, Which: probe.Which, Index: probe.Index, Yes: a.says == "yes"}
	if a.says == "error" {
		in.Error = "no answer"
	}
	return in
}

// Conditions of scenarios.
const (
	always  = "true"
	never   = "false"
	broken  = `fromJSON("{")`
	notForB = `item != "b"`
)

// truth is what a condition is.
func truth(expr string, item any) string {
	switch {
	case expr == broken:
		return "error"
	case expr == never, expr == notForB && item == "b":
		return "no"
	}
	return "yes"
}

func (s *scenario) machine() *Machine {
	o := Options{
		RunID: runID, Random: func() float64 { return s.random },
		AwaitApprovals: s.await, ApproveAll: s.approveAll, NoRollback: s.noRollback, Durable: s.durable,
	}
	if r := s.resumed; r != nil {
		o.Memory = Remember(viaJSONs(r.journal))
		o.Rerun, o.Keep, o.MarkDone, o.Undo, o.By = r.rerun, r.keep, r.mark, r.undo, "someone"
	}
	return New(s.plan, o)
}

// parse reads a scenario from one line:
//
//	build =1,ok r2/5ms; test <build; lint ~build ! @3ms | page | cleanup
//
// Steps, on_failure and finally are parted by bars. After its id a step has
// what it needs (<), what it comes after (~), continue_on_error (!), how often
// and after what delay it is retried (r), how its attempts end (=, the last one
// repeats), how long one takes (@, else 1ms), and how long one takes to stop
// when told to (+).
func parse(t *testing.T, text string) *scenario {
	t.Helper()
	s := &scenario{plan: &plan.Plan{Name: "test"}, slots: 100, tries: map[string][]try{}}
	sections := append(strings.Split(text, "|"), "", "")
	for k, into := range []*[]plan.Step{&s.plan.Steps, &s.plan.OnFailure, &s.plan.Finally} {
		var ids []string
		lines := strings.FieldsFunc(sections[k], func(r rune) bool { return r == ';' })
		for _, line := range lines {
			if f := strings.Fields(line); len(f) > 0 {
				ids = append(ids, f[0])
			}
		}
		indexes := func(list string) (is []int) {
			for id := range strings.SplitSeq(list, ",") {
				is = append(is, slices.Index(ids, id))
			}
			return is
		}
		for _, line := range lines {
			f := strings.Fields(line)
			if len(f) == 0 {
				continue
			}
			step, took, stop, endings := plan.Step{ID: f[0]}, ms, time.Duration(0), "ok"
			for _, word := range f[1:] {
				switch rest := word[1:]; word[0] {
				case '<':
					step.Needs = indexes(rest)
				case '~':
					step.After = indexes(rest)
				case '!':
					step.ContinueOnError = true
				case 'r':
					times, delay, _ := strings.Cut(rest, "/")
					n, _ := strconv.Atoi(times)
					step.Retry = &plan.Retry{Times: n, Delay: plan.Text(delay)}
				case '=':
					endings = rest
				case '@':
					took, _ = plan.ParseDuration(rest)
				case '+':
					stop, _ = plan.ParseDuration(rest)
				default:
					t.Fatalf("cannot read %q", word)
				}
			}
			var tries []try
			for ending := range strings.SplitSeq(endings, ",") {
				a := try{took: took, stop: stop}
				switch ending {
				case "ok":
				case "signal":
					a.ending = Signaled
				case "timeout":
					a.ending = TimedOut
				case "start":
					a.ending = NotStarted
				case "early":
					a.ending, a.early = NotStarted, true
				case "engine":
					a.ending = Broken
				case "output":
					a.reason = event.ReasonOutput
				case "expect":
					a.reason = event.ReasonExpect
				case "stopped":
					a.ending = Stopped
				default:
					a.code, _ = strconv.Atoi(ending)
				}
				tries = append(tries, a)
			}
			*into = append(*into, step)
			s.tries[step.ID] = tries
		}
	}
	return s
}

const ms = time.Millisecond

func (s *scenario) copy() *scenario { c := *s; return &c }
