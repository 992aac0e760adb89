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
	out := newWriter(w)
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	var failed error
	item := func(first *bool, v any) {
		line.Reset()
		if err := enc.Encode(v); err != nil {
			failed = err
		}
		if !*first {
			out.put(",")
		}
		*first = false
		out.put("\n  ")
		out.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
	}

	out.put("{")
	if d.Title != "" {
		line.Reset()
		failed = enc.Encode(d.Title)
		out.put("\"title\": ")
		out.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
		out.put(",\n ")
	}
	out.put("\"nodes\": [")
	level, _ := g.depths()
	first := true
	for i := range g.Len() {
		n := jsonNode{ID: g.Name(i), Wave: level[i] + 1}
		if label := d.label(g, i); label != n.ID {
			n.Label = label
		}
		if d.Group != nil {
			n.Group = d.Group(i)
		}
		item(&first, n)
	}
	out.put("\n ],\n \"edges\": [")
	first = true
	for i := range g.Len() {
		for _, dep := range g.Deps(i) {
			e := jsonEdge{From: g.Name(dep), To: g.Name(i), Kind: "needs"}
			if d.after(i, dep) {
				e.Kind = "after"
			}
			item(&first, e)
		}
	}
	out.put("\n ]}\n")
	if err := out.Flush(); err != nil {
		return err
	}
	return failed
}
