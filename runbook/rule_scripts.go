package runbook

import "github.com/cloudops-run/runbook/runbook/plan"

// checkScripts: a script is a regular file inside the root, and something can
// run it. It fills in the file of every script step.
func checkScripts(c *checker, d *document) {
	for _, s := range d.all() {
		s.each(c.findScript)
	}
}

func (c *checker) findScript(cmd *command) {
	n := cmd.path
	if cmd.kind != plan.KindScript || n == nil || c.flagged[n] {
		return
	}
	f := c.scripts.find(c.path(literal(n)))
	cmd.script = f
	if f.problem != "" && !(f.needs && len(cmd.interpreter) > 0) {
		c.at(n, ruleScript, f.help, "the script %s cannot run: %s", found(n), f.problem)
	}
	c.readsScript(cmd)
}
