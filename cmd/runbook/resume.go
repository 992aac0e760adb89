package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
	"github.com/cloudops-run/runbook/runbook"
	"github.com/cloudops-run/runbook/runbook/plan"
)

type resumeFlags struct {
	applyFlags
	file    string
	asWas   bool
	explain bool

	rerun, keep, markDone []string
}

func (c *cli) resumeCommand() *cobra.Command {
	var f resumeFlags
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that failed, was cancelled, is paused or interrupted",
		Long: `resume goes on with a run, on the runbook as it is now: mend it, then resume.
RUN is "last", the beginning of an id, or the name of a runbook, whose newest run
it then is.

What has completed and is as it was is kept, with its outputs. What failed, was
cancelled, skipped, rolled back or not reached is run. What was interrupted, or
has changed since it completed, is run again where that does no harm: where its
effect is read, it is idempotent, or has a probe as unless. Else somebody must say, and
nothing is started before: --rerun, --keep or --mark-done.

--explain tells what would become of each step, and why.

Exit codes are those of apply, and 6: a step needs a decision.`,
		Example: `  runbook resume last
  runbook resume last --explain
  runbook resume 0193a0c4 --mark-done migrate --output migrate.version=42
  runbook resume deploy --rerun smoke_test --approve switch`,
		Args:              oneRun,
		ValidArgsFunction: c.completeRuns,
		RunE:              func(_ *cobra.Command, args []string) error { return c.resume(args[0], &f) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&f.explain, "explain", false, "tell what would become of each step, and start nothing")
	flags.StringArrayVar(&f.rerun, "rerun", nil, "run `STEP` again (may be repeated)")
	flags.StringArrayVar(&f.keep, "keep", nil, "let `STEP` count as it ended, although it has changed (may be repeated)")
	flags.StringArrayVar(&f.markDone, "mark-done", nil, "let `STEP` count as done, although it did not complete (may be repeated)")
	f.outputs.add(c, cmd)
	flags.BoolVar(&f.asWas, "as-was", false, "go on with the runbook as it was when the run began")
	flags.StringVarP(&f.file, "file", "f", "", "the runbook is this `FILE` now (default where it was)")
	for _, name := range []string{"rerun", "keep", "mark-done"} {
		flags.SetAnnotation(name, noEnv, []string{"true"})
	}
	f.params.add(cmd)
	f.approval.add(cmd)
	flags.BoolVar(&f.steps.noRollback, "no-rollback", false, "after a failure undo nothing")
	f.addDetach(cmd)
	f.addRun(c, cmd)
	return cmd
}

func (c *cli) resume(ref string, f *resumeFlags) error {
	if f.explain && f.detach {
		return usage("", "--explain starts nothing that --detach could let go on")
	}
	if mine, err := c.goesOn(&f.applyFlags); !mine || err != nil {
		return err
	}
	return c.onKept(ref, &f.applyFlags, func(config executor.Config, kept *state.Run, signals *signals) error {
		p, err := c.resumedPlan(kept, f)
		if err != nil {
			return err
		}
		if err := checkSteps(p, &f.steps, &f.approval); err != nil {
			return err
		}
		options, err := c.decide(f, p)
		if err != nil {
			return err
		}
		if f.explain {
			return c.explainResume(config, kept, p, f, options)
		}
		return c.goOn(config, kept, p, &f.applyFlags, signals, func(e *executor.Engine, o executor.RunOptions) error {
			o.Rerun, o.Keep, o.MarkDone, o.By, o.Outputs = options.Rerun, options.Keep, options.MarkDone, options.By, options.Outputs
			if len(f.params.given)+len(f.params.files) > 0 {
				o.Asked.Params = givenOf(p)
			}
			return e.Resume(context.Background(), kept.ID, p, o)
		})
	})
}

// onKept calls do with a run that is kept and what an engine that goes on with it
// takes. Signals are looked for from the beginning.
func (c *cli) onKept(ref string, f *applyFlags, do func(executor.Config, *state.Run, *signals) error) error {
	config, err := f.engine.config(c, &f.load)
	if err != nil {
		return err
	}
	signals := c.watchSignals()
	defer signals.stop()
	_, kept, err := f.engine.state.find(ref)
	if err != nil {
		return err
	}
	return do(config, kept, signals)
}

