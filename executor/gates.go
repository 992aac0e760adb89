package executor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cloudops-run/runbook/executor/internal/lock"
	"github.com/cloudops-run/runbook/executor/internal/run"
)

// maxProbes is how many probes run at once. They hold no slot, so something else
// must keep ten thousand of them from starting together.
const maxProbes = 16

// lockPoll is how often a lock that somebody else holds is asked for again: the
// kernel tells nobody when it becomes free.
const lockPoll = 200 * time.Millisecond

// startProbe asks a question of a node, in a goroutine of its own, which gives
// the loop the answer.
func (r *liveRun) startProbe(p run.Probe) {
	ctx, stop := context.WithCancel(context.Background())
	r.active[p.Node] = &liveAttempt{stop: stop, kill: stop}
	j := r.newProbe(p)
	go func() {
		defer stop()
		answer := run.Probed{Node: p.Node, Which: p.Which, Index: p.Index}
		select {
		case r.engine.probes <- struct{}{}:
			yes, err := r.probe(ctx, j)
			<-r.engine.probes
			answer.Yes = yes
			if err != nil {
				answer.Error = err.Error()
			}
		case <-ctx.Done():
			answer.Error = "stopped"
		}
		r.inputs <- answer
	}()
}

// takeLock asks for the lock of a node and waits for it where the node may.
func (r *liveRun) takeLock(want run.Lock) {
	ctx, stop := context.WithCancel(context.Background())
	got := make(chan *lock.Lock, 1)
	r.locks[want.Node] = func() {
		stop()
		if held := <-got; held != nil {
			r.engine.unguard(held.File())
			held.Release()
		}
	}
	go func() {
		held, answer := r.awaitLock(ctx, want)
		got <- held
		if answer != nil && ctx.Err() == nil {
			select {
			case r.inputs <- answer:
			case <-ctx.Done():
			}
		}
	}()
}

// awaitLock returns the lock or why there is none; nil, nil where nobody wants
// it any more.
func (r *liveRun) awaitLock(ctx context.Context, want run.Lock) (*lock.Lock, run.Input) {
	deadline := time.Now().Add(want.Wait)
	waits := false
	for {
		var held *lock.Lock
		err := r.engine.retry(ctx, func() (err error) {
			held, err = lock.Acquire(r.engine.lockDir, want.Name, r.id.String())
			return err
		})
		if err == nil {
			if err := r.engine.guard(held.File()); err != nil {
				r.notice(fmt.Sprintf("lock %q would be free at once should runbook be killed: %v", want.Name, err))
			}
			return held, run.Locked{Node: want.Node}
		}
		var busy *lock.BusyError
		if !errors.As(err, &busy) {
			return nil, run.LockBusy{Node: want.Node, Error: err.Error()}
		}
		if !time.Now().Before(deadline) {
			return nil, run.LockBusy{Node: want.Node, Holder: r.nameHolder(busy.Holder)}
		}
		if !waits {
			waits = true
			select {
			case r.inputs <- run.LockWaits{Node: want.Node, Holder: r.nameHolder(busy.Holder)}:
			case <-ctx.Done():
				return nil, nil
			}
		}
		select {
		case <-time.After(min(lockPoll, time.Until(deadline))):
		case <-ctx.Done():
			return nil, nil
		}
	}
}

// nameHolder is who has a lock, for those who want it.
func (r *liveRun) nameHolder(h lock.Holder) string {
	if h.Run == r.id.String() {
		return "another step of this run"
	}
	return h.String()
}

// releaseLock lets a node's lock go, or ends the wait for it.
func (r *liveRun) releaseLock(n run.Node) {
	if release := r.locks[n]; release != nil {
		delete(r.locks, n)
		release()
	}
}
