package main

import (
	"errors"
	"fmt"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/sink"
)

// tellLacks prints what keeps steps from running. The error is that of a run that
// may not begin for it.
func (c *cli) tellLacks(found []executor.Lack) error {
	mistakes, needs := 0, 0
	for _, l := range found {
		severity := "error"
		switch {
		case l.Warning:
			severity = "warning"
		case l.Mistake:
			mistakes++
		default:
			needs++
		}
		c.complain(severity, sink.Escape(l.Error()))
	}
	what := "in what steps are given and need of this machine"
	switch {
	case mistakes+needs == 0:
		return nil
	case needs == 0:
		what = "in what steps are given"
	case mistakes == 0:
		what = "in what steps need of this machine"
	}
	return &exit{code: exitInvalid, err: fmt.Errorf("%s %s, nothing was started", plural(mistakes+needs, "error"), what)}
}

// tellPlanned is tellLacks for a plan: it may be carried out on another machine
// than this, so that only mistakes count.
func (c *cli) tellPlanned(found []executor.Lack) error {
	var mistakes []executor.Lack
	for _, l := range found {
		switch {
		case l.Mistake:
			mistakes = append(mistakes, l)
		case l.Warning:
			c.complain("warning", sink.Escape(l.Error()))
		default:
			c.complain("warning", "apply would refuse this: "+sink.Escape(l.Error()))
		}
	}
	return c.tellLacks(mistakes)
}

// lacksIn is what an engine refused to begin a run for; nil: it was something
// else.
func lacksIn(err error) (found []executor.Lack) {
	var invalid *executor.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	for _, problem := range invalid.Problems {
		l, ok := problem.(executor.Lack)
		if !ok {
			return nil
		}
		found = append(found, l)
	}
	return found
}
