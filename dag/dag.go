// Package dag holds a directed acyclic graph of named nodes: its order, its
// levels, its longest path, and drawings of it. It has no goroutine and no
// clock in it, and does not know what its nodes stand for.
//
// A node is its index in declaration order. An edge goes from a node to one it
// depends on. Nothing here recurses, so a chain of any length is safe; building
// and ordering take time and memory linear in nodes and edges.
package dag

import (
	"fmt"
	"slices"
)

// A Graph is immutable and may be used by several goroutines. The slices its
// methods return are sorted; those of Deps, Dependents and Order belong to the
// graph and must not be written to.
type Graph struct {
	names      []string
	deps       adjacency
	dependents adjacency
	order      []int
}

// New builds the graph in which node i is called names[i] and depends on the
// nodes deps[i], in any order and as often as they like. Names need not be
// unique; they serve errors and drawings. Neither slice is kept.
//
// Where nodes depend on each other, or one on itself, the error is a
// *[CycleError].
func New(names []string, deps [][]int) (*Graph, error) {
	n := len(names)
	if len(deps) != n {
		return nil, fmt.Errorf("%d nodes but %d lists of dependencies: expected one list for each node", n, len(deps))
	}
	for i, list := range deps {
		for _, d := range list {
			if d < 0 || d >= n {
				return nil, fmt.Errorf("node %q depends on node number %d: expected 0 to %d", names[i], d, n-1)
			}
		}
	}
	g := &Graph{names: slices.Clone(names)}
	g.dependents = transpose(n, func(i int) []int { return deps[i] })
	g.deps = transpose(n, g.dependents.of)
	g.order = g.sort()
	if len(g.order) < n {
		return nil, g.cycles()
	}
	return g, nil
}

// Len returns the number of nodes.
func (g *Graph) Len() int { return len(g.names) }

// Edges returns the number of edges, each pair of nodes counted once.
func (g *Graph) Edges() int { return len(g.deps.to) }

// Name returns the name of node i.
func (g *Graph) Name(i int) string { return g.names[i] }

// Deps returns the nodes that node i depends on, each once, sorted. The slice
// belongs to the graph.
func (g *Graph) Deps(i int) []int { return g.deps.of(i) }

// Dependents returns the nodes that depend on node i, each once, sorted. The
// slice belongs to the graph.
func (g *Graph) Dependents(i int) []int { return g.dependents.of(i) }

// adjacency holds the neighbours of all nodes end to end, those of node i in
// to[start[i]:start[i+1]]: two allocations however many nodes there are.
type adjacency struct {
	start []int
	to    []int
}

func (a adjacency) of(i int) []int {
	return a.to[a.start[i]:a.start[i+1]:a.start[i+1]]
}

// transpose turns the edges of n nodes around. Its lists come out sorted and
// without duplicates whatever went in, so turning twice sorts in linear time.
func transpose(n int, of func(int) []int) adjacency {
	// While edges are placed, the end of list d is kept in start[d+1]; once all
	// are, that is where list d+1 begins.
	start := make([]int, n+2)
	last := make([]int, n) // the node, plus one, last seen to point here
	for i := range n {
		for _, d := range of(i) {
			if last[d] != i+1 {
				last[d] = i + 1
				start[d+2]++
			}
		}
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	to := make([]int, start[n+1])
	clear(last)
	for i := range n {
		for _, d := range of(i) {
			if last[d] != i+1 {
				last[d] = i + 1
				to[start[d+1]] = i
				start[d+1]++
			}
		}
	}
	return adjacency{start: start[:n+1], to: to}
}
