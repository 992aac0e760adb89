package dag

import (
	"io"
	"strconv"
	"strings"
)

// DOT draws the graph in the language of Graphviz, arrows pointing from a node
// to those that depend on it.
func (g *Graph) DOT(w io.Writer, d Drawing) error {
	out := newWriter(w)
	out.put("digraph {\n")
	if d.Title != "" {
		out.put("  label=", dotQuote(d.Title), "\n  labelloc=t\n")
	}
	out.put("  node [shape=box]\n")
	names, members, loose := d.groups(g)
	for k, name := range names {
		out.put("  subgraph cluster_", strconv.Itoa(k), " {\n    label=", dotQuote(name), "\n")
		for _, i := range members[k] {
			out.put("    ", node(i), " [label=", dotQuote(d.label(g, i)), "]\n")
		}
		out.put("  }\n")
	}
	for _, i := range loose {
		out.put("  ", node(i), " [label=", dotQuote(d.label(g, i)), "]\n")
	}
	for i := range g.Len() {
		for _, dep := range g.Deps(i) {
			out.put("  ", node(dep), " -> ", node(i))
			if d.after(i, dep) {
				out.put(" [style=dashed]")
			}
			out.put("\n")
		}
	}
	out.put("}\n")
	return out.Flush()
}

// In a quoted label Graphviz takes \N, \G and the like for the name of what is
// labelled, and replaces HTML entities, so an ampersand must be one as well.
var dotEscape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `&`, `&amp;`, "\n", `\n`)

func dotQuote(s string) string {
	return `"` + dotEscape.Replace(visible(s, '\n')) + `"`
}
