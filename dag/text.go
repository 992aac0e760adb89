package dag

import (
	"io"
	"strconv"
)

// Text writes the graph for a terminal: the waves in turn, in each the nodes
// with what they wait for.
func (g *Graph) Text(w io.Writer, d Drawing) error {
	out := newWriter(w)
	if d.Title != "" {
		out.put(visible(d.Title, 0), "\n")
	}
	for l, wave := range g.Levels() {
		out.put("wave ", strconv.Itoa(l+1), "\n")
		for _, i := range wave {
			out.put("  ", visible(d.label(g, i), 0))
			if d.Group != nil {
				if group := d.Group(i); group != "" {
					out.put(" [", visible(group, 0), "]")
				}
			}
			g.putDeps(out, d, i, false, "  needs ")
			g.putDeps(out, d, i, true, "  after ")
			out.put("\n")
		}
	}
	return out.Flush()
}

// putDeps writes the dependencies of node i of one kind, by name.
func (g *Graph) putDeps(out writer, d Drawing, i int, after bool, before string) {
	for _, dep := range g.Deps(i) {
		if d.after(i, dep) == after {
			out.put(before, visible(g.Name(dep), 0))
			before = ", "
		}
	}
}
