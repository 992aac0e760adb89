package executor

import "github.com/cloudops-run/runbook/executor/event"

// Event, EventHandler and Status are those of package event, named here so
// that a program needs no other import.
type (
	Event        = event.Event
	EventHandler = event.EventHandler
	Status       = event.Status
	Stats        = event.Stats
	Result       = event.Result
)

// Where an execution or a plan stands. Pending goes to Running, and straight to
// Failed, Cancelled or Skipped for what never started.
const (
	Pending   = event.StatusPending
	Running   = event.StatusRunning
	Completed = event.StatusCompleted
	Failed    = event.StatusFailed
	Cancelled = event.StatusCancelled
	Timeout   = event.StatusTimeout
	Skipped   = event.StatusSkipped

	Paused      = event.StatusPaused      // of a run: what is left of it waits for an approval
	RolledBack  = event.StatusRolledBack  // of a run: it went on only to undo what it had done, and has
	Interrupted = event.StatusInterrupted // of a run: a step of it needs a decision
)

// EventHandlerFunc is a function as an [EventHandler].
type EventHandlerFunc func(Event)

// OnEvent calls f.
func (f EventHandlerFunc) OnEvent(e Event) { f(e) }

// Multi hands every event to each handler in turn. They share one queue; give
// each to [WithEventHandler] instead where one may be slow.
func Multi(handlers ...EventHandler) EventHandler { return multi(handlers) }

type multi []EventHandler

func (m multi) OnEvent(e Event) {
	for _, h := range m {
		h.OnEvent(e)
	}
}

// Nop drops every event.
type Nop struct{}

// OnEvent does nothing.
func (Nop) OnEvent(Event) {}
