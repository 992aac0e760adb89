package state

import (
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// apply brings a step up to date with what happened to it, in the epoch of this
// number.
func (s *Step) apply(e *event.Event, epoch int) {
	switch e.Type {
	case event.Started:
		s.start(e, epoch)
	case event.Retrying:
		s.endAttempt(e, event.StatusFailed)
		s.Waiting = &Waiting{For: "retry", Since: e.Timestamp, Delay: e.Delay}
	case event.Completed:
		s.settle(e, event.StatusCompleted)
	case event.Failed:
		s.settle(e, event.StatusFailed)
	case event.Timeout:
		s.settle(e, event.StatusTimeout)
	case event.Cancelled:
		s.settle(e, event.StatusCancelled)
	case event.Skipped:
		s.settle(e, event.StatusSkipped)
	case event.Reset:
		*s = Step{ID: s.ID, Phase: s.Phase, Status: event.StatusPending, Message: e.Message, Attempts: s.Attempts, Approvals: s.Approvals, Took: s.Took}
	case event.RolledBack:
		s.RolledBack = true
	case event.Expanded:
		s.begin(e)
		s.Instances = nil
		for _, item := range e.Items {
			s.Instances = append(s.Instances, item.Key)
		}
	case event.Waiting:
		s.again()
		s.Waiting = &Waiting{For: "lock", Since: e.Timestamp, Lock: e.Lock, Holder: e.Holder, Delay: e.Delay}
	case event.ApprovalRequested:
		s.again()
		s.Waiting = &Waiting{For: "approval", Since: e.Timestamp, Question: e.Message}
	case event.ApprovalGranted, event.ApprovalRejected:
		s.answer(e)
	}
}

// again is for a step whose turn has come once more, whatever it came to before.
func (s *Step) again() {
	if s.Status != event.StatusRunning {
		s.Status, s.EndedAt = event.StatusPending, time.Time{}
	}
	s.Reason, s.Error, s.Message, s.Kept, s.By = "", "", "", false, ""
}

// begin is for a step of which something is under way now.
func (s *Step) begin(e *event.Event) {
	if s.StartedAt.IsZero() {
		s.StartedAt = e.Timestamp
	}
	s.again()
	s.Status, s.Waiting, s.EndedAt = event.StatusRunning, nil, time.Time{}
}

func (s *Step) start(e *event.Event, epoch int) {
	s.begin(e)
	s.RolledBack = false
	s.Attempts = append(s.Attempts, Attempt{
		Number: e.Attempt, Epoch: epoch, Command: e.Command, Status: event.StatusRunning, StartedAt: e.Timestamp,
	})
}

// settle is the end of a step, however.
func (s *Step) settle(e *event.Event, status event.Status) {
	s.endAttempt(e, status)
	s.Status, s.Waiting, s.EndedAt = status, nil, e.Timestamp
	s.Reason, s.Error, s.Message, s.Tolerated = e.Reason, e.Error, e.Message, e.Tolerated
	s.Kept, s.By, s.Outputs = e.Kept, e.By, e.Outputs
	if e.Result != nil {
		if s.Reason == "" {
			s.Reason = e.Result.Reason
		}
		if s.Error == "" {
			s.Error = e.Result.Error
		}
	}
}

// endAttempt is the end of the attempt that goes on, if one does.
func (s *Step) endAttempt(e *event.Event, status event.Status) {
	a := s.running()
	if a == nil {
		return
	}
	a.Status, a.EndedAt, a.Took = status, e.Timestamp, event.Duration(e.Timestamp.Sub(a.StartedAt))
	if r := e.Result; r != nil {
		if r.Status != event.StatusUnknown {
			a.Status = r.Status
		}
		a.Reason, a.Signal, a.Error, a.LogPath, a.LogLost = r.Reason, r.Signal, r.Error, r.LogPath, r.LogLost
		if r.Duration > 0 { // on the monotonic clock
			a.Took = event.Duration(r.Duration)
		}
		if r.ExitCode >= 0 {
			code := r.ExitCode
			a.ExitCode = &code
		}
	}
	if a.Reason == "" {
		a.Reason = e.Reason
	}
	s.Took += a.Took
}

func (s *Step) running() *Attempt {
	if n := len(s.Attempts); n > 0 && s.Attempts[n-1].Status == event.StatusRunning {
		return &s.Attempts[n-1]
	}
	return nil
}

// interrupt: the engine died, at last seen then. What it had begun has an end
// that nobody knows; of a step that waited for its next attempt everything is
// known, and it is what the last one came to.
func (s *Step) interrupt(then time.Time) {
	if a := s.running(); a != nil {
		a.Status, a.EndedAt = event.StatusInterrupted, then
	}
	if s.Status == event.StatusRunning {
		s.Status, s.EndedAt = event.StatusInterrupted, then
		if n := len(s.Attempts); n > 0 {
			s.Status = s.Attempts[n-1].Status
		}
	}
	if s.Waiting != nil && s.Waiting.For != "approval" { // which can still be given
		s.Waiting = nil
	}
}

func (s *Step) answer(e *event.Event) {
	a := Approval{Granted: e.Type == event.ApprovalGranted, By: e.By, Message: e.Message, At: e.Timestamp}
	if n := len(s.Approvals); e.Kept && n > 0 && s.Approvals[n-1].Granted == a.Granted {
		s.Waiting = nil // told again by the engine that resumed
		return
	}
	if s.Waiting != nil && s.Waiting.For == "approval" {
		a.Question, s.Waiting = s.Waiting.Question, nil
	}
	s.Approvals = append(s.Approvals, a)
}
