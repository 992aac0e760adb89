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

// quote writes s as one word of a shell.
func quote(s string) string { return sink.Quote(s) }

// commandLine is a program and its arguments as a shell would take them.
func commandLine(words []string) string { return sink.CommandLine(words) }
