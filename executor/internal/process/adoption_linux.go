package process

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// adoption makes this program the parent of what its descendants orphan. There
// is one at most, shared by the hosts that contain.
//
// Nothing here waits for just any child: other code of the program may be
// waiting for that one.
type adoption struct {
	children int       // /proc/self/task/PID/children, or -1
	watchdog *watchdog // nil: none
	signals  chan os.Signal
	quit     chan struct{}
	done     sync.WaitGroup
}

// attendEvery is how often the adopted processes are looked at. What left its
// session and its environment, and was orphaned within that time before this
// program was killed, is known to nobody.
const attendEvery = 100 * time.Millisecond

var adopting struct {
	sync.Mutex
	users int
	*adoption
}

// startAdoption returns nil where the kernel cannot, or /proc does not tell.
func startAdoption(warn func(string), null *os.File, in inheritance) *adoption {
	adopting.Lock()
	defer adopting.Unlock()
	if adopting.users > 0 {
		adopting.users++
		return adopting.adoption
	}
	if _, ok := stat(os.Getpid()); !ok {
		return nil
	}
	if unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != nil {
		return nil
	}
	a := &adoption{signals: make(chan os.Signal, 1), quit: make(chan struct{})}
	// Orphans go to the main thread, whose number is that of the process.
	file := fmt.Sprintf("/proc/self/task/%d/children", os.Getpid())
	fd := -1
	if !Scant() { // the list saves time
		if opened, err := syscall.Open(file, syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
			fd = opened
		}
	}
	a.children = fd
	if ignored := ignoredSignals(); len(ignored) > 0 {
		signal.Notify(a.signals, ignored...)
	}
	if armed {
		a.watchdog = startWatchdog(warn, null, in)
	}
	a.done.Go(a.attend)
	adopting.users, adopting.adoption = 1, a
	return a
}

// stop ends the adoption with its last user.
func (a *adoption) stop() {
	adopting.Lock()
	defer adopting.Unlock()
	if adopting.users--; adopting.users > 0 {
		return
	}
	adopting.adoption = nil
	close(a.quit)
	a.done.Wait()
	if a.watchdog != nil {
		a.watchdog.stop()
	}
	signal.Stop(a.signals)
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	if a.children >= 0 {
		syscall.Close(a.children)
	}
}

// attend looks at the adopted processes from time to time while something runs.
// That keeps a long step that orphans a process a second from filling the
// process table, and lets the watchdog know of those that nothing else tells of.
func (a *adoption) attend() {
	tick := time.NewTicker(attendEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.quit:
			return
		case <-tick.C:
		}
		if leaders.none() {
			continue
		}
		for _, p := range a.orphans() {
			if p.zombie {
				reapOrphan(p.pid)
			}
		}
	}
}

// orphans returns the adopted processes, ended ones included.
func (a *adoption) orphans() []proc {
	orphans := a.list()
	if a.watchdog != nil {
		a.watchdog.ledger.lodge(orphans)
	}
	return orphans
}

func (a *adoption) list() []proc {
	if a.children < 0 {
		return orphansByCensus()
	}
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	n := 0
	for n < len(buf) {
		// The kernel gives a page at a time. Should children come or go between
		// two, a number may be torn; the check of the parent finds that out.
		got, err := syscall.Pread(a.children, buf[n:], int64(n))
		if err == syscall.EINTR {
			continue
		}
		if err != nil || got <= 0 {
			break
		}
		n += got
	}
	return sift(buf[:n])
}

// sift returns the adopted ones of a list of children.
func sift(list []byte) []proc {
	var orphans []proc
	settled := false
	for len(list) > 0 {
		word, rest, _ := bytes.Cut(list, []byte{' '})
		list = rest
		pid := number(word)
		if pid == 0 || leaders.has(pid) {
			continue
		}
		if !settled {
			// It may be one that is just being started.
			settled = true
			leaders.starting.Lock()
			leaders.starting.Unlock() //lint:ignore SA2001 the wait is all
		}
		p, ok := stat(pid)
		if ok && p.parent == os.Getpid() && p.session != selfSession() && !leaders.has(pid) {
			orphans = append(orphans, p)
		}
	}
	return orphans
}

// orphansByCensus is list for kernels without the list of children.
func orphansByCensus() []proc {
	t := orphanTest{active: true, self: os.Getpid(), session: selfSession(), leaders: leaders.pids()}
	all := census()
	t.settle()
	var orphans []proc
	for _, p := range all {
		if t.adopted(p) {
			orphans = append(orphans, p)
		}
	}
	return orphans
}

// carries reports whether the environment a process was started with has one of
// these entries.
func carries(pid int, entries ...string) bool {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for v := range bytes.SplitSeq(env, []byte{0}) {
		if slices.Contains(entries, string(v)) {
			return true
		}
	}
	return false
}

// ignoredSignals returns what this program was started with ignored and Go has
// left so, as nohup and background jobs of sh do. A child inherits that.
func ignoredSignals() []os.Signal {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(status), "\nSigIgn:")
	line, _, _ := strings.Cut(rest, "\n")
	mask, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	if err != nil {
		return nil
	}
	var ignored []os.Signal
	for i := range 31 {
		if mask&(1<<i) != 0 {
			ignored = append(ignored, syscall.Signal(i+1))
		}
	}
	return ignored
}
