package journal

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeDisk is a file in memory, of a disk with faults.
type fakeDisk struct {
	mu       sync.Mutex
	data     []byte
	room     int // bytes that it takes, and no more; below 0: any
	writes   int
	syncs    []time.Time
	syncErr  error
	cutErr   error
	syncTime time.Duration
	closed   bool
}

func newDisk(room int) (*fakeDisk, *File) {
	d := &fakeDisk{room: room}
	return d, newFile(d, nil, position{})
}

func (d *fakeDisk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	n := len(p)
	if d.room >= 0 && len(d.data)+n > d.room {
		n = max(0, d.room-len(d.data))
	}
	d.data = append(d.data, p[:n]...)
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (d *fakeDisk) Sync() error {
	time.Sleep(d.syncTime) // virtual
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncs = append(d.syncs, time.Now())
	return d.syncErr
}

func (d *fakeDisk) Truncate(size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cutErr == nil {
		d.data = d.data[:size]
	}
	return d.cutErr
}

func (d *fakeDisk) Close() error { d.closed = true; return nil }

// Whatever part of a record the disk takes, the journal ends with the record
// before it, and takes no other.
func TestShortWrites(t *testing.T) {
	events := sample(3)
	two, three := len(encoded(events[:2])), len(encoded(events))
	for room := two; room < three; room++ {
		for _, cutErr := range []error{nil, syscall.EIO} {
			d, f := newDisk(room)
			d.cutErr = cutErr
			appendAll(t, f, events[:2])
			err := f.Append(events[2])
			var full *FullError
			if !errors.Is(err, syscall.ENOSPC) || errors.As(err, &full) {
				t.Fatalf("room for %d: %v", room, err)
			}
			d.room = -1
			writes := d.writes
			for range 3 {
				if again := f.Append(events[2]); again != err || d.writes != writes {
					t.Fatalf("after an error: %v, and %d writes more", again, d.writes-writes)
				}
			}
			select {
			case <-f.Failed():
			default:
				t.Fatal("nobody was told")
			}
			got, end, err := Read(d.data)
			if err != nil || end != two || cutErr == nil && len(d.data) != two {
				t.Fatalf("room for %d: %d of %d bytes read, %v", room, end, len(d.data), err)
			}
			if len(got) != 2 {
				t.Fatal(cmp.Diff(events[:2], got))
			}
			if err := f.Close(); err == nil || !d.closed {
				t.Error("Close forgot the error, or the file")
			}
		}
	}
}

// lazyDisk takes less than it is given, and says nothing.
type lazyDisk struct{ fakeDisk }

func (d *lazyDisk) Write(p []byte) (int, error) { return d.fakeDisk.Write(p[:len(p)-1]) }

func TestSilentShortWrite(t *testing.T) {
	d := &lazyDisk{fakeDisk{room: -1}}
	f := newFile(d, nil, position{})
	if err := f.Append(sample(1)[0]); !errors.Is(err, io.ErrShortWrite) || len(d.data) != 0 {
		t.Errorf("%v, with %d bytes left", err, len(d.data))
	}
	f.Close()
}

// What was written is synced within 100 ms; many records share a sync; where
// nothing was written nothing is synced.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := newDisk(-1)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(d.syncs) != 0 {
			t.Errorf("%d syncs of an empty journal", len(d.syncs))
		}
		first := time.Now()
		for _, e := range sample(50) {
			if err := f.Append(e); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(d.syncs) != 1 || d.syncs[0].Sub(first) > 100*time.Millisecond {
			t.Errorf("syncs %v, the first record at %v", d.syncs, first)
		}
		d.syncTime = 10 * time.Millisecond
		second := time.Now()
		f.Append(sample(1)[0])
		time.Sleep(syncDelay + d.syncTime/2) // while it is being synced
		f.Append(sample(1)[0])
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := len(d.syncs); n != 3 || d.syncs[1].Sub(second) > 100*time.Millisecond || d.syncs[2].Sub(d.syncs[1]) > 100*time.Millisecond {
			t.Errorf("syncs %v, then records from %v on", d.syncs, second)
		}
		if err := f.Sync(); err != nil || len(d.syncs) != 3 {
			t.Errorf("a sync of what is synced: %v, %d syncs", err, len(d.syncs))
		}
		f.Append(sample(1)[0])
		if err := f.Sync(); err != nil || len(d.syncs) != 4 {
			t.Errorf("a sync of a record: %v, %d syncs", err, len(d.syncs))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(d.syncs) != 4 {
			t.Error("synced once more by the timer")
		}
		f.Append(sample(1)[0])
		if err := f.Close(); err != nil || len(d.syncs) != 5 || !d.closed {
			t.Errorf("Close: %v, %d syncs", err, len(d.syncs))
		}
		if err := f.Append(sample(1)[0]); err == nil {
			t.Error("appended to a closed journal")
		}
		if err := f.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
	})
}

