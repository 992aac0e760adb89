package process

import (
	"encoding/binary"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// armed: this program becomes a watchdog where it is started as one.
var armed bool

// BecomeWatchdog has to be called before anything else a program does. Where
// the program was started as the watchdog of another instance of itself, it
// does that work and never returns. Without the call a contained [Host] has no
// watchdog.
func BecomeWatchdog() {
	if len(os.Args) == 2 && os.Args[0] == watchdogName && isWatchdogSocket() {
		becomeVigilant()
		os.Exit(0)
	}
	armed = true
}

// isWatchdogSocket keeps who calls the program by that name from waiting for
// something that never comes.
func isWatchdogSocket() bool {
	kind, err := unix.GetsockoptInt(watchdogSocket, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil && kind == unix.SOCK_SEQPACKET
}

// becomeVigilant waits until the program it belongs to is gone and then ends
// what that has left.
func becomeVigilant() {
	// What is sent to all that look like runbook is not meant for this.
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP)
	_ = os.WriteFile("/proc/self/comm", []byte("rb-watchdog"), 0) // else it is "exe"
	pages, err := mapPages(watchdogLedger)
	if err != nil {
		return
	}
	awaitEnd()
	v := vigil{ledger: pages, began: time.Now()}
	v.clear()
	if home := pages.home(); home != "" {
		removeCgroup(home)
	}
}

// awaitEnd returns when nobody has the other end of the socket. The files that
// it was given to guard stay open until this program ends.
func awaitEnd() {
	guarded := map[uint64]int{}
	var message [16]byte
	var rights [64]byte
	for {
		n, m, _, _, err := unix.Recvmsg(watchdogSocket, message[:], rights[:], unix.MSG_CMSG_CLOEXEC)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || n == 0:
			return
		case n != 9:
			continue
		}
		number := binary.LittleEndian.Uint64(message[1:])
		switch message[0] {
		case guardMessage:
			if fd := receivedFile(rights[:m]); fd >= 0 {
				guarded[number] = fd
			}
		case unguardMessage:
			if fd, known := guarded[number]; known {
				unix.Close(fd)
				delete(guarded, number)
			}
		}
	}
}

func receivedFile(rights []byte) int {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return -1
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1
	}
	return fds[0]
}

// vigil is a watchdog at work.
type vigil struct {
	ledger *pages
	began  time.Time

	known  map[int]charge // who was seen alive last, by pid
	groups map[int]stage
}

// charge is a process that is to end.
type charge struct {
	start uint64
	grace time.Duration
}

// stage is how far a group is on its way. It is suspended before each signal:
// what forks and leaves between the look at it and its end would be lost.
type stage uint8

const (
	unseen stage = iota
	held
	asked
	heldAgain
)

// clear ends all that is in the ledger and all that comes from it.
func (v *vigil) clear() {
	v.groups = map[int]stage{}
	giveUp := v.began.Add(v.ledger.longest() + undeadTime)
	quiet := 0
	for pause := time.Millisecond; quiet < 2; pause = min(2*pause, 50*time.Millisecond) {
		looked := time.Now()
		groups := v.look()
		switch {
		case len(groups) == 0:
			quiet++ // what was born while the table was read may not be in it
		case looked.After(giveUp):
			return
		default:
			quiet = 0
			if v.hold(groups) {
				continue
			}
			v.signal(groups)
		}
		time.Sleep(max(pause, min(2*time.Since(looked), 200*time.Millisecond)))
	}
}

// look finds the living processes that are to end: those in the ledger, those
// seen before, those in the cgroup or with a claimed entry in their environment,
// and whom these have started or share a session with. It returns the grace periods of their
// groups.
func (v *vigil) look() (groups map[int]time.Duration) {
	all, self, own, host := takeCensus(), os.Getpid(), selfSession(), int(v.ledger.session.Load())
	barred := func(p proc) bool {
		return p.pid == self || p.session <= 0 || p.session == own || p.session == host || p.start+1 < v.ledger.since.Load()
	}
	home := inCgroup(v.ledger.home())
	entries, claims, longest := v.ledger.valid(all), v.ledger.claimed(), v.ledger.longest()
	members := map[int]time.Duration{}
	for _, p := range all {
		if barred(p) {
			continue
		}
		if e, is := entries[p.pid]; is {
			members[p.pid] = e
		} else if e, is := entries[p.session]; is {
			members[p.pid] = e
		} else if c, is := v.known[p.pid]; is && c.start == p.start {
			members[p.pid] = c.grace
		}
	}
	kin(all, members, barred)
	for _, p := range all {
		if _, is := members[p.pid]; !is && !barred(p) && (home[p.pid] || carries(p.pid, claims...)) {
			members[p.pid] = longest
		}
	}
	kin(all, members, barred)

	v.known, groups = map[int]charge{}, map[int]time.Duration{}
	for _, p := range all {
		if grace, is := members[p.pid]; is && !p.zombie {
			v.known[p.pid] = charge{p.start, grace}
			if p.group > 1 {
				groups[p.group] = max(groups[p.group], grace)
			}
		}
	}
	return groups
}

func (v *vigil) due(grace time.Duration) bool { return time.Since(v.began) >= grace }

// hold suspends what is about to be asked to end, or killed, and reports whether
// there was any: then others may have come to light.
func (v *vigil) hold(groups map[int]time.Duration) (any bool) {
	for g, grace := range groups {
		switch was := v.groups[g]; {
		case was == unseen:
			v.groups[g] = held
		case was == asked && v.due(grace):
			v.groups[g] = heldAgain
		default:
			continue
		}
		_ = syscall.Kill(-g, syscall.SIGSTOP)
		any = true
	}
	return any
}

// signal asks every group to end, once, and kills those whose time is up.
func (v *vigil) signal(groups map[int]time.Duration) {
	var wake []int
	for g, grace := range groups {
		switch was := v.groups[g]; {
		case was == heldAgain || v.due(grace):
			v.groups[g] = heldAgain
			_ = syscall.Kill(-g, syscall.SIGKILL)
		case was == held:
			v.groups[g] = asked
			_ = syscall.Kill(-g, syscall.SIGTERM)
			wake = append(wake, g)
		}
	}
	for _, g := range wake {
		_ = syscall.Kill(-g, syscall.SIGCONT)
	}
	if home := v.ledger.home(); home != "" && v.due(v.ledger.longest()) {
		killCgroup(home)
	}
}
