package process

import (
	"os"
	"sync"
)

// A Host starts processes and keeps what they share. Its methods may be called
// concurrently. Create one with [NewHost].
type Host struct {
	gate     gate
	null     *os.File // stdin and unwanted output of every process
	inherit  inheritance
	adoption *adoption // nil: containment by process group
	close    sync.Once

	noPidfd bool // wait in a thread; set where pidfds do not work, and by tests
}

// NewHost returns a host. It is cheap; an engine has one.
func NewHost(o Options) (*Host, error) {
	// Opening a file also sets up Go's poller. Without one, the first pipe
	// would, and a program that is out of descriptors by then dies of it.
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	h := &Host{null: null, noPidfd: !pidfdWorks()}
	h.inherit = inspectInheritance(o.Contain)
	if o.Contain {
		reserveThreads(spareThreads)
		h.adoption = startAdoption(o.Warn, null, h.inherit)
	}
	return h, nil
}

// Containment names what the host can answer for: "cgroup" (a watchdog that also
// has a cgroup with all of it), "watchdog" (a subreaper with a watchdog beside it),
// "subreaper" or "pgroup".
func (h *Host) Containment() string {
	switch {
	case h.adoption == nil:
		return "pgroup"
	case h.adoption.cgrouped():
		return "cgroup"
	case h.adoption.watched():
		return "watchdog"
	}
	return "subreaper"
}

// Claim says that only processes of this host have entry, NAME=value, in their
// environment. Should this program be killed, those that have it are ended.
func (h *Host) Claim(entry string) {
	if h.adoption != nil {
		h.adoption.claim(entry)
	}
}

// Disclaim takes a claim back, once nothing of it runs any more.
func (h *Host) Disclaim(entry string) {
	if h.adoption != nil {
		h.adoption.disclaim(entry)
	}
}

// Guard keeps the file open beyond the end of this program, should it be killed,
// until what it had started is gone: so that its lock (flock) is not free while
// something may still live that it protects. Call [Host.Unguard] before closing
// the file.
func (h *Host) Guard(f *os.File) error {
	if h.adoption == nil {
		return nil
	}
	return h.adoption.guard(f)
}

// Unguard ends what Guard began.
func (h *Host) Unguard(f *os.File) {
	if h.adoption != nil {
		h.adoption.unguard(f)
	}
}

// Close gives up what the host holds. No Run may be under way, or follow.
func (h *Host) Close() error {
	var err error
	h.close.Do(func() {
		if h.adoption != nil {
			h.adoption.stop()
		}
		err = h.null.Close()
	})
	return err
}