// Many who want the same record synced share one sync.
func TestSyncIsShared(t *testing.T) {
	d, f := newDisk(-1)
	f.Append(sample(1)[0])
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { f.Sync() })
	}
	all.Wait()
	if len(d.syncs) != 1 {
		t.Errorf("%d syncs", len(d.syncs))
	}
	f.Close()
}

// A sync that fails is the end, is never tried again, and is told although
// nobody appends.
func TestSyncFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := newDisk(-1)
		d.syncErr = syscall.EIO
		if err := f.Append(sample(1)[0]); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		<-f.Failed()
		if took := time.Since(begin); took > 100*time.Millisecond || !errors.Is(f.Err(), syscall.EIO) {
			t.Errorf("told after %v: %v", took, f.Err())
		}
		d.syncErr = nil
		if err := f.Append(sample(1)[0]); !errors.Is(err, syscall.EIO) || d.writes != 1 {
			t.Errorf("appended after it: %v", err)
		}
		if err := f.Sync(); !errors.Is(err, syscall.EIO) {
			t.Errorf("synced after it: %v", err)
		}
		if err := f.Close(); !errors.Is(err, syscall.EIO) || len(d.syncs) != 1 {
			t.Errorf("Close: %v, after %d syncs", err, len(d.syncs))
		}
	})
}

// What a journal's first records rely on is on the disk no later than they are.
func TestBefore(t *testing.T) {
	_, f := newDisk(-1)
	calls, fails := 0, errors.New("no")
	f.Before(func() error { calls++; return nil })
	for range 2 {
		f.Append(sample(1)[0])
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
	d, broken := newDisk(-1)
	broken.Before(func() error { return fails })
	broken.Append(sample(1)[0])
	if err := broken.Sync(); !errors.Is(err, fails) || len(d.syncs) != 0 {
		t.Errorf("%v, %d syncs", err, len(d.syncs))
	}
	broken.Close()
}

// The reserve carries the last records of a run when the disk is full, and says
// so with each.
func TestReserve(t *testing.T) {
	d := &fakeDisk{room: -1}
	var allocated int64 // the end of what is
	var calls int
	var failure error
	f := newFile(d, func(offset, size int64) error {
		calls++
		if failure != nil {
			return failure
		}
		if offset < allocated || offset+size < allocated {
			t.Errorf("allocated %d+%d, and had up to %d", offset, size, allocated)
		}
		allocated = offset + size
		return nil
	}, position{})
	events := sample(3000)
	for _, e := range events[:1500] {
		if err := f.Append(e); err != nil {
			t.Fatal(err)
		}
		if allocated-f.end < reserved {
			t.Fatalf("%d bytes are left behind %d", allocated-f.end, f.end)
		}
	}
	if most := int(f.end/reserved) + 1; calls > most {
		t.Errorf("%d calls for %d bytes, want %d at most", calls, f.end, most)
	}
	for _, failure = range []error{syscall.ENOSPC, syscall.EDQUOT} {
		var full *FullError
		told := 0
		for _, e := range events[1500:] {
			switch err := f.Append(e); {
			case errors.As(err, &full) && errors.Is(err, failure):
				told++
			case err != nil || told > 0:
				t.Fatalf("%v, after it was told %d times", err, told)
			}
		}
		if told == 0 {
			t.Errorf("%v was not told", failure)
		}
		f.prev, f.end, d.data = hash{}, 0, nil // the next round begins anew
		f.reserve.end, allocated = 0, 0
	}
	failure = nil
	if err := f.Append(events[0]); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
	failure, f.reserve.end = syscall.EOPNOTSUPP, 0
	before := calls
	appendAll(t, f, events[:3])
	if calls != before+1 {
		t.Errorf("%d calls where there is no reserve to be had", calls-before)
	}
	f.Close()
	if !bytes.HasSuffix(d.data, []byte("\n")) {
		t.Error("the last record was cut")
	}
}
