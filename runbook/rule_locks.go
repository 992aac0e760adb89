package runbook

// checkLocks: a lock that the run, or the step around, holds already would never
// be had.
func checkLocks(c *checker, d *document) {
	if d.lock != nil {
		for _, s := range d.all() {
			if c.sameLock(s.lock, d.lock) {
				c.at(s.lock.name, ruleLock, "remove it; the lock of the runbook is held until the run has ended", "the lock %s is held by the runbook already, in line %d", found(s.lock.name), d.lock.name.Line)
			}
		}
	}
	for _, s := range d.written() {
		if s.included == nil {
			continue
		}
		for _, outer := range []*lock{s.lock, d.lock} {
			if inner := c.lockWithin(s.included, outer, map[*included]bool{}); inner != nil {
				c.at(s.uses, ruleLock, "remove one of the two", "a step of %s takes the lock %q, which is held around it already, since line %d", found(s.uses), literal(inner.name), outer.name.Line)
				break
			}
		}
	}
}

// sameLock compares names in one file; two expressions that read the same are.
func (c *checker) sameLock(a, b *lock) bool {
	return a != nil && b != nil && a.name.Value == b.name.Value
}

// lockWithin finds a lock that is written out in a runbook that is included.
func (c *checker) lockWithin(f *included, outer *lock, seen map[*included]bool) *lock {
	if f == nil || f.doc == nil || outer == nil || seen[f] || c.isDynamic(outer.name) {
		return nil
	}
	seen[f] = true
	for _, s := range f.doc.all() {
		if c.sameLock(s.lock, outer) && !f.isDynamic(s.lock.name) {
			return s.lock
		}
		if inner := c.lockWithin(s.included, outer, seen); inner != nil {
			return inner
		}
	}
	return nil
}
