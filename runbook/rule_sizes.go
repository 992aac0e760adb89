package runbook

import "fmt"

// checkSizes: an argument or a variable is no longer than the operating system
// takes; the start would fail with "argument list too long", which names none.
func checkSizes(c *checker, d *document) {
	const most = 128<<10 - 1 // Linux: MAX_ARG_STRLEN less the NUL
	tooLong := func(n *node, what string, extra int) {
		if n != nil && !c.isDynamic(n) && len(n.Value)+extra > most {
			c.at(n, ruleSize, "pass it in stdin, or in a file", "%s is %d bytes long; the operating system takes %d", what, len(n.Value)+extra, most)
		}
	}
	vars := func(v variables) {
		for _, v := range v.list {
			if len(v.value.Value)+len(v.key.Value) > most-1 {
				tooLong(v.value, fmt.Sprintf("the variable %q", v.key.Value), len(v.key.Value)+1)
			}
		}
	}
	vars(d.env)
	vars(d.defaults.env)
	for _, s := range d.all() {
		vars(s.env)
		s.each(func(cmd *command) {
			for i, a := range cmd.args {
				if len(a.Value) > most {
					tooLong(a, fmt.Sprintf("argument %d", i+1), 0)
				}
			}
			tooLong(cmd.code, "the shell text", 0)
		})
	}
}
