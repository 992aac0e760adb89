package runbook

import "strings"

// checkEnv: no variable is one of runbook's own, and PATH leads where the person
// who reviewed it thinks.
func checkEnv(c *checker, d *document) {
	c.env(d.env)
	c.env(d.defaults.env)
	for _, s := range d.all() {
		c.env(s.env)
	}
}

func (c *checker) env(vars variables) {
	for _, v := range vars.list {
		switch name := v.key.Value; {
		case strings.HasPrefix(name, "RUNBOOK_"):
			c.at(v.key, ruleEnv, "choose a name that does not begin with RUNBOOK_", "%q is reserved: runbook sets such variables itself", name)
		case name == "PATH":
			c.searchPath(v.value)
		}
	}
}

// searchPath refuses what a shell would look up in whatever folder it is in.
func (c *checker) searchPath(n *node) {
	if c.isDynamic(n) {
		return // told with what else decides which code runs
	}
	for _, dir := range strings.Split(literal(n), ":") {
		switch {
		case strings.HasPrefix(dir, "/"):
		case strings.HasPrefix(dir, "$"):
			c.at(n, ruleEnv, "write the folders out", "PATH holds %q, but variables are not expanded here", dir)
			return
		case dir == "":
			c.at(n, ruleEnv, "remove the empty part; it means the current folder", "PATH has an empty part")
			return
		default:
			c.at(n, ruleEnv, "write an absolute folder", "PATH holds %q, which is not absolute", dir)
			return
		}
	}
}
