package main

import (
	"strings"

	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// commandLines is a command line as a shell takes it. A last argument of several
// lines, as shell steps have, follows as it is, because $'one\ntwo' is hard to
// review.
func commandLines(inv plan.Invocation) []string {
	words := append([]string{inv.Program}, inv.Args...)
	text := strings.TrimRight(words[len(words)-1], "\n")
	lines := strings.Split(text, "\n")
	if len(lines) == 1 {
		words[len(words)-1] = text
		return []string{commandLine(words)}
	}
	for i, line := range lines {
		lines[i] = "| " + sink.Escape(line)
	}
	return append([]string{commandLine(words[:len(words)-1])}, lines...)
}

// title is what a step is called where it starts: its name, else its command
// without what the engine adds to it.
func title(s *plan.Step) string {
	if s.Name != "" {
		return s.Name
	}
	c := &s.Command
	if c.Kind == plan.KindShell && len(c.Code) > 0 {
		return c.Code[len(c.Code)-1]
	}
	for _, a := range c.Args {
		if _, known := a.Value.Literal(); !known {
			return "" // the event that it has started has the words
		}
	}
	words := []string{c.Program}
	if c.Kind == plan.KindScript && c.Script != nil {
		words[0] = c.Script.Path
	}
	for _, a := range c.Args {
		if a.Flag == "" {
			words = append(words, a.Value.String())
		}
	}
	return commandLine(words)
}
