package dag

import (
	"fmt"
	"slices"
	"strings"
)

// A CycleError says that nodes depend on each other. It holds one cycle, and
// the same one for the same input: of all nodes on a cycle the one declared
// first begins it, and no cycle through that node is shorter.
type CycleError struct {
	Path  []string // each name depends on the next; the first is also the last
	Nodes []int    // the same as nodes, the first again at the end
	// Also holds one cycle for every other group of nodes that depend on each
	// other, ordered by first node. No node of it is in two of them.
	Also []*CycleError
}

// shownInCycle is how many names a message spells out; the path has them all.
const shownInCycle = 24

// Error spells out the path, without the middle of a very long one.
func (e *CycleError) Error() string {
	if len(e.Path) == 2 {
		return fmt.Sprintf("%q depends on itself", e.Path[0])
	}
	quoted := make([]string, 0, min(len(e.Path), shownInCycle+1))
	for i, name := range e.Path {
		hidden := len(e.Path) - shownInCycle
		switch {
		case hidden < 2 || i < shownInCycle/2 || i >= shownInCycle/2+hidden:
			quoted = append(quoted, fmt.Sprintf("%q", name))
		case i == shownInCycle/2:
			quoted = append(quoted, fmt.Sprintf("(%d more)", hidden))
		}
	}
	return "cycle: " + strings.Join(quoted, " depends on ")
}

// cycles returns the error for a graph that could not be ordered.
func (g *Graph) cycles() *CycleError {
	group, first := g.groups()
	slices.Sort(first)
	errs := make([]*CycleError, len(first))
	from := make([]int, g.Len())
	for k, start := range first {
		nodes := g.shortest(start, group, from)
		path := make([]string, len(nodes))
		for j, i := range nodes {
			path[j] = g.names[i]
		}
		errs[k] = &CycleError{Path: path, Nodes: nodes}
	}
	errs[0].Also = errs[1:]
	return errs[0]
}

// shortest returns a shortest cycle through start, looking breadth first and
// only inside start's group. The scratch slice from remembers, plus one, how
// each node was reached; groups do not share nodes, so it needs no clearing.
func (g *Graph) shortest(start int, group, from []int) []int {
	queue := []int{start}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, d := range g.Deps(i) {
			if d == start {
				path := []int{start}
				for ; i != start; i = from[i] - 1 {
					path = append(path, i)
				}
				path = append(path, start)
				slices.Reverse(path)
				return path
			}
			if group[d] == group[start] && from[d] == 0 {
				from[d] = i + 1
				queue = append(queue, d)
			}
		}
	}
	panic("dag: a group of nodes that depend on each other has no cycle")
}

// groups divides the nodes into strongly connected components, by Tarjan's
// algorithm with its stack on the heap. It returns the component of each node
// and, of each component that holds a cycle, the first node.
func (g *Graph) groups() (group, first []int) {
	n := g.Len()
	group = make([]int, n) // from 1; 0: not yet known
	seen := make([]int, n) // when the node was reached, from 1; 0: not yet
	low := make([]int, n)  // the earliest reached node on the path that can be got back to
	next := make([]int, n) // how many of its dependencies have been looked at
	var path, open []int   // the walk's own stack; nodes reached whose group is not known
	clock, count := 0, 0
	for root := range n {
		if seen[root] != 0 {
			continue
		}
		path = append(path, root)
		for len(path) > 0 {
			i := path[len(path)-1]
			if seen[i] == 0 {
				clock++
				seen[i], low[i] = clock, clock
				open = append(open, i)
			}
			if deps := g.Deps(i); next[i] < len(deps) {
				d := deps[next[i]]
				next[i]++
				switch {
				case seen[d] == 0:
					path = append(path, d)
				case group[d] == 0:
					low[i] = min(low[i], seen[d])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				up := path[len(path)-1]
				low[up] = min(low[up], low[i])
			}
			if low[i] < seen[i] {
				continue
			}
			count++
			at := len(open) // members are at the end: a search from the front is quadratic
			for done := false; !done; done = open[at] == i {
				at--
				group[open[at]] = count
			}
			if len(open)-at > 1 || slices.Contains(g.Deps(i), i) {
				first = append(first, slices.Min(open[at:]))
			}
			open = open[:at]
		}
	}
	return group, first
}
