package runbook

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// Words that a shell reads and that are nothing to most other programs.
var (
	pipes      = []string{"|", "||", "&&", ";", "|&"}
	redirects  = []string{">", ">>", "<", "&>", "2>", "1>", "2>>"}
	duplicates = []string{"2>&1", "1>&2", ">&2"}

	aCommand   = pattern(`^[A-Za-z_./][\w./+-]*$`)
	dollarName = pattern(`\$(\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Z_][A-Z0-9_]*\b)`)
	simpleLine = pattern(`^[\w./][\w./ |&<>;=,@+-]*$`)
	wildcard   = pattern(`^[\w.,/~+-]*\*[\w.,/*+-]*$`)
)

// readers are programs to which such words mean something, beside those that
// run code.
var readers = []string{
	"find", "fd", "fdfind", "tmux", "screen", "expr", "test", "[", "tr", "cut", "grep", "egrep", "fgrep", "rg", "ag", "jq", "yq", "awk", "gawk", "mawk",
	"sed", "sort", "column", "paste", "envsubst", "printf", "xargs", "parallel", "psql", "mysql", "sqlite3", "calc", "bc", "dialog", "whiptail",
}

// plainFiles are programs that take names of files, and no patterns.
var plainFiles = []string{
	"ls", "cp", "mv", "rm", "cat", "chmod", "chown", "chgrp", "head", "tail", "wc", "gzip", "gunzip", "bzip2", "xz", "zcat", "md5sum", "sha1sum", "sha256sum",
	"du", "touch", "stat", "file", "less", "ln", "rmdir", "mkdir", "shred", "cmp", "readlink",
}

// checkShellWords: no shell reads the arguments of exec, and what it would have
// made of them they do not become. Only what can hardly be meant is told.
func checkShellWords(c *checker, d *document) {
	for _, s := range d.all() {
		s.each(func(cmd *command) {
			if cmd.kind == plan.KindExec && cmd.program != nil && len(cmd.args) > 0 {
				c.shellWords(cmd)
			}
		})
	}
}

func (c *checker) shellWords(cmd *command) {
	name := filepath.Base(literal(cmd.program))
	if slices.Contains(readers, name) {
		return
	}
	known := programOf(name)
	if known == nil || !known.language && !known.joins {
		for i := range cmd.args {
			if c.operator(cmd, i) {
				return // what is behind it is another command
			}
		}
	}
	if known != nil { // it may give them to a shell, or expand them itself
		return
	}
	for i, a := range cmd.args {
		switch text := a.Value; {
		case !isText(a) || c.isDynamic(a):
		case text == "~" || strings.HasPrefix(text, "~/"):
			c.warn(a, rulePlainText, "write the path out, or use shell", "~ is not expanded in exec, which starts no shell")
		case dollarName().MatchString(text):
			at := dollarName().FindStringIndex(text)
			c.part(a, at[0], at[1]-at[0], Diagnostic{Severity: Warning, Rule: rulePlainText,
				Message: "variables are not expanded in exec, which starts no shell",
				Help:    "take the value from a param that has env: " + strings.Trim(text[at[0]:at[1]], "${}") + ", or use shell"})
		case slices.Contains(plainFiles, name) && wildcard().MatchString(text) && !isValue(cmd.args, i):
			c.warn(a, rulePlainText, "use shell, or let find pass the names: [find, DIR, -name, "+quoted(filepath.Base(text))+", -exec, "+name+", \"{}\", +]", "* is not expanded in exec, which starts no shell")
		}
	}
}

func quoted(text string) string { return `"` + text + `"` }

// operator reports a word that would end the command, or lead its output, in a
// shell.
func (c *checker) operator(cmd *command, i int) bool {
	args := cmd.args
	a := args[i]
	if !isText(a) {
		return false
	}
	next := i+1 < len(args) && aCommand().MatchString(args[i+1].Value)
	switch {
	case slices.Contains(duplicates, a.Value):
	case slices.Contains(pipes, a.Value) && next && !isDelimiter(args, i):
	case slices.Contains(redirects, a.Value) && next && !isDelimiter(args, i):
	default:
		return false
	}
	help := "use shell, with values in env, or a step for each command"
	if line := literal(cmd.program) + " " + strings.Join(texts(args), " "); simpleLine().MatchString(line) {
		help = "write shell: " + line
	}
	c.warn(a, rulePlainText, help, "%q is a plain argument here: exec starts no shell that would read it", a.Value)
	return true
}

func texts(nodes []*node) []string {
	list := make([]string, len(nodes))
	for i, n := range nodes {
		list[i] = n.Value
	}
	return list
}

// isValue reports whether a word may be the value of the flag before it.
func isValue(args []*node, i int) bool {
	return i > 0 && strings.HasPrefix(args[i-1].Value, "--") && !strings.Contains(args[i-1].Value, "=")
}

// isDelimiter is isValue for flags that take a character.
func isDelimiter(args []*node, i int) bool {
	return isValue(args, i) || i > 0 && slices.Contains([]string{"-d", "-D", "-t", "-F", "-s", "-S", "-e", "-E", "-p", "-c", "-m", "-q"}, args[i-1].Value)
}
