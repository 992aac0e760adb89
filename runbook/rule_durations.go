package runbook

import (
	"strings"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// checkDurations: a timeout is longer than zero, and nothing waits longer than
// the maximum.
func checkDurations(c *checker, d *document) {
	c.duration("timeout", d.defaults.timeout, false)
	c.duration("grace_period", d.defaults.gracePeriod, true)
	c.retryDurations(d.defaults.retry)
	for _, s := range d.all() {
		c.duration("timeout", s.timeout, false)
		c.duration("grace_period", s.gracePeriod, true)
		c.retryDurations(s.retry)
		c.lockDuration(s.lock)
	}
	c.lockDuration(d.lock)
}

func (c *checker) lockDuration(l *lock) {
	if l != nil {
		c.duration("wait", l.wait, true)
	}
}

func (c *checker) retryDurations(r *retry) {
	if r == nil {
		return
	}
	c.duration("delay", r.delay, true)
	c.duration("max_delay", r.maxDelay, false)
	c.duration("max_elapsed", r.maxElap, false)
}

func (c *checker) duration(key string, n *node, zero bool) {
	if n == nil || c.isDynamic(n) {
		return
	}
	limit := c.options.MaxTimeout
	value, err := plan.ParseDuration(literal(n))
	switch {
	case err != nil && strings.Contains(n.Value, "${{"): // literal: the schema lets it through for what may be an expression
		c.at(n, ruleDuration, "write a duration such as 30s", "%q is no duration: %s", key, found(n))
	case err != nil || value > limit && key != "max_elapsed":
		c.at(n, ruleDuration, "write a shorter one, or raise the maximum with --max-timeout", "%q is %s, over the maximum of %s", key, shorten(literal(n)), plan.DurationText(limit))
	case value == 0 && !zero:
		c.at(n, ruleDuration, "write a duration such as 30s, or remove the key", "%q must be longer than zero", key)
	}
}
