package dag_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/dag"
)

// shapes are graphs of n nodes on which a careless algorithm overflows the
// stack or becomes quadratic.
var shapes = []struct {
	name string
	deps func(n int) [][]int
}{
	{"chain", func(n int) [][]int {
		return each(n, func(i int) []int { return between(i-1, i) })
	}},
	{"chain declared backwards", func(n int) [][]int {
		return each(n, func(i int) []int { return between(i+1, min(i+2, n)) })
	}},
	{"fan in and out", func(n int) [][]int {
		return each(n, func(i int) []int {
			switch i {
			case 0:
				return nil
			case n - 1:
				return between(1, n-1)
			}
			return []int{0}
		})
	}},
	{"ten earlier nodes each", func(n int) [][]int {
		r := rand.New(rand.NewPCG(1, 2))
		return each(n, func(i int) []int {
			var deps []int
			for range min(i, 10) {
				deps = append(deps, r.IntN(i))
			}
			return deps
		})
	}},
	{"layers of ten", func(n int) [][]int {
		return each(n, func(i int) []int { return between(i/10*10-10, i/10*10) })
	}},
}

func each(n int, of func(i int) []int) [][]int {
	deps := make([][]int, n)
	for i := range deps {
		deps[i] = of(i)
	}
	return deps
}

func between(from, to int) []int {
	var all []int
	for i := max(from, 0); i < to; i++ {
		all = append(all, i)
	}
	return all
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint("step_", i)
	}
	return all
}

func TestLargeGraphs(t *testing.T) {
	const n = 100_000
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			g, err := dag.New(names(n), s.deps(n))
			if err != nil {
				t.Fatal(err)
			}
			place := make([]int, n)
			for p, i := range g.Order() {
				place[i] = p
			}
			for i := range n {
				for _, d := range g.Deps(i) {
					if place[d] >= place[i] {
						t.Fatalf("node %d comes before node %d, which it depends on", i, d)
					}
				}
			}
			path, total := g.CriticalPath(func(int) time.Duration { return time.Second })
			if depth := len(g.Levels()); len(path) != depth || total != time.Duration(depth)*time.Second {
				t.Errorf("path of %d nodes, total %v, in %d levels", len(path), total, depth)
			}
			if err := g.Text(io.Discard, dag.Drawing{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// One cycle through every node, then a chain of as many that depends on it, and
// many small cycles: each would be quadratic if groups were looked for again
// from every node.
func TestLargeCycles(t *testing.T) {
	const n = 200_000
	for _, tt := range []struct {
		name        string
		dep         func(i int) int
		length, all int
	}{
		{"one through all", func(i int) int { return (i + 1) % n }, n, 1},
		{"a chain behind one", func(i int) int { return max(i-1, 0) }, 1, 1},
		{"pairs", func(i int) int { return i ^ 1 }, 2, n / 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := dag.New(names(n), each(n, func(i int) []int { return []int{tt.dep(i)} }))
			var cycle *dag.CycleError
			if !errors.As(err, &cycle) {
				t.Fatalf("got %v, want a *CycleError", err)
			}
			if len(cycle.Nodes) != tt.length+1 || 1+len(cycle.Also) != tt.all {
				t.Errorf("%d cycles, the first of length %d; want %d, %d", 1+len(cycle.Also), len(cycle.Nodes)-1, tt.all, tt.length)
			}
		})
	}
}

// Building allocates a handful of slices, not some for each node.
func TestBuildingAllocatesNothingPerNode(t *testing.T) {
	count := func(n int) float64 {
		names, deps := names(n), shapes[3].deps(n)
		return testing.AllocsPerRun(3, func() {
			if _, err := dag.New(names, deps); err != nil {
				t.Fatal(err)
			}
		})
	}
	if small, large := count(100), count(10_000); large > small+4 || small > 30 {
		t.Errorf("%v allocations for 100 nodes, %v for 10,000", small, large)
	}
}

func BenchmarkGraph(b *testing.B) {
	operations := []struct {
		name string
		run  func(g *dag.Graph)
	}{
		{"Levels", func(g *dag.Graph) { g.Levels() }},
		{"CriticalPath", func(g *dag.Graph) { g.CriticalPath(func(i int) time.Duration { return time.Duration(i) }) }},
		{"DOT", func(g *dag.Graph) { g.DOT(io.Discard, dag.Drawing{}) }},
		{"JSON", func(g *dag.Graph) { g.JSON(io.Discard, dag.Drawing{}) }},
	}
	for _, n := range []int{1_000, 100_000} {
		names, deps := names(n), shapes[3].deps(n)
		b.Run(fmt.Sprintf("New/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := dag.New(names, deps); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/node")
		})
		g, err := dag.New(names, deps)
		if err != nil {
			b.Fatal(err)
		}
		for _, op := range operations {
			b.Run(fmt.Sprintf("%s/%d", op.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					op.run(g)
				}
			})
		}
	}
}

// The largest drawings that are reduced have 2,000 nodes. The worst shape for
// the search is three layers, each complete to the next.
func BenchmarkReduce(b *testing.B) {
	const n = 2_000
	shapes := slices.Concat(shapes, []struct {
		name string
		deps func(n int) [][]int
	}{
		{"complete", func(n int) [][]int {
			return each(n, func(i int) []int { return between(0, i) })
		}},
		{"three complete layers and shortcuts", func(n int) [][]int {
			return each(n, func(i int) []int { return between(0, i/(n/3)*(n/3)) })
		}},
	})
	for _, s := range shapes {
		g, err := dag.New(names(n), s.deps(n))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g.Reduce()
			}
		})
	}
}
