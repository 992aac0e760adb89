package process

import "time"

// The watchdog's side of the ledger: by the time it reads, nobody writes.

// valid returns the grace period of each process in the ledger, by its number:
// those whose number has not been used again since. While a process lives that
// has the session of another, that one's number is not used again.
func (p *pages) valid(all []proc) map[int]time.Duration {
	valid := map[int]time.Duration{}
	started := map[int]uint64{}
	for _, q := range all {
		started[q.pid] = q.start
	}
	longest := p.longest()
	p.each(func(e *entry) {
		pid := int(e.pid.Load())
		if pid == announced { // what it has in its environment tells of it
			return
		}
		start, is := started[pid]
		if is && (start+1 < e.since.Load() || start > e.until.Load()+1) {
			return
		}
		valid[pid] = time.Duration(e.grace.Load())
		if valid[pid] == unknownGrace {
			valid[pid] = longest
		}
	})
	return valid
}

// longest is the longest grace period in the ledger. It is what a process gets
// of which nobody can say where it came from.
func (p *pages) longest() time.Duration {
	longest := time.Duration(unknownGrace)
	p.each(func(e *entry) { longest = max(longest, time.Duration(e.grace.Load())) })
	if longest == unknownGrace {
		return partingTime
	}
	return longest
}

func (p *pages) each(f func(*entry)) {
	for i := range p.entries {
		if e := &p.entries[i]; e.pid.Load() != 0 {
			f(e)
		}
	}
}

// home is the folder of the cgroup with all that was started; empty: none.
func (p *pages) home() string { return string(p.cgroup.text[:p.cgroup.length.Load()]) }

// claimed returns the claimed entries of the environment.
func (p *pages) claimed() []string {
	var claims []string
	for i := range p.claims {
		if c := &p.claims[i]; c.length.Load() != 0 {
			claims = append(claims, string(c.text[:c.length.Load()]))
		}
	}
	return claims
}
