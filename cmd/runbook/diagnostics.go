package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/cloudops-run/runbook/runbook"
)

// printDiagnostics prints diagnostics for people, on standard error.
func (c *cli) printDiagnostics(ds runbook.Diagnostics) {
	w := bufio.NewWriter(c.stderr)
	defer w.Flush()
	p := c.paint(c.stderr)
	for _, d := range ds {
		text := d.String()
		if p {
			text = colorDiagnostic(p, d)
		}
		if c.inGitHubActions() {
			// Its runner obeys commands of this form anywhere in a line.
			text = strings.ReplaceAll(text, "##[", `#\x23[`)
		}
		fmt.Fprintln(w, text)
	}
}

// colorDiagnostic is d.String() in colour.
func colorDiagnostic(p paint, d runbook.Diagnostic) string {
	severity := p.red(d.Severity.String() + ":")
	if d.Severity == runbook.Warning {
		severity = p.yellow(d.Severity.String() + ":")
	}
	// What the message and help hold was cleaned for a terminal by String.
	plain := d.String()
	head, rest, _ := strings.Cut(plain, "\n")
	place := fmt.Sprintf("%s: %s: ", d.Pos, d.Severity)
	rule := " [" + d.Rule + "]"
	message := strings.TrimSuffix(strings.TrimPrefix(head, place), rule)
	text := fmt.Sprintf("%s %s %s%s", p.bold(d.Pos.String()+":"), severity, p.bold(message), p.dim(rule))
	line, caret := d.Excerpt()
	if line != "" {
		text += "\n    " + line + "\n    " + p.green(caret)
		rest = strings.TrimPrefix(rest, "    "+line+"\n    "+caret)
		rest = strings.TrimPrefix(rest, "\n")
	}
	if help, ok := strings.CutPrefix(rest, "help:"); ok {
		text += "\n" + p.cyan("help:") + help
	}
	return text
}

// tally counts what keeps a runbook from running and what does not.
func tally(ds runbook.Diagnostics) (errors, warnings int) {
	for _, d := range ds {
		if d.Severity == runbook.Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

// maxAnnotations is how many of each kind GitHub shows for one step of a job.
const maxAnnotations = 10

// annotate prints diagnostics as GitHub's workflow commands, so that they show
// at their line in a pull request. What GitHub would not show is only counted.
func annotate(w io.Writer, ds runbook.Diagnostics) {
	shown := map[runbook.Severity]int{}
	for _, d := range ds {
		if shown[d.Severity]++; shown[d.Severity] > maxAnnotations {
			continue
		}
		text := d.Message
		if d.Help != "" {
			text += "\nhelp: " + d.Help
		}
		fmt.Fprintf(w, "::%s file=%s,line=%d,endLine=%d,col=%d,endColumn=%d,title=%s::%s\n", d.Severity,
			commandProperty(d.Pos.File), d.Pos.Line, d.End.Line, d.Pos.Col, d.End.Col, commandProperty(d.Rule), commandData(text))
	}
	for severity, n := range shown {
		if n > maxAnnotations {
			fmt.Fprintf(w, "::notice::%s more not shown here\n", plural(n-maxAnnotations, severity.String()))
		}
	}
}

// commandData and commandProperty escape text so that it cannot end a workflow
// command, or be one.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func commandProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
