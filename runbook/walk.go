package runbook

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// walker goes over the whole tree once, before anything is made of it. It counts
// what aliases stand for without following them twice: a few hundred bytes of
// aliases can stand for more values than there is memory.
type walker struct {
	*checker
	below  string         // the key of the value that is walked
	sizes  map[*node]size // of the anchored nodes walked so far
	open   map[*node]bool // anchored nodes that are being walked
	unsafe bool           // no decoder may touch this tree
}

// size is what a node is with every alias in it replaced.
type size struct{ nodes, height int }

// walk checks the tree against the limits and everything that holds whatever the
// schema says, and puts the nodes that aliases stand for in their place. It is
// false where the tree cannot be used.
func (c *checker) walk(document *node) bool {
	w := &walker{checker: c, sizes: map[*node]size{}, open: map[*node]bool{}}
	total := w.node(&document.Content[0], 1)
	if total.nodes > c.limits.Nodes && !w.unsafe {
		w.stop(document.Content[0], ruleLimit, "repeat less, or raise the limit with --max-nodes",
			"the file stands for %s values, over the limit of %d", atMost(total.nodes), c.limits.Nodes)
	}
	return !w.unsafe
}

// manyNodes bounds counts, so that they cannot overflow.
const manyNodes = 1 << 40

func atMost(n int) string {
	if n >= manyNodes {
		return "more than a trillion"
	}
	return fmt.Sprint(n)
}

func (w *walker) stop(n *node, rule, help, format string, args ...any) {
	w.unsafe = true
	w.at(n, rule, help, format, args...)
}

func (w *walker) node(at **node, depth int) size {
	n := *at
	if n.Kind == yaml.AliasNode {
		return w.alias(at, depth)
	}
	if w.unsafe || w.full() {
		w.unsafe = true
		return size{1, 1}
	}
	if depth > w.limits.Depth && n.Kind != yaml.ScalarNode {
		w.stop(n, ruleLimit, "flatten it, or raise the limit with --max-depth", "lists and mappings are nested deeper than the limit of %d", w.limits.Depth)
		return size{1, 1}
	}
	if n.Anchor != "" {
		w.open[n] = true
	}
	w.tag(n)
	total := size{1, 1}
	switch n.Kind {
	case yaml.ScalarNode:
		total.height = 0
		w.scalar(n)
	case yaml.MappingNode:
		w.keys(n)
	}
	for i := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && n.Content[i].Kind != yaml.AliasNode {
			w.below = n.Content[i].Value
			continue // keys were looked at above
		}
		part := w.node(&n.Content[i], depth+1)
		total.nodes = min(total.nodes+part.nodes, manyNodes)
		total.height = max(total.height, part.height+1)
	}
	if n.Anchor != "" {
		delete(w.open, n)
		w.sizes[n] = total
	}
	return total
}

func (w *walker) alias(at **node, depth int) size {
	n := *at
	if w.open[n.Alias] {
		w.stop(n, ruleAlias, "write the value out", "the alias *%s is inside the value it stands for", n.Value)
		return size{1, 1}
	}
	known, ok := w.sizes[n.Alias]
	if !ok { // an anchor on a key, or in a part that was not walked
		known = w.node(&n.Alias, depth)
	}
	if depth+known.height-1 > w.limits.Depth && !w.unsafe {
		w.stop(n, ruleLimit, "flatten it, or raise the limit with --max-depth", "with this alias, lists and mappings are nested deeper than the limit of %d", w.limits.Depth)
	}
	*at = n.Alias
	return known
}

