package runbook

import "github.com/cloudops-run/runbook/runbook/plan"

// A step is one step of a document, under the same rules.
type step struct {
	node  *node
	phase string // as in plan.Plan.Phase
	index int    // in its phase

	id, name, description     *node
	labels                    *node
	dependsOn                 []*node
	dependsOnKey              *node
	needs                     []int // what dependsOn names, in the same order; -1: nothing
	command                   command
	env                       variables
	inheritEnv, continueOnErr *node
	workingDir, stdin, stdout *node
	timeout, gracePeriod      *node
	retry                     *retry
	successExit               []*node
	effect, idempotent        *node
	guards                    guards
	require                   []*guard
	foreach                   *foreach
	uses                      *node
	with                      []variable
	withKey                   *node
	envFiles                  []*node
	expect, approval          *node
	outputs                   []*output
	lock                      *lock
	rollback                  *step
	of                        *step      // of a rollback: what it undoes
	probes                    []*command // those of guards and require
	references                []reference
	included                  *included // what uses names, once it was read
}

// guards are the questions a step is asked, if any.
type guards struct{ wanted, done *guard }

// A command is what a step runs.
type command struct {
	kind        plan.Kind
	key         *node // exec, shell, script or aws_cli
	program     *node // exec
	args        []*node
	code        *node // shell
	shell       *node // shell; nil: the default
	path        *node // script
	interpreter []*node
	script      *scriptFile // the file of a script, once it was found
	service     *node       // aws_cli
	operation   *node
	profile     *node
	region      *node
}

type retry struct {
	node                                             *node
	times, delay, backoff, maxDelay, maxElap, jitter *node
	when                                             *node // its if
}

// each calls f for every command that a step may start.
func (s *step) each(f func(*command)) {
	f(&s.command)
	for _, p := range s.probes {
		f(p)
	}
}

func (c *checker) step(n *node) *step {
	s := &step{node: n}
	c.pairs(n, func(key, value *node) {
		switch c.keyName(key, "id") {
		case "id":
			// A malformed id still is the one that others refer to.
			if s.id == nil && isScalar(value) && !isNull(value) {
				s.id = value
			}
		case "name":
			s.name = c.text(value)
		case "description":
			s.description = c.text(value)
		case "labels":
			s.labels = mappingOnly(value)
		case "depends_on":
			s.dependsOn, s.dependsOnKey = c.texts(value), key
		case "exec", "shell", "script", "aws_cli":
			if s.command.key == nil {
				s.command = c.command(key, value)
			}
		case "env":
			s.env = c.variables(value)
		case "inherit_env":
			s.inheritEnv = c.scalar(value)
		case "working_dir":
			s.workingDir = c.text(value)
		case "stdin":
			s.stdin = c.text(value)
		case "stdout":
			s.stdout = c.text(value)
		case "timeout":
			s.timeout = c.text(value)
		case "grace_period":
			s.gracePeriod = c.text(value)
		case "retry":
			s.retry = c.retry(value)
		case "success_exit_codes":
			if isList(value) {
				for _, item := range value.Content {
					if n := c.whole(item); n != nil {
						s.successExit = append(s.successExit, n)
					}
				}
			}
		case "continue_on_error":
			s.continueOnErr = c.scalar(value)
		case "effect":
			s.effect = c.text(value)
		case "idempotent":
			s.idempotent = c.scalar(value)
		default:
			c.stepMore(s, key, value)
		}
	})
	for _, g := range s.require {
		s.addProbe(g)
	}
	s.addProbe(s.guards.wanted)
	s.addProbe(s.guards.done)
	return s
}

func (c *checker) command(key, n *node) command {
	cmd := command{kind: plan.Kind(key.Value), key: key}
	switch {
	case cmd.kind == plan.KindExec && isList(n):
		if len(n.Content) > 0 {
			cmd.program = c.text(n.Content[0])
			cmd.args = c.texts(&node{Kind: n.Kind, Content: n.Content[1:]})
		}
		return cmd
	case cmd.kind == plan.KindShell && isScalar(n):
		cmd.code = c.text(n)
		return cmd
	}
	c.pairs(n, func(key, value *node) {
		switch key.Value {
		case "program":
			cmd.program = c.text(value)
		case "args":
			cmd.args = c.texts(value)
		case "command":
			cmd.code = c.text(value)
		case "shell":
			cmd.shell = c.text(value)
		case "path":
			cmd.path = c.text(value)
		case "interpreter":
			if isList(value) {
				cmd.interpreter = c.texts(value)
			} else if t := c.text(value); t != nil {
				cmd.interpreter = []*node{t}
			}
		case "service":
			cmd.service = c.text(value)
		case "operation":
			cmd.operation = c.text(value)
		case "profile":
			cmd.profile = c.text(value)
		case "region":
			cmd.region = c.text(value)
		}
	})
	return cmd
}

// retry is nil where nothing usable is given.
func (c *checker) retry(n *node) *retry {
	if isScalar(n) {
		if n = c.whole(n); n == nil {
			return nil
		}
		return &retry{node: n, times: n}
	}
	if !isMapping(n) {
		return nil
	}
	r := &retry{node: n}
	c.pairs(n, func(key, value *node) {
		switch key.Value {
		case "times":
			r.times = c.whole(value)
		case "delay":
			r.delay = c.text(value)
		case "backoff":
			r.backoff = c.text(value)
		case "max_delay":
			r.maxDelay = c.text(value)
		case "max_elapsed":
			r.maxElap = c.text(value)
		case "jitter":
			r.jitter = c.scalar(value)
		case "if":
			r.when = c.code(value)
		}
	})
	return r
}
