package process

import (
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ledger tells a watchdog what may live when this program is gone. It is
// memory that both share: an entry costs no system call and wakes nobody, is
// there the moment it is written, and outlives whoever wrote it.
//
// Who dies in the middle of writing leaves an entry without its last word, which
// is none.
type ledger struct {
	fd int // of the memory

	mu     sync.Mutex
	pages  *pages // nil once closed
	free   []int  // entries that were used and are not
	used   int    // entries that were ever used
	claims map[string]int
	lodged map[int]lodger // adopted processes by pid
}

// pages is the memory. Most of it is never touched, and so never there.
type pages struct {
	session atomic.Int64  // of the program that writes: nothing in it is ever ended
	since   atomic.Uint64 // when it began to, on startClock
	cgroup  path
	entries [1 << 16]entry
	claims  [1 << 12]claim
}

// An entry is a process that may live, with all that comes from it.
type entry struct {
	pid          atomic.Int64 // written last; 0: none
	since, until atomic.Uint64
	grace        atomic.Int64 // unknownGrace: an orphan of unknown origin
}

const (
	announced    = -1 // in place of a pid: it may be there or not
	unknownGrace = -1
)

// path is the folder of the cgroup with all that was started.
type path struct {
	length atomic.Int64 // written last; 0: none
	text   [unix.PathMax]byte
}

// A claim is an entry of the environment that only processes of this program
// have.
type claim struct {
	length atomic.Int64 // written last; 0: none
	text   [120]byte
}

// lodger is an adopted process in the ledger.
type lodger struct {
	start uint64
	entry int
}

func newLedger() (*ledger, error) {
	fd, err := unix.MemfdCreate("runbook-ledger", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	if err := unix.Ftruncate(fd, int64(unsafe.Sizeof(pages{}))); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("ftruncate", err)
	}
	p, err := mapPages(fd)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	p.session.Store(int64(selfSession()))
	p.since.Store(startClock())
	return &ledger{fd: fd, pages: p, claims: map[string]int{}, lodged: map[int]lodger{}}, nil
}

func mapPages(fd int) (*pages, error) {
	p, err := unix.MmapPtr(fd, 0, nil, unsafe.Sizeof(pages{}), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return (*pages)(p), nil
}

func (l *ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = unix.MunmapPtr(unsafe.Pointer(l.pages), unsafe.Sizeof(pages{}))
	l.pages = nil
	unix.Close(l.fd)
}

// announce writes down that a process is about to start, at a moment of
// startClock. It returns the entry's number, or -1 where there is none left:
// then only what the process has in its environment tells of it.
func (l *ledger) announce(since uint64, grace time.Duration) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write(announced, since, since, grace)
}

// enter writes down what an announced process has become.
func (l *ledger) enter(n, pid int, until uint64) {
	if n < 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pages != nil {
		e := &l.pages.entries[n]
		e.until.Store(until)
		e.pid.Store(int64(pid))
	}
}

func (l *ledger) write(pid int, since, until uint64, grace time.Duration) int {
	if l.pages == nil {
		return -1
	}
	n := l.used
	if last := len(l.free) - 1; last >= 0 {
		n, l.free = l.free[last], l.free[:last]
	} else if n < len(l.pages.entries) {
		l.used++
	} else {
		return -1
	}
	e := &l.pages.entries[n]
	e.since.Store(since)
	e.until.Store(until)
	e.grace.Store(int64(grace))
	e.pid.Store(int64(pid))
	return n
}

// strike takes an entry out: nothing that comes from it lives any more.
func (l *ledger) strike(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase(n)
}

func (l *ledger) erase(n int) {
	if n < 0 || l.pages == nil {
		return
	}
	l.pages.entries[n].pid.Store(0)
	l.free = append(l.free, n)
}

// lodge keeps the ledger's list of adopted processes.
func (l *ledger) lodge(orphans []proc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(orphans) == 0 && len(l.lodged) == 0 {
		return
	}
	here := map[int]uint64{}
	for _, p := range orphans {
		if p.zombie {
			continue
		}
		here[p.pid] = p.start
		if _, known := l.lodged[p.pid]; !known {
			l.lodged[p.pid] = lodger{p.start, l.write(p.pid, p.start, p.start, unknownGrace)}
		}
	}
	for pid, o := range l.lodged {
		if here[pid] != o.start {
			l.erase(o.entry)
			delete(l.lodged, pid)
		}
	}
}

// settle writes down where all that will be started is.
func (l *ledger) settle(dir string) {
	p := &l.pages.cgroup
	p.length.Store(int64(copy(p.text[:], dir)))
}

// claim writes an entry of the environment down, disclaim takes it out.
func (l *ledger) claim(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.claims[text]; known || l.pages == nil || len(text) > len(claim{}.text) {
		return
	}
	for n := range l.pages.claims {
		if c := &l.pages.claims[n]; c.length.Load() == 0 {
			copy(c.text[:], text)
			c.length.Store(int64(len(text)))
			l.claims[text] = n
			return
		}
	}
}

func (l *ledger) disclaim(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, known := l.claims[text]; known && l.pages != nil {
		l.pages.claims[n].length.Store(0)
		delete(l.claims, text)
	}
}
