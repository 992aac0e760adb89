package runbook

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A node is a value, a key, a list or a mapping of the file. After the walk no
// alias is left in the tree: what aliases stood for is in it several times.
type node = yaml.Node

const (
	tagString = "!!str"
	tagInt    = "!!int"
	tagFloat  = "!!float"
	tagBool   = "!!bool"
	tagNull   = "!!null"
	tagTime   = "!!timestamp"
	tagMerge  = "!!merge"
)

func isMapping(n *node) bool { return n != nil && n.Kind == yaml.MappingNode }
func isList(n *node) bool    { return n != nil && n.Kind == yaml.SequenceNode }
func isScalar(n *node) bool  { return n != nil && n.Kind == yaml.ScalarNode }
func isText(n *node) bool    { return isScalar(n) && n.Tag == tagString }
func isNull(n *node) bool    { return isScalar(n) && n.Tag == tagNull }

// isPlain reports whether a scalar is written without quotes and on one line
// with what is around it.
func isPlain(n *node) bool {
	return isScalar(n) && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// lookup returns the first value of a key, and the key.
func lookup(m *node, name string) (key, value *node) {
	if !isMapping(m) {
		return nil, nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if k := m.Content[i]; k.Value == name && isScalar(k) {
			return k, m.Content[i+1]
		}
	}
	return nil, nil
}

// descend follows a pointer; key is the key that holds value, nil in a list.
func descend(root *node, pointer []string) (key, value *node) {
	value = root
	for _, part := range pointer {
		key = nil
		switch {
		case isMapping(value):
			key, value = lookup(value, part)
		case isList(value):
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(value.Content) {
				return nil, nil
			}
			value = value.Content[i]
		default:
			return nil, nil
		}
	}
	return key, value
}

// span is where a node begins and ends; for what has no simple end, and for what
// is written on several lines, both are where it begins.
func (r *report) span(n *node) (start, end Pos) {
	start = r.src.pos(n.Line, n.Column)
	if !isScalar(n) || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || strings.ContainsRune(n.Value, '\n') {
		return start, start
	}
	width := utf8.RuneCountInString(n.Value)
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		width += 2
	}
	if n.Style&yaml.TaggedStyle != 0 || n.Anchor != "" {
		return start, start
	}
	return start, r.src.pos(n.Line, n.Column+width)
}

// found describes a value in a message: the number 30, a list, the text "x".
func found(n *node) string {
	switch {
	case n == nil || isNull(n):
		return "nothing"
	case isList(n):
		return "a list"
	case isMapping(n):
		return "a mapping"
	case n.Tag == tagInt || n.Tag == tagFloat:
		return "the number " + shorten(n.Value)
	case n.Tag == tagBool:
		return "the boolean " + n.Value
	case n.Value == "":
		return "empty text"
	}
	return strconv.Quote(shorten(n.Value))
}

func shorten(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// place names what a pointer leads to: "timeout", item 2 of "args", step "x".
func (c *checker) place(pointer []string) string {
	if len(pointer) == 0 {
		return "the runbook"
	}
	last := pointer[len(pointer)-1]
	i, err := strconv.Atoi(last)
	if err != nil {
		return strconv.Quote(last)
	}
	if len(pointer) == 1 {
		return "item " + strconv.Itoa(i+1)
	}
	holder := pointer[len(pointer)-2]
	if len(pointer) == 2 && (holder == "steps" || holder == "on_failure" || holder == "finally") {
		_, step := descend(c.root, pointer)
		if _, id := lookup(step, "id"); isText(id) {
			return "step " + strconv.Quote(shorten(id.Value))
		}
		if holder == "steps" {
			return fmt.Sprintf("step %d", i+1)
		}
	}
	return fmt.Sprintf("item %d of %q", i+1, holder)
}
