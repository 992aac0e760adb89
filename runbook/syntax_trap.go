package runbook

import (
	"bytes"
	"regexp"
	"slices"
)

// What YAML makes of an expression that is not in quotes has little to do with
// it, and neither has the parser's complaint: a { or [ inside it opens a mapping
// or a list, a ? or : makes a key of what is before it, and what begins with a
// quote ends with it. So a line on which the parser failed is searched for an
// expression first.
var (
	flowTemplate = pattern(`(^|[^"'$\w])(\$\{\{)`)
	flowIndex    = pattern(`[:,]\s+([A-Za-z_][\w.]*(?:\([^()"']*\))?(?:\.[\w]+)*)\[`)
	flowTernary  = pattern(`[:,]\s+([^\s"'{}\[\],:](?:[^"'{}\[\],:]|"[^"]*"|'[^']*')*)\?([^"'{}]*:|\s*[}\],]|\s*(?:"[^"]*"|'[^']*')\s*:)`)
	blockTernary = pattern(`^[\s-]*\w+:\s+([^\s"'{\[].*?)\s\?\s`)
	quotedStart  = pattern(`^[\s-]*(\w+):\s+("[^"]*"|'[^']*')\s*(==|!=|<|>|\+|in\b|and\b|or\b|\?|matches\b|\|\||&&)`)
)

// misread are the parser's complaints that an expression without quotes leads
// to, as in faults.
var misread = []string{
	"did not find expected ',' or ']'", "did not find expected ',' or '}'", "did not find expected key",
	"mapping values are not allowed", "did not find expected node content",
}

const inQuotes = "put the whole expression in quotes, or behind | on a line of its own"

// expressionTrap looks for an expression without quotes on the line of a syntax
// error, and on the line up to which the parser read.
func (c *checker) expressionTrap(parser string, at Pos, read int) (Diagnostic, bool) {
	reached := c.src.at(read - 1).Line
	lines := []int{max(at.Line, 1), reached, reached - 1}
	for _, n := range slices.Compact(lines) {
		line := c.src.line(n)
		if len(line) == 0 || len(line) > 4096 {
			continue
		}
		inFlow := bytes.ContainsAny(bytes.ReplaceAll(line, []byte("${{"), nil), "[{")
		for _, trap := range []struct {
			form    func() *regexp.Regexp
			group   int
			flow    bool
			message string
			help    string
		}{
			{flowTemplate, 2, true, "inside a list or mapping on one line, ${{ must be in quotes", `write "${{ ... }}"`},
			{flowIndex, 1, true, "inside a list or mapping on one line, an expression with [ ] must be in quotes", inQuotes},
			{flowTernary, 1, true, "inside a list or mapping on one line, text with ? must be in quotes", inQuotes},
			{blockTernary, 1, false, "an expression with ? and : must be in quotes", inQuotes},
			{quotedStart, 2, false, "a value that begins with a quote ends with it, so what follows is lost to the expression",
				"put the whole expression in the other quotes, or behind | on a line of its own"},
		} {
			if trap.flow && !inFlow || !slices.Contains(misread, parser) {
				continue
			}
			if m := trap.form().FindSubmatchIndex(line); m != nil {
				from, to := m[2*trap.group], m[2*trap.group+1]
				start := c.src.starts[n-1]
				return Diagnostic{Rule: ruleSyntax, Pos: c.src.at(start + from), End: c.src.at(start + to), Message: trap.message, Help: trap.help}, true
			}
		}
	}
	return Diagnostic{}, false
}
