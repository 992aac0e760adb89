package main

import (
	"fmt"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// lacks tells what steps need of this machine and do not find; the error is that
// of a run that may not begin for it.
func (c *cli) lacks(o executor.RunOptions, p *plan.Plan) error {
	if n := c.tellLacks(o, p, "error", ""); n > 0 {
		return &exit{code: exitInvalid, err: fmt.Errorf("%s in what steps need of this machine, nothing was started", plural(n, "error"))}
	}
	return nil
}

// tellLacks returns how many of them keep a run from beginning; those are told
// with severity and intro.
func (c *cli) tellLacks(o executor.RunOptions, p *plan.Plan, severity, intro string) (wrong int) {
	for _, l := range o.Lacks(p) {
		if l.Warning {
			c.complain("warning", sink.Escape(l.Error()))
			continue
		}
		wrong++
		c.complain(severity, intro+sink.Escape(l.Error()))
	}
	return wrong
}
