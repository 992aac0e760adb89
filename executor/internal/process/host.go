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
		h.adoption = startAdoption()
	}
	return h, nil
}

// Containment names what the host can answer for: "subreaper" or "pgroup".
func (h *Host) Containment() string {
	if h.adoption != nil {
		return "subreaper"
	}
	return "pgroup"
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
