package runbook

import "github.com/cloudops-run/runbook/runbook/plan"

// checkRetries: the keys of a retry do not contradict each other.
func checkRetries(c *checker, d *document) {
	check := func(r *retry) {
		if r == nil || c.isDynamic(r.delay) || c.isDynamic(r.maxDelay) {
			return
		}
		delay, err := plan.ParseDuration(literal(r.delay))
		if r.maxDelay != nil && r.delay != nil && err == nil {
			most, err := plan.ParseDuration(literal(r.maxDelay))
			if err == nil && most > 0 && most < delay {
				c.at(r.maxDelay, ruleRetry, "make it at least as long as delay", "\"max_delay\" is %s, shorter than \"delay\", %s", literal(r.maxDelay), literal(r.delay))
			}
		}
		if r.backoff != nil && literal(r.backoff) == string(plan.Exponential) && r.delay == nil {
			c.warn(r.backoff, ruleRetry, "add delay: 1s", "\"backoff\" is exponential, but there is no \"delay\" to grow")
		}
	}
	check(d.defaults.retry)
	for _, s := range d.all() {
		check(s.retry)
	}
}
