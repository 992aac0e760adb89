package dag

import "math/bits"

// Order returns all nodes so that each comes after those it depends on: of the
// nodes that could come next, always the one declared first. The slice belongs
// to the graph.
func (g *Graph) Order() []int { return g.order }

// Levels returns the nodes in waves: the first holds those that depend on
// nothing, each further one those whose last dependency is in the wave before.
// Within a wave nodes are sorted.
func (g *Graph) Levels() [][]int {
	level, depth := g.depths()
	size := make([]int, depth)
	for _, l := range level {
		size[l]++
	}
	all := make([]int, len(level))
	waves := make([][]int, depth)
	for l, n := range size {
		waves[l], all = all[:0:n], all[n:]
	}
	for i, l := range level {
		waves[l] = append(waves[l], i)
	}
	return waves
}

// depths returns the level of each node, from 0, and how many levels there are.
func (g *Graph) depths() (level []int, depth int) {
	level = make([]int, g.Len())
	for _, i := range g.order {
		for _, d := range g.Deps(i) {
			level[i] = max(level[i], level[d]+1)
		}
		depth = max(depth, level[i]+1)
	}
	return level, depth
}

// sort returns the nodes in order. Nodes on a cycle, and those that depend on
// such nodes, are left out.
func (g *Graph) sort() []int {
	n := g.Len()
	order := make([]int, 0, n)
	waiting := make([]int, n) // dependencies not yet in order
	ready := newSmallest(n)
	for i := range n {
		waiting[i] = len(g.Deps(i))
		if waiting[i] == 0 {
			ready.add(i)
		}
	}
	for i := ready.take(); i >= 0; i = ready.take() {
		order = append(order, i)
		for _, j := range g.Dependents(i) {
			if waiting[j]--; waiting[j] == 0 {
				ready.add(j)
			}
		}
	}
	return order
}

// smallest is a set of numbers below a bound that gives up its smallest member.
// It is a tree of bit sets 64 wide: a bit at one level says that a word of the
// level below is not empty. Four levels hold 16 million numbers, which makes
// both operations constant in practice, where a heap would cost a logarithm.
type smallest [][]uint64

func newSmallest(bound int) smallest {
	var s smallest
	for {
		bound = (bound + 63) / 64
		s = append(s, make([]uint64, max(bound, 1)))
		if bound <= 1 {
			return s
		}
	}
}

func (s smallest) add(i int) {
	for _, words := range s {
		word, bit := i/64, uint64(1)<<(i%64)
		known := words[word] != 0
		words[word] |= bit
		if known {
			return
		}
		i = word
	}
}

// take removes and returns the smallest member, or returns -1 where there is
// none.
func (s smallest) take() int {
	top := len(s) - 1
	if s[top][0] == 0 {
		return -1
	}
	i := 0
	for l := top; l >= 0; l-- {
		i = i*64 + bits.TrailingZeros64(s[l][i])
	}
	for l, at := 0, i; l <= top; l++ {
		word := at / 64
		s[l][word] &^= 1 << (at % 64)
		if s[l][word] != 0 {
			break
		}
		at = word
	}
	return i
}
