package dag

import (
	"math"
	"slices"
	"time"
)

// CriticalPath returns the chain of nodes whose weights add up to the most,
// each depending on the one before, and that sum. Of equal chains the one
// through nodes declared earlier is taken. A weight below zero counts as zero;
// a sum too large for its type stays at the largest. The path is nil only where
// there are no nodes.
func (g *Graph) CriticalPath(weight func(i int) time.Duration) (path []int, total time.Duration) {
	if g.Len() == 0 {
		return nil, 0
	}
	sum := make([]time.Duration, g.Len())
	before := make([]int, g.Len())
	for _, i := range g.order {
		before[i] = -1
		for _, d := range g.Deps(i) {
			if before[i] < 0 || sum[d] > sum[before[i]] {
				before[i] = d
			}
		}
		sum[i] = max(0, weight(i))
		if before[i] >= 0 {
			sum[i] = add(sum[i], sum[before[i]])
		}
	}
	end := 0
	for i := range sum {
		if sum[i] > sum[end] {
			end = i
		}
	}
	for i := end; i >= 0; i = before[i] {
		path = append(path, i)
	}
	slices.Reverse(path)
	return path, sum[end]
}

func add(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
