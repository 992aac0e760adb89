package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema/fragment"
)

// Hidden is where the values are that no machine knows. What decides the order
// of a run never sees them.
type Hidden struct {
	Secret  func(name string) (text string, ok bool)
	Outputs func(n Node) func(name string) (text string, ok bool) // the secret outputs of a step; nil: it has none
}

// Scope is what the expressions of a node can name, from recorded state alone:
// the params, steps, run and item that it sees. It lacks what the machine does
// not know: secrets, Run.Dir, Run.Failure.LogTail and the attempt's own. Its
// Step function looks at the machine and must not be used while the machine
// handles an input: whoever evaluates in another goroutine wraps it in the lock
// that guards the machine.
//
// The scope of [Itself] is that of the runbook's own guards and lock.
func (m *Machine) Scope(n Node) *plan.Scope { return m.ScopeWith(n, Hidden{}) }

// ScopeWith is [Machine.Scope] with secrets, also where the node sees them by
// another name: as params of an included runbook.
func (m *Machine) ScopeWith(n Node, h Hidden) *plan.Scope {
	if n == Itself {
		return m.scopeOf(-1, h)
	}
	i, ok := m.index(n)
	if !ok {
		return nil
	}
	return m.scopeOf(i, h)
}

// A scopeKey is a file whose names expressions see: of the plan itself, of a
// runbook whose steps are among those of another, or of one that is the body of
// a node.
type scopeKey struct {
	owner int32 // the node whose body it is; -1: the plan
	group int   // in [plan.Plan.Groups], from 1; 0: the file itself
}

// bound is the params of an included runbook.
type bound struct {
	values plan.Values
	err    error
}

// ids are where expressions find the steps of a plan: the place in its block, or
// in a handler's.
type ids map[string]idPlace

type idPlace struct {
	stage stage // of the plan itself; main for a body
	index int
	group int // in [plan.Plan.Groups], from 1; 0: a step
}

func (m *Machine) planOf(at scopeKey) *plan.Plan {
	if at.owner < 0 {
		return m.plan
	}
	return m.nodes[at.owner].step.Body
}

// fileOf is the file that node i is written in.
func (m *Machine) fileOf(i int) scopeKey {
	if j := m.nodes[i].job; j != nil && j.undoes >= 0 {
		return m.fileOf(int(j.undoes))
	}
	k, _ := m.in(i)
	if k.kind == items {
		return m.fileOf(k.owner)
	}
	return scopeKey{owner: int32(k.owner), group: m.nodes[i].step.Group}
}

// GroupScope is what the expressions of an included runbook can name, as
// [plan.Step.Group] has it; of group 0, those of the plan.
func (m *Machine) GroupScope(group int) *plan.Scope {
	return m.fileScope(scopeKey{owner: -1, group: group}, Hidden{})
}

func (m *Machine) scopeOf(i int, h Hidden) *plan.Scope {
	if i < 0 {
		return m.fileScope(scopeKey{owner: -1}, h)
	}
	s := m.fileScope(m.fileOf(i), h)
	if j := m.nodes[i].job; j != nil {
		if j.undoes >= 0 {
			i, j = int(j.undoes), m.nodes[j.undoes].job
		}
		if j != nil && m.isInstance(i) {
			s.Item, s.Index, s.HasItem = j.item, j.index, true
		}
	}
	return s
}

func (m *Machine) fileScope(at scopeKey, h Hidden) *plan.Scope {
	params, _ := m.bind(at, h)
	s := &plan.Scope{
		Params: params,
		Step:   func(id string) (plan.StepState, bool) { return m.stepState(at, id, h) },
		Run:    m.runState(),
	}
	if at == (scopeKey{owner: -1}) {
		s.Secrets = h.Secret
	}
	return s
}

// bind is the params that a file sees. One that cannot be told, such as one that
// is a secret, is left out; the error says of the first why.
func (m *Machine) bind(at scopeKey, h Hidden) (plan.Values, error) {
	if b, ok := m.params[at]; ok && h.Secret == nil && h.Outputs == nil {
		return b.values, b.err
	}
	var b bound
	switch {
	case at.group > 0:
		g := &m.planOf(at).Groups[at.group-1]
		b = m.bindAll(g.Params, g.With, m.fileScope(scopeKey{at.owner, g.Parent}, h), h)
	case at.owner >= 0:
		step := m.nodes[at.owner].step
		b = m.bindAll(step.Body.Params, step.With, m.scopeOf(int(at.owner), h), h)
	default:
		b.values = m.plan.ParamValues()
	}
	if h.Secret == nil && h.Outputs == nil && m.settled(at) {
		if m.params == nil {
			m.params = map[scopeKey]bound{}
		}
		m.params[at] = b
	}
	return b.values, b.err
}

// settled reports whether the params of a file stay as they are. The with of a
// body is evaluated when everything it names has ended; that of a runbook whose
// steps are among others may name what has not.
func (m *Machine) settled(at scopeKey) bool {
	if at.group == 0 {
		return true
	}
	g := &m.planOf(at).Groups[at.group-1]
	return m.settled(scopeKey{at.owner, g.Parent}) && !dependsOnRun(g.With)
}

