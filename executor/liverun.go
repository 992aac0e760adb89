package executor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/output"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// A liveRun is one run of a plan in this engine: the machine that decides, and
// what must be remembered beside it. Its loop is the only one that changes the
// machine; mu lets others look.
type liveRun struct {
	id         uuid.UUID
	plan       *plan.Plan
	options    RunOptions
	executions []uuid.UUID // of the plan's own steps: steps, on_failure, finally
	isPlan     bool        // asked for by ExecutePlan or ExecuteCompiled
	byStep     bool        // logs are named by step id
	undo       bool        // it goes on only to undo what it has done
	metadata   Metadata    // of the plan
	requests   []Metadata  // of its requests; nil for a compiled runbook
	extra      []uuid.UUID // executions that came to be while it went on; the engine's mu guards it

	engine    *Engine
	started   time.Time
	inputs    chan run.Input
	work      chan func()   // what a worker that is idle is to do
	done      chan struct{} // closed when the run has ended
	disk      disk          // what outlives the engine
	memory    *run.Memory   // what the run did before it was resumed; nil: it is new
	dir       runFolder
	outputs   untouchedFolder // the one for files named by RUNBOOK_STEP_OUTPUT
	variables [2]string       // which all that it starts is given
	vault     vault

	// Owned by the loop.
	active map[run.Node]*liveAttempt       // attempts and probes that run
	locks  map[run.Node]context.CancelFunc // lets go of a lock, or ends the wait for it
	timer  *time.Timer                     // fires at the machine's next tick
	idle   int                             // workers without an attempt
	ended  bool                            // the machine has come to rest
	gave   bool                            // up, because the journal cannot be written
	warned string                          // the last thing that was wrong with a request

	mu       sync.Mutex
	machine  *run.Machine
	captured map[run.Node]*captured     // output of the last attempt; nothing of one that ended without any
	waiters  map[run.Node]chan struct{} // closed when the execution has ended
	duration time.Duration              // of the whole run
}

// captured is what is kept of an execution's output.
type captured struct {
	stdout, stderr string
	path           string      // of the log; empty: there is none
	log            *output.Log // while the attempt writes it; nil: it has ended
}

// logPath is where the log is; empty while there is none.
func (c *captured) logPath() string {
	if c.log != nil {
		return c.log.Path()
	}
	return c.path
}

// init makes r ready to run in e.
func (r *liveRun) init(e *Engine) error {
	r.engine = e
	if err := r.openFolder(); err != nil {
		return err
	}
	if r.byStep {
		r.outputs = markUntouched(r.dir.outputs)
	}
	r.variables = [2]string{runVariable(r.id), "RUNBOOK_RUN_DIR=" + r.dir.own}
	r.inputs = make(chan run.Input)
	r.work = make(chan func(), 16)
	r.done = make(chan struct{})
	r.active = map[run.Node]*liveAttempt{}
	r.locks = map[run.Node]context.CancelFunc{}
	r.captured = map[run.Node]*captured{}
	r.waiters = map[run.Node]chan struct{}{}
	r.machine = run.New(r.plan, r.options.machine(r, e.random))
	return nil
}

// derivedIDs are the execution ids of a compiled runbook's steps: the same ones
// for the same run.
func derivedIDs(id uuid.UUID, p *plan.Plan) []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(p.Steps)+len(p.OnFailure)+len(p.Finally))
	for _, phase := range staticPhases {
		for _, s := range p.Phase(string(phase)) {
			ids = append(ids, uuid.NewSHA1(id, []byte(string(phase)+"/"+s.ID)))
		}
	}
	return ids
}

// staticPhases are those whose steps are known when a run begins, in the order
// of its executions.
var staticPhases = []event.Phase{event.Main, event.OnFailure, event.Finally}

// index is the place of one of the plan's own steps among the executions.
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
	for _, phase := range staticPhases {
		n := len(r.plan.Phase(string(phase)))
		if i < n {
			return run.Node{Phase: phase, Index: i}
		}
		i -= n
	}
	panic("executor: no execution of that index")
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

