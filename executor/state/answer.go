package state

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/journal"
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
	var full *journal.FullError // the answer is written, and nothing else is to be
	if err := file.Append(r.answer(past.Events, q)); err != nil && !errors.As(err, &full) {
		return fmt.Errorf("run %s: %w", id, err)
	}
	return nil
}

// answer is the record of an answer, which follows these.
func (r *Run) answer(past []event.Event, q Request) event.Event {
	e := event.Event{Type: event.ApprovalGranted, RunID: r.ID, Timestamp: time.Now().UTC(), StepID: q.Step, By: q.By, Message: q.Message}
	if q.Action == Reject {
		e.Type = event.ApprovalRejected
	}
	for _, p := range past {
		e.Seq = p.Seq + 1
		if p.StepID == q.Step && p.Type == event.ApprovalRequested {
			e.ExecutionID, e.Phase = p.ExecutionID, p.Phase
		}
	}
	return e
}

// TakeAnswers writes down the answers that were given to an engine that died
// before it had done so, and returns all events. What else was asked of that one,
// to end, does not concern the one that goes on.
func (r *Run) TakeAnswers(file *journal.File, events []event.Event) ([]event.Event, []string, error) {
	warnings, err := r.TakeRequests(func(q Request) error {
		if q.Action != Approve && q.Action != Reject || !slices.Contains(Summarize(events).Approvals(), q.Step) {
			return nil
		}
		e := r.answer(events, q)
		var full *journal.FullError
		if err := file.Append(e); err != nil && !errors.As(err, &full) {
			return err
		}
		events = append(events, e)
		return file.Sync()
	})
	return events, warnings, err
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
