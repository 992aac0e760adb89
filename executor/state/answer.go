package state

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
)

// Answer writes down the answer to an approval of a run that no engine has. The
// next engine takes it into account. The error is a [*BusyError] where one has
// the run: ask that by [Folder.Request].
func (f *Folder) Answer(id uuid.UUID, q Request) (err error) {
	r, err := f.Lock(id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Release()) }()
	file, past, err := r.OpenJournal()
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err == nil {
			_ = r.Seal(file) // the answer holds without
		}
	}()
	e := event.Event{Type: event.ApprovalGranted, RunID: id, Timestamp: time.Now().UTC(), StepID: q.Step, By: q.By, Message: q.Message}
	if q.Action == Reject {
		e.Type = event.ApprovalRejected
	}
	for _, p := range past.Events {
		e.Seq = p.Seq + 1
		if p.StepID == q.Step && p.Type == event.ApprovalRequested {
			e.ExecutionID, e.Phase = p.ExecutionID, p.Phase
		}
	}
	if err := file.Append(e); err != nil {
		return fmt.Errorf("run %s: %w", id, err)
	}
	return nil
}

// Approvals is the ids of the steps that wait for one, in the order in which
// they asked.
func (s *Summary) Approvals() []string {
	var ids []string
	for _, step := range s.Steps {
		if step.Waiting != nil && step.Waiting.For == "approval" {
			ids = append(ids, step.ID)
		}
	}
	return ids
}
