package process

import "sync"

// leaders are the processes that the hosts of this program have started and are
// not done with. There is one list, as this program has one set of children.
var leaders leaderList

type leaderList struct {
	// starting is held for reading from before a fork until the child is in the
	// list, so that who has it for writing sees no child that is not.
	starting sync.RWMutex

	mu     sync.Mutex
	live   map[int]*execution
	kept   int // the watchdog, which is a child but no leader; 0: none
	starts uint64
}

// add lists x. The caller holds starting for reading.
func (l *leaderList) add(x *execution) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live == nil {
		l.live = map[int]*execution{}
	}
	l.starts++
	if len(l.live) == 0 {
		x.turn = l.starts
	}
	l.live[x.pid] = x
}

// remove takes x off the list. Its number may be another's since it was reaped.
func (l *leaderList) remove(x *execution) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live[x.pid] == x {
		delete(l.live, x.pid)
	}
}

// has reports whether pid is listed.
func (l *leaderList) has(pid int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live[pid] != nil || pid != 0 && pid == l.kept
}

// keep makes a child of this program known that is not an execution's.
func (l *leaderList) keep(pid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = pid
}

// none reports whether no process of any host is alive.
func (l *leaderList) none() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.live) == 0
}

// alone reports whether x was the only process from its start until now.
func (l *leaderList) alone(x *execution) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return x.turn != 0 && x.turn == l.starts
}

// pids returns the listed processes.
func (l *leaderList) pids() map[int]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	pids := make(map[int]bool, len(l.live))
	for pid := range l.live {
		pids[pid] = true
	}
	if l.kept != 0 {
		pids[l.kept] = true
	}
	return pids
}