// cancelledIn is the part of the run that a cancel met. What the loop is sent
// after it is taken only when the cancel was.
func (r *liveRun) cancelledIn() (event.Phase, bool) {
	r.send(run.Tick{})
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.machine.CancelledIn()
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

// endOf returns a channel that is closed when an execution has ended.
func (r *liveRun) endOf(n run.Node) <-chan struct{} {
	if !r.isPlan {
		return r.done
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ch := r.waiters[n]
	if ch == nil {
		ch = make(chan struct{})
		if r.machine.NodeStatus(n).Ended() || r.over() {
			close(ch)
			return ch
		}
		r.waiters[n] = ch
	}
	return ch
}

func (r *liveRun) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.machine.Status()
}

func (r *liveRun) nodeStatus(n run.Node) Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	status := r.machine.NodeStatus(n)
	if !r.isPlan && !r.over() { // ended only when all is written and cleaned up
		status = min(status, Running)
	}
	return status
}

func (r *liveRun) result(n run.Node) Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := r.machine.Result(n)
	if c := r.captured[n]; c != nil {
		res.Stdout, res.Stderr = c.stdout, c.stderr
	}
	return res
}

func (r *liveRun) logPath(n run.Node) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.captured[n]; c != nil {
		return c.logPath()
	}
	return ""
}

// resultError is an ended execution's result as an error.
func (r *liveRun) resultError(n run.Node) error {
	res := r.result(n)
	if res.Tolerated {
		return nil
	}
	return asError(res, r.timeout(n))
}

// timeout is what an attempt may take, as far as it is known without the values
// that only the run has.
func (r *liveRun) timeout(n run.Node) time.Duration {
	r.mu.Lock()
	step := r.machine.Step(n)
	r.mu.Unlock()
	if inv, err := step.Invocation(nil); err == nil && inv.Timeout > 0 {
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
	if broken == "" && r.disk.lost != nil {
		broken = r.disk.lost.Error()
	}
	node, failed := r.machine.Failure()
	_, refusal := r.machine.Refused()
	r.mu.Unlock()
	switch {
	case broken != "":
		return &RunError{Message: broken}
	case status == Cancelled:
		return ErrCancelled
	case status == Paused:
		return ErrPaused
	case status == Interrupted:
		return ErrUndecided
	case refusal != "":
		return &RunError{Message: refusal}
	case failed:
		return r.resultError(node)
	case status != Completed && status != RolledBack:
		return &RunError{Message: fmt.Sprintf("the run ended as %v", status)}
	}
	return nil
}

func (r *liveRun) planResult() PlanResult {
	p := PlanResult{PlanID: r.id, Results: make([]Result, 0, len(r.plan.Steps))}
	for i := range r.executions {
		res := r.result(r.node(i))
		if i < len(r.plan.Steps) {
			p.Results = append(p.Results, res)
			p.Instances = r.inner(p.Instances, r.node(i))
		} else {
			p.Handlers = append(p.Handlers, res)
		}
	}
	if err := r.failure(); err != nil {
		p.Error = err.Error()
	}
	r.mu.Lock()
	rollbacks, waiting := r.machine.Rollbacks(), r.machine.Waiting()
	p.Status, p.Stats = r.machine.Status(), r.machine.Stats()
	p.HandlerFailed, p.EngineFailed = r.machine.HandlerFailed(), r.machine.EngineError() != "" || r.disk.lost != nil
	p.Undecided = decisions(r.machine.Undecided())
	p.TotalDuration, p.Metadata = r.duration, r.metadata
	p.Refused, _ = r.machine.Refused()
	for _, n := range waiting {
		p.Waiting = append(p.Waiting, r.machine.StepID(n))
	}
	r.mu.Unlock()
	for _, n := range rollbacks {
		p.Rollbacks = append(p.Rollbacks, r.result(n))
	}
	return p
}

// inner adds the results of what is inside of a step: its instances, or the
// steps of an included runbook.
func (r *liveRun) inner(list []Result, n run.Node) []Result {
	r.mu.Lock()
	nodes := r.machine.Inner(n)
	r.mu.Unlock()
	list = slices.Grow(list, len(nodes))
	for _, n := range nodes {
		list = append(list, r.result(n))
		list = r.inner(list, n)
	}
	return list
}

func (r *liveRun) summaries(list []Summary) []Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, id := range r.executions {
		n := r.node(i)
		s := Summary{ID: id, Kind: string(r.machine.Step(n).Command.Kind), Status: r.machine.NodeStatus(n), StartedAt: r.machine.Result(n).StartedAt}
		if i < len(r.requests) {
			s.Metadata = r.requests[i]
		}
		if r.isPlan {
			s.PlanID, s.StepID = r.id, r.machine.StepID(n)
		}
		list = append(list, s)
	}
	return list
}
