package state

import (
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

// A Summary is what a run has come to, for people. It is a fold of the events
// alone, without the plan: the same for a run that goes on, one that has ended,
// and one whose runbook is gone.
type Summary struct {
	Run       uuid.UUID      `json:"run_id"`
	Name      string         `json:"name,omitempty"`
	Status    event.Status   `json:"status"`
	Reason    event.Reason   `json:"reason,omitempty"` // why it was cancelled, refused or broken off
	Error     string         `json:"error,omitempty"`
	Signal    string         `json:"signal,omitempty"`
	By        string         `json:"by,omitempty"`      // who cancelled it
	Waiting   *Waiting       `json:"waiting,omitempty"` // the run itself, for a lock
	StartedAt time.Time      `json:"started_at,omitzero"`
	EndedAt   time.Time      `json:"ended_at,omitzero"` // or when something was last written down
	Total     int            `json:"total,omitempty"`   // steps, handlers left out, foreach counted once
	Stats     *event.Stats   `json:"stats,omitempty"`   // where it has ended
	Active    event.Duration `json:"active"`            // how long engines worked on it, pauses left out
	Epochs    []Epoch        `json:"epochs,omitempty"`
	Steps     []*Step        `json:"steps,omitempty"` // in the order in which something first happened to them

	steps map[stepKey]*Step
}

type stepKey struct {
	phase event.Phase
	id    string
}

// An Epoch is the time that one engine had the run.
type Epoch struct {
	StartedAt time.Time    `json:"started_at"`
	EndedAt   time.Time    `json:"ended_at"`
	By        string       `json:"by,omitempty"`   // who resumed it; empty: the first one
	Status    event.Status `json:"status"`         // with which it ended
	Died      bool         `json:"died,omitempty"` // its engine did: EndedAt is when it was last heard of
}

// A Step is what became of a step, or of an instance of one.
type Step struct {
	ID         string         `json:"id"`
	Phase      event.Phase    `json:"phase,omitempty"`
	Status     event.Status   `json:"status"`
	Reason     event.Reason   `json:"reason,omitempty"`
	Message    string         `json:"message,omitempty"` // why it was skipped, or is to be run again
	Error      string         `json:"error,omitempty"`
	Tolerated  bool           `json:"tolerated,omitempty"`
	Kept       bool           `json:"kept,omitempty"` // from before the run was last resumed
	By         string         `json:"by,omitempty"`   // who decided so
	RolledBack bool           `json:"rolled_back,omitempty"`
	Attempts   []Attempt      `json:"attempts,omitempty"`
	Approvals  []Approval     `json:"approvals,omitempty"`
	Waiting    *Waiting       `json:"waiting,omitempty"` // nil: for nothing
	Instances  []string       `json:"instances,omitempty"`
	Outputs    event.Values   `json:"outputs,omitempty"`
	StartedAt  time.Time      `json:"started_at,omitzero"` // of the first attempt
	EndedAt    time.Time      `json:"ended_at,omitzero"`
	Took       event.Duration `json:"took"` // all attempts together
}

// An Attempt is one start of a step.
type Attempt struct {
	Number    int            `json:"attempt"`
	Epoch     int            `json:"epoch"` // from 1: of which engine
	Command   []string       `json:"command,omitempty"`
	Status    event.Status   `json:"status"`
	Reason    event.Reason   `json:"reason,omitempty"`
	StartedAt time.Time      `json:"started_at"`
	EndedAt   time.Time      `json:"ended_at,omitzero"`
	Took      event.Duration `json:"took"`
	ExitCode  *int           `json:"exit_code,omitempty"` // nil: it has not ended, or not by itself
	Signal    string         `json:"signal,omitempty"`
	Error     string         `json:"error,omitempty"`
	LogPath   string         `json:"log_path,omitempty"`
	LogLost   int            `json:"log_lost,omitempty"` // bytes that the log lacks
}

// An Approval is a question that was answered.
type Approval struct {
	Question string    `json:"question,omitempty"`
	Granted  bool      `json:"granted"`
	By       string    `json:"by,omitempty"`
	Message  string    `json:"message,omitempty"`
	At       time.Time `json:"at"`
}

// Waiting is what a step waits for.
type Waiting struct {
	For      string         `json:"for"` // approval, lock or retry
	Since    time.Time      `json:"since"`
	Question string         `json:"question,omitempty"`
	Lock     string         `json:"lock,omitempty"`
	Holder   string         `json:"holder,omitempty"`
	Delay    event.Duration `json:"delay,omitempty"` // at most
}

// Summarize folds the events of a run.
func Summarize(events []event.Event) *Summary {
	s := &Summary{}
	for i := range events {
		s.Apply(&events[i])
	}
	return s
}

// Apply brings the summary up to date with what happened next.
func (s *Summary) Apply(e *event.Event) {
	if s.StartedAt.IsZero() {
		s.Run, s.StartedAt, s.Status = e.RunID, e.Timestamp, event.StatusRunning
	}
	s.Waiting = nil
	switch e.Type {
	case event.RunStarted:
		s.Name, s.Total = e.Name, e.Total
		s.open(e)
	case event.RunResumed:
		s.die()
		s.open(e)
	case event.RunCancelling:
		s.Reason, s.Error, s.Signal = e.Reason, e.Error, e.Signal
		if e.By != "" {
			s.By = e.By
		}
	case event.RunPaused, event.RunCompleted:
		s.end(e)
	case event.Interrupted: // told by the engine that goes on, of the one before
		s.die()
	case event.Waiting:
		if e.StepID == "" {
			s.Waiting = &Waiting{For: "lock", Since: e.Timestamp, Lock: e.Lock, Holder: e.Holder, Delay: e.Delay}
			break
		}
		fallthrough
	default:
		if e.StepID != "" {
			s.step(e).apply(e, len(s.Epochs))
		}
	}
	s.touch(e)
}

// open begins an epoch.
func (s *Summary) open(e *event.Event) {
	s.Status, s.Reason, s.Error, s.Signal, s.By, s.Stats = event.StatusRunning, "", "", "", "", nil
	s.Epochs = append(s.Epochs, Epoch{StartedAt: e.Timestamp, EndedAt: e.Timestamp, By: e.By, Status: event.StatusRunning})
}

// close ends the epoch that is open; nil: none is.
func (s *Summary) close(status event.Status) *Epoch {
	if n := len(s.Epochs); n > 0 && s.Epochs[n-1].Status == event.StatusRunning {
		s.Epochs[n-1].Status = status
		return &s.Epochs[n-1]
	}
	return nil
}

// die ends the epoch that is open, if one is, with the death of its engine: all
// that it had begun is interrupted, handlers and rollbacks too.
func (s *Summary) die() {
	epoch := s.close(event.StatusInterrupted)
	if epoch == nil {
		return
	}
	epoch.Died = true
	for _, step := range s.Steps {
		step.interrupt(epoch.EndedAt)
	}
}

func (s *Summary) end(e *event.Event) {
	s.Status = endStatus(e)
	if e.Type == event.RunCompleted {
		s.Stats = e.Stats
		if e.Reason != "" {
			s.Reason, s.Error = e.Reason, e.Error
		}
	}
	s.touch(e)
	s.close(s.Status)
}

// touch notes when something was last written down. The answer to a run that is
// paused is no work of an engine.
func (s *Summary) touch(e *event.Event) {
	s.EndedAt = e.Timestamp
	n := len(s.Epochs)
	if n == 0 || s.Epochs[n-1].Status != event.StatusRunning {
		return
	}
	last := &s.Epochs[n-1]
	s.Active += event.Duration(e.Timestamp.Sub(last.EndedAt))
	last.EndedAt = e.Timestamp
}

// Interrupt says that no engine has the run any more. One that has ended, or is
// paused, stays as it is.
func (s *Summary) Interrupt() {
	if s.Status != event.StatusRunning {
		return
	}
	s.Status, s.Waiting = event.StatusInterrupted, nil
	s.die()
}

// Step is what became of a step; nil: nothing yet.
func (s *Summary) Step(id string, phase event.Phase) *Step { return s.steps[stepKey{phase, id}] }

func (s *Summary) step(e *event.Event) *Step {
	phase := e.Phase
	if e.Type == event.RolledBack {
		phase = event.Main // told of the step that was undone
	}
	key := stepKey{phase, e.StepID}
	step := s.steps[key]
	if step == nil {
		step = &Step{ID: e.StepID, Phase: phase, Status: event.StatusPending}
		if s.steps == nil {
			s.steps = map[stepKey]*Step{}
		}
		s.steps[key] = step
		s.Steps = append(s.Steps, step)
	}
	return step
}

// Summary is what the run has come to by now.
func (r *Run) Summary() (*Summary, error) {
	standing, err := r.Standing() // first: who has ended by then has written all
	if err != nil {
		return nil, err
	}
	events, err := r.Events()
	s := Summarize(events)
	if standing.Status == event.StatusInterrupted {
		s.Interrupt()
	}
	return s, err
}
