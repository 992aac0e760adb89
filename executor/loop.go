package executor

import (
	"bytes"
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
)

// progressEvery is the shortest time between two progress events, so that a
// run of many short steps does not tell more about its progress than about its
// steps.
const progressEvery = 50 * time.Millisecond

// loop drives the machine until the run has ended. It is the only goroutine
// that gives it inputs and carries out its effects. A token of the engine's
// slots is held for each attempt that runs, and for nothing else.
func (r *liveRun) loop() {
	r.started = time.Now()
	r.timer = time.NewTimer(time.Hour)
	defer r.timer.Stop()
	var told time.Time
	r.handle(run.Begin{})
	for !r.machine.Done() {
		var slot chan<- struct{}
		if r.machine.WantsSlot() {
			slot = r.engine.slots
		}
		var tick <-chan time.Time
		if at, ok := r.machine.NextTick(); ok {
			r.timer.Reset(time.Until(at))
			tick = r.timer.C
		}
		select {
		case slot <- struct{}{}:
			if started := r.handle(run.SlotFree{}); !started {
				<-r.engine.slots
			}
		case in := <-r.inputs:
			_, ended := in.(run.Finished)
			if ended {
				<-r.engine.slots
			}
			r.handle(in)
			if now := time.Now(); ended && now.Sub(told) >= progressEvery && !r.machine.Done() {
				told = now
				r.progress(now)
			}
		case <-tick:
			r.handle(run.Tick{})
		}
	}
	r.finish()
}

// handle gives the machine an input and carries out what it answers. It reports
// whether an attempt was started.
func (r *liveRun) handle(in run.Input) (started bool) {
	r.mu.Lock()
	effects := r.machine.Handle(time.Now(), in)
	r.mu.Unlock()
	for _, effect := range effects {
		switch effect := effect.(type) {
		case run.Record:
			if err := r.record(effect.Event, effects); err != nil {
				// Nothing may start that was not written down, so the rest of
				// the effects is not carried out.
				return r.handle(run.Abort{Error: "the journal cannot be written: " + err.Error()}) || started
			}
		case run.Start:
			r.startAttempt(effect.Node, effect.Attempt)
			started = true
		case run.Stop:
			if a := r.active[effect.Node]; a != nil {
				a.stop()
			}
		case run.KillNow:
			if a := r.active[effect.Node]; a != nil {
				a.kill()
			}
		}
	}
	return started
}

// record writes an event down and tells the handlers. effects are all that came
// with it: a started event goes with the one Start among them.
func (r *liveRun) record(e event.Event, effects []run.Effect) error {
	if e.Type == event.Started {
		for _, effect := range effects {
			if start, ok := effect.(run.Start); ok {
				e.Command = commandLine(r.step(start.Node))
			}
		}
	}
	if err := r.engine.stream.state(e, r.journal); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.ExecutionID != (event.Event{}).ExecutionID && ends(e.Type) {
		r.wake(e)
	}
	return nil
}

func ends(t event.Type) bool {
	switch t {
	case event.Completed, event.Failed, event.Cancelled, event.Timeout, event.Skipped:
		return true
	}
	return false
}

// wake lets go those who wait for an execution.
func (r *liveRun) wake(e event.Event) {
	for i, ch := range r.waiters {
		if r.executions[i] == e.ExecutionID {
			close(ch)
			delete(r.waiters, i)
		}
	}
}

// progress tells how far the run is. It is no part of the record.
func (r *liveRun) progress(now time.Time) {
	if len(r.engine.stream.queues) == 0 {
		return
	}
	r.mu.Lock()
	stats, current := r.machine.Stats(), r.machine.Running()
	r.mu.Unlock()
	r.engine.stream.notice(event.Event{
		Type:      event.Progress,
		RunID:     r.id,
		Timestamp: now.UTC(),
		Done:      stats.Completed + stats.Failed + stats.Cancelled + stats.Timeout + stats.Skipped,
		Total:     stats.Total,
		Current:   current,
	})
}

// warn tells what a user should know although it decides nothing.
func (r *liveRun) warn(n run.Node, attempt int, message string) {
	r.engine.stream.notice(event.Event{
		Type:        event.Warning,
		RunID:       r.id,
		Timestamp:   time.Now().UTC(),
		ExecutionID: r.executions[r.index(n)],
		StepID:      r.step(n).ID,
		Phase:       n.Phase,
		Attempt:     attempt,
		Message:     message,
	})
}

// notice warns about the run as a whole.
func (r *liveRun) notice(message string) {
	r.engine.stream.notice(event.Event{Type: event.Warning, RunID: r.id, Timestamp: time.Now().UTC(), Message: message})
}

// finish lets go of everything the run held.
func (r *liveRun) finish() {
	r.mu.Lock()
	r.duration = time.Since(r.started)
	r.records = bytes.Buffer{}
	r.mu.Unlock()
	if left := r.engine.sweep(); len(left) > 0 {
		r.notice("steps left processes running, which were ended: " + describe(left))
	}
	if err := r.dir.remove(); err != nil {
		r.notice("the run's temporary folder could not be removed: " + err.Error())
	}
	close(r.done)
}
