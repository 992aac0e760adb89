package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/process"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/executor/journal"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// liveAttempt is an attempt, or a probe, that runs: how to end it.
type liveAttempt struct {
	stop context.CancelFunc
	kill func()
}

// A job is an attempt that is to be carried out: all that must be asked of the
// machine, so that the goroutine that carries it out need not.
type job struct {
	node      run.Node
	number    int
	step      *plan.Step
	id        string // of the step, the instance's key included
	execution uuid.UUID
	scope     *plan.Scope
	inv       plan.Invocation
	err       error  // why there is no inv
	undone    Status // of the step that this one undoes
	file      string // of $RUNBOOK_STEP_OUTPUT
	own       []string
	spec      *process.Spec // nil: its Runner finds out itself
}

// newJob asks the machine for what an attempt needs. The loop calls it.
func (r *liveRun) newJob(n run.Node, number int) *job {
	j := &job{node: n, number: number}
	r.mu.Lock()
	j.step, j.id, j.execution = r.machine.Step(n), r.machine.StepID(n), r.machine.ExecutionID(n)
	if n.Phase == event.Rollback {
		undone := n
		undone.Phase = event.Main
		j.undone = r.machine.NodeStatus(undone)
	}
	r.mu.Unlock()
	// Most steps have no expression, and need no scope to look things up in.
	if j.inv, j.err = j.step.Invocation(nil); j.err != nil || judged(j.step) {
		j.scope = r.scope(n)
		j.inv, j.err = j.step.Invocation(j.scope)
		r.mu.Lock()
		if err := r.machine.SecretMisfit(n, r.hidden()); err != nil {
			j.err = err
		}
		r.mu.Unlock()
	}
	j.file = r.outputFile(j)
	j.own = r.ownVariables(j)
	return j
}

// unstartable is the outcome of an attempt that is known not to be able to
// start; nil: it may. The loop asks it, so that such an attempt is not recorded
// as started.
func (r *liveRun) unstartable(j *job) *Outcome {
	err, again := j.err, false // values do not change between two attempts
	switch {
	case err != nil:
	case j.inv.StdoutFile != "" && hidesStdout(j.step):
		err = errors.New("stdout: a step with secret_outputs keeps its standard output to itself")
	default:
		local, ok := r.engine.runner.(*localRunner)
		if !ok {
			return nil
		}
		spec, problem := local.prepare(j.inv, j.own)
		if problem == nil {
			j.spec = &spec
			return nil
		}
		if process.Scarce(problem) { // the attempt waits for what is wanting, this loop cannot
			return nil
		}
		err, again = problem, true
	}
	r.mu.Lock()
	delete(r.captured, j.node)
	r.mu.Unlock()
	out := &Outcome{Ending: NotStarted, ExitCode: -1, Error: err.Error()}
	if !again {
		out.RetryIf = &again
	}
	return out
}

// commandLine is what a started event shows: the program and its arguments.
func (j *job) commandLine() []string {
	return append([]string{j.step.Command.Program}, j.inv.Args...)
}

// start has an attempt carried out by a worker, which gives the loop the outcome.
func (r *liveRun) start(j *job) {
	ctx, stop := context.WithCancel(context.Background())
	killed := make(chan struct{})
	r.active[j.node] = &liveAttempt{stop: stop, kill: sync.OnceFunc(func() { close(killed) })}
	if r.isPlan && r.index(j.node) >= 0 && (j.node.Job > 0 || j.node.Phase == event.Rollback) {
		r.engine.remember(j.execution, place{r, j.node})
	}
	work := func() {
		defer stop()
		out := r.attempt(ctx, killed, j)
		r.inputs <- run.Finished{Node: j.node, Attempt: j.number, Outcome: out}
	}
	if r.idle == 0 {
		go r.worker(work)
		return
	}
	r.idle--
	r.work <- work
}

// worker carries out attempts until the run has ended. It takes the next one over
// from the last because a new goroutine would have to grow its stack again.
func (r *liveRun) worker(work func()) {
	for {
		work()
		select {
		case work = <-r.work:
		case <-r.done:
			return
		}
	}
}

// attempt carries out one attempt with its log and its capture around it.
func (r *liveRun) attempt(ctx context.Context, killed <-chan struct{}, j *job) (out Outcome) {
	began := time.Now()
	defer func() {
		if p := recover(); p != nil { // a Runner from outside may do anything
			out = Outcome{Ending: Broken, Error: fmt.Sprintf("the runner panicked: %v", p), ExitCode: -1, StartedAt: began, EndedAt: time.Now()}
		}
	}()
	rec := r.newRecorder(j)
	a := Attempt{
		RunID:       r.id,
		ExecutionID: j.execution,
		StepID:      j.id,
		Phase:       j.node.Phase,
		Number:      j.number,
		Invocation:  j.inv,
		Env:         j.own,
		Kill:        killed,
		Stdout:      rec.stdout,
		Stderr:      rec.stderr,
		spec:        j.spec,
	}
	if a.open = rec.open; r.engine.host == nil { // a runner from elsewhere starts nothing that could want for descriptors
		a.open = nil
		rec.open()
	}
	out = r.engine.runner.Run(ctx, a)
	if lacks := rec.close(&out); journal.DiskFull(lacks) {
		r.fills(fmt.Errorf("the log of step %q: %w", j.id, lacks))
	}
	r.judge(j, &out, rec, j.file)
	out.Error = r.vault.current().String(out.Error) // results show it as well as events
	for _, w := range out.Warnings {
		r.warn(j, w)
	}
	return out
}

// outputFile is where an attempt finds $RUNBOOK_STEP_OUTPUT.
func (r *liveRun) outputFile(j *job) string {
	return r.dir.outputs + string(os.PathSeparator) + j.execution.String() + "." + strconv.Itoa(j.number)
}

// ownVariables are the variables the engine itself sets for an attempt.
func (r *liveRun) ownVariables(j *job) []string {
	id := j.id
	if id == "" {
		id = j.execution.String()
	}
	vars := []string{
		r.variables[0],
		r.variables[1],
		"RUNBOOK_STEP_ID=" + id,
		"RUNBOOK_STEP_ATTEMPT=" + strconv.Itoa(j.number),
		"RUNBOOK_STEP_OUTPUT=" + j.file,
		"RUNBOOK_IDEMPOTENCY_KEY=" + j.execution.String(),
	}
	if j.undone != event.StatusUnknown {
		vars = append(vars, "RUNBOOK_STEP_STATUS="+j.undone.String())
	}
	return vars
}
