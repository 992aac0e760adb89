package journal

import (
	"errors"
	"fmt"
	"time"

	"github.com/cloudops-run/runbook/executor/failpoint"
)

// syncDelay is how long a record waits for others to share a sync with. It
// leaves the sync itself time to end within 100 ms.
const syncDelay = 80 * time.Millisecond

// Sync returns when every record that was appended before is on the disk. An
// error ends the writing: after one the kernel may have dropped what it could
// not write, and the next sync would know nothing of it.
func (f *File) Sync() error {
	f.mu.Lock()
	want := f.end
	f.mu.Unlock()

	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	if f.err != nil || f.synced >= want {
		defer f.mu.Unlock()
		return f.err
	}
	reached := f.end
	f.armed = false
	f.timer.Stop()
	f.mu.Unlock()

	failpoint.Reach(failpoint.Syncing)
	err := f.sync()
	failpoint.Reach(failpoint.Synced)

	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.fail(fmt.Errorf("sync the journal: %w", err))
		return f.err
	}
	f.synced = reached
	return nil
}

// sync syncs the file, the first time after what must not be on the disk later
// than it.
func (f *File) sync() error {
	if f.before != nil {
		if err := f.before(); err != nil {
			return err
		}
		f.before = nil
	}
	return f.disk.Sync()
}

// Close syncs what is not synced, gives back what was reserved, and closes the
// file. Nothing can be appended any more.
func (f *File) Close() error {
	err := f.Sync()
	f.syncing.Lock() // a sync that has begun ends first
	defer f.syncing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	f.timer.Stop()
	if f.err == nil {
		f.err = errClosed
	}
	if f.reserve.end > f.end {
		f.disk.Truncate(f.end) // what it frees is not needed: an error changes nothing
	}
	return errors.Join(err, f.disk.Close())
}
