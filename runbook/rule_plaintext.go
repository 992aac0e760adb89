package runbook

import (
	"slices"
	"strings"
	"sync"
)

// An almost is what looks like an expression, and is none: {{ params.x }}, or
// ${params.x}. Other tools have texts like these of their own, so that only what
// names something of this runbook counts.
var almost = pattern(`(\$?)(?:\{\{\s*(params|steps|secrets|run|item)(?:\.(\w+))?[^{}\n]*\}\}|\{\s*(params|steps|secrets|run|item)(?:\.(\w+))?[^{}\n]*\})`)

// checkPlainText: what is meant as an expression is written as one.
func checkPlainText(c *checker, d *document) {
	names := sync.OnceValue(func() map[string]bool { return namesIn(d) }) // of many steps, and seldom needed
	look := func(s *step, nodes ...*node) {
		for _, n := range nodes {
			if n != nil && isText(n) && mayBeAlmost(n.Value) && !c.flagged[n] {
				c.almostIn(n, s, names())
			}
		}
	}
	look(nil, variableNodes(d.env)...)
	look(nil, variableNodes(d.defaults.env)...)
	look(nil, d.envFiles...)
	look(nil, d.defaults.workingDir, d.defaults.awsProfile, d.defaults.awsRegion)
	look(nil, lockNodes(d.lock)...)
	for _, s := range d.all() {
		look(s, variableNodes(s.env)...)
		look(s, s.envFiles...)
		look(s, s.workingDir, s.stdin, s.stdout, s.approval)
		look(s, lockNodes(s.lock)...)
		for _, w := range s.with {
			look(s, w.value)
		}
		for _, g := range s.require {
			look(s, g.message)
		}
		s.each(func(cmd *command) {
			look(s, cmd.args...)
			look(s, cmd.code, cmd.profile, cmd.region)
		})
		c.wordLists(s)
	}
}

func lockNodes(l *lock) []*node {
	if l == nil {
		return nil
	}
	return []*node{l.name}
}

// namesIn is what expressions of a file can name, as params.NAME and so on.
func namesIn(d *document) map[string]bool {
	names := map[string]bool{}
	for _, p := range d.params {
		names["params."+p.key.Value] = true
	}
	for _, s := range d.secrets {
		names["secrets."+s.key.Value] = true
	}
	for _, s := range d.written() {
		if s.id != nil {
			names["steps."+s.id.Value] = true
		}
	}
	for _, field := range []string{"id", "name", "dir", "started_at", "status", "failure", "failed_steps"} {
		names["run."+field] = true
	}
	return names
}

// mayBeAlmost spares the many texts of which one look is enough.
func mayBeAlmost(text string) bool {
	for i := range len(text) - 1 {
		if text[i] == '{' && (i > 0 && text[i-1] == '$') != (text[i+1] == '{') {
			return true
		}
	}
	return false
}

func (c *checker) almostIn(n *node, s *step, names map[string]bool) {
	for _, m := range almost().FindAllStringSubmatchIndex(n.Value, -1) {
		text := n.Value[m[0]:m[1]]
		dollar, twice := m[2] != m[3], strings.Contains(text, "{{")
		if dollar == twice { // an expression, or a mapping
			continue
		}
		at := 4
		if !twice {
			at = 8
		}
		root, name := n.Value[m[at]:m[at+1]], ""
		if m[at+2] >= 0 {
			name = "." + n.Value[m[at+2]:m[at+3]]
		}
		if root == "item" && (s == nil || s.loop() == nil) || root != "item" && !names[root+name] {
			continue
		}
		inner := strings.TrimSpace(strings.Trim(text, "${}"))
		d := Diagnostic{Severity: Warning, Rule: rulePlainText, Message: "this is plain text: an expression is written ${{ ... }}", Help: "write ${{ " + inner + " }}"}
		if s != nil && isCodeOf(s, n) {
			d.Message, d.Help = "this is no expression, and the shell does not know it", envForm
		}
		c.part(n, m[0], m[1]-m[0], d)
		return
	}
}

// loop is the foreach that a step, or what it undoes, has.
func (s *step) loop() *foreach {
	if s.of != nil {
		return s.of.foreach
	}
	return s.foreach
}

func isCodeOf(s *step, n *node) bool {
	found := false
	s.each(func(cmd *command) { found = found || cmd.code == n })
	return found
}

var wordList = pattern(`^(params\.\w+|steps\.\w+\.outputs\.\w+)$`)

// wordLists finds lists of a foreach whose items are names of lists.
func (c *checker) wordLists(s *step) {
	if s.foreach == nil {
		return
	}
	lists := []*node{s.foreach.in}
	for _, a := range s.foreach.matrix {
		lists = append(lists, a.in)
	}
	for _, list := range lists {
		if !isList(list) {
			continue
		}
		i := slices.IndexFunc(list.Content, func(n *node) bool { return isText(n) && wordList().MatchString(n.Value) })
		if i < 0 {
			continue
		}
		word := list.Content[i]
		help := "write the expression alone, without the list: " + word.Value
		if len(list.Content) > 1 {
			help = "join lists in an expression: concat(" + word.Value + ", [...])"
		}
		c.warn(word, rulePlainText, help, "this item is the text %q, for a list holds no expressions", word.Value)
	}
}
