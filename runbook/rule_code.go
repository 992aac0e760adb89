package runbook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// checkCode: code is literal. Expressions are only where values are taken, and
// never in what some program will read as code.
func checkCode(c *checker, d *document) {
	for _, s := range d.all() {
		s.each(c.commentInCode)
	}
	if len(c.holes) == 0 {
		return
	}
	codeVars := func(v variables) {
		for _, e := range v.list {
			if c.isDynamic(e.value) && loadsCode(e.key.Value) {
				c.interpolated(e.value, "write it out", "%q decides which code is run, so it is literal", e.key.Value)
			}
		}
	}
	codeVars(d.env)
	codeVars(d.defaults.env)
	c.literalWord("shell", d.defaults.shell)
	for _, s := range d.all() {
		codeVars(s.env)
		s.each(c.literalCommand)
		if s.command.kind != plan.KindScript && c.isDynamic(s.stdin) {
			if p := c.codeLine(&s.command).stdin; p != nil {
				c.interpolated(s.stdin, p.help(), "%s would run its stdin as code, and code is literal", p.name)
			}
		}
		c.literalWord("uses", s.uses)
	}
}

// commentInCode finds shell text that ends inside a quote because YAML took the
// rest for a comment.
func (c *checker) commentInCode(cmd *command) {
	n := cmd.code
	if n == nil || n.LineComment == "" || c.flagged[n] || strings.Count(n.Value, `"`)%2+strings.Count(n.Value, "'")%2 == 0 {
		return
	}
	if d, ok := c.commentTrap(n); ok {
		c.flagged[n] = true
		c.add(d)
	}
}

const envForm = `pass the value in a variable: env: {VALUE: "${{ ... }}"}, and read "$VALUE" in the code`

// interpolated reports an expression where there must be none.
func (c *checker) interpolated(n *node, help, format string, args ...any) {
	c.values[n] = plan.Value{}
	c.part(n, max(expressionAt(n.Value), 0), len("${{"), Diagnostic{Rule: ruleCode, Message: fmt.Sprintf(format, args...), Help: help})
}

func (c *checker) literalWord(what string, n *node) {
	if c.isDynamic(n) {
		c.interpolated(n, "write it out", "%q is literal and takes no expressions", what)
	}
}

func (c *checker) literalCommand(cmd *command) {
	if c.isDynamic(cmd.code) {
		c.interpolated(cmd.code, envForm, "shell text is literal and takes no expressions")
	}
	c.literalWord("program", cmd.program)
	c.literalWord("shell", cmd.shell)
	c.literalWord("path", cmd.path)
	c.literalWord("service", cmd.service)
	c.literalWord("operation", cmd.operation)
	for _, n := range cmd.interpreter {
		c.literalWord("interpreter", n)
	}
	c.codeArguments(cmd)
}

// codeArguments finds expressions in what some program takes for code, be it the
// program itself or one that it starts, such as sudo or kubectl exec.
func (c *checker) codeArguments(cmd *command) {
	if !slices.ContainsFunc(cmd.args, c.isDynamic) {
		return
	}
	switch p := c.codeLine(cmd).found; {
	case p == nil:
	case p.file:
		c.interpolated(p.node, p.help(), "%s would run the file that this argument names, and script paths are literal", p.name)
	default:
		c.interpolated(p.node, p.help(), "%s would run this argument as code, and code is literal", p.name)
	}
}

// readsScript finds an interpreter that is told to run its stdin, and would never
// look at the script.
func (c *checker) readsScript(cmd *command) {
	if cmd.kind != plan.KindScript || len(cmd.interpreter) == 0 || cmd.path == nil {
		return
	}
	if p := c.codeLine(cmd).stdin; p != nil && !c.flagged[cmd.interpreter[0]] {
		c.at(cmd.interpreter[0], ruleScript, "leave out what makes it do so, such as -s or -",
			"%s, started like this, runs its stdin as code, and not the script", p.name)
	}
}

// codeLine reads the command line that a command becomes.
func (c *checker) codeLine(cmd *command) *codeLine {
	l := &codeLine{dynamic: c.isDynamic}
	var words []*node
	switch cmd.kind {
	case plan.KindExec:
		words = []*node{cmd.program}
	case plan.KindScript:
		if len(cmd.interpreter) > 0 {
			words = append(slices.Clone(cmd.interpreter), cmd.path)
		}
	case plan.KindAwsCli:
		words = []*node{{Value: "aws"}, cmd.service, cmd.operation}
	}
	if len(words) > 0 && !slices.Contains(words, nil) {
		l.follow(append(words, cmd.args...))
	}
	return l
}

// loading are variables that decide which code a program runs.
var loading = []string{
	"PATH", "ENV", "BASH_ENV", "IFS", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "ZDOTDIR",
	"PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PERL5LIB", "PERL5OPT", "PERLLIB", "RUBYLIB", "RUBYOPT", "NODE_OPTIONS", "NODE_PATH",
	"LUA_PATH", "LUA_CPATH", "LUA_INIT", "CLASSPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS",
	"GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_EXEC_PATH", "GIT_PAGER", "GIT_EDITOR", "GIT_ASKPASS", "SSH_ASKPASS", "SUDO_ASKPASS",
	"EDITOR", "VISUAL", "PAGER", "MANPAGER", "LESSOPEN", "LESSCLOSE", "BROWSER", "SHELL", "GCONV_PATH",
}

func loadsCode(name string) bool {
	return strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") || strings.HasPrefix(name, "BASH_FUNC_") || slices.Contains(loading, name)
}

// checkLeftOver: what is left of the expressions stands where none is taken.
func checkLeftOver(c *checker, _ *document) {
	for _, n := range c.holes {
		if _, taken := c.values[n]; !taken && !c.flagged[n] {
			c.interpolated(n, "write the value out; a literal ${{ is written $${{", "no expression is taken here")
		}
	}
}
