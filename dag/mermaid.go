package dag

import (
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
		out.put("---\ntitle: ", mermaidQuote(d.Title), "\n---\n")
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
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range visible(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(" _-./,=+@()[]", r) {
			b.WriteRune(r)
		} else {
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
		}
	}
	b.WriteByte('"')
	return b.String()
}