// goOn resumes a run by start, once its lock is free.
func (c *cli) goOn(config executor.Config, kept *state.Run, p *plan.Plan, f *applyFlags, signals *signals, start func(*executor.Engine, executor.RunOptions) error) error {
	if err := c.awaitEnd(kept, signals); err != nil {
		return err
	}
	err := c.carryOut(config, p, f, signals, func(e *executor.Engine, o executor.RunOptions) (uuid.UUID, error) {
		return kept.ID, start(e, o)
	})
	var undecided *executor.UndecidedError
	switch {
	case errors.Is(err, executor.ErrCompleted):
		c.note(fmt.Sprintf("run %s has completed: there is nothing to resume", kept.ID))
		return nil
	case errors.Is(err, executor.ErrUndone):
		c.note(fmt.Sprintf("run %s: nothing to undo", kept.ID))
		return nil
	case errors.As(err, &undecided):
		return c.undecided(f, kept.ID, undecided.Decisions)
	}
	return err
}

// endWait is how long a resume waits for what a killed engine has left behind: a
// watchdog ends it, and holds the lock until then.
const endWait = time.Minute

// awaitEnd waits while the run's lock is held for an engine that is dead.
func (c *cli) awaitEnd(kept *state.Run, s *signals) error {
	told := false
	for deadline := time.Now().Add(endWait); ; {
		holder, held, err := kept.Holder()
		if err != nil {
			return &exit{code: exitEngine, err: err}
		}
		if !held || holder.Alive() || time.Now().After(deadline) {
			return nil // the engine takes the lock, or says who has it
		}
		if !told {
			told = true
			c.note(fmt.Sprintf("the engine of run %s has died; waiting for what it left to be ended", kept.ID))
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-s.wait.Done():
			return nil
		}
	}
}

// resumedPlan is the runbook as it is now, or as it was, with the params that the
// run was given.
func (c *cli) resumedPlan(kept *state.Run, f *resumeFlags) (*plan.Plan, error) {
	if err := kept.CheckPlan(); err != nil {
		return nil, &exit{code: exitEngine, err: err}
	}
	asked, err := kept.Asked()
	if err != nil {
		return nil, &exit{code: exitEngine, err: err}
	}
	f.steps.only, f.steps.skip, f.steps.from = asked.Only, asked.Skip, asked.From
	if f.asWas {
		if f.file != "" || len(f.params.given)+len(f.params.files) > 0 {
			return nil, usage("", "--as-was goes on with the runbook and the params as they were: --file and params are for the runbook as it is now")
		}
		p, err := kept.Plan()
		if err != nil {
			return nil, &exit{code: exitEngine, err: err}
		}
		return p, nil
	}
	file := f.file
	if file == "" {
		file = asked.File
	}
	if file == "-" && f.file == "" {
		return nil, usage("name the runbook with --file, or go on with it as it was: --as-was", "run %s read its runbook from standard input", kept.ID)
	}
	if f.load.root == "" && f.file == "" {
		f.load.root = asked.Root
	}
	rb, err := c.load(file, &f.load)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(rb.Source()); hex.EncodeToString(sum[:]) != asked.SHA256 {
		c.note(fmt.Sprintf("%s has changed since the run began", displayName(file)))
	}
	f.params.before = c.paramsBefore(rb, &asked)
	return c.bind(rb, file, &f.params, &f.load)
}

// paramsBefore is what the run was given for params that the runbook still has.
func (c *cli) paramsBefore(rb *runbook.Runbook, asked *state.Asked) []runbook.Given {
	var given []runbook.Given
	for _, q := range asked.Params {
		if !slices.ContainsFunc(rb.Params(), func(p plan.Param) bool { return p.Name == q.Name }) {
			c.complain("warning", fmt.Sprintf("the run was given a param %q, which the runbook does not have any more", q.Name))
			continue
		}
		given = append(given, runbook.Given{Name: q.Name, Value: q.Value, Typed: true, Origin: q.Source})
	}
	return given
}

// decide is what the flags say is to become of steps.
func (c *cli) decide(f *resumeFlags, p *plan.Plan) (executor.RunOptions, error) {
	o := f.runOptions(false)
	o.Rerun, o.Keep, o.MarkDone, o.By = f.rerun, f.keep, f.markDone, userName()
	var err error
	o.Outputs, err = c.givenOutputs(&f.outputs, &f.engine.state, p, f.markDone)
	return o, err
}

// explainResume prints what would become of each step.
func (c *cli) explainResume(config executor.Config, kept *state.Run, p *plan.Plan, f *resumeFlags, o executor.RunOptions) error {
	engine, err := executor.New(config)
	if err != nil {
		return &exit{code: exitEngine, err: err}
	}
	defer engine.Close(context.Background())
	if at, err := kept.Standing(); err == nil && at.Status == event.StatusCompleted {
		c.note(fmt.Sprintf("run %s has completed: there is nothing to resume", kept.ID))
		return nil
	}
	list, err := engine.Explain(kept.ID, p, o)
	if err != nil {
		return startError(err)
	}
	form := map[string]any{"run_id": kept.ID, "steps": list}
	return c.writeAs(f.outputs.format, form, func(w io.Writer) error { return c.printDecisions(w, list) })
}
