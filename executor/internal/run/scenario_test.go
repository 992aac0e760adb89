package run

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A scenario is a plan and everything that happens to it from outside. Time in
// it is counted from the run's beginning.
type scenario struct {
	plan     *plan.Plan
	tries    [][]try // of each node, in the order of nodesOf; the last repeats
	slots    int     // of the engine
	random   float64 // what jitter gets
	requests []request
}

// A try is what an attempt does if it is let alone, and how long it takes to
// end when it is told to stop.
type try struct {
	took, stop time.Duration
	ending     Ending
	code       int
	reason     event.Reason
}

type request struct {
	at   time.Duration
	kind string // cancel, kill, abort
}

func (r request) input() Input {
	switch r.kind {
	case "cancel":
		return Cancel{Signal: "SIGINT"}
	case "kill":
		return Kill{}
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

func (s *scenario) try(node, attempt int) try {
	tries := s.tries[node]
	return tries[min(attempt, len(tries))-1]
}

func (s *scenario) machine() *Machine {
	return New(s.plan, Options{RunID: runID, Random: func() float64 { return s.random }})
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
	s := &scenario{plan: &plan.Plan{Name: "test"}, slots: 100}
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
				case "engine":
					a.ending = Broken
				case "output":
					a.reason = event.ReasonOutput
				case "stopped":
					a.ending = Stopped
				default:
					a.code, _ = strconv.Atoi(ending)
				}
				tries = append(tries, a)
			}
			*into = append(*into, step)
			s.tries = append(s.tries, tries)
		}
	}
	return s
}

const ms = time.Millisecond

func oneOf[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

func drawScenario(t *rapid.T) *scenario {
	p := &plan.Plan{
		Strategy:       oneOf(t, "strategy", plan.Serial, plan.Parallel, plan.DependencyGraph, plan.DependencyGraph),
		MaxConcurrency: oneOf(t, "max concurrency", 0, 0, 1, 2, 3),
		StopOnError:    rapid.Bool().Draw(t, "stop on error"),
	}
	s := &scenario{plan: p, slots: oneOf(t, "slots", 1, 2, 3, 100), random: oneOf(t, "random", 0, 0.5)}
	steps := rapid.IntRange(0, 9).Draw(t, "steps")
	// The order in which edges may point differs from the order in the file.
	order := make([]int, steps)
	for i := range order {
		order[i] = i
	}
	if p.Strategy == plan.DependencyGraph && rapid.Bool().Draw(t, "shuffled") {
		order = rapid.Permutation(order).Draw(t, "order")
	}
	p.Steps = make([]plan.Step, steps)
	for k, i := range order {
		p.Steps[i] = drawStep(t, s, fmt.Sprintf("s%d", i))
		drawEdges(t, p, i, order[:k])
	}
	for i := range p.Steps {
		s.tries = append(s.tries, drawTries(t))
		slices.Sort(p.Steps[i].Needs)
		slices.Sort(p.Steps[i].After)
	}
	for i := range oneOf(t, "on_failure", 0, 1, 2) {
		p.OnFailure = append(p.OnFailure, drawStep(t, s, fmt.Sprintf("f%d", i)))
		s.tries = append(s.tries, drawTries(t))
	}
	for i := range oneOf(t, "finally", 0, 1, 2) {
		p.Finally = append(p.Finally, drawStep(t, s, fmt.Sprintf("z%d", i)))
		s.tries = append(s.tries, drawTries(t))
	}
	for range oneOf(t, "requests", 0, 0, 0, 1, 2, 2, 3) {
		s.requests = append(s.requests, request{
			at:   time.Duration(rapid.IntRange(0, 20).Draw(t, "at")) * ms,
			kind: oneOf(t, "kind", "cancel", "cancel", "cancel", "kill", "abort"),
		})
	}
	slices.SortStableFunc(s.requests, func(a, b request) int { return int(a.at - b.at) })
	return s
}

func drawStep(t *rapid.T, s *scenario, id string) plan.Step {
	step := plan.Step{ID: id, ContinueOnError: rapid.IntRange(0, 3).Draw(t, "continue") == 0}
	if rapid.IntRange(0, 3).Draw(t, "codes") == 0 {
		step.SuccessExit = oneOf(t, "success", []int{0, 3}, []int{3})
	}
	if rapid.Bool().Draw(t, "retried") {
		step.Retry = &plan.Retry{
			Times:      rapid.IntRange(0, 4).Draw(t, "times"),
			Delay:      oneOf(t, "delay", plan.Value{}, plan.Text("1ms"), plan.Text("4ms"), plan.Text("9ms")),
			Backoff:    oneOf(t, "backoff", "", plan.Constant, plan.Exponential),
			MaxDelay:   oneOf(t, "max delay", plan.Value{}, plan.Value{}, plan.Text("6ms")),
			MaxElapsed: oneOf(t, "max elapsed", plan.Value{}, plan.Value{}, plan.Text("5ms"), plan.Text("10ms")),
			Jitter:     oneOf(t, "jitter", 0, 0.5, 1),
		}
	}
	return step
}

func drawEdges(t *rapid.T, p *plan.Plan, i int, earlier []int) {
	if p.Strategy == plan.Parallel {
		return
	}
	step := &p.Steps[i]
	for _, e := range earlier {
		switch oneOf(t, "edge", "", "", "", "needs", "after") {
		case "needs":
			step.Needs = append(step.Needs, e)
		case "after":
			step.After = append(step.After, e)
		}
	}
	if p.Strategy == plan.Serial && i > 0 && !slices.Contains(step.Needs, i-1) && !slices.Contains(step.After, i-1) {
		step.After = append(step.After, i-1)
	}
}

func drawTries(t *rapid.T) []try {
	tries := make([]try, rapid.IntRange(1, 4).Draw(t, "tries"))
	for i := range tries {
		tries[i] = try{
			took:   time.Duration(rapid.IntRange(0, 6).Draw(t, "took")) * ms,
			stop:   time.Duration(rapid.IntRange(0, 6).Draw(t, "stop")) * ms,
			ending: oneOf(t, "ending", Exited, Exited, Exited, Exited, Exited, Signaled, TimedOut, NotStarted, Broken),
			code:   oneOf(t, "code", 0, 0, 0, 1, 3),
			reason: oneOf(t, "reason", "", "", "", "", event.ReasonOutput),
		}
	}
	return tries
}

func (s *scenario) copy() *scenario { c := *s; return &c }
