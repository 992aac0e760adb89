package docs_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// TestFunctions: the end of expressions.md is what the functions say of
// themselves.
func TestFunctions(t *testing.T) {
	const title = "\n## Functions\n"
	written, _, ok := strings.Cut(read(t, "docs/expressions.md"), title)
	if !ok {
		t.Fatal("docs/expressions.md has no list of functions")
	}
	var page bytes.Buffer
	page.WriteString(written + title + `
There are no others. A ` + "`?`" + ` marks what may be left out, a ` + "`…`" + ` what may be
repeated; *each* is an expression that is evaluated for every element.

| function | what it gives |
|---|---|
`)
	for _, f := range plan.Functions() {
		fmt.Fprintf(&page, "| `%s` | %s |\n", strings.ReplaceAll(f.Signature, "|", " or "), strings.ReplaceAll(f.Doc, "|", `\|`))
	}
	generated(t, "docs/expressions.md", page.Bytes())
}

// example is a row whose last two cells are an expression and its text.
var example = regexp.MustCompile("`([^`]+)` \\| `([^`]+)` \\|$")

// TestExpressions: every expression shown gives what is shown beside it, and
// passes the checks of a runbook.
func TestExpressions(t *testing.T) {
	checked := 0
	p := readPage(t, "docs/expressions.md")
	for i, line := range p.prose() {
		m := example.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		checked++
		source := strings.ReplaceAll(m[1], `\|`, "|")
		e, problems := plan.CheckExpr(source, plan.Names{}, plan.WantText)
		for _, problem := range problems {
			t.Errorf("%s: %s: %s", p.at(i+1), source, problem.Message)
		}
		got, err := plan.ExprValue(e).Resolve(&plan.Scope{})
		if err != nil || got.Text != m[2] {
			t.Errorf("%s: %s gives %q (%v), not %q", p.at(i+1), source, got.Text, err, m[2])
		}
	}
	if checked < 30 {
		t.Errorf("only %d expressions were found to check", checked)
	}
}
