package runbook

import "github.com/cloudops-run/runbook/runbook/plan"

// order is the strategy of a document.
func (d *document) order() plan.Strategy {
	if d.strategy.kind == nil {
		return plan.Serial
	}
	return plan.Strategy(literal(d.strategy.kind))
}

// checkStrategy: serial is one step at a time, whatever max_concurrency says.
func checkStrategy(c *checker, d *document) {
	limit := d.strategy.maxConcurrency
	if limit == nil || d.strategyUnreadable || d.order() != plan.Serial || limit.Value == "1" {
		return
	}
	c.at(limit, ruleStrategy, "remove it, or use parallel or dependency_graph", "\"max_concurrency\" is %s, but serial runs one step at a time", limit.Value)
}
