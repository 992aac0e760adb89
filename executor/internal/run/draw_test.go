package run

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

func oneOf[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

func drawScenario(t *rapid.T) *scenario {
	p := &plan.Plan{
		Strategy:       oneOf(t, "strategy", plan.Serial, plan.Parallel, plan.DependencyGraph, plan.DependencyGraph),
		MaxConcurrency: oneOf(t, "max concurrency", 0, 0, 1, 2, 3),
		StopOnError:    rapid.Bool().Draw(t, "stop on error"),
	}
	s := &scenario{
		plan: p, slots: oneOf(t, "slots", 1, 2, 3, 100), random: oneOf(t, "random", 0, 0.5), tries: map[string][]try{},
		seed: rapid.Uint32().Draw(t, "seed"), approveAll: oneOf(t, "approve all", false, false, false, true),
		await: rapid.Bool().Draw(t, "await"), noRollback: oneOf(t, "no rollback", false, false, false, true),
	}
	// A third of the scenarios has the plainest steps only, a third all there is.
	rich := oneOf(t, "rich", 0, 1, 4)
	if rich > 0 && oneOf(t, "run guards", false, false, true) {
		p.Require = drawRequire(t)
		p.Lock = drawLock(t)
	}
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
		p.Steps[i] = drawStep(t, s, fmt.Sprintf("s%d", i), rich)
		drawEdges(t, p, i, order[:k])
	}
	for i := range p.Steps {
		slices.Sort(p.Steps[i].Needs)
		slices.Sort(p.Steps[i].After)
	}
	for i := range oneOf(t, "on_failure", 0, 1, 2) {
		p.OnFailure = append(p.OnFailure, drawStep(t, s, fmt.Sprintf("f%d", i), rich/2))
	}
	for i := range oneOf(t, "finally", 0, 1, 2) {
		p.Finally = append(p.Finally, drawStep(t, s, fmt.Sprintf("z%d", i), rich/2))
	}
	for range oneOf(t, "requests", 0, 0, 0, 1, 2, 2, 3) {
		s.requests = append(s.requests, request{
			at:   time.Duration(rapid.IntRange(0, 20).Draw(t, "at")) * ms,
			kind: oneOf(t, "kind", "cancel", "cancel", "cancel", "kill", "abort"),
		})
	}
	for _, id := range s.approvals {
		if kind := oneOf(t, "answer", "approve", "approve", "reject", "never"); kind != "never" {
			s.requests = append(s.requests, request{time.Duration(rapid.IntRange(0, 30).Draw(t, "at")) * ms, kind, id})
		}
	}
	s.requests = append(s.requests, request{60 * ms, "unattended", ""})
	slices.SortStableFunc(s.requests, func(a, b request) int { return int(a.at - b.at) })
	return s
}

// drawStep makes a step with the more in it the richer it is.
func drawStep(t *rapid.T, s *scenario, id string, rich int) plan.Step {
	s.tries[id], s.tries["undo:"+id] = drawTries(t), drawTries(t)
	one := func(name string) bool { return rich > 0 && rapid.IntRange(0, 5).Draw(t, name) < min(rich, 2) }
	step := drawPlain(t, id)
	if one("foreach") {
		step.Foreach = &plan.Foreach{
			Items:          oneOf(t, "items", nil, plan.List{"a"}, plan.List{"a", "b"}, plan.List{"a", "b", "c", "d"}),
			MaxConcurrency: oneOf(t, "at once", 0, 1, 2),
			MaxFailures:    oneOf(t, "failures", 0, 0, 1, 2),
		}
	}
	item := step.Foreach != nil
	if one("if") {
		step.If = drawGuard(t, item)
	}
	if one("unless") {
		step.Unless = drawGuard(t, item)
	}
	requires := one("require")
	if requires {
		step.Require = drawRequire(t)
	}
	if one("lock") {
		if step.Lock = drawLock(t); step.Lock != nil && item && rapid.Bool().Draw(t, "a lock each") {
			step.Lock.Name = plan.Template(plan.Part{Text: "lock-"}, plan.Part{Expr: plan.NewExpr("item")})
		}
	}
	if one("approval") {
		question := plan.Text(oneOf(t, "question", "", "go on?"))
		step.Approval = &question
		s.approvals = append(s.approvals, id)
	}
	if one("rollback") {
		undo := drawPlain(t, "")
		if one("guarded") {
			undo.If = drawGuard(t, false)
		}
		step.Rollback = &undo
	}
	if rich > 1 && rapid.IntRange(0, 7).Draw(t, "body") == 0 {
		step.Body, step.Retry = drawBody(t, s, id, rich/2), nil
		if requires { // of the runbook that is included
			step.Body.Require, step.Require = step.Require, nil
		}
	}
	return step
}

