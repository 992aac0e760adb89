package runbook

import (
	"path/filepath"
	"slices"
)

// A codeLine follows a command line from program to program, and finds what one
// of them takes for code.
type codeLine struct {
	dynamic func(*node) bool
	found   *codePlace // the first place where an expression is code
	stdin   *codePlace // who runs stdin as code
	away    bool       // the step's variables did not get this far
	depth   int        // how many programs led here
}

// maxPrograms is how many programs that start each other are followed; nobody
// writes more, and a file of nothing else must not take all memory.
const maxPrograms = 32

// A codePlace is something that a program runs.
type codePlace struct {
	node *node // nil: stdin
	name string
	by   *knownProgram
	file bool // the node names a file of code
	away bool
	set  bool // the code is a setting of the program's own
}

// help is how the value gets to the code without being part of it.
func (p *codePlace) help() string {
	switch {
	case p.file:
		return "write the path out, or use script"
	case p.set:
		return writtenOut
	case p.by.safe != "":
		return p.by.safe
	case p.away && p.by.toggle != "":
		return `pass the value as an argument: [` + p.name + `, -c, 'echo "$1"', ` + p.name + `, "${{ ... }}"]`
	case p.away && p.by.argument != "":
		return "pass the value as an argument behind the code, and read " + p.by.argument + " in the code"
	case p.by.variable != "":
		return `pass the value in a variable: env: {VALUE: "${{ ... }}"}, and read ` + p.by.variable + ` in the code`
	}
	return envForm
}

// follow reads a command line whose first word is a program.
func (l *codeLine) follow(words []*node) {
	if len(words) == 0 || l.depth == maxPrograms {
		return
	}
	l.depth++
	defer func() { l.depth-- }()
	word := literal(words[0])
	if p := programOf(word); p != nil {
		r := codeReading{codeLine: l, knownProgram: p, name: filepath.Base(word), codeAt: p.codeAt, wraps: p.wraps, armed: p.under == ""}
		r.read(words[1:])
		return
	}
	l.guess(words[1:])
}

// guess looks in the arguments of a program that nothing is known about for a
// language with a flag of code behind it.
func (l *codeLine) guess(words []*node) {
	for i, w := range words {
		p := programOf(literal(w))
		if p == nil || !p.language || l.dynamic(w) {
			continue
		}
		inner := codeLine{dynamic: l.dynamic, away: l.away, depth: l.depth}
		inner.follow(words[i:])
		if inner.found != nil && !inner.found.file {
			l.found = inner.found
		}
		if slices.ContainsFunc(words[i:], func(w *node) bool { return isStdinFlag(w.Value) }) {
			l.stdin = inner.stdin
		}
		return
	}
}

func isStdinFlag(word string) bool { return word == "-" || word == "-s" || word == "/dev/stdin" }
