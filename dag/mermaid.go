package dag

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Mermaid draws the graph as a Mermaid flowchart, arrows pointing from a node to
// those that depend on it.
func (g *Graph) Mermaid(w io.Writer, d Drawing) error {
	out := newWriter(w)
	if d.Title != "" {
		// The front matter is YAML, in which every JSON string is one, and the
		// letters of HTML are best not seen by what comes before its parser.
		title, _ := json.Marshal(visible(d.Title, 0)) // cannot fail: a string
		out.put("---\ntitle: ", string(title), "\n---\n")
	}
	out.put("flowchart TD\n")
	names, members, loose := d.groups(g)
	for k, name := range names {
		out.put("  subgraph g", strconv.Itoa(k), " [", mermaidQuote(name), "]\n")
		for _, i := range members[k] {
			out.put("    ", node(i), "[", mermaidQuote(d.label(g, i)), "]\n")
		}
		out.put("  end\n")
	}
	for _, i := range loose {
		out.put("  ", node(i), "[", mermaidQuote(d.label(g, i)), "]\n")
	}
	for i := range g.Len() {
		for _, dep := range g.Deps(i) {
			arrow := " --> "
			if d.after(i, dep) {
				arrow = " -.-> "
			}
			out.put("  ", node(dep), arrow, node(i), "\n")
		}
	}
	return out.Flush()
}

// mermaidQuote writes as an entity whatever is not plainly text. Mermaid looks
// for directives, comments, Markdown and HTML in a text with regular
// expressions that know nothing of quotes, so a list of what is harmful would
// never be complete.
func mermaidQuote(s string) string {
	text := []rune(visible(s, '\n'))
	if len(text) == 0 {
		return `" "` // "" is a syntax error
	}
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range text {
		switch {
		case r == '\n':
			b.WriteString("<br>")
		case isWord(r), strings.ContainsRune(",/@()", r), isInner(r) && i > 0 && i+1 < len(text) && isWord(text[i-1]) && isWord(text[i+1]):
			b.WriteRune(r)
		default:
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
		}
	}
	b.WriteByte('"')
	return b.String()
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// isInner reports whether r is harmless inside a word. Elsewhere it may be
// Markdown: a label "1. build" is shown as "Unsupported markdown: list".
func isInner(r rune) bool { return strings.ContainsRune(" _-.=+", r) }
