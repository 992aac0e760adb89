package executor

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
)

// place is where an execution is found.
type place struct {
	run  *liveRun
	node run.Node
}

func (e *Engine) execution(id uuid.UUID) (place, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p, ok := e.executions[id]
	return p, ok
}

func (e *Engine) planRun(id uuid.UUID) (*liveRun, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, ok := e.runs[id]
	return r, ok
}

// Wait waits until an execution or a plan has ended, or ctx has, and returns
// nil if it completed. Otherwise the error is an [*ExitError], a
// [*TimeoutError], a [*SpawnError], [ErrCancelled], a [*RunError], ctx's own
// error or [ErrNotFound]; that of a plan is that of the first failure nothing
// tolerated. What was skipped has no error.
func (e *Engine) Wait(ctx context.Context, id uuid.UUID) error {
	if r, ok := e.planRun(id); ok {
		if err := await(ctx, r.done); err != nil {
			return err
		}
		return r.failure()
	}
	p, ok := e.execution(id)
	if !ok {
		return ErrNotFound
	}
	if err := await(ctx, p.run.endOf(p.node)); err != nil {
		return err
	}
	return p.run.resultError(p.node)
}

func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	default:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Status says where an execution or a plan stands; the error is [ErrNotFound].
func (e *Engine) Status(id uuid.UUID) (Status, error) {
	if r, ok := e.planRun(id); ok {
		return r.status(), nil
	}
	if p, ok := e.execution(id); ok {
		return p.run.nodeStatus(p.node), nil
	}
	return event.StatusUnknown, ErrNotFound
}

// Result is how an execution ended; the error is [ErrNotFound] or
// [ErrNotFinished].
func (e *Engine) Result(id uuid.UUID) (Result, error) {
	p, ok := e.execution(id)
	if !ok {
		return Result{}, ErrNotFound
	}
	if !p.run.nodeStatus(p.node).Ended() {
		return Result{}, ErrNotFinished
	}
	return p.run.result(p.node), nil
}

// A PlanResult is how a plan ended.
type PlanResult struct {
	PlanID        uuid.UUID
	Status        Status
	Results       []Result      // in the order of the plan's requests
	Instances     []Result      // of what is inside of steps: instances of a foreach, steps of an included runbook
	Rollbacks     []Result      // in the order in which they were due
	Handlers      []Result      // of a runbook's on_failure and finally steps
	HandlerFailed bool          // one of Handlers or Rollbacks failed; it does not change Status
	Refused       event.Reason  // why the run could not begin, as Error says; empty: it could
	Waiting       []string      // ids of the steps that wait for an approval; Status is Paused
	Undecided     []Decision    // steps that need a decision; Status is Interrupted
	TotalDuration time.Duration // in JSON text such as "2m30s"
	Stats         Stats         // handlers left out
	Error         string        // what went wrong; empty when it completed
	EngineFailed  bool          // the engine could not go on, as Error says
	Metadata      Metadata      // of the plan
}

// PlanResult is how a plan ended; the error is [ErrNotFound] or
// [ErrNotFinished].
func (e *Engine) PlanResult(id uuid.UUID) (PlanResult, error) {
	r, ok := e.planRun(id)
	if !ok {
		return PlanResult{}, ErrNotFound
	}
	if !r.over() {
		return PlanResult{}, ErrNotFinished
	}
	return r.planResult(), nil
}

type planResultJSON struct {
	PlanID        uuid.UUID      `json:"plan_id"`
	Status        Status         `json:"status"`
	Results       []Result       `json:"results"`
	Instances     []Result       `json:"instances,omitempty"`
	Rollbacks     []Result       `json:"rollbacks,omitempty"`
	Handlers      []Result       `json:"handlers,omitempty"`
	HandlerFailed bool           `json:"handler_failed,omitempty"`
	Refused       event.Reason   `json:"refused,omitempty"`
	Waiting       []string       `json:"waiting,omitempty"`
	Undecided     []Decision     `json:"undecided,omitempty"`
	TotalDuration event.Duration `json:"total_duration"`
	Stats         Stats          `json:"stats"`
	Error         string         `json:"error,omitempty"`
	EngineFailed  bool           `json:"engine_failed,omitempty"`
	Metadata      Metadata       `json:"metadata,omitempty"`
}

