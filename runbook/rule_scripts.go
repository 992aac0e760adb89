package runbook

import "github.com/cloudops-run/runbook/runbook/plan"

// checkScripts: a script is a regular file inside the root, and something can
// run it. It fills in the file of every script step.
func checkScripts(c *checker, d *document) {
	for _, s := range d.all() {
		n := s.command.path
		if s.command.kind != plan.KindScript || n == nil || c.flagged[n] {
			continue
		}
		f := c.scripts.find(c.path(literal(n)))
		s.command.script = f
		if f.problem != "" && !(f.needs && len(s.command.interpreter) > 0) {
			c.at(n, ruleScript, f.help, "the script %s cannot run: %s", found(n), f.problem)
		}
	}
}
