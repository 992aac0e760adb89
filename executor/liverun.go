package executor

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/output"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/executor/journal"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A liveRun is one run of a plan in this engine: the machine that decides, and
// what must be remembered beside it. Its loop is the only one that changes the
// machine; mu lets others look.
type liveRun struct {
	id         uuid.UUID
	plan       *plan.Plan
	executions []uuid.UUID // by index: steps, on_failure, finally
	isPlan     bool        // asked for by ExecutePlan or ExecuteCompiled
	byStep     bool        // logs are named by step id
	metadata   Metadata    // of the plan
	requests   []Metadata  // of its requests; nil for a compiled runbook

	engine  *Engine
	started time.Time
	inputs  chan run.Input
	done    chan struct{} // closed when the run has ended
	journal *journal.Writer
	records bytes.Buffer // the journal, until runs have a folder of their own
	dir     runFolder
	active  map[run.Node]*liveAttempt // owned by the loop
	timer   *time.Timer               // fires at the machine's next tick

	mu       sync.Mutex
	machine  *run.Machine
	captured []captured            // by index: output of the last attempt
	waiters  map[int]chan struct{} // closed when the execution at the index has ended
	duration time.Duration         // of the whole run
}

// captured is what is kept of an execution's output.
type captured struct {
	stdout, stderr string
	log            *output.Log // nil before the first attempt
}

// init makes r ready to run in e.
func (r *liveRun) init(e *Engine) error {
	dir, err := newRunFolder(e.logs, r.id, r.byStep)
	if err != nil {
		return err
	}
	r.engine, r.dir = e, dir
	r.inputs = make(chan run.Input)
	r.done = make(chan struct{})
	r.journal = journal.NewWriter(&r.records)
	r.active = map[run.Node]*liveAttempt{}
	r.captured = make([]captured, len(r.executions))
	r.waiters = map[int]chan struct{}{}
	r.machine = run.New(r.plan, run.Options{
		RunID: r.id,
		ExecutionIDs: func(phase event.Phase, i int) uuid.UUID {
			return r.executions[r.index(run.Node{Phase: phase, Index: i})]
		},
		Random: e.random,
	})
	return nil
}

// derivedIDs are the execution ids of a compiled runbook's steps: the same ones
// for the same run.
func derivedIDs(id uuid.UUID, p *plan.Plan) []uuid.UUID {
	var ids []uuid.UUID
	for _, phase := range []event.Phase{event.Main, event.OnFailure, event.Finally} {
		for _, s := range p.Phase(string(phase)) {
			ids = append(ids, uuid.NewSHA1(id, []byte(string(phase)+"/"+s.ID)))
		}
	}
	return ids
}

// index is the place of a node among the executions.
func (r *liveRun) index(n run.Node) int {
	switch n.Phase {
	case event.OnFailure:
		return len(r.plan.Steps) + n.Index
	case event.Finally:
		return len(r.plan.Steps) + len(r.plan.OnFailure) + n.Index
	}
	return n.Index
}

// node is the inverse of index.
func (r *liveRun) node(i int) run.Node {
	for _, phase := range []event.Phase{event.Main, event.OnFailure} {
		n := len(r.plan.Phase(string(phase)))
		if i < n {
			return run.Node{Phase: phase, Index: i}
		}
		i -= n
	}
	return run.Node{Phase: event.Finally, Index: i}
}

func (r *liveRun) step(n run.Node) *plan.Step {
	return &r.plan.Phase(string(n.Phase))[n.Index]
}

// send gives the loop an input, unless the run has ended.
func (r *liveRun) send(in run.Input) {
	select {
	case r.inputs <- in:
	case <-r.done:
	}
}

func (r *liveRun) cancel(signal, message string) {
	r.send(run.Cancel{Signal: signal, Message: message})
}

func (r *liveRun) kill() { r.send(run.Kill{}) }

func (r *liveRun) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// ended returns a channel that is closed when the execution at i has ended.
func (r *liveRun) ended(i int) <-chan struct{} {
	if !r.isPlan {
		return r.done
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ch := r.waiters[i]
	if ch == nil {
		ch = make(chan struct{})
		if r.machine.NodeStatus(r.node(i)).Ended() {
			close(ch)
			return ch
		}
		r.waiters[i] = ch
	}
	return ch
}

func (r *liveRun) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.machine.Status()
}

