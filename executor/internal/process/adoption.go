package process

import "syscall"

// orphanTest tells what this program adopted from the children that it or other
// code of it started. Make one before a census, use it on that.
type orphanTest struct {
	active  bool
	self    int
	session int // of this program: steps are never in it, its other children are
	leaders map[int]bool
}

// orphanTest returns a test that finds none where the host does not contain.
func (h *Host) orphanTest() orphanTest {
	if h.adoption == nil {
		return orphanTest{}
	}
	return orphanTest{active: true, self: syscall.Getpid(), session: selfSession(), leaders: leaders.pids()}
}

// settle adds the processes that were being started before the census, so that
// the test does not take them for orphans.
func (t *orphanTest) settle() {
	if t.active {
		leaders.starting.Lock()
		for pid := range leaders.pids() {
			t.leaders[pid] = true
		}
		leaders.starting.Unlock()
	}
}

func (t *orphanTest) adopted(p proc) bool {
	return t.active && p.parent == t.self && p.session != t.session && !t.leaders[p.pid]
}

// from reports whether an adopted process can be told to come from x.
func (x *execution) from(p proc) bool {
	if x.pid == 0 {
		// The sweep takes what nobody claims, but not what a process that is
		// still running may have started.
		return leaders.none()
	}
	switch {
	case p.session == x.pid || x.family.sessions[p.session]:
		return true
	case leaders.has(p.session):
		return false
	case x.spec.Cookie != "" && carries(p.pid, x.spec.Cookie):
		return true
	}
	return x.since != 0 && p.start >= x.since && leaders.alone(x)
}

// remains reports whether anything of x's family may be alive after x was
// reaped. It is asked at the end of every process, so it has to be cheap.
func (h *Host) remains(x *execution) bool {
	found := len(x.family.known) > 1
	if h.adoption != nil {
		for _, p := range h.adoption.orphans() {
			if p.zombie {
				reapOrphan(p.pid) // it would keep its group
			} else {
				found = found || x.from(p)
			}
		}
	}
	if !found && !x.groupAlive() {
		return false
	}
	x.reapedAt = startClock()
	return true
}

// Sweep ends what the host adopted and no running process can have started:
// call it at the end of a run. It returns what it found alive. Without
// containment there is nothing it could find.
func (h *Host) Sweep() []Leftover {
	if h.adoption == nil || len(h.adoption.orphans()) == 0 {
		return nil
	}
	x := execution{host: h, spec: &Spec{Grace: partingTime}, pidfd: -1, ended: true, reaped: true}
	x.clear()
	return x.exit.Leftovers
}

// reapOrphan reaps an adopted process that has ended.
func reapOrphan(pid int) {
	_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
}
