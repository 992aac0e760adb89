package runbook

import (
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/cloudops-run/runbook/schema"
)

// checkPrograms: a program is one word, and a shell is one that takes text.
func checkPrograms(c *checker, d *document) {
	c.shell(d.defaults.shell)
	for _, s := range d.all() {
		s.each(func(cmd *command) {
			c.shell(cmd.shell)
			n := cmd.program
			if n == nil || c.isDynamic(n) || strings.Contains(n.Value, "/") || !strings.ContainsAny(n.Value, " \t\n") {
				return
			}
			words, ok := commandWords(n.Value)
			if !ok {
				words = strings.Fields(n.Value)
			}
			c.at(n, ruleProgram, "write each word as an item of its own: "+strings.TrimSuffix(flowList(words), "]")+", ...], or use shell",
				"the program is %s, with a space in its name", found(n))
		})
	}
}

func (c *checker) shell(n *node) {
	if n == nil || c.isDynamic(n) || plan.KnownShell(literal(n)) {
		return
	}
	known := plan.KnownShells()
	help := didYouMean(schema.Closest(literal(n), known))
	if help == "" {
		help = "use one of " + oneOf(known) + ", or exec: [" + literal(n) + ", ...]"
	}
	c.at(n, ruleProgram, help, "%s is not a shell that runbook knows", found(n))
}