func (r *liveRun) nodeStatus(i int) Status {
	if !r.isPlan && !r.over() { // ended only when all is written and cleaned up
		return min(r.lockedNodeStatus(i), Running)
	}
	return r.lockedNodeStatus(i)
}

func (r *liveRun) lockedNodeStatus(i int) Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.machine.NodeStatus(r.node(i))
}

func (r *liveRun) result(i int) Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := r.machine.Result(r.node(i))
	res.Stdout, res.Stderr = r.captured[i].stdout, r.captured[i].stderr
	return res
}

func (r *liveRun) logPath(i int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if log := r.captured[i].log; log != nil {
		return log.Path()
	}
	return ""
}

// resultError is an ended execution's result as an error.
func (r *liveRun) resultError(i int) error {
	res := r.result(i)
	if res.Tolerated {
		return nil
	}
	return asError(res, r.timeout(i))
}

func (r *liveRun) timeout(i int) time.Duration {
	if inv, err := r.step(r.node(i)).Invocation(nil); err == nil && inv.Timeout > 0 {
		return inv.Timeout
	}
	return r.engine.config.DefaultTimeout
}

// asError turns a result into the error that [Engine.Wait] documents.
func asError(res Result, timeout time.Duration) error {
	switch res.Status {
	case Cancelled:
		return ErrCancelled
	case Timeout:
		return &TimeoutError{After: timeout, StepID: res.StepID}
	case Failed:
		switch res.Reason {
		case event.ReasonExit, event.ReasonSignal:
			return &ExitError{Code: res.ExitCode, Signal: res.Signal, StepID: res.StepID}
		case event.ReasonStart:
			return &SpawnError{Message: res.Error, StepID: res.StepID}
		}
		return &RunError{Message: res.Error, StepID: res.StepID}
	}
	return nil
}

// failure is the run's end as an error.
func (r *liveRun) failure() error {
	r.mu.Lock()
	status, broken := r.machine.Status(), r.machine.EngineError()
	node, failed := r.machine.Failure()
	r.mu.Unlock()
	switch {
	case broken != "":
		return &RunError{Message: broken}
	case status == Cancelled:
		return ErrCancelled
	case failed:
		return r.resultError(r.index(node))
	case status != Completed:
		return &RunError{Message: fmt.Sprintf("the run ended as %v", status)}
	}
	return nil
}

func (r *liveRun) planResult() PlanResult {
	p := PlanResult{PlanID: r.id, Results: make([]Result, 0, len(r.plan.Steps))}
	for i := range r.executions {
		if res := r.result(i); i < len(r.plan.Steps) {
			p.Results = append(p.Results, res)
		} else {
			p.Handlers = append(p.Handlers, res)
		}
	}
	if err := r.failure(); err != nil {
		p.Error = err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Status, p.Stats = r.machine.Status(), r.machine.Stats()
	p.HandlerFailed, p.EngineFailed = r.machine.HandlerFailed(), r.machine.EngineError() != ""
	p.TotalDuration, p.Metadata = r.duration, r.metadata
	return p
}

func (r *liveRun) summaries(list []Summary) []Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, id := range r.executions {
		n := r.node(i)
		s := Summary{ID: id, Kind: string(r.step(n).Command.Kind), Status: r.machine.NodeStatus(n), StartedAt: r.machine.Result(n).StartedAt}
		if i < len(r.requests) {
			s.Metadata = r.requests[i]
		}
		if r.isPlan {
			s.PlanID, s.StepID = r.id, r.step(n).ID
		}
		list = append(list, s)
	}
	return list
}

// logFile is where the log of an attempt goes.
func (r *liveRun) logFile(n run.Node, attempt int) string {
	name := r.executions[r.index(n)].String()
	if r.byStep {
		return filepath.Join(r.dir.logs, fmt.Sprintf("%s.%d.log", r.step(n).ID, attempt))
	}
	if attempt > 1 {
		name = fmt.Sprintf("%s.%d", name, attempt)
	}
	return filepath.Join(r.dir.logs, name+".log")
}
