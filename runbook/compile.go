package runbook

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// compiler turns a document without errors into steps of a plan.
type compiler struct {
	*checker
	doc    *document
	plan   *plan.Plan
	prefix string          // of ids: "drain/"; empty: the file is not part of another
	group  int             // as in plan.Step.Group
	opaque map[string]bool // params that are given a secret
	// Steps without an env of their own share one list: plans are not changed.
	env []plan.Var
	// places are the indexes in plan.Steps of what each step of the file became:
	// several where it includes a runbook.
	places [][]int
}

func (c *checker) compile(d *document, opaque map[string]bool) *plan.Plan {
	p := &plan.Plan{
		Name:        literal(d.name),
		Description: literal(d.description),
		Labels:      labels(d.labels),
		File:        c.src.file,
		Dir:         c.dir,
		Strategy:    d.order(),
		StopOnError: d.strategy.stopOnFail == nil || isTrue(d.strategy.stopOnFail),
		Params:      compileParams(d.params),
	}
	k := compiler{checker: c, doc: d, plan: p, opaque: opaque}
	k.env = k.vars(d.env, d.defaults.env)
	p.Secrets = k.secrets(d.secrets)
	p.Lock = k.lock(d.lock)
	p.Require = k.guards(d.preface.require)
	p.Outputs = k.outputs(d.outputs)
	p.Steps = make([]plan.Step, 0, len(d.steps))
	k.steps()
	p.OnFailure = k.handlers(d.onFailure)
	p.Finally = k.handlers(d.finally)
	if p.Name == "" && c.src.file != "-" && c.src.file != "<stdin>" {
		base := filepath.Base(c.src.file)
		p.Name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	if n := d.strategy.maxConcurrency; n != nil {
		p.MaxConcurrency = number(n)
	}
	return p
}

// steps appends the steps of the file, with the edges between them.
func (k *compiler) steps() {
	k.places = make([][]int, len(k.doc.steps))
	indexes := make([]int, 0, len(k.doc.steps))
	for i, s := range k.doc.steps {
		if s.uses != nil && s.foreach == nil {
			k.places[i] = k.include(s)
			continue
		}
		indexes = append(indexes, len(k.plan.Steps))
		k.places[i] = indexes[len(indexes)-1:]
		k.plan.Steps = append(k.plan.Steps, plan.Step{})
		k.step(&k.plan.Steps[len(k.plan.Steps)-1], s)
	}
	for i := range k.doc.steps {
		k.edges(i)
	}
}

func (k *compiler) handlers(list []*step) []plan.Step {
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
		Name:            literal(s.name),
		Description:     literal(s.description),
		Labels:          labels(s.labels),
		Line:            s.node.Line,
		Dir:             k.dir,
		Group:           k.group,
		Env:             k.env,
		BareEnv:         s.inheritEnv != nil && !isTrue(s.inheritEnv),
		EnvFiles:        k.paths(k.doc.envFiles, s.envFiles),
		WorkingDir:      k.pathOf(cmp.Or(s.workingDir, def.workingDir)),
		Timeout:         k.valueOf(cmp.Or(s.timeout, def.timeout)),
		GracePeriod:     k.valueOf(cmp.Or(s.gracePeriod, def.gracePeriod)),
		SuccessExit:     exitCodes(s.successExit),
		ContinueOnError: isTrue(s.continueOnErr),
		Effect:          k.effect(s),
		Idempotent:      isTrue(s.idempotent),
	}
	if s.id != nil {
		to.ID = k.prefix + literal(s.id)
	}
	if s.env.given {
		to.Env = k.vars(k.doc.env, s.env)
	}
	if s.stdin != nil {
		v := k.valueOf(s.stdin)
		to.Stdin = &v
	}
	if s.stdout != nil {
		v := k.pathOf(s.stdout)
		to.Stdout = &v
	}
	switch {
	case s.retry != nil:
		to.Retry = k.retry(s.retry)
	case to.Effect == plan.Read || to.Idempotent:
		to.Retry = k.retry(def.retry)
	}
	if s.uses != nil {
		to.With = k.with(s)
		to.Body = s.included.compile(s.included.doc, secretParams(to.With))
	} else {
		to.Command = k.command(&s.command)
	}
	k.more(to, s)
}

func (k *compiler) command(cmd *command) plan.Command {
	def := &k.doc.defaults
	switch cmd.kind {
	case plan.KindExec:
		return plan.Exec(k.program(literal(cmd.program)), k.values(cmd.args))
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
		return plan.Script(cmd.script.file, interpreter, k.values(cmd.args))
	default:
		return plan.AwsCli(literal(cmd.service), literal(cmd.operation), k.values(cmd.args),
			k.valueOf(cmp.Or(cmd.profile, def.awsProfile)), k.valueOf(cmp.Or(cmd.region, def.awsRegion)))
	}
}

// program makes one with a slash absolute; any other is looked up in PATH.
func (k *compiler) program(p string) string {
	if !strings.Contains(p, "/") {
		return p
	}
	return k.path(p)
}

func (c *checker) effect(s *step) plan.Effect {
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

func (k *compiler) retry(r *retry) *plan.Retry {
	if r == nil || number(r.times) == 0 {
		return nil
	}
	to := &plan.Retry{
		Times:      number(r.times),
		Delay:      k.valueOf(r.delay),
		Backoff:    plan.Backoff(literal(r.backoff)),
		MaxDelay:   k.valueOf(r.maxDelay),
		MaxElapsed: k.valueOf(r.maxElap),
		If:         k.expr(r.when),
	}
	if r.jitter != nil {
		to.Jitter, _ = floatOf(r.jitter) // the schema made sure of it
	}
	return to
}

// expr is what a value that is an expression compiles to; nil for none.
func (c *checker) expr(n *node) *plan.Expr {
	if n == nil {
		return nil
	}
	return c.exprs[n]
}

// pathOf is a path, absolute where it is known; one with expressions is made
// absolute from the step's Dir when it is resolved.
func (k *compiler) pathOf(n *node) plan.Value {
	if k.isDynamic(n) {
		return k.valueOf(n)
	}
	return plan.Text(k.path(literal(n)))
}

func (k *compiler) paths(lists ...[]*node) []plan.Value {
	var vs []plan.Value
	for _, list := range lists {
		for _, n := range list {
			vs = append(vs, k.pathOf(n))
		}
	}
	return vs
}

func (k *compiler) values(list []*node) []plan.Value {
	if len(list) == 0 {
		return nil
	}
	vs := make([]plan.Value, len(list))
	for i, n := range list {
		vs[i] = k.valueOf(n)
	}
	return vs
}

func number(n *node) int {
	if n == nil {
		return 0
	}
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

// vars are variables by name, each layer over those before it.
func (k *compiler) vars(layers ...variables) []plan.Var {
	var list []plan.Var
	for _, layer := range layers {
		for _, e := range layer.list {
			list = append(list, plan.Var{Name: e.key.Value, Value: k.valueOf(e.value)})
		}
	}
	slices.SortStableFunc(list, func(a, b plan.Var) int { return strings.Compare(a.Name, b.Name) })
	// Of variables of one name the last one counts.
	kept := list[:0]
	for i, v := range list {
		if i+1 == len(list) || list[i+1].Name != v.Name {
			kept = append(kept, v)
		}
	}
	return kept
}