func (p PlanResult) MarshalJSON() ([]byte, error) {
	return json.Marshal(planResultJSON{p.PlanID, p.Status, p.Results, p.Instances, p.Rollbacks, p.Handlers, p.HandlerFailed, p.Refused, p.Waiting, p.Undecided,
		event.Duration(p.TotalDuration), p.Stats, p.Error, p.EngineFailed, p.Metadata})
}

func (p *PlanResult) UnmarshalJSON(b []byte) error {
	var j planResultJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*p = PlanResult{j.PlanID, j.Status, j.Results, j.Instances, j.Rollbacks, j.Handlers, j.HandlerFailed, j.Refused, j.Waiting, j.Undecided,
		time.Duration(j.TotalDuration), j.Stats, j.Error, j.EngineFailed, j.Metadata}
	return nil
}

// Cancel ends an execution, or a plan with all its executions: what runs gets
// TERM and, after its grace period, KILL; what has not started does not start.
// It returns at once; [Engine.Wait] tells when it is over. Cancelling what has
// ended does nothing. The error is [ErrNotFound].
//
// An execution of a plan is cancelled with its plan: a plan with a hole that
// somebody made from outside is not the plan that was asked for.
func (e *Engine) Cancel(id uuid.UUID) error { return e.CancelWith(id, "") }

// CancelWith is [Engine.Cancel] for a program that was told by a signal, such
// as "SIGINT", which the events then name.
func (e *Engine) CancelWith(id uuid.UUID, signal string) error {
	r, ok := e.runOf(id)
	if !ok {
		return ErrNotFound
	}
	r.cancel(signal, "")
	return nil
}

// CancelledIn is the part of a run that [Engine.Cancel] met: the steps, or what
// follows them. A cancel in finally lets it go on to its end and changes only how
// the run ends; in every other part it ends what runs. false: there was no
// cancel, or nothing was left to end.
func (e *Engine) CancelledIn(id uuid.UUID) (event.Phase, bool) {
	r, ok := e.runOf(id)
	if !ok {
		return event.Main, false
	}
	return r.cancelledIn()
}

// Kill is [Engine.Cancel] without waiting for anything: no grace period, no
// handlers. What happened is still recorded. The error is [ErrNotFound].
func (e *Engine) Kill(id uuid.UUID) error {
	r, ok := e.runOf(id)
	if !ok {
		return ErrNotFound
	}
	r.kill()
	return nil
}

// runOf is the run with this id, or with an execution of this id.
func (e *Engine) runOf(id uuid.UUID) (*liveRun, bool) {
	if r, ok := e.planRun(id); ok {
		return r, true
	}
	p, ok := e.execution(id)
	return p.run, ok
}

// LogPath is the file with all output of an execution's last attempt; empty
// while it has written nothing, and for an id the engine does not know.
func (e *Engine) LogPath(id uuid.UUID) string {
	if p, ok := e.execution(id); ok {
		return p.run.logPath(p.node)
	}
	return ""
}

// ReadLogs returns the content of [Engine.LogPath], of a running execution as
// far as it has come; empty where nothing was written. The error is
// [ErrNotFound], or that of reading the file.
func (e *Engine) ReadLogs(id uuid.UUID) (string, error) {
	if _, ok := e.execution(id); !ok {
		return "", ErrNotFound
	}
	path := e.LogPath(id)
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	return string(data), err
}

// A Summary is one line about an execution.
type Summary struct {
	ID        uuid.UUID `json:"id"`
	PlanID    uuid.UUID `json:"plan_id,omitzero"` // zero: not part of a plan
	StepID    string    `json:"step_id,omitempty"`
	Kind      string    `json:"kind"` // of its command
	Status    Status    `json:"status"`
	StartedAt time.Time `json:"started_at,omitzero"`
	Metadata  Metadata  `json:"metadata,omitempty"` // of its request
}

// List returns a summary of every execution the engine remembers, in the order
// in which they were asked for.
func (e *Engine) List() []Summary {
	e.mu.Lock()
	runs := append([]*liveRun(nil), e.order...)
	e.mu.Unlock()
	var list []Summary
	for _, r := range runs {
		list = r.summaries(list)
	}
	return list
}
