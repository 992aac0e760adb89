package executor

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/output"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// liveAttempt is an attempt that runs: how to end it.
type liveAttempt struct {
	stop context.CancelFunc
	kill func()
}

// startAttempt carries out an attempt in a goroutine of its own, which gives
// the loop the outcome.
func (r *liveRun) startAttempt(n run.Node, number int) {
	ctx, stop := context.WithCancel(context.Background())
	killed := make(chan struct{})
	r.active[n] = &liveAttempt{stop: stop, kill: sync.OnceFunc(func() { close(killed) })}
	go func() {
		defer stop()
		out := r.attempt(ctx, killed, n, number)
		r.inputs <- run.Finished{Node: n, Attempt: number, Outcome: out}
	}()
}

// attempt carries out one attempt with its log and its capture around it.
func (r *liveRun) attempt(ctx context.Context, killed <-chan struct{}, n run.Node, number int) (out Outcome) {
	began := time.Now()
	defer func() {
		if p := recover(); p != nil { // a Runner from outside may do anything
			out = Outcome{Ending: Broken, Error: fmt.Sprintf("the runner panicked: %v", p), ExitCode: -1, StartedAt: began, EndedAt: time.Now()}
		}
	}()
	step := r.step(n)
	inv, err := step.Invocation(nil)
	if err != nil {
		return Outcome{Ending: NotStarted, Error: err.Error(), ExitCode: -1, StartedAt: began, EndedAt: time.Now()}
	}
	rec := r.newRecorder(n, number)
	out = r.engine.runner.Run(ctx, Attempt{
		RunID:       r.id,
		ExecutionID: r.executions[r.index(n)],
		StepID:      step.ID,
		Phase:       n.Phase,
		Number:      number,
		Invocation:  inv,
		Env:         r.ownVariables(n, number),
		Kill:        killed,
		Stdout:      rec.stdout,
		Stderr:      rec.stderr,
	})
	rec.close(&out)
	for _, w := range out.Warnings {
		r.warn(n, number, w)
	}
	return out
}

// ownVariables are the variables the engine itself sets for an attempt.
func (r *liveRun) ownVariables(n run.Node, attempt int) []string {
	execution := r.executions[r.index(n)].String()
	number := strconv.Itoa(attempt)
	id := r.step(n).ID
	if id == "" {
		id = execution
	}
	return []string{
		"RUNBOOK_RUN_ID=" + r.id.String(),
		"RUNBOOK_RUN_DIR=" + r.dir.own,
		"RUNBOOK_STEP_ID=" + id,
		"RUNBOOK_STEP_ATTEMPT=" + number,
		"RUNBOOK_STEP_OUTPUT=" + r.dir.outputs + string(os.PathSeparator) + execution + "." + number,
		"RUNBOOK_IDEMPOTENCY_KEY=" + execution,
	}
}

// commandLine is what a started event shows: the program and its arguments.
func commandLine(s *plan.Step) []string {
	inv, err := s.Invocation(nil)
	if err != nil {
		return []string{s.Command.Program}
	}
	return append([]string{inv.Program}, inv.Args...)
}

// A recorder takes what an attempt writes: into its log, its capture and the
// event stream, in lines.
type recorder struct {
	run            *liveRun
	event          event.Event // the lines' event but for type, text and number
	log            *output.Log
	index          int
	stdout, stderr *channel
}

// A channel is one of the two streams of an attempt.
type channel struct {
	*output.Lines
	capture output.Capture
}

func (r *liveRun) newRecorder(n run.Node, number int) *recorder {
	rec := &recorder{run: r, log: output.NewLog(r.logFile(n, number)), index: r.index(n)}
	rec.event = event.Event{RunID: r.id, ExecutionID: r.executions[rec.index], StepID: r.step(n).ID, Phase: n.Phase, Attempt: number}
	rec.stdout = rec.channel(event.Stdout)
	rec.stderr = rec.channel(event.Stderr)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.captured[rec.index] = captured{log: rec.log}
	return rec
}

func (rec *recorder) channel(t event.Type) *channel {
	e := rec.event
	e.Type = t
	c := &channel{}
	c.Lines = output.NewLines(func(b output.Batch) {
		offset := rec.log.Append(string(t), b.Data)
		c.capture.Write(b.Data)
		rec.run.engine.stream.output(&e, b, rec.log, offset)
	})
	return c
}

// close completes the outcome with what was recorded.
func (rec *recorder) close(out *Outcome) {
	rec.stdout.Flush()
	rec.stderr.Flush()
	if lost, err := rec.log.Close(); err != nil {
		out.Warnings = append(out.Warnings, fmt.Sprintf("the log lacks %d bytes: %v", lost, err))
	}
	out.LogPath = rec.log.Path()
	out.Truncated = rec.stdout.capture.Truncated() || rec.stderr.capture.Truncated()
	rec.run.mu.Lock()
	defer rec.run.mu.Unlock()
	c := &rec.run.captured[rec.index]
	c.stdout, c.stderr = rec.stdout.capture.String(), rec.stderr.capture.String()
}
