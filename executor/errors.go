package executor

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
)

var (
	// ErrNotFound is returned for an id the engine does not know, or no longer.
	ErrNotFound = errors.New("no such execution or plan")
	// ErrNotFinished is returned for the result of what has not ended yet.
	ErrNotFinished = errors.New("not finished yet")
	// ErrCancelled is returned by Wait for what was cancelled.
	ErrCancelled = errors.New("cancelled")
	// ErrNotWaiting is returned for an answer to a step that did not ask.
	ErrNotWaiting = errors.New("it does not wait for an approval")
	// ErrTooLate is returned for an answer to a run that has ended or paused.
	ErrTooLate = errors.New("the run has come to its end already")
	// ErrPaused is returned by Wait for a run of which only steps that wait for
	// an approval are left.
	ErrPaused = errors.New("paused: what is left waits for an approval")
	// ErrUndecided is returned by Wait for a run of which only steps that need a
	// decision are left.
	ErrUndecided = errors.New("undecided: somebody must say what is to become of a step")
	// ErrClosed is returned for new work once Close has been called.
	ErrClosed = errors.New("the engine is closed")
	// ErrDuplicateID is returned for an id that is in use already.
	ErrDuplicateID = errors.New("the id is in use already")
)

// An ExitError says that a command ran and failed: by an exit code that does
// not mean success, or by a signal the engine did not send.
type ExitError struct {
	Code   int    // -1: ended by Signal
	Signal string // such as SIGSEGV; empty: it exited
	StepID string // in a plan: which step; else empty
}

func (e *ExitError) Error() string {
	if e.Signal != "" {
		return inStep(e.StepID, "killed by "+e.Signal)
	}
	return inStep(e.StepID, fmt.Sprintf("exit code %d", e.Code))
}

// A TimeoutError says that a command was ended because its time was over.
type TimeoutError struct {
	After  time.Duration
	StepID string
}

func (e *TimeoutError) Error() string {
	return inStep(e.StepID, fmt.Sprintf("timed out after %v", e.After))
}

// A SpawnError says that no process came to be: nothing of the command ran.
type SpawnError struct {
	Message string
	StepID  string
}

func (e *SpawnError) Error() string { return inStep(e.StepID, e.Message) }

// A RunError says that the engine could not carry a command out to its end, or
// could not record what it did.
type RunError struct {
	Message string
	StepID  string
}

func (e *RunError) Error() string { return inStep(e.StepID, e.Message) }

func inStep(id, message string) string {
	if id == "" {
		return message
	}
	return fmt.Sprintf("step %q: %s", id, message)
}

// A ValidationError holds every problem of a request, plan or configuration.
// [errors.Is] and [errors.As] look into each of them.
type ValidationError struct {
	What     string // what was checked: "request", "plan" or "configuration"
	Problems []error
}

func (e *ValidationError) Error() string {
	if len(e.Problems) == 1 {
		return fmt.Sprintf("invalid %s: %v", e.What, e.Problems[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "invalid %s: %d problems", e.What, len(e.Problems))
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  - %v", p)
	}
	return b.String()
}

// Unwrap returns the problems.
func (e *ValidationError) Unwrap() []error { return e.Problems }

// validationError turns collected problems into one error, and nil into nil:
// a nil *multierror.Error in an error variable would not be nil.
func validationError(what string, problems *multierror.Error) error {
	if problems == nil || len(problems.Errors) == 0 {
		return nil
	}
	e := &ValidationError{What: what}
	for _, p := range problems.Errors {
		var inner *ValidationError
		if errors.As(p, &inner) && inner.What == what {
			e.Problems = append(e.Problems, inner.Problems...)
			continue
		}
		e.Problems = append(e.Problems, p)
	}
	return e
}
