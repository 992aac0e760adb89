package process

import (
	"errors"
	"syscall"
)

// proc is one process of a census.
type proc struct {
	pid, parent, group, session int

	start   uint64 // on the clock of startClock
	zombie  bool
	exiting bool // on its way out: still there, but not left behind
}

// family is what one process has started, as far as it was seen. It is looked
// for only when something has to be ended.
type family struct {
	known    map[int]uint64 // start by pid, of the members last seen alive
	sessions map[int]bool   // their sessions
	groups   map[int]bool   // their groups
	asked    map[int]bool   // groups that TERM was sent to
	named    map[int]bool   // members told as left over
}

// look finds the living members of x's family. They are
//   - who is in its session or group, while nobody else can be,
//   - who was a member before,
//   - what this program adopted and can be told to come from it,
//   - whom a member started, and who is in a session with one.
//
// No process can move to a session that exists, so that one with a member in it
// has no strangers. It returns those that have nowhere to go but on, and
// whether others are on their way out.
func (h *Host) look(x *execution) (alive []proc, going bool) {
	orphans := h.orphanTest()
	all := census()
	orphans.settle()
	f, self, own := &x.family, syscall.Getpid(), selfSession()
	barred := func(p proc) bool { // whatever else went wrong
		return p.pid == self || p.session <= 0 || p.session == own
	}
	members := map[int]bool{}
	for _, p := range all {
		if !barred(p) && (x.owns(p) || orphans.adopted(p) && x.from(p)) {
			members[p.pid] = true
		}
	}
	sessions := kin(all, members, barred)

	f.known, f.groups = map[int]uint64{}, map[int]bool{}
	for _, p := range all {
		switch {
		case p.zombie && orphans.adopted(p):
			reapOrphan(p.pid)
			continue
		case !members[p.pid] || p.zombie:
			continue
		case p.exiting:
			going = true
		default:
			alive = append(alive, p)
		}
		f.known[p.pid] = p.start
		f.groups[p.group] = true
	}
	f.sessions = sessions
	return alive, going
}

// kin adds to members, with what is noted of these, whom they have started and
// who is in a session with one. It returns the sessions.
func kin[T any](all []proc, members map[int]T, barred func(proc) bool) (sessions map[int]T) {
	sessions = map[int]T{}
	for _, p := range all {
		if note, is := members[p.pid]; is {
			sessions[p.session] = note
		}
	}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if _, is := members[p.pid]; is || barred(p) {
				continue
			}
			note, is := members[p.parent]
			if !is {
				note, is = sessions[p.session]
			}
			if is {
				members[p.pid], sessions[p.session] = note, note
				grown = true
			}
		}
	}
	return sessions
}

// owns reports whether p is of x's family by what p itself says.
func (x *execution) owns(p proc) bool {
	if start, ok := x.family.known[p.pid]; ok && start == p.start {
		return true
	}
	if x.pid == 0 || p.session != x.pid && p.group != x.pid {
		return false
	}
	// Until the leader is reaped its number cannot be used again, and then not
	// while a member lives. But the last one may just have gone.
	return !x.reaped || p.start <= x.reapedAt
}

// signal sends sig to every group with a member in it. A group is signalled as
// one, which a process that forks all the time cannot outrun. TERM is sent once
// to each, and CONT after it: what is suspended sees no TERM before.
func (x *execution) signal(sig syscall.Signal) {
	f := &x.family
	groups := f.groups
	if !x.ended && !groups[x.pid] { // it could not be looked for
		groups = map[int]bool{x.pid: true}
	}
	for g := range groups {
		if g <= 1 || g == syscall.Getpgrp() {
			continue
		}
		if sig != syscall.SIGTERM {
			_ = syscall.Kill(-g, sig)
			continue
		}
		if f.asked[g] {
			continue
		}
		if f.asked == nil {
			f.asked = map[int]bool{}
		}
		f.asked[g] = true
		_ = syscall.Kill(-g, syscall.SIGTERM)
		_ = syscall.Kill(-g, syscall.SIGCONT)
	}
}

// untouchable reports whether none of procs may be signalled, as after a change
// of user.
func untouchable(procs []proc) bool {
	for _, p := range procs {
		if !errors.Is(syscall.Kill(p.pid, 0), syscall.EPERM) {
			return false
		}
	}
	return true
}
