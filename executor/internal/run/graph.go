package run

import "github.com/cloudops-run/runbook/runbook/plan"

// A graph is the plan's edges turned round: who waits for a step. The steps
// that wait for step i by one kind of edge are waiters[from[i]:from[i+1]], in
// file order.
type graph struct {
	needs, after adjacency
}

type adjacency struct {
	from    []int32
	waiters []int32
}

func (a *adjacency) of(i int) []int32 { return a.waiters[a.from[i]:a.from[i+1]] }

func newGraph(steps []plan.Step) graph {
	return graph{
		needs: turnRound(steps, func(s *plan.Step) []int { return s.Needs }),
		after: turnRound(steps, func(s *plan.Step) []int { return s.After }),
	}
}

// turnRound counts first and fills second, so that a graph of any size is two
// allocations.
func turnRound(steps []plan.Step, edges func(*plan.Step) []int) adjacency {
	a := adjacency{from: make([]int32, len(steps)+1)}
	for i := range steps {
		for _, on := range edges(&steps[i]) {
			a.from[on+1]++
		}
	}
	for i := range steps {
		a.from[i+1] += a.from[i]
	}
	a.waiters = make([]int32, a.from[len(steps)])
	next := append([]int32(nil), a.from...)
	for i := range steps {
		for _, on := range edges(&steps[i]) {
			a.waiters[next[on]] = int32(i)
			next[on]++
		}
	}
	return a
}
