package dag_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cloudops-run/runbook/dag"
)

// matrix is a graph as the oracle sees it: m[i][j] says that i depends on j.
type matrix [][]bool

func newMatrix(n int) matrix {
	m := make(matrix, n)
	for i := range m {
		m[i] = make([]bool, n)
	}
	return m
}

// build hands the edges to New, shuffled and some of them twice.
func (m matrix) build(t *rapid.T) (*dag.Graph, error) {
	names, deps := make([]string, len(m)), make([][]int, len(m))
	for i, row := range m {
		names[i] = fmt.Sprint("n", i)
		for j, edge := range row {
			if edge {
				deps[i] = append(deps[i], j)
			}
		}
		if len(deps[i]) > 0 {
			deps[i] = append(deps[i], rapid.SliceOfN(rapid.SampledFrom(deps[i]), 0, 2).Draw(t, "again")...)
			deps[i] = rapid.Permutation(deps[i]).Draw(t, "shuffled")
		}
	}
	return dag.New(names, deps)
}

// closure says what can be reached over one edge or more.
func (m matrix) closure() matrix {
	c := newMatrix(len(m))
	for i := range m {
		copy(c[i], m[i])
	}
	for k := range c {
		for i := range c {
			for j := range c {
				c[i][j] = c[i][j] || c[i][k] && c[k][j]
			}
		}
	}
	return c
}

func edges(g *dag.Graph) matrix {
	m := newMatrix(g.Len())
	for i := range g.Len() {
		for _, d := range g.Deps(i) {
			m[i][d] = true
		}
	}
	return m
}

func equal(a, b matrix) bool { return slices.EqualFunc(a, b, slices.Equal) }

// drawDigraph draws any graph, with cycles or without.
func drawDigraph(t *rapid.T) matrix {
	n := rapid.IntRange(0, 9).Draw(t, "nodes")
	m := newMatrix(n)
	if n > 0 {
		node := rapid.IntRange(0, n-1)
		for range rapid.IntRange(0, 2*n).Draw(t, "edges") {
			m[node.Draw(t, "node")][node.Draw(t, "dep")] = true
		}
	}
	return m
}

// drawDAG draws a graph without cycles whose declaration order says nothing
// about its edges.
func drawDAG(t *rapid.T) matrix {
	n := rapid.IntRange(1, 12).Draw(t, "nodes")
	number := make([]int, n)
	for i := range number {
		number[i] = i
	}
	number = rapid.Permutation(number).Draw(t, "numbers")
	m := newMatrix(n)
	percent := rapid.IntRange(0, 100).Draw(t, "density")
	for i := range n {
		for j := range i {
			m[number[i]][number[j]] = rapid.IntRange(0, 99).Draw(t, "edge") < percent
		}
	}
	return m
}

func mustBuild(t *rapid.T, m matrix) *dag.Graph {
	g, err := m.build(t)
	if err != nil {
		t.Fatalf("no cycle in it, but: %v", err)
	}
	return g
}

func TestEdgesAreThoseGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawDAG(t)
		g := mustBuild(t, m)
		count := 0
		for i := range m {
			var deps, dependents []int
			for j := range m {
				if m[i][j] {
					deps = append(deps, j)
				}
				if m[j][i] {
					dependents = append(dependents, j)
				}
			}
			count += len(deps)
			if !slices.Equal(g.Deps(i), deps) || !slices.Equal(g.Dependents(i), dependents) {
				t.Fatalf("node %d: got %v and %v, want %v and %v", i, g.Deps(i), g.Dependents(i), deps, dependents)
			}
		}
		if g.Edges() != count {
			t.Fatalf("got %d edges, want %d", g.Edges(), count)
		}
	})
}

// The oracle looks for the first node that could come next, over and over.
func TestOrderTakesTheFirstThatCanComeNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawDAG(t)
		g := mustBuild(t, m)
		placed := make([]bool, len(m))
		canBeNext := func(i int) bool {
			for j, edge := range m[i] {
				if edge && !placed[j] {
					return false
				}
			}
			return !placed[i]
		}
		var want []int
		for len(want) < len(m) {
			for i := range m {
				if canBeNext(i) {
					placed[i] = true
					want = append(want, i)
					break
				}
			}
		}
		if !slices.Equal(g.Order(), want) {
			t.Fatalf("got %v, want %v", g.Order(), want)
		}
	})
}

func TestLevelIsOneMoreThanTheHighestBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawDAG(t)
		g := mustBuild(t, m)
		level := make([]int, len(m))
		for i := range level {
			level[i] = -1
		}
		for l, wave := range g.Levels() {
			if len(wave) == 0 || !slices.IsSorted(wave) {
				t.Fatalf("wave %d: %v", l, wave)
			}
			for _, i := range wave {
				if level[i] != -1 {
					t.Fatalf("node %d is in two waves", i)
				}
				level[i] = l
			}
		}
		for i, row := range m {
			want := 0
			for j, edge := range row {
				if edge {
					want = max(want, level[j]+1)
				}
			}
			if level[i] != want {
				t.Fatalf("node %d: level %d, want %d", i, level[i], want)
			}
		}
	})
}

