package dag

import "slices"

// Reduce returns the graph with the fewest edges in which every node can be
// reached from the same nodes as in g: what remains when every edge is left out
// that a longer path implies. It is meant for drawings. Memory stays linear;
// time does not on large dense graphs.
func (g *Graph) Reduce() *Graph { return g.ReduceWith(nil) }

// ReduceWith is Reduce for a graph with two kinds of edge, a weak one of which
// says less than a strong one. An edge that weak reports is left out where any
// path implies it, another only where a path without weak edges does.
func (g *Graph) ReduceWith(weak func(node, dep int) bool) *Graph {
	r := reduction{
		g:     g,
		place: make([]int, g.Len()),
		end:   make([]int, g.Len()),
		mid:   make([]int, g.Len()),
		kept:  make([]int, 0, g.Edges()),
		mark:  make([]int, g.Len()),
	}
	for p, i := range g.order {
		r.place[i] = p
	}
	// In topological order, so that a search runs over edges already reduced.
	for _, i := range g.order {
		r.reduce(i, weak)
	}
	out := &Graph{names: g.names, order: g.order}
	out.dependents = transpose(g.Len(), r.keptOf)
	out.deps = transpose(g.Len(), out.dependents.of)
	return out
}

// reduction is the state of one ReduceWith. The kept edges of the node at place
// p are kept[end[p-1]:end[p]], the strong ones before mid[p].
type reduction struct {
	g     *Graph
	place []int // of each node in the order
	end   []int
	mid   []int
	kept  []int
	mark  []int // equal to round where the node was reached in it
	round int
	stack []int
}

func (r *reduction) span(i int) (start, mid, end int) {
	p := r.place[i]
	if p > 0 {
		start = r.end[p-1]
	}
	return start, r.mid[p], r.end[p]
}

func (r *reduction) keptOf(i int) []int {
	start, _, end := r.span(i)
	return r.kept[start:end]
}

// reduce decides which edges of node i are kept: first the strong ones, by what
// strong paths reach, then the weak ones, by what any path reaches.
func (r *reduction) reduce(i int, weak func(node, dep int) bool) {
	// A path from i to a dependency passes only dependencies placed later, so
	// going from the latest backwards each is decided by those before it.
	deps := slices.Clone(r.g.Deps(i))
	slices.SortFunc(deps, func(a, b int) int { return r.place[b] - r.place[a] })
	isWeak := make([]bool, len(deps))
	for k, d := range deps {
		isWeak[k] = weak != nil && weak(i, d)
	}
	p := r.place[i]
	for pass, weakPass := range []bool{false, true} {
		if pass == 1 {
			r.mid[p] = len(r.kept)
			if !slices.Contains(isWeak, true) {
				break
			}
		}
		r.round++
		for k, d := range deps {
			reached := r.mark[d] == r.round
			if isWeak[k] == weakPass && !reached {
				r.kept = append(r.kept, d)
			}
			if !reached && (weakPass || !isWeak[k]) {
				r.reach(d, r.place[deps[len(deps)-1]], weakPass)
			}
		}
	}
	r.end[p] = len(r.kept)
}

// reach marks what can be reached from d without passing a node placed before
// floor, where nothing of interest can be.
func (r *reduction) reach(d, floor int, throughWeak bool) {
	r.mark[d] = r.round
	r.stack = append(r.stack[:0], d)
	for len(r.stack) > 0 {
		i := r.stack[len(r.stack)-1]
		r.stack = r.stack[:len(r.stack)-1]
		start, mid, end := r.span(i)
		if throughWeak {
			mid = end
		}
		for _, j := range r.kept[start:mid] {
			if r.mark[j] != r.round && r.place[j] >= floor {
				r.mark[j] = r.round
				r.stack = append(r.stack, j)
			}
		}
	}
}
