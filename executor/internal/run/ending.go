package run

import (
	"time"

	"github.com/cloudops-run/runbook/executor/event"
)

// An ending is how an attempt of a node ended: what an [event.Result] says that
// the node itself does not. A large run keeps one for each of its nodes, most of
// them of attempts of which there is little to say.
type ending struct {
	status             event.Status // of the attempt; another may follow
	notStarted         bool
	truncated          bool
	tolerated          bool
	exitCode           int32
	duration           time.Duration
	started, completed time.Time
	more               *remarks // nil: nothing of them
}

type remarks struct {
	signal, logPath, message string
	logLost                  int
}

// newEnding is what is kept of a result; nil: nothing.
func newEnding(r *event.Result) *ending {
	if r == nil {
		return nil
	}
	e := &ending{
		status: r.Status, notStarted: r.NotStarted, truncated: r.Truncated, tolerated: r.Tolerated,
		exitCode: int32(r.ExitCode), duration: r.Duration, started: r.StartedAt, completed: r.CompletedAt,
	}
	if more := (remarks{r.Signal, r.LogPath, r.Error, r.LogLost}); more != (remarks{}) {
		e.more = &more
	}
	return e
}

// message is what went wrong, for a person.
func (e *ending) message() string {
	if e == nil || e.more == nil {
		return ""
	}
	return e.more.message
}

// lastResult is the result of the last attempt of a node that ended.
func (m *Machine) lastResult(i int) event.Result {
	n := &m.nodes[i]
	e := n.last
	r := event.Result{
		ID: m.executionID(i), StepID: m.stepID(i), Phase: m.phase(i), Status: e.status, Reason: n.reason, Attempts: n.attempts,
		NotStarted: e.notStarted, ExitCode: int(e.exitCode), Truncated: e.truncated, Duration: e.duration,
		StartedAt: e.started, CompletedAt: e.completed, Tolerated: e.tolerated,
	}
	if more := e.more; more != nil {
		r.Signal, r.LogPath, r.Error, r.LogLost = more.signal, more.logPath, more.message, more.logLost
	}
	return r
}
