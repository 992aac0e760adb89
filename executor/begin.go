package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/internal/run"
)

// begin fetches the secrets and sets the machine going. A run that is cancelled
// meanwhile fetches no further.
func (r *liveRun) begin() {
	if len(r.plan.Secrets) == 0 {
		r.handle(run.Begin{})
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	fetched := make(chan error, 1)
	go func() {
		secrets, err := r.fetchSecrets(ctx)
		if err == nil {
			err = r.vault.fill(secrets)
		}
		if err == nil {
			err = r.checkGiven()
		}
		if err == nil {
			err = r.checkSecretParams()
		}
		if err == nil {
			r.warnOfOpenSecrets()
		}
		fetched <- err
	}()
	var early []run.Input // what came before the machine was going
	for {
		select {
		case in := <-r.inputs:
			early = append(early, in)
			stop()
		case err := <-fetched:
			switch {
			case len(early) > 0:
			case err != nil:
				r.handle(run.Refuse{Reason: event.ReasonSecret, Error: err.Error()})
			default:
				r.handle(run.Begin{})
			}
			for _, in := range early {
				r.take(in)
			}
			return
		}
	}
}

// checkSecretParams refuses secrets that the params of included runbooks do not
// take: all that is known before the first step.
func (r *liveRun) checkSecretParams() error {
	var problems []string
	r.mu.Lock()
	for _, err := range r.machine.SecretMisfits(r.hidden()) {
		problems = append(problems, err.Error())
	}
	r.mu.Unlock()
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}

// checkGiven refuses outputs from outside that hold a secret, as those of a step
// are: they are recorded.
func (r *liveRun) checkGiven() error {
	for _, id := range slices.Sorted(maps.Keys(r.options.Outputs)) {
		outputs := r.options.Outputs[id]
		for _, name := range slices.Sorted(maps.Keys(outputs)) {
			if secret, found := findIn(r.vault.current(), outputs[name]); found {
				return fmt.Errorf("the output %q given for step %q holds the secret %q; run the step, with that output under secret_outputs", name, id, secret)
			}
		}
	}
	return nil
}
