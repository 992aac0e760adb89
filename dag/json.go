package dag

import (
	"bytes"
	"encoding/json"
	"io"
)

type jsonNode struct {
	ID    string `json:"id"`
	Label string `json:"label,omitempty"` // absent where it is the same as id
	Group string `json:"group,omitempty"`
	Wave  int    `json:"wave"` // from 1
}

type jsonEdge struct {
	From string `json:"from"`
	To   string `json:"to"` // depends on From
	Kind string `json:"kind"`
}

// JSON writes the graph as one object with "nodes", in declaration order, and
// "edges", whose kind is "needs" or "after"; one node or edge a line. Nodes are
// referred to by name, so names should be unique.
func (g *Graph) JSON(w io.Writer, d Drawing) error {
	out := jsonWriter{writer: newWriter(w)}
	out.put("{")
	if d.Title != "" {
		out.put(`"title":`)
		out.value(d.Title)
		out.put(",\n ")
	}
	out.put(`"nodes":[`)
	level, _ := g.depths()
	for i := range g.Len() {
		n := jsonNode{ID: g.Name(i), Wave: level[i] + 1}
		if label := d.label(g, i); label != n.ID {
			n.Label = label
		}
		if d.Group != nil {
			n.Group = d.Group(i)
		}
		out.item(n)
	}
	out.put("],\n \"edges\":[")
	out.comma = ""
	for i := range g.Len() {
		for _, dep := range g.Deps(i) {
			e := jsonEdge{From: g.Name(dep), To: g.Name(i), Kind: "needs"}
			if d.after(i, dep) {
				e.Kind = "after"
			}
			out.item(e)
		}
	}
	out.put("]}\n")
	return out.Flush()
}

type jsonWriter struct {
	writer
	comma string // what the next item is preceded by
}

func (w *jsonWriter) item(v any) {
	w.put(w.comma, "\n  ")
	w.comma = ","
	w.value(v)
}

func (w *jsonWriter) value(v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(v) // cannot fail: v is made of strings and numbers
	w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
