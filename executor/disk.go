package executor

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/process"
	"github.com/cloudops-run/runbook/executor/internal/run"
	"github.com/cloudops-run/runbook/executor/journal"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// disk is what of a run outlives the engine: its folder, whose lock it holds, and
// its journal. The zero disk is that of a run that leaves nothing behind.
type disk struct {
	run     *state.Run
	journal *journal.File
	key     string // of the fingerprints in it
	strict  bool   // every record is on the disk before anything follows from it
	due     bool   // a record must be on the disk before anything follows from it
	full    error  // what was running may end, and nothing more be started
	lost    error  // nothing can
}

// requestsEvery is how often a run looks for what other programs ask of it.
const requestsEvery = 200 * time.Millisecond

// openFolder gives a run its folders and, where the engine keeps runs, its
// journal.
func (r *liveRun) openFolder() (err error) {
	if r.engine.state == nil || !r.byStep {
		r.dir, err = newRunFolder(r.engine.logs, r.id, r.byStep)
		return err
	}
	if r.disk.run == nil {
		if err := r.createFolder(); err != nil {
			return err
		}
	}
	if w := r.engine.state.Warning; w != "" {
		r.notice(w)
	}
	if err := r.engine.guard(r.disk.run.LockFile()); err != nil {
		r.notice(fmt.Sprintf("the run would be free to resume at once should runbook be killed: %v", err))
	}
	r.disk.strict = r.engine.config.Durability == Strict
	r.dir = runFolder{own: r.disk.run.Dir(), outputs: r.disk.run.Outputs(), logs: r.disk.run.Logs()}
	return nil
}

func (r *liveRun) createFolder() (err error) {
	asked := r.options.Asked
	asked.Name, asked.Labels = r.plan.Name, r.plan.Labels
	asked.Only, asked.Skip, asked.From = r.options.Only, r.options.Skip, r.options.From
	asked.NoRollback = r.options.NoRollback
	asked.Containment, asked.Durability = r.engine.Containment(), string(r.engine.config.Durability)
	if asked.Durability == "" {
		asked.Durability = string(Grouped)
	}
	r.disk.key = rand.Text()
	asked.Key = r.disk.key
	if r.disk.run, err = r.engine.state.Create(r.id, asked, r.plan); err != nil {
		return err
	}
	if r.disk.journal, err = r.disk.run.CreateJournal(); err != nil {
		return errors.Join(err, r.disk.run.Release())
	}
	return nil
}

// write puts an event into the journal and tells the handlers. Where it cannot be
// written they are told all the same: by then nothing new starts, and people
// should see how the rest ends.
func (r *liveRun) write(e event.Event, next *job) {
	j := r.disk.journal
	if r.disk.lost != nil {
		j = nil
	}
	err := r.engine.stream.state(e, j)
	var full *journal.FullError
	switch {
	case err == nil:
	case errors.As(err, &full):
		r.fills(err)
	default:
		r.loses(err)
		_ = r.engine.stream.state(e, nil)
	}
	if r.disk.strict || mustLast(&e, next) {
		r.disk.due = j != nil
	}
}

// mustLast reports whether a record must survive the machine before anything
// follows from it.
func mustLast(e *event.Event, next *job) bool {
	switch e.Type {
	case event.ApprovalGranted, event.ApprovalRejected, event.RunPaused, event.RunCompleted:
		return true
	case event.RunStarted: // its sync gives back descriptors, which steps may want
		return process.Scant()
	case event.Started:
		return next.step.Effect == plan.Destroy
	}
	return false
}

// settleRecords brings to the disk what must be there before anything follows.
func (r *liveRun) settleRecords() {
	if !r.disk.due {
		return
	}
	r.disk.due = false
	if r.disk.lost == nil {
		if err := r.disk.journal.Sync(); err != nil {
			r.loses(err)
		}
	}
}

func (r *liveRun) loses(err error) {
	if r.disk.lost == nil {
		r.mu.Lock()
		r.disk.lost = err
		r.mu.Unlock()
	}
}

// fills notes that a disk which the run writes to is full, whoever noticed.
func (r *liveRun) fills(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.disk.full == nil {
		r.disk.full = err
	}
}

// giveUp ends a run that cannot be written down any more, once.
func (r *liveRun) giveUp() {
	r.mu.Lock()
	why := r.disk.lost
	if why == nil {
		why = r.disk.full
	}
	r.mu.Unlock()
	if why == nil || r.gave {
		return
	}
	r.gave = true
	r.handle(run.Abort{Error: why.Error()})
}

// notRecorded answers for an attempt that was not started.
func notRecorded(s run.Start) run.Input {
	return run.Finished{Node: s.Node, Attempt: s.Attempt, Outcome: Outcome{
		Ending: NotStarted, ExitCode: -1, Error: "it was not started, because that could not be written down",
		StartedAt: time.Now(), EndedAt: time.Now(),
	}}
}

// failed is closed when the journal cannot be written any more, whoever noticed.
func (d *disk) failed() <-chan struct{} {
	if d.journal == nil || d.lost != nil {
		return nil
	}
	return d.journal.Failed()
}

// ticks says when to look for requests.
func (d *disk) ticks() (<-chan time.Time, func()) {
	if d.run == nil {
		return nil, func() {}
	}
	t := time.NewTicker(requestsEvery)
	return t.C, t.Stop
}

// closeFolder gives the run's folder up, for others to go on with it.
func (r *liveRun) closeFolder() {
	if r.disk.run == nil {
		return
	}
	if r.disk.lost == nil {
		if err := r.disk.journal.Close(); err != nil {
			r.loses(err)
		} else if err := r.disk.run.Seal(r.disk.journal); err != nil {
			r.notice(err.Error())
		}
	} else {
		_ = r.disk.journal.Close() // it was told already
	}
	r.engine.unguard(r.disk.run.LockFile())
	// A run that somebody else's lock kept from beginning has done nothing, and
	// is not what is meant by the last one.
	let := r.disk.run.Release
	if reason, _ := r.machine.Refused(); reason == event.ReasonLock && r.memory == nil && r.disk.lost == nil {
		let = r.disk.run.Remove
	}
	if err := let(); err != nil {
		r.notice(fmt.Sprintf("the run's lock could not be let go of: %v", err))
	}
}
