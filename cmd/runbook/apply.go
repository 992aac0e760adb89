package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/runbook/plan"
)

type applyFlags struct {
	load   loadFlags
	engine engineFlags
	sinks  sinkFlags
	output string
	quiet  bool
	dryRun bool
}

func (c *cli) applyCommand() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Run a runbook",
		Long: `apply checks a runbook and runs it. What happens is told on standard output, a
line for each change of a step and "step | line" for its output, with a summary
at the end; messages of runbook itself are on standard error.

The first Ctrl-C (or SIGTERM) ends what runs and runs the finally steps, the
second kills what still runs, the third leaves at once.

Exit codes: 0 done, 1 a step failed, 2 wrong usage, 3 invalid runbook, 5 the
engine failed, 129, 130, 143 cancelled by SIGHUP, SIGINT, SIGTERM.`,
		Example: `  runbook apply deploy.yaml
  runbook apply deploy.yaml --dry-run             show what would run
  runbook apply deploy.yaml --sink jsonl=run.jsonl  keep the events as well
  runbook apply deploy.yaml --sink jsonl=- | jq -r 'select(.line).line'
  generate-runbook | runbook apply -`,
		Args:              oneFile,
		ValidArgsFunction: runbookFiles,
		RunE:              func(_ *cobra.Command, args []string) error { return c.apply(args[0], &f) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "show what would run, as plan does")
	flags.Var(&f.sinks, "sink", "where events go: console, jsonl=`FILE` or jsonl=- (may be repeated)")
	choice(cmd, &f.output, "output", "o", "text", "json")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only what failed")
	f.engine.add(cmd)
	f.load.add(cmd)
	return cmd
}

func (c *cli) apply(file string, f *applyFlags) error {
	if f.dryRun {
		return c.plan(file, &f.load, &f.engine, f.output, "")
	}
	config, err := f.engine.config(&f.load)
	if err != nil {
		return err
	}
	signals := c.watchSignals()
	defer signals.stop()
	rb, err := c.load(file, &f.load)
	if err != nil {
		return err
	}
	p := rb.Plan()
	sinks, err := c.openSinks(f, p)
	if err != nil {
		return err
	}
	result, runErr := c.run(config, p, sinks, signals)
	if runErr != nil {
		return runErr
	}
	failures := sinks.closeAll()
	for _, err := range failures {
		c.complain("error", err.Error())
	}
	if f.output == "json" {
		if err := c.write("", func(w io.Writer) error { return writeResult(w, result) }); err != nil {
			return err
		}
	}
	err = outcome(result, signals)
	if err == nil && len(failures) > 0 {
		return &exit{code: exitEngine}
	}
	return err
}

// run carries a plan out and waits until the sinks have told all of it.
func (c *cli) run(config executor.Config, p *plan.Plan, sinks *sinks, signals *signals) (executor.PlanResult, error) {
	none := executor.PlanResult{}
	options := []executor.Option{executor.WithContainment()}
	for _, s := range sinks.open {
		if s.lines {
			options = append(options, executor.WithEventHandler(s))
		} else {
			options = append(options, executor.WithStateHandler(s))
		}
	}
	engine, err := executor.New(config, options...)
	if err != nil {
		return none, &exit{code: exitEngine, err: err}
	}
	ctx := context.Background()
	id, err := signals.begin(engine, sinks.console, func() (uuid.UUID, error) { return engine.ExecuteCompiled(ctx, p, executor.RunOptions{}) })
	if err != nil {
		engine.Close(ctx)
		return none, startError(err)
	}
	engine.Wait(ctx, id) // what it says is in the result too
	// A reader that is slow, such as a pager, is waited for as long as it takes:
	// closing the engine would give up on it.
	sinks.wait(signals.wait)
	result, err := engine.PlanResult(id)
	if err != nil {
		engine.Close(ctx)
		return none, &exit{code: exitEngine, err: err}
	}
	if err := engine.Close(signals.wait); err != nil && signals.wait.Err() == nil {
		c.complain("warning", err.Error())
	}
	return result, nil
}

func startError(err error) error {
	var invalid *executor.ValidationError
	if errors.As(err, &invalid) {
		return &exit{code: exitInvalid, err: err}
	}
	return &exit{code: exitEngine, err: err}
}

func writeResult(w io.Writer, r executor.PlanResult) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// outcome is the exit code of a run. What went wrong was told by the console.
func outcome(r executor.PlanResult, s *signals) error {
	switch {
	case r.EngineFailed:
		return &exit{code: exitEngine, err: fmt.Errorf("the engine could not go on: %s", r.Error)}
	case r.Status == event.StatusCancelled:
		return &exit{code: s.code()}
	case r.Status != event.StatusCompleted, r.HandlerFailed:
		return &exit{code: exitFailed}
	}
	return nil
}