// bindAll evaluates what is given for params, and checks it against what they
// are declared to be.
func (m *Machine) bindAll(params []plan.Param, with []plan.Binding, scope *plan.Scope, h Hidden) bound {
	b := bound{values: plan.Values{}}
	for _, p := range params {
		if p.Set {
			b.values[p.Name] = p.Value
		}
	}
	for _, w := range with {
		delete(b.values, w.Name)
		if w.Secret && h.Secret == nil {
			continue
		}
		v, err := w.Value.Eval(scope)
		if err == nil && !w.Secret {
			err = m.fits(params, w.Name, v)
		}
		switch {
		case err == nil:
			b.values[w.Name] = v
		case b.err == nil:
			b.err = fmt.Errorf("with.%s: %w", w.Name, err)
		}
	}
	return b
}

// fits checks a value against the schema of its param.
func (m *Machine) fits(params []plan.Param, name string, v any) error {
	i := slices.IndexFunc(params, func(p plan.Param) bool { return p.Name == name })
	if i < 0 || len(params[i].Schema) == 0 {
		return nil
	}
	text := string(params[i].Schema)
	f, ok := m.fragments[text]
	if !ok {
		decoded, err := plan.DecodeJSON(params[i].Schema)
		schema, isMap := decoded.(map[string]any)
		if err == nil && isMap {
			f, _ = fragment.New(schema)
		}
		if m.fragments == nil {
			m.fragments = map[string]*fragment.Fragment{}
		}
		m.fragments[text] = f
	}
	if c, err := event.Canonical(v); err == nil {
		v = c
	}
	problems := f.Check(v)
	switch {
	case len(problems) == 0:
		return nil
	case len(problems[0].Pointer) > 0:
		return fmt.Errorf("%s in it %s", strings.Join(problems[0].Pointer, "."), problems[0].Message)
	}
	return fmt.Errorf("the value %s", problems[0].Message)
}

func (m *Machine) runState() plan.RunState {
	r := plan.RunState{ID: m.options.RunID.String(), Name: m.plan.Name, Dir: m.options.Dir, StartedAt: m.startedAt, Status: m.outcome().String()}
	for _, i := range m.failed {
		r.FailedSteps = append(r.FailedSteps, m.stepID(int(i)))
	}
	if i := m.failure(); i >= 0 {
		i = m.cause(i)
		n := &m.nodes[i]
		r.Failure = &plan.Failure{Step: m.stepID(i), Status: n.status.String(), Error: n.note}
		r.Failure.ExitCode, r.Failure.HasExit = n.exit()
	}
	return r
}

// outcome is how the run stands, as its handlers are told.
func (m *Machine) outcome() event.Status {
	switch {
	case m.status != event.StatusRunning || m.stage == main:
		return m.status
	case m.broken != "":
		return event.StatusFailed
	case m.cancelled:
		return event.StatusCancelled
	case m.failure() >= 0 || m.refused != "":
		return event.StatusFailed
	}
	return event.StatusCompleted
}

// exit is the exit code of the last attempt, if it had one.
func (n *node) exit() (int, bool) {
	if n.last == nil || n.attempts == 0 || n.last.exitCode < 0 {
		return 0, false
	}
	return int(n.last.exitCode), true
}

// bodyOutputs is what an included runbook, whose steps have ended inside node i,
// puts out.
func (m *Machine) bodyOutputs(i int) (event.Values, error) {
	if !m.isBody(i) || len(m.nodes[i].step.Body.Outputs) == 0 {
		return nil, nil
	}
	values, err := evalOutputs(m.nodes[i].step.Body.Outputs, m.fileScope(scopeKey{owner: int32(i)}, Hidden{}))
	return event.Values(values), err
}

// evalOutputs evaluates what it can; the error says of the first that it cannot
// why.
func evalOutputs(outputs []plan.Output, scope *plan.Scope) (plan.Values, error) {
	values := plan.Values{}
	var first error
	for _, o := range outputs {
		if o.Expr == nil || o.Secret {
			continue
		}
		v, err := o.Eval(scope)
		if err == nil {
			v, err = event.Canonical(v)
		}
		if err != nil {
			if first == nil {
				first = fmt.Errorf("outputs.%s: %w", o.Name, err)
			}
			v = nil
		}
		values[o.Name] = v
	}
	return values, first
}

// BindKnown is the params of an included runbook as far as they are known in a
// scope, and what is known not to fit.
func (m *Machine) BindKnown(params []plan.Param, with []plan.Binding, scope *plan.Scope, known func(plan.Ref) bool) (values plan.Values, problems []error) {
	values = plan.Values{}
	for _, p := range params {
		if p.Set {
			values[p.Name] = p.Value
		}
	}
	for _, w := range with {
		delete(values, w.Name)
		if w.Secret {
			continue
		}
		v, sure, err := w.Value.EvalTri(scope, known)
		if err == nil && sure {
			err = m.fits(params, w.Name, v)
		}
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("with.%s: %w", w.Name, err))
		case sure:
			values[w.Name] = v
		}
	}
	return values, problems
}