// tag refuses tags, which could make something else of a value than it seems.
func (w *walker) tag(n *node) {
	if n.Style&yaml.TaggedStyle == 0 {
		return
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == tagString,
		n.Kind == yaml.MappingNode && n.Tag == "!!map",
		n.Kind == yaml.SequenceNode && n.Tag == "!!seq":
		return
	}
	if word, ok := strings.CutPrefix(n.Tag, "!"); ok && isScalar(n) && !strings.HasPrefix(word, "!") && (slices.Contains(expressionKeys, w.below) || strings.Contains(word, ".")) {
		w.at(n, ruleTag, "write not "+shorten(strings.TrimSpace(word+" "+n.Value)), "an unquoted ! begins a YAML tag, and is lost to the expression")
		n.Tag = tagString
		return
	}
	w.at(n, ruleTag, "remove it, or quote the value if it begins with !", "the tag %s is not used in runbooks", shorten(n.Tag))
	// What the value would be without the tag is not known.
	n.Tag = map[yaml.Kind]string{yaml.MappingNode: "!!map", yaml.SequenceNode: "!!seq"}[n.Kind]
	if n.Kind == yaml.ScalarNode {
		n.Tag = tagString
	}
}

// keys checks the keys of one mapping.
func (w *walker) keys(n *node) {
	if len(n.Content)/2 > w.limits.MapKeys {
		w.stop(n, ruleLimit, "split it, or raise the limit with --max-map-keys", "this mapping has %d keys, over the limit of %d", len(n.Content)/2, w.limits.MapKeys)
		return
	}
	const few = 16 // comparing so many is faster than a map
	var first map[string]*node
	if len(n.Content)/2 > few {
		first = make(map[string]*node, len(n.Content)/2)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind == yaml.AliasNode {
			w.at(k, ruleKey, "write the key out", "an alias cannot be a key")
			w.flagged[k.Alias] = true
			continue
		}
		if !w.key(k) {
			continue
		}
		var earlier *node
		if first != nil {
			earlier = first[k.Value]
			if earlier == nil {
				first[k.Value] = k
			}
		}
		for j := 0; first == nil && j < i && earlier == nil; j += 2 {
			if n.Content[j].Value == k.Value {
				earlier = n.Content[j]
			}
		}
		if earlier != nil {
			w.at(k, ruleDuplicateKey, "remove one of them", "the key %q is given twice, first in line %d", shorten(k.Value), earlier.Line)
		}
	}
}

// key reports whether a key is text that the rest can go by.
func (w *walker) key(k *node) bool {
	w.tag(k)
	switch {
	case k.Kind != yaml.ScalarNode:
		w.at(k, ruleKey, "write a word in its place", "a key must be text, not %s", found(k))
	case k.Tag == tagMerge:
		w.at(k, ruleMerge, "write the keys out", "merge keys (<<) are not used in runbooks")
	case k.Tag != tagString:
		w.at(k, ruleKey, fmt.Sprintf("quote it: %q", k.Value), "a key must be text, not %s", found(k))
	default:
		w.characters(k)
		return true
	}
	return false
}

func (w *walker) scalar(n *node) {
	if len(n.Value) > w.limits.ScalarBytes {
		w.at(n, ruleLimit, "put it in a file beside the runbook, or raise the limit with --max-scalar-bytes",
			"this text is %d bytes long, over the limit of %d", len(n.Value), w.limits.ScalarBytes)
		return
	}
	w.characters(n)
	if isPlain(n) {
		if n.Tag == tagMerge {
			n.Tag = tagString // only a key can merge
		}
		if t := scalarTrap(n); t != nil {
			switch w.below {
			case "continue_on_error", "idempotent", "inherit_env", "stop_on_error":
				if help := boolHelp(n); help != "" {
					t.help = help
				}
			case "approval":
				t.help = "write the question to be answered, such as approval: Go on?"
			}
			w.at(n, ruleAmbiguous, t.help, "%s", t.message)
			return
		}
	}
	if expressionAt(n.Value) >= 0 {
		w.holes = append(w.holes, n)
	}
}

// characters finds what an escape put into a text; what stands in the file as it
// is was found before.
func (w *walker) characters(n *node) {
	if n.Style&yaml.DoubleQuotedStyle == 0 {
		return
	}
	for _, r := range n.Value {
		if what := forbidden(r); what != "" {
			w.at(n, ruleControl, "let a program write it, such as printf", "the text holds %s, U+%04X", what, r)
			return
		}
	}
}
