package run

import (
	"slices"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// expand makes what is inside of node i: the instances that the event names, or
// the steps of an included runbook.
func (m *Machine) expand(i int, e *event.Event, at time.Time) {
	n := &m.nodes[i]
	if n.inner != 0 || !m.isLoop(i) && !m.isBody(i) {
		return
	}
	k, local := m.in(i)
	k.gated.remove(local)
	k.active.add(local)
	n.status, n.started, n.kept = event.StatusRunning, at, e.Kept
	if m.isLoop(i) {
		m.expandItems(i, e.Items)
	} else {
		m.expandBody(i)
	}
	m.work.add(m.nodes[i].inner)
}

func (m *Machine) expandItems(i int, list []event.Item) {
	n := &m.nodes[i]
	step, id, top := n.step, m.stepID(i), m.top(i)
	b := m.newBlock(items, i, len(list))
	n.inner = b
	m.blocks[b].limit = step.Foreach.MaxConcurrency
	jobs := make([]job, len(list))
	m.nodes = slices.Grow(m.nodes, len(list))
	for k := range list {
		jobs[k] = job{id: id + "[" + list[k].Key + "]", top: top, undoes: -1, index: k, item: list[k].Value}
		m.nodes = append(m.nodes, node{step: step, block: b, status: event.StatusPending, job: &jobs[k]})
		m.know(len(m.nodes) - 1)
	}
	m.admit(b)
}

func (m *Machine) expandBody(i int) {
	n := &m.nodes[i]
	body, id, top := n.step.Body, m.stepID(i), m.top(i)
	b := m.newBlock(byEdges, i, len(body.Steps))
	n.inner = b
	k := &m.blocks[b]
	k.graph, k.limit, k.stops = m.graphFor(body), body.MaxConcurrency, body.StopOnError
	k.serial = body.Strategy == plan.Serial
	jobs := make([]job, len(body.Steps))
	for local := range body.Steps {
		s := &body.Steps[local]
		jobs[local] = job{id: id + "/" + s.ID, top: top, undoes: -1}
		m.nodes = append(m.nodes, node{
			step: s, block: b, status: event.StatusPending, open: int32(len(s.Needs) + len(s.After)), job: &jobs[local],
		})
		m.know(len(m.nodes) - 1)
	}
	m.addGates(b, body, id+"/", top)
	for j := m.blocks[b].first; j < m.blocks[b].first+len(body.Steps); j++ {
		if m.nodes[j].open == 0 {
			m.enter(j)
		}
	}
}

// top is the step of the runbook that a node is inside of.
func (m *Machine) top(i int) int32 {
	if j := m.nodes[i].job; j != nil {
		return j.top
	}
	return int32(i)
}

func (m *Machine) graphFor(body *plan.Plan) graph {
	g, ok := m.graphs[body]
	if !ok {
		if m.graphs == nil {
			m.graphs = map[*plan.Plan]graph{}
		}
		g = newGraph(body.Steps)
		m.graphs[body] = g
	}
	return g
}

// admit gives items their turn, as many at once as the foreach says. A foreach
// that has failed begins no more of them. It looks at nothing but what is
// recorded, or a machine that was told the events would give other items their
// turn.
func (m *Machine) admit(b int32) {
	k := &m.blocks[b]
	for k.next < k.size && k.failure < 0 && (k.limit <= 0 || k.under < k.limit) {
		i := k.first + k.next
		k.next++
		k.under++
		if m.nodes[i].inner == 0 { // else how it ended before is being told, and it has no turn
			m.enter(i)
		}
	}
}

// jobName finds a node that came to be in the run.
type jobName struct {
	phase event.Phase // event.Rollback, or empty
	id    string
}

// know makes a new node findable, once something was looked up.
func (m *Machine) know(i int) {
	if m.jobsBy == nil {
		return
	}
	name := jobName{id: m.stepID(i)}
	if m.isRollback(i) {
		name.phase = event.Rollback
	}
	m.jobsBy[name] = int32(i)
}

// lookup finds an event's node by its step id, which is unique in a run, but for
// rollbacks, which have the id of what they undo. Only a replay needs it, so the
// index is built when it comes to that.
func (m *Machine) lookup(e *event.Event) (int, bool) {
	if m.byID == nil {
		m.byID = make([]int32, m.static)
		for i := range m.byID {
			m.byID[i] = int32(i)
		}
		slices.SortFunc(m.byID, func(a, b int32) int {
			return strings.Compare(m.nodes[a].step.ID, m.nodes[b].step.ID)
		})
		m.jobsBy = map[jobName]int32{}
		for i := m.static; i < len(m.nodes); i++ {
			m.know(i)
		}
	}
	if e.Phase == event.Rollback {
		i, ok := m.jobsBy[jobName{event.Rollback, e.StepID}]
		return int(i), ok
	}
	k, ok := slices.BinarySearchFunc(m.byID, e.StepID, func(i int32, id string) int {
		return strings.Compare(m.nodes[i].step.ID, id)
	})
	if ok {
		return int(m.byID[k]), true
	}
	i, ok := m.jobsBy[jobName{id: e.StepID}]
	return int(i), ok
}

// leaveOut finds the steps that Only, From and Skip leave out.
func (m *Machine) leaveOut() {
	m.leftOut = newIndexSet(len(m.plan.Steps))
	named := func(list []string, i int) bool {
		id := m.plan.Steps[i].ID
		return slices.ContainsFunc(list, func(s string) bool {
			return id == s || strings.HasPrefix(id, s) && id[len(s)] == '/'
		})
	}
	from := make([]bool, len(m.plan.Steps))
	var stack []int
	for i := range m.plan.Steps {
		if from[i] = named(m.options.From, i); from[i] {
			stack = append(stack, i)
		}
	}
	k := &m.blocks[m.stages[main]]
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, waiters := range [][]int32{k.graph.needs.of(i), k.graph.after.of(i)} {
			for _, w := range waiters {
				if !from[w] {
					from[w] = true
					stack = append(stack, int(w))
				}
			}
		}
	}
	all := len(m.options.Only)+len(m.options.From) == 0
	for i := range m.plan.Steps {
		if wanted := all || named(m.options.Only, i) || from[i]; !wanted || named(m.options.Skip, i) {
			m.leftOut.add(i)
		}
	}
}

// leftOutBy names the options that leave steps out.
func (m *Machine) leftOutBy() string {
	var options []string
	for _, f := range []struct {
		name string
		list []string
	}{{"only", m.options.Only}, {"skip", m.options.Skip}, {"from", m.options.From}} {
		if len(f.list) > 0 {
			options = append(options, f.name+" "+strings.Join(f.list, ", "))
		}
	}
	return "left out by " + strings.Join(options, "; ")
}
