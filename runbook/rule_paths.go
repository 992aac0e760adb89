package runbook

import "strings"

// checkPaths: paths and programs are literal, so what a shell would expand in
// them is a mistake.
func checkPaths(c *checker, d *document) {
	check := func(what string, n *node) {
		if strings.HasPrefix(literal(n), "${{") {
			return
		}
		switch p := literal(n); {
		case p == "~" || strings.HasPrefix(p, "~/"):
			c.at(n, rulePath, "write the path out, or use shell", "~ is not expanded in %q", what)
		case len(p) > 1 && p[0] == '$' && (p[1] == '{' || p[1] == '_' || p[1] >= 'A' && p[1] <= 'Z' || p[1] >= 'a' && p[1] <= 'z'):
			c.at(n, rulePath, "write the path out, or use shell", "variables are not expanded in %q", what)
		}
	}
	check("working_dir", d.defaults.workingDir)
	check("shell", d.defaults.shell)
	for _, n := range d.envFiles {
		check("env_files", n)
	}
	for _, s := range d.secrets {
		check("file", s.file)
	}
	for _, s := range d.all() {
		for _, n := range s.envFiles {
			check("env_files", n)
		}
		check("uses", s.uses)
		check("working_dir", s.workingDir)
		check("stdout", s.stdout)
		s.each(func(cmd *command) {
			check("program", cmd.program)
			check("shell", cmd.shell)
			check("path", cmd.path)
			if len(cmd.interpreter) > 0 {
				check("interpreter", cmd.interpreter[0])
			}
		})
		if n := s.stdout; n != nil && strings.HasSuffix(literal(n), "/") {
			c.at(n, rulePath, "add the file's name", "\"stdout\" must be a file, and %q is a folder", literal(n))
		}
	}
}
