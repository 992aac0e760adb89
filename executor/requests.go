package executor

import (
	"fmt"

	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/executor/state"
)

// takeRequests does what other programs ask of the run, by files in its folder.
func (r *liveRun) takeRequests() {
	if r.disk.lost != nil { // nor could what comes of them be written down
		return
	}
	warnings, err := r.disk.run.TakeRequests(func(q state.Request) error {
		r.take(r.asInput(&q))
		return r.disk.lost
	})
	if err != nil {
		warnings = append(warnings, "requests of others cannot be read: "+err.Error())
	}
	for _, w := range warnings {
		if w != r.warned { // it may be the same again in a moment
			r.notice(w)
			r.warned = w
		}
	}
}

func (r *liveRun) asInput(q *state.Request) run.Input {
	switch q.Action {
	case state.Cancel:
		return run.Cancel{Message: "cancelled by " + q.By, By: q.By}
	case state.Kill:
		return run.Kill{By: q.By}
	}
	n, ok := r.waiting(q.Step)
	switch {
	case !ok:
		r.notice(fmt.Sprintf("%s asked to %s step %q, which does not wait for an approval", q.By, q.Action, q.Step))
		return run.Tick{}
	case q.Action == state.Reject:
		return run.Reject{Node: n, By: q.By, Message: q.Message}
	}
	return run.Approve{Node: n, By: q.By, Message: q.Message}
}
