package runbook

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/cloudops-run/runbook/schema"
)

// Settings are the keys of a settings file: one mapping from names to single
// values or lists of them, read with the care that a runbook is. What the names
// mean is the caller's business; what is wrong with one is told with [Settings.Refuse].
type Settings struct {
	c    *checker
	list []Setting
}

// A Setting is one key of a settings file.
type Setting struct {
	Name   string
	Values []string // as text, whatever their type
	List   bool     // written as a list
	Pos    Pos      // of the key

	key   *node
	nodes []*node // of Values
}

// ParseSettings reads a settings file. What is not usable is not in the result,
// and told by [Settings.Diagnostics].
func ParseSettings(file string, src []byte) *Settings {
	s := &Settings{c: newChecker(file, src, Options{})}
	s.read(int64(len(src)))
	return s
}

func (s *Settings) read(size int64) {
	c := s.c
	if size > c.limits.FileBytes {
		c.add(Diagnostic{Rule: ruleLimit, Pos: c.src.pos(1, 1), Message: fmt.Sprintf("the file is over the limit of %d bytes", c.limits.FileBytes)})
		return
	}
	if !c.checkBytes() || onlyComments(c.src.text) {
		return
	}
	root := c.parseYAML()
	if root == nil || !c.walk(root) {
		return
	}
	c.root = root.Content[0]
	if !isMapping(c.root) {
		c.at(c.root, ruleType, "write name: value, one on a line", "settings are a mapping, not %s", found(c.root))
		return
	}
	c.pairs(c.root, func(key, value *node) {
		if !c.flagged[value] && !isNull(value) {
			s.setting(key, value)
		}
	})
}

// onlyComments reports whether a file holds nothing, which is fine for settings.
func onlyComments(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

func (s *Settings) setting(key, value *node) {
	e := Setting{Name: key.Value, Pos: s.c.src.pos(key.Line, key.Column), key: key, nodes: []*node{value}}
	if isList(value) {
		e.List, e.nodes = true, value.Content
	}
	for _, n := range e.nodes {
		switch {
		case s.c.flagged[n]:
			return
		case !isScalar(n) || isNull(n):
			s.c.at(n, ruleType, "", "%q takes single values, found %s", shorten(key.Value), found(n))
			return
		case expressionAt(n.Value) >= 0:
			s.c.at(n, ruleExpression, "write the value out", "settings hold no expressions")
			return
		}
		e.Values = append(e.Values, n.Value)
	}
	s.list = append(s.list, e)
}

// All are the settings, in file order.
func (s *Settings) All() []Setting { return s.list }

// Refuse tells what is wrong with a value of a setting, the i-th from 0.
func (s *Settings) Refuse(e Setting, i int, help, format string, args ...any) {
	n := e.key
	if i < len(e.nodes) {
		n = e.nodes[i]
	}
	s.c.at(n, ruleValue, help, format, args...)
}

// RefuseName tells that there is no setting of this name among those known.
func (s *Settings) RefuseName(e Setting, known []string) {
	help := "the settings are " + strings.Join(known, ", ")
	if near := schema.Closest(e.Name, known); near != "" {
		help = didYouMean(near)
	}
	s.c.at(e.key, ruleUnknownKey, help, "unknown setting %q", shorten(e.Name))
}

// Diagnostics are the problems found so far, in file order.
func (s *Settings) Diagnostics() Diagnostics { return s.c.diagnostics() }
