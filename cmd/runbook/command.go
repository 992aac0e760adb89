package main

import (
	"strings"

	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// commandLines is a command line as a shell takes it. Text of several lines, as
// shell steps have, keeps its lines, because $'one\ntwo' is hard to read.
func commandLines(inv plan.Invocation) []string {
	words := []string{quote(inv.Program)}
	for _, arg := range inv.Args {
		words = append(words, quoteLines(arg))
	}
	return strings.Split(strings.Join(words, " "), "\n")
}

// quoteLines is quote, but for newlines and tabs, which stay as they are where
// nothing else needs an escape.
func quoteLines(s string) string {
	text := strings.TrimRight(s, "\n")
	if !strings.Contains(text, "\n") || sink.Escape(strings.ReplaceAll(text, "\n", "")) != strings.ReplaceAll(text, "\n", "") {
		return quote(text)
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
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