func TestCriticalPathIsTheHeaviest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawDAG(t)
		g := mustBuild(t, m)
		weight := make([]time.Duration, len(m))
		for i := range weight {
			weight[i] = time.Duration(rapid.IntRange(0, 5).Draw(t, "weight"))
		}
		var heaviest func(i int) time.Duration
		heaviest = func(i int) time.Duration {
			below := time.Duration(0)
			for j, edge := range m[i] {
				if edge {
					below = max(below, heaviest(j))
				}
			}
			return weight[i] + below
		}
		want := time.Duration(0)
		for i := range m {
			want = max(want, heaviest(i))
		}
		path, total := g.CriticalPath(func(i int) time.Duration { return weight[i] })
		sum := time.Duration(0)
		for k, i := range path {
			sum += weight[i]
			if k > 0 && !m[i][path[k-1]] {
				t.Fatalf("%v: %d does not depend on %d", path, i, path[k-1])
			}
		}
		if len(path) == 0 || total != want || sum != want {
			t.Fatalf("got %v of %d adding up to %d, want %d", path, total, sum, want)
		}
	})
}

func TestReductionKeepsReachabilityAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawDAG(t)
		g := mustBuild(t, m)
		weak := newMatrix(len(m))
		if rapid.Bool().Draw(t, "two kinds") {
			for i, row := range m {
				for j, edge := range row {
					weak[i][j] = edge && rapid.Bool().Draw(t, "weak")
				}
			}
		}
		strong := func(m matrix) matrix {
			s := newMatrix(len(m))
			for i, row := range m {
				for j, edge := range row {
					s[i][j] = edge && !weak[i][j]
				}
			}
			return s
		}
		reduced := g.ReduceWith(func(node, dep int) bool { return weak[node][dep] })
		r := edges(reduced)
		if !equal(r.closure(), m.closure()) || !equal(strong(r).closure(), strong(m).closure()) {
			t.Fatalf("%v became %v: other nodes can be reached", m, r)
		}
		for i, row := range r {
			for j, edge := range row {
				if edge && !m[i][j] {
					t.Fatalf("the edge from %d to %d is new", i, j)
				}
				if !edge {
					continue
				}
				without, full := newMatrix(len(r)), r
				if !weak[i][j] {
					full = strong(r)
				}
				for k := range full {
					copy(without[k], full[k])
				}
				without[i][j] = false
				if without.closure()[i][j] {
					t.Fatalf("the edge from %d to %d could have been left out of %v", i, j, r)
				}
			}
		}
		if again := mustBuild(t, r); !slices.Equal(reduced.Order(), again.Order()) {
			t.Fatalf("order %v, want %v", reduced.Order(), again.Order())
		}
	})
}

func TestCycleIsRealFirstAndShort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawDigraph(t)
		reach := m.closure()
		first := map[int]bool{} // the first node of each group on a cycle
		for i := range m {
			earlier := false
			for j := range i {
				earlier = earlier || reach[i][j] && reach[j][i]
			}
			if reach[i][i] && !earlier {
				first[i] = true
			}
		}
		_, err := m.build(t)
		if len(first) == 0 {
			if err != nil {
				t.Fatalf("no cycle in it, but: %v", err)
			}
			return
		}
		var cycle *dag.CycleError
		if !errors.As(err, &cycle) {
			t.Fatalf("got %v, want a *CycleError", err)
		}
		all := append([]*dag.CycleError{cycle}, cycle.Also...)
		if len(all) != len(first) {
			t.Fatalf("got %d cycles, want %d", len(all), len(first))
		}
		before := -1
		for _, c := range all {
			start := c.Nodes[0]
			if !first[start] || start <= before {
				t.Fatalf("cycle %v after one from %d; want to begin at one of %v in order", c.Nodes, before, first)
			}
			before = start
			checkCycle(t, m, c)
		}
	})
}

// checkCycle fails unless c is a way from its first node back to it and none
// is shorter.
func checkCycle(t *rapid.T, m matrix, c *dag.CycleError) {
	for k, i := range c.Nodes {
		if c.Path[k] != fmt.Sprint("n", i) {
			t.Fatalf("%v is called %v", c.Nodes, c.Path)
		}
		if k > 0 && !m[c.Nodes[k-1]][i] {
			t.Fatalf("%v: %d does not depend on %d", c.Nodes, c.Nodes[k-1], i)
		}
	}
	start := c.Nodes[0]
	if c.Nodes[len(c.Nodes)-1] != start || len(c.Path) != len(c.Nodes) {
		t.Fatalf("%v does not end where it begins", c.Nodes)
	}
	at := map[int]bool{start: true} // where a walk of some length can end
	for length := 1; ; length++ {
		next := map[int]bool{}
		for i := range at {
			for j, edge := range m[i] {
				if edge {
					next[j] = true
				}
			}
		}
		if next[start] {
			if len(c.Nodes) != length+1 {
				t.Fatalf("%v: there is a cycle of length %d", c.Nodes, length)
			}
			return
		}
		at = next
	}
}

func TestBackEdgeMakesACycle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawDAG(t)
		reach := m.closure()
		var pairs [][2]int
		for i := range m {
			for j := range m {
				if i == j || reach[i][j] {
					pairs = append(pairs, [2]int{i, j})
				}
			}
		}
		back := rapid.SampledFrom(pairs).Draw(t, "pair")
		m[back[1]][back[0]] = true
		_, err := m.build(t)
		var cycle *dag.CycleError
		if !errors.As(err, &cycle) {
			t.Fatalf("got %v, want a *CycleError", err)
		}
		checkCycle(t, m, cycle)
		if len(cycle.Also) != 0 {
			t.Fatalf("one edge made %d cycles without a node in common", 1+len(cycle.Also))
		}
	})
}
