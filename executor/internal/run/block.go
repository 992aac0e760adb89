package run

import (
	"slices"

	"github.com/cloudops-run/runbook/executor/event"
)

// A block is nodes that are ordered and limited together: the steps of the
// runbook, the handlers of one phase, the rollbacks, the instances of a foreach,
// the steps of an included runbook that one of these runs. Blocks are inside of
// nodes of other blocks. The nodes of a block are one after the other; its sets
// count them from 0.
type block struct {
	kind   kind
	owner  int // the node it is inside of; -1: a stage of the run
	first  int
	size   int
	graph  graph // byEdges
	limit  int   // most at once, of attempts or, of a foreach, of items; 0: no limit of its own
	serial bool  // in order, although what is skipped early ends out of it
	stops  bool  // after a failure nothing new starts
	gates  int32 // byEdges: the block of the gates before its steps; 0: there are none
	steps  int32 // gatesOf: the block of the steps behind them

	// Recorded.
	left      int // nodes that have not ended
	failure   int // the first failure that nothing tolerates; -1: none
	failures  int // how many of them
	tolerated int // failures that max_failures tolerates
	cancelled int // nodes that ended so
	stopped   int // nodes that were not begun, whatever they say of it themselves

	// Follow from what is recorded.
	ready   indexSet // something in it may start now
	gated   indexSet // its guards can be looked at
	doomed  indexSet // pending, and need what did not complete
	active  indexSet // have started and not ended
	running int      // attempts that run
	next    int      // of a foreach: the first item whose turn has not come
	under   int      // of a foreach: items whose turn has come and that have not ended

	swept bool // halted, and nothing is left to end; not recorded
	shut  bool // a failed foreach, and what was not begun has ended; not recorded
}

type kind uint8

const (
	inTurn  kind = iota // one after the other, in spite of failures
	byEdges             // by edges
	items               // side by side
	gatesOf             // in no order: what steps of another block wait for
)

func (m *Machine) newBlock(k kind, owner, size int) int32 {
	m.blocks = append(m.blocks, block{
		kind: k, owner: owner, first: len(m.nodes), size: size, left: size, failure: -1,
		ready: newIndexSet(size), gated: newIndexSet(size), doomed: newIndexSet(size), active: newIndexSet(size),
	})
	return int32(len(m.blocks) - 1)
}

// in returns the block of a node and the node's place there.
func (m *Machine) in(i int) (*block, int) {
	k := &m.blocks[m.nodes[i].block]
	return k, i - k.first
}

// wants reports whether something in the block may start.
func (k *block) wants() bool {
	return k.ready.size > 0 && (k.limit <= 0 || k.kind == items || k.running < k.limit)
}

// refresh brings the ready sets of the blocks around a block up to date with it.
func (m *Machine) refresh(b int32) {
	for {
		k := &m.blocks[b]
		if k.owner < 0 {
			return
		}
		b = m.nodes[k.owner].block
		around, local := m.in(k.owner)
		if k.wants() == around.ready.has(local) {
			return
		}
		if k.wants() {
			around.ready.add(local)
		} else {
			around.ready.remove(local)
		}
	}
}

// runs counts an attempt of a node that begins (1) or ends (-1) to run.
func (m *Machine) runs(i, change int) {
	m.running += change
	for b := m.nodes[i].block; ; {
		k := &m.blocks[b]
		k.running += change
		if k.owner < 0 {
			return
		}
		m.refresh(b)
		b = m.nodes[k.owner].block
	}
}

// makeReady lets an attempt of a node start.
func (m *Machine) makeReady(i int) {
	k, local := m.in(i)
	k.ready.add(local)
	m.refresh(m.nodes[i].block)
}

// nextReady is the node whose attempt comes first.
func (m *Machine) nextReady() int {
	k := &m.blocks[m.stages[m.stage]]
	for {
		i := k.first + k.ready.min()
		if m.nodes[i].inner == 0 {
			return i
		}
		k = &m.blocks[m.nodes[i].inner]
	}
}

// failure is the step whose failure decided the run; -1: none.
func (m *Machine) failure() int { return m.blocks[m.stages[main]].failure }

// cause is the node inside of a failed one, or itself, that made it fail.
func (m *Machine) cause(i int) int {
	for m.nodes[i].inner != 0 && m.blocks[m.nodes[i].inner].failure >= 0 {
		i = m.blocks[m.nodes[i].inner].failure
	}
	return i
}

// fails counts a failure in the block of node i. A foreach that has more of them
// than it tolerates has failed, although it goes on until what was begun has
// ended.
func (m *Machine) fails(i int) {
	n := &m.nodes[i]
	k, _ := m.in(i)
	if n.counted {
		return
	}
	n.counted = true
	k.failures++
	if k.failure < 0 {
		k.failure = i
	}
	k.swept = false
	m.work.add(n.block)
	if k.kind == items && !m.tolerates(k.owner, m.nodes[m.cause(i)].reason) {
		m.fails(k.owner)
		if around, local := m.in(k.owner); around.kind == byEdges {
			m.doom(around, local)
		}
	}
}

// tolerates reports whether a failure of node i, for a reason, lets the run go
// on.
func (m *Machine) tolerates(i int, reason event.Reason) bool {
	step := m.nodes[i].step
	switch k, _ := m.in(i); {
	case reason == event.ReasonRejected:
		return false
	case k.kind == items:
		return k.tolerated < step.Foreach.MaxFailures || step.ContinueOnError && step.Foreach.MaxFailures == 0
	}
	return step.ContinueOnError
}

// work is the blocks to look at, each once, in order.
type work []int32

func (w *work) add(b int32) {
	if at, found := slices.BinarySearch(*w, b); !found {
		*w = slices.Insert(*w, at, b)
	}
}

func (w *work) remove(b int32) {
	if at, found := slices.BinarySearch(*w, b); found {
		*w = slices.Delete(*w, at, at+1)
	}
}
