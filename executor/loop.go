package executor

import (
	"time"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
)

// progressEvery is the shortest time between two progress events, so that a
// run of many short steps does not tell more about its progress than about its
// steps.
const progressEvery = 50 * time.Millisecond

// loop drives the machine until the run has come to rest. It is the only
// goroutine that gives it inputs and carries out its effects. A token of the
// engine's slots is held for each attempt that runs, and for nothing else.
func (r *liveRun) loop() {
	r.started = time.Now()
	r.timer = time.NewTimer(time.Hour)
	defer r.timer.Stop()
	look, stopLooking := r.disk.ticks()
	defer stopLooking()
	var told time.Time
	r.begin()
	for !r.ended {
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
			if started := r.startNext(); !started {
				<-r.engine.slots
			}
		case in := <-r.inputs:
			r.take(in)
			if now := time.Now(); now.Sub(told) >= progressEvery && !r.ended {
				if _, ended := in.(run.Finished); ended {
					told = now
					r.progress(now)
				}
			}
		case <-tick:
			r.handle(run.Tick{})
		case <-look:
			r.takeRequests()
		case <-r.disk.failed():
			r.loses(r.disk.journal.Err())
			r.giveUp()
		}
	}
	r.finish()
}

// take handles an input from outside the loop.
func (r *liveRun) take(in run.Input) {
	switch in := in.(type) {
	case run.Finished:
		<-r.engine.slots
		r.idle++
		delete(r.active, in.Node)
	case run.Probed:
		delete(r.active, in.Node)
	}
	r.giveUp() // its log may have found the disk full, and it may be the last
	r.handle(in)
}

// startNext uses a slot for the attempt that comes next. It reports whether it
// was started.
func (r *liveRun) startNext() bool {
	now := time.Now()
	r.mu.Lock()
	node, attempt, ok := r.machine.Next(now)
	r.mu.Unlock()
	if !ok {
		return false
	}
	next := r.newJob(node, attempt)
	if out := r.unstartable(next); out != nil {
		return r.carryOut(now, run.Finished{Node: node, Attempt: attempt, Outcome: *out}, nil)
	}
	return r.carryOut(now, run.SlotFree{}, next)
}

// handle gives the machine an input and carries out what it answers.
func (r *liveRun) handle(in run.Input) { r.carryOut(time.Now(), in, nil) }

// carryOut is handle, with the attempt that a SlotFree is for. It reports
// whether that was started.
func (r *liveRun) carryOut(now time.Time, in run.Input, next *job) (started bool) {
	r.mu.Lock()
	effects := r.machine.Handle(now, in)
	r.mu.Unlock()
	var refused []run.Input
	for _, effect := range effects {
		if record, ok := effect.(run.Record); ok {
			r.record(*record.Event, next)
			continue
		}
		r.settleRecords()
		switch effect := effect.(type) {
		case run.Start:
			if r.disk.lost != nil { // nothing starts that was not written down
				refused = append(refused, notRecorded(effect))
				continue
			}
			r.start(next)
			started = true
		case run.Stop:
			if a := r.active[effect.Node]; a != nil {
				a.stop()
			}
		case run.KillNow:
			if a := r.active[effect.Node]; a != nil {
				a.kill()
			}
		case run.Probe:
			r.startProbe(effect)
		case run.Lock:
			r.takeLock(effect)
		case run.Unlock:
			r.releaseLock(effect.Node)
		case run.End:
			r.ended = true
		}
	}
	r.settleRecords()
	r.giveUp()
	for _, in := range refused {
		r.handle(in)
	}
	return started
}

// record writes an event down and tells the handlers. A started event tells the
// name and the command of next, the attempt that follows it.
func (r *liveRun) record(e event.Event, next *job) {
	switch e.Type {
	case event.Started:
		e.Name, e.Command, e.Lead = next.step.Name, next.commandLine(), next.inv.Lead
	case event.RunStarted, event.RunResumed:
		if r.disk.run != nil {
			e.Fingerprint = r.disk.run.Binding()
		}
	}
	r.vault.hide(&e)
	r.write(e, next)
	if ends(e.Type) {
		r.mu.Lock()
		r.wake(e)
		r.mu.Unlock()
	}
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
	for n, ch := range r.waiters {
		if r.machine.ExecutionID(n) == e.ExecutionID {
			close(ch)
			delete(r.waiters, n)
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
func (r *liveRun) warn(j *job, message string) {
	r.engine.stream.notice(event.Event{
		Type:        event.Warning,
		RunID:       r.id,
		Timestamp:   time.Now().UTC(),
		ExecutionID: j.execution,
		StepID:      j.id,
		Phase:       j.node.Phase,
		Attempt:     j.number,
		Message:     r.vault.current().String(message),
	})
}

// notice warns about the run as a whole.
func (r *liveRun) notice(message string) {
	r.engine.stream.notice(event.Event{Type: event.Warning, RunID: r.id, Timestamp: time.Now().UTC(), Message: r.vault.current().String(message)})
}

// finish lets go of everything the run held.
func (r *liveRun) finish() {
	r.mu.Lock()
	r.duration = time.Since(r.started)
	for _, ch := range r.waiters {
		close(ch)
	}
	clear(r.waiters)
	r.mu.Unlock()
	for n := range r.locks {
		r.releaseLock(n)
	}
	if left := r.engine.sweep(); len(left) > 0 {
		r.notice("steps left processes running, which were ended: " + describe(left))
	}
	r.outputs.close()
	if err := r.dir.remove(); err != nil {
		r.notice("the run's temporary folder could not be removed: " + err.Error())
	}
	r.closeFolder()
	close(r.done)
}