// drawBody makes an included runbook, whose steps may loop in turn.
func drawBody(t *rapid.T, s *scenario, id string, rich int) *plan.Plan {
	p := &plan.Plan{Strategy: oneOf(t, "body strategy", plan.DependencyGraph, plan.Serial), StopOnError: rapid.Bool().Draw(t, "body stops"), MaxConcurrency: oneOf(t, "body limit", 0, 1, 2)}
	var earlier []int
	for i := range oneOf(t, "body steps", 0, 1, 2, 3) {
		p.Steps = append(p.Steps, drawStep(t, s, fmt.Sprintf("%s/x%d", id, i), rich))
		p.Steps[i].ID = fmt.Sprintf("x%d", i)
		drawEdges(t, p, i, earlier)
		earlier = append(earlier, i)
	}
	return p
}

func drawGuard(t *rapid.T, item bool) *plan.Guard {
	if rapid.Bool().Draw(t, "probe") {
		probe := &plan.Probe{Command: plan.Exec("true", nil)}
		if item && rapid.Bool().Draw(t, "probe each") {
			probe.Command = plan.Exec("true", []plan.Value{plan.ExprValue(plan.NewExpr("item"))})
		}
		return &plan.Guard{Probe: probe}
	}
	conditions := []string{always, always, never, broken}
	if item {
		conditions = append(conditions, notForB, notForB)
	}
	return &plan.Guard{Expr: plan.NewExpr(oneOf(t, "condition", conditions...))}
}

func drawRequire(t *rapid.T) []plan.Guard {
	var list []plan.Guard
	for range oneOf(t, "requires", 0, 1, 2) {
		g := drawGuard(t, false)
		if g.Expr != nil && g.Expr.Source() == never && rapid.Bool().Draw(t, "after all") {
			g.Expr = plan.NewExpr(always)
		}
		list = append(list, *g)
	}
	return list
}

func drawLock(t *rapid.T) *plan.Lock {
	return oneOf(t, "lock", nil, &plan.Lock{Name: plan.Text("x")}, &plan.Lock{Name: plan.Text("x"), Wait: plan.Text("5ms")})
}

func drawPlain(t *rapid.T, id string) plan.Step {
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
	if p.Strategy == plan.Serial {
		chainDrawn(t, p, i)
	}
}

// chainDrawn lets a step of a serial runbook come after the one before it, or, as
// the steps of a runbook that it includes may, beside that.
func chainDrawn(t *rapid.T, p *plan.Plan, i int) {
	step := &p.Steps[i]
	comesAfter := func(s *plan.Step, e int) bool { return slices.Contains(s.Needs, e) || slices.Contains(s.After, e) }
	add := func(e int) {
		if e >= 0 && !comesAfter(step, e) {
			step.After = append(step.After, e)
		}
	}
	if i > 1 && rapid.IntRange(0, 5).Draw(t, "beside") == 0 && comesAfter(&p.Steps[i-1], i-2) {
		for _, edges := range []*[]int{&step.Needs, &step.After} {
			if *edges = slices.DeleteFunc(*edges, func(e int) bool { return e == i-1 }); len(*edges) == 0 {
				*edges = nil
			}
		}
		add(i - 2)
		return
	}
	add(i - 1)
	if i > 1 && !comesAfter(&p.Steps[i-1], i-2) {
		add(i - 2)
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
			reason: oneOf(t, "reason", "", "", "", "", event.ReasonOutput, event.ReasonExpect),
			retry:  oneOf(t, "retry if", "", "", "", "yes", "no"),
		}
		tries[i].early = tries[i].took > 2*ms
	}
	return tries
}
