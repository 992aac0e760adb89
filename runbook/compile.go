package runbook

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// compiler turns a document without errors into a plan.
type compiler struct {
	*checker
	doc *document
	// Steps without an env of their own share one list: plans are not changed.
	env []plan.Var
}

func (c *checker) compile(d *document) *plan.Plan {
	k := compiler{checker: c, doc: d}
	k.env = merge(vars(d.env), vars(d.defaults.env))
	p := &plan.Plan{
		Name:        literal(d.name),
		Description: literal(d.description),
		Labels:      labels(d.labels),
		File:        c.src.file,
		Strategy:    d.order(),
		StopOnError: d.strategy.stopOnFail == nil || isTrue(d.strategy.stopOnFail),
		Steps:       k.steps(d.steps),
		OnFailure:   k.steps(d.onFailure),
		Finally:     k.steps(d.finally),
	}
	if p.Name == "" && c.src.file != "-" && c.src.file != "<stdin>" {
		base := filepath.Base(c.src.file)
		p.Name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	if n := d.strategy.maxConcurrency; n != nil {
		p.MaxConcurrency = number(n)
	}
	if p.Strategy == plan.Serial {
		p.MaxConcurrency = 1
	}
	for i := range p.Steps {
		addEdges(p, i, d.steps[i].needs)
	}
	return p
}

func addEdges(p *plan.Plan, i int, needs []int) {
	s := &p.Steps[i]
	s.Needs = slices.Clone(needs)
	slices.Sort(s.Needs)
	s.Needs = slices.Compact(s.Needs)
	if len(s.Needs) == 0 {
		s.Needs = nil
	}
	if p.Strategy == plan.Serial && i > 0 && !slices.Contains(s.Needs, i-1) {
		s.After = []int{i - 1}
	}
}

func (k *compiler) steps(list []*step) []plan.Step {
	if len(list) == 0 {
		return nil
	}
	steps := make([]plan.Step, len(list))
	for i, s := range list {
		k.step(&steps[i], s)
	}
	return steps
}

func (k *compiler) step(to *plan.Step, s *step) {
	def := &k.doc.defaults
	*to = plan.Step{
		ID:              literal(s.id),
		Name:            literal(s.name),
		Description:     literal(s.description),
		Labels:          labels(s.labels),
		Line:            s.node.Line,
		Command:         k.command(&s.command),
		Env:             k.env,
		BareEnv:         s.inheritEnv != nil && !isTrue(s.inheritEnv),
		WorkingDir:      plan.Text(k.path(literal(cmp.Or(s.workingDir, def.workingDir)))),
		Timeout:         valueOf(cmp.Or(s.timeout, def.timeout)),
		GracePeriod:     valueOf(cmp.Or(s.gracePeriod, def.gracePeriod)),
		SuccessExit:     exitCodes(s.successExit),
		ContinueOnError: isTrue(s.continueOnErr),
		Effect:          k.effect(s),
		Idempotent:      isTrue(s.idempotent),
	}
	if s.env.given {
		to.Env = merge(vars(k.doc.env), vars(s.env))
	}
	if s.stdin != nil {
		v := valueOf(s.stdin)
		to.Stdin = &v
	}
	if s.stdout != nil {
		v := plan.Text(k.path(literal(s.stdout)))
		to.Stdout = &v
	}
	switch {
	case s.retry != nil:
		to.Retry = compileRetry(s.retry)
	case to.Effect == plan.Read || to.Idempotent:
		to.Retry = compileRetry(def.retry)
	}
}

func (k *compiler) command(cmd *command) plan.Command {
	def := &k.doc.defaults
	switch cmd.kind {
	case plan.KindExec:
		return plan.Exec(k.program(literal(cmd.program)), values(cmd.args))
	case plan.KindShell:
		return plan.Shell(literal(cmd.code), k.program(literal(cmp.Or(cmd.shell, def.shell))))
	case plan.KindScript:
		interpreter := cmd.script.interpreter
		if len(cmd.interpreter) > 0 {
			interpreter = nil
			for _, n := range cmd.interpreter {
				interpreter = append(interpreter, literal(n))
			}
			interpreter[0] = k.program(interpreter[0])
		}
		return plan.Script(cmd.script.file, interpreter, values(cmd.args))
	default:
		return plan.AwsCli(literal(cmd.service), literal(cmd.operation), values(cmd.args),
			valueOf(cmp.Or(cmd.profile, def.awsProfile)), valueOf(cmp.Or(cmd.region, def.awsRegion)))
	}
}

// program makes one with a slash absolute; any other is looked up in PATH.
func (k *compiler) program(p string) string {
	if !strings.Contains(p, "/") {
		return p
	}
	return k.path(p)
}

func (k *compiler) effect(s *step) plan.Effect {
	if s.effect != nil {
		return plan.Effect(literal(s.effect))
	}
	if s.command.kind != plan.KindAwsCli {
		return plan.Write
	}
	args := make([]string, len(s.command.args))
	for i, a := range s.command.args {
		args[i] = literal(a)
	}
	return inferEffect(literal(s.command.operation), args)
}

func compileRetry(r *retry) *plan.Retry {
	if r == nil || number(r.times) == 0 {
		return nil
	}
	to := &plan.Retry{
		Times:      number(r.times),
		Delay:      valueOf(r.delay),
		Backoff:    plan.Backoff(literal(r.backoff)),
		MaxDelay:   valueOf(r.maxDelay),
		MaxElapsed: valueOf(r.maxElap),
	}
	if r.jitter != nil {
		to.Jitter, _ = floatOf(r.jitter) // the schema made sure of it
	}
	return to
}

func valueOf(n *node) plan.Value { return plan.Text(literal(n)) }

func values(list []*node) []plan.Value {
	if len(list) == 0 {
		return nil
	}
	vs := make([]plan.Value, len(list))
	for i, n := range list {
		vs[i] = valueOf(n)
	}
	return vs
}

func number(n *node) int {
	i, _ := wholeOf(n) // the schema made sure of it
	return int(i)
}

func isTrue(n *node) bool { return n != nil && strings.EqualFold(n.Value, "true") }

func exitCodes(list []*node) []int {
	if len(list) == 0 {
		return nil
	}
	codes := make([]int, len(list))
	for i, n := range list {
		codes[i] = number(n)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func labels(m *node) map[string]string {
	if m == nil || len(m.Content) == 0 {
		return nil
	}
	out := make(map[string]string, len(m.Content)/2)
	for i := 0; i+1 < len(m.Content); i += 2 {
		out[m.Content[i].Value] = literal(m.Content[i+1])
	}
	return out
}

func vars(v variables) map[string]string {
	out := make(map[string]string, len(v.list))
	for _, e := range v.list {
		out[e.key.Value] = literal(e.value)
	}
	return out
}

// merge lays one set of variables over another.
func merge(under, over map[string]string) []plan.Var {
	if len(under)+len(over) == 0 {
		return nil
	}
	maps.Copy(under, over)
	list := make([]plan.Var, 0, len(under))
	for _, name := range slices.Sorted(maps.Keys(under)) {
		list = append(list, plan.Var{Name: name, Value: plan.Text(under[name])})
	}
	return list
}
