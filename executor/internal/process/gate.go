package process

import (
	"sync"
	"time"
)

// gate admits processes. It is open until something runs short; then it lets
// in half of what ran at that moment, and one more with every end.
type gate struct {
	mu      sync.Mutex
	active  int // admitted: starting or running
	limit   int // 0: none
	waiting []chan struct{}
}

// enter waits to be admitted, but no longer than patience: what runs may run
// for hours, while the shortage was another program's and is over. It reports
// false, admitting nothing, where one of the channels was closed first.
func (g *gate) enter(patience time.Duration, cancel, kill <-chan struct{}) bool {
	g.mu.Lock()
	if g.limit == 0 || g.active < g.limit && len(g.waiting) == 0 {
		g.active++
		g.mu.Unlock()
		return true
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()

	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-turn:
		return true
	case <-timer.C:
		if g.giveUp(turn) {
			g.join()
		}
		return true
	case <-cancel:
	case <-kill:
	}
	if !g.giveUp(turn) {
		g.leave()
	}
	return false
}

// alone reports whether no more than one is admitted.
func (g *gate) alone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.active <= 1
}

// join admits whatever the limit.
func (g *gate) join() {
	g.mu.Lock()
	g.active++
	g.mu.Unlock()
}

// giveUp takes turn out of the queue. It reports false where its turn had come.
func (g *gate) giveUp(turn chan struct{}) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, w := range g.waiting {
		if w == turn {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// leave ends what enter began, after the process has ended.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active--
	if g.limit > 0 {
		g.limit++
	}
	g.admit()
}

// shortage ends what enter began where the process could not be had, and
// reports whether any other was admitted at that moment.
func (g *gate) shortage() (others bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active--
	others = g.active > 0
	g.limit = max(1, g.active/2)
	g.admit()
	return others
}

// admit lets in what fits. It needs g.mu.
func (g *gate) admit() {
	for len(g.waiting) > 0 && g.active < g.limit {
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
		g.active++
	}
}
