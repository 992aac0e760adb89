package process

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A watchdog is a process beside this program that ends what this program has
// started, once this program is gone: killed with SIGKILL, say. Until then it
// sleeps. What it has to know is in the ledger; that this program is gone it
// learns from a socket whose other end nobody else has. A child has it until it
// has become what it was started as, so by then nothing is half started.
type watchdog struct {
	ledger *ledger
	cgroup *cgroup // nil: none; set before forked is closed
	null   *os.File
	in     inheritance
	warn   func(string)
	forked chan struct{} // closed once the first one exists, or could not be had
	done   sync.WaitGroup

	mu      sync.Mutex
	pid     int      // 0: none
	socket  *os.File // nil: none
	err     error    // why there is none
	ending  bool
	guarded map[*os.File]guard
	guards  uint64 // how many there ever were
	deaths  int
}

// guard is a file that the watchdog holds open as well.
type guard struct {
	number uint64
	file   *os.File
}

const (
	watchdogName   = "runbook-watchdog"
	watchdogSocket = 3 // its descriptors
	watchdogLedger = 4

	// maxDeaths is after how many deaths of watchdogs there is no further one.
	maxDeaths = 5

	// sendTime is how long a watchdog may leave its socket full.
	sendTime = time.Second
)

// What is told over the socket: a byte for what it is and the number of a guard,
// whose descriptor comes with it.
const (
	guardMessage   = 'g'
	unguardMessage = 'u'
)

// startWatchdog starts one in the background.
func startWatchdog(warn func(string), null *os.File, in inheritance) *watchdog {
	ledger, err := newLedger()
	if err != nil {
		return nil
	}
	w := &watchdog{
		ledger: ledger, null: null, in: in, warn: warn,
		forked: make(chan struct{}), guarded: map[*os.File]guard{},
	}
	w.done.Go(w.keep)
	return w
}

// keep has a watchdog live for as long as w does.
func (w *watchdog) keep() {
	if w.cgroup = newCgroup(); w.cgroup != nil {
		w.ledger.settle(w.cgroup.dir)
	}
	for first := true; ; first = false {
		w.mu.Lock()
		if w.ending {
			w.mu.Unlock()
			return
		}
		w.err = w.spawn()
		socket, failed := w.socket, w.err
		w.mu.Unlock()
		if first {
			close(w.forked)
		}
		if failed != nil {
			w.say("there is no watchdog, so what runs would outlive a killed runbook: " + failed.Error())
			return
		}
		_, _ = socket.Read(make([]byte, 1)) // it never says anything: this is its end
		if !w.bury() {
			return
		}
	}
}

// spawn starts the process, for whom the socket is there before it is. It needs
// w.mu.
func (w *watchdog) spawn() error {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(ends[1])
	if err := unix.SetNonblock(ends[0], true); err != nil {
		unix.Close(ends[0])
		return os.NewSyscallError("fcntl", err)
	}
	// What it guards waits in the socket for it, so that no lock is free for a
	// moment. What there is no room for comes behind.
	w.socket = os.NewFile(uintptr(ends[0]), "watchdog")
	var late []guard
	for _, g := range w.guarded {
		if len(late) > 0 || w.send(guardMessage, g, time.Millisecond) != nil {
			late = append(late, g)
		}
	}
	null := w.null.Fd()
	attr := syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{"GOMAXPROCS=1", "GODEBUG=containermaxprocs=0"}, // and nothing to look up for it
		Files: []uintptr{null, null, null, uintptr(ends[1]), uintptr(w.ledger.fd)},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	leaders.starting.RLock()
	defer leaders.starting.RUnlock()
	argv := []string{watchdogName, fmt.Sprintf("of process %d", os.Getpid())}
	pid, err := w.in.forkExec("/proc/self/exe", argv, &attr)
	if err != nil {
		w.socket.Close()
		w.socket = nil
		return os.NewSyscallError("exec", err)
	}
	leaders.keep(pid)
	w.pid = pid
	for _, g := range late {
		if w.send(guardMessage, g, sendTime) != nil {
			_ = syscall.Kill(pid, syscall.SIGKILL) // and try the next
			break
		}
	}
	return nil
}

// bury reaps a watchdog that has died and reports whether there is to be
// another one.
func (w *watchdog) bury() (again bool) {
	w.mu.Lock()
	_ = syscall.Kill(w.pid, syscall.SIGKILL) // it closed the socket, so it is of no use
	for {
		if _, err := syscall.Wait4(w.pid, nil, 0, nil); err != syscall.EINTR {
			break
		}
	}
	leaders.keep(0)
	w.socket.Close()
	w.pid, w.socket = 0, nil
	w.deaths++
	deaths, ending := w.deaths, w.ending
	w.mu.Unlock()
	switch {
	case ending:
		return false
	case deaths == 1:
		w.say("the watchdog, which ends what runs should runbook be killed, has died; another one is started")
	case deaths == maxDeaths:
		w.say("watchdogs keep dying, so there is none any more")
		return false
	}
	return true
}

func (w *watchdog) say(message string) {
	if w.warn != nil {
		w.warn(message)
	}
}

// wait waits for the first watchdog to exist. It is started long before
// anything else is.
func (w *watchdog) wait() { <-w.forked }

// alive reports whether there is one.
func (w *watchdog) alive() bool {
	w.wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err == nil && w.deaths < maxDeaths
}

// stop ends the watchdog: all that it watched over has ended. There is no
// shorter way to tell it than SIGKILL, and none that cannot be missed.
func (w *watchdog) stop() {
	w.wait()
	w.mu.Lock()
	w.ending = true
	if w.pid != 0 {
		_ = syscall.Kill(w.pid, syscall.SIGKILL)
	}
	w.mu.Unlock()
	w.done.Wait()
	if w.cgroup != nil {
		w.cgroup.close()
	}
	w.ledger.close()
}

// guard lets the watchdog hold a file open until all that it ends has ended. It
// must not be closed before unguard.
func (w *watchdog) guard(f *os.File) error {
	w.wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.guards++
	g := guard{w.guards, f}
	w.guarded[f] = g
	if w.socket == nil { // the next one is told
		return nil
	}
	return w.send(guardMessage, g, sendTime)
}

func (w *watchdog) unguard(f *os.File) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, known := w.guarded[f]
	if !known {
		return
	}
	delete(w.guarded, f)
	if w.socket != nil {
		_ = w.send(unguardMessage, g, sendTime)
	}
}

// send tells the watchdog. It sleeps until then, so there is room; should it
// have been suspended there may be none, and that is waited for a little.
func (w *watchdog) send(what byte, g guard, patience time.Duration) error {
	message := binary.LittleEndian.AppendUint64([]byte{what}, g.number)
	var rights []byte
	if what == guardMessage {
		rights = unix.UnixRights(int(g.file.Fd()))
	}
	conn, err := w.socket.SyscallConn()
	if err != nil {
		return err
	}
	_ = w.socket.SetWriteDeadline(time.Now().Add(patience))
	var sent error
	err = conn.Write(func(fd uintptr) bool {
		for {
			sent = unix.Sendmsg(int(fd), message, rights, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
			if sent != unix.EINTR {
				return sent != unix.EAGAIN
			}
		}
	})
	if err == nil {
		err = sent
	}
	if err != nil {
		return fmt.Errorf("the watchdog cannot be told: %w", err)
	}
	return nil
}
