package event

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Status is where an execution or a run stands. The zero value is StatusUnknown
// and is never reported.
type Status uint8

const (
	StatusUnknown Status = iota
	StatusPending
	StatusRunning
	StatusCompleted
	StatusFailed
	StatusCancelled
	StatusTimeout
	StatusSkipped
	StatusRolledBack  // of a run: it went on only to undo what it had done, and has
	StatusPaused      // of a run: it waits for an approval and can be resumed
	StatusInterrupted // of a run: its engine died, or a resume needs a decision; it can be resumed
	StatusDamaged     // of a run that is kept: its record is not whole
)

var statusWords = [...]string{"unknown", "pending", "running", "completed", "failed", "cancelled", "timeout", "skipped", "rolled_back", "paused", "interrupted", "damaged"}

// String is the lower-case word used in JSON and on the console.
func (s Status) String() string {
	if int(s) < len(statusWords) {
		return statusWords[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// Ended reports whether the status is final. That of a paused or interrupted run
// is not.
func (s Status) Ended() bool { return s >= StatusCompleted && s < StatusPaused }

func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s *Status) UnmarshalText(text []byte) error {
	for i, w := range statusWords {
		if w == string(text) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("unknown status %q", text)
}

// A Result is how an execution ended: one step with all its attempts, the last
// of which it describes.
type Result struct {
	ID          uuid.UUID     `json:"id"`
	StepID      string        `json:"step_id,omitempty"`
	Phase       Phase         `json:"phase,omitempty"`
	Status      Status        `json:"status"`
	Reason      Reason        `json:"reason,omitempty"`
	Attempts    int           `json:"attempts,omitempty"`    // how many there were, those that could not start among them
	NotStarted  bool          `json:"not_started,omitempty"` // nothing of the last attempt ran: no process came to be
	ExitCode    int           `json:"exit_code"`             // -1: no exit code, as Signal or Error tells
	Signal      string        `json:"signal,omitempty"`      // the signal that ended it, such as SIGKILL
	Stdout      string        `json:"stdout,omitempty"`      // head and tail, 1 MiB at most; empty in events, the log has it
	Stderr      string        `json:"stderr,omitempty"`      // as Stdout
	Truncated   bool          `json:"truncated,omitempty"`   // Stdout or Stderr lacks its middle; the log has all of it
	Duration    time.Duration `json:"-"`                     // of the last attempt, on the monotonic clock; in JSON "duration": "2m30s"
	StartedAt   time.Time     `json:"started_at,omitzero"`
	CompletedAt time.Time     `json:"completed_at,omitzero"`
	LogPath     string        `json:"log_path,omitempty"`
	LogLost     int           `json:"log_lost,omitempty"` // bytes that the log lacks, as where the disk was full
	Error       string        `json:"error,omitempty"`
	Tolerated   bool          `json:"tolerated,omitempty"` // failed, and continue_on_error let the run go on
}

// resultFields has the fields of Result without its methods, so that they can be
// marshalled beside the duration as text.
type resultFields Result

type resultJSON struct {
	*resultFields
	Duration Duration `json:"duration"`
}

func (r Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(resultJSON{(*resultFields)(&r), Duration(r.Duration)})
}

func (r *Result) UnmarshalJSON(b []byte) error {
	j := resultJSON{resultFields: (*resultFields)(r)}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	r.Duration = time.Duration(j.Duration)
	return nil
}

// Stats counts the steps of a run by how they ended; handlers are left out.
type Stats struct {
	Total     int `json:"total"`
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
	Cancelled int `json:"cancelled"`
	Timeout   int `json:"timeout"`
	Skipped   int `json:"skipped"`
}

// Duration is a [time.Duration] whose JSON form is Go's text form, such as
// "2m30s".
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf(`a duration is text such as "2m30s", not %s`, b)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf(`%q is not a duration such as "2m30s"`, s)
	}
	*d = Duration(v)
	return nil
}
