package dag

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Drawing says how a graph is drawn. Its zero value draws every node by its
// name, in no group, with edges of one kind. The functions may be called in any
// order and more than once for a node.
//
// Names, labels and groups may hold anything: the drawings are escaped so that
// none can end its quotes or reach a terminal as a control sequence. A newline
// breaks the line in DOT and Mermaid.
type Drawing struct {
	Title string                   // empty: none
	Label func(i int) string       // nil: the node's name
	Group func(i int) string       // nodes of the same group are boxed together; nil or empty: no group
	After func(node, dep int) bool // the edge only says which comes first; drawn dashed. nil: none does
}

func (d Drawing) label(g *Graph, i int) string {
	if d.Label == nil {
		return g.Name(i)
	}
	return d.Label(i)
}

func (d Drawing) after(node, dep int) bool {
	return d.After != nil && d.After(node, dep)
}

// groups returns the names of the groups in order of their first node, each
// with its nodes, and the nodes that are in none.
func (d Drawing) groups(g *Graph) (names []string, members [][]int, loose []int) {
	index := map[string]int{}
	for i := range g.Len() {
		name := ""
		if d.Group != nil {
			name = d.Group(i)
		}
		if name == "" {
			loose = append(loose, i)
			continue
		}
		k, known := index[name]
		if !known {
			k = len(names)
			index[name] = k
			names = append(names, name)
			members = append(members, nil)
		}
		members[k] = append(members[k], i)
	}
	return names, members, loose
}

// writer keeps the first error, so that the drawings need not look for one
// after every piece.
type writer struct{ *bufio.Writer }

func newWriter(w io.Writer) writer { return writer{bufio.NewWriterSize(w, 32<<10)} }

func (w writer) put(parts ...string) {
	for _, p := range parts {
		w.WriteString(p) // bufio keeps the error until Flush
	}
}

// node is the identifier of node i in a drawing. Names are not used for it:
// what a language allows in an identifier, and which words it reserves, differ.
func node(i int) string { return "n" + strconv.Itoa(i) }

// visible returns s with everything that does not print, but for the rune
// except, and what is not UTF-8 replaced by an escape in the manner of Go.
func visible(s string, except rune) string {
	prints := func(r rune) bool { return unicode.IsPrint(r) || r == except && r != 0 }
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !prints(r) }) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 || !prints(r) {
			quoted := strconv.Quote(s[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}
