package main

import (
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/runbook/plan"
)

type applyFlags struct {
	load     loadFlags
	engine   engineFlags
	sinks    sinkFlags
	params   paramFlags
	approval approvalFlags
	steps    stepFlags
	outputs  outputFlags
	keep     keepFlags
	quiet    bool
	dryRun   bool
	undo     bool // it goes on only to undo
	detach   bool
	detached *detached // nil: the run has the terminal
}

func (c *cli) applyCommand() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Run a runbook",
		Long: `apply checks a runbook and runs it. What happens is told on standard output, a
line for each change of a step and "step | line" for its output, with a summary
at the end; messages of runbook itself are on standard error.

A step with an approval asks at the terminal. Where nobody can be asked (off a
terminal, in CI, with --no-input) and no flag answers, the run does all that can
be done without it and pauses.

With --detach apply returns when the run has begun and prints its id. The run goes
on without a terminal, in a session of its own.

The first Ctrl-C (or SIGTERM) ends what runs and runs the finally steps, or lets
them go on to their end where they run already; the second kills what still runs,
the third leaves at once.

Exit codes: 0 done, 1 a step failed, 2 wrong usage, 3 invalid runbook
or params, 4 paused for an approval, 5 the engine failed, 129, 130, 143 cancelled
by SIGHUP, SIGINT, SIGTERM.`,
		Example: `  runbook apply deploy.yaml
  runbook apply deploy.yaml -p environment=staging --approve switch
  runbook apply deploy.yaml --dry-run             show what would run
  runbook apply deploy.yaml --sink jsonl=run.jsonl  keep the events as well
  runbook apply deploy.yaml --detach              let it go on in the background
  runbook apply deploy.yaml --sink jsonl=- | jq -r 'select(.line).line'
  generate-runbook | runbook apply -`,
		Args:              oneFile,
		ValidArgsFunction: runbookFiles,
		RunE:              func(_ *cobra.Command, args []string) error { return c.apply(args[0], &f) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "show what would run, as plan does")
	f.params.add(cmd)
	f.approval.add(cmd)
	f.steps.add(cmd)
	f.outputs.add(c, cmd)
	f.addDetach(cmd)
	f.addRun(c, cmd)
	f.keep.addHidden(cmd)
	return cmd
}

// addRun gives cmd the flags of whatever has an engine at work.
func (f *applyFlags) addRun(c *cli, cmd *cobra.Command) {
	f.sinks.add(cmd)
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print only what failed")
	f.engine.add(c, cmd)
	f.load.add(cmd)
}

func (c *cli) apply(file string, f *applyFlags) error {
	if f.dryRun && f.detach {
		return usage("", "--dry-run starts nothing that --detach could let go on")
	}
	if f.dryRun {
		return c.plan(file, &planFlags{load: f.load, engine: f.engine, params: f.params, steps: f.steps, approval: f.approval, outputs: f.outputs})
	}
	if mine, err := c.goesOn(f); !mine || err != nil {
		return err
	}
	config, err := f.engine.config(c, &f.load)
	if err != nil {
		return err
	}
	keep, err := f.keep.policy(c)
	if err != nil {
		return err
	}
	signals := c.watchSignals()
	defer signals.stop()
	rb, err := c.load(file, &f.load)
	if err != nil {
		return err
	}
	p, err := c.bind(rb, file, &f.params, &f.load)
	if err != nil {
		return err
	}
	if err := checkSteps(p, &f.steps, &f.approval); err != nil {
		return err
	}
	outputs, err := c.givenOutputs(&f.outputs, &f.engine.state, p, nil)
	if err != nil {
		return err
	}
	left := f.steps.options()
	left.Outputs = outputs
	if err := f.outputs.ofLeftOut(left.LeftOut(p)); err != nil {
		return err
	}
	if err := missingOutputs(left.MissingOutputs(p)); err != nil {
		return err
	}
	if err := c.tellLacks(left.Lacks(p, config.MaxTimeout)); err != nil {
		return err
	}
	asked := c.asked(rb, file, p, f)
	defer c.retire(&f.engine.state, keep)
	asked.Detached = f.detach
	return c.carryOut(config, p, f, signals, func(e *executor.Engine, o executor.RunOptions) (uuid.UUID, error) {
		o.Asked, o.Outputs = asked, outputs
		return e.ExecuteCompiled(context.Background(), p, o)
	})
}

// A starter sets a run going in an engine.
type starter func(*executor.Engine, executor.RunOptions) (uuid.UUID, error)

// carryOut runs a plan, tells what happens, and turns how it ended into an exit
// code.
func (c *cli) carryOut(config executor.Config, p *plan.Plan, f *applyFlags, signals *signals, start starter) error {
	sinks, err := c.openSinks(f, p)
	if err != nil {
		return err
	}
	result, runErr := c.run(config, p, f, sinks, signals, start)
	if runErr != nil {
		return runErr
	}
	failures, warnings := sinks.closeAll()
	for _, err := range warnings {
		c.complain("warning", err.Error())
	}
	for _, err := range failures {
		c.complain("error", err.Error())
	}
	if f.outputs.format == "json" {
		err := c.write("", func(w io.Writer) error { return encodeJSON(w, result) })
		if err != nil && !errors.Is(err, syscall.EPIPE) { // a reader that went away does not want it
			failures = append(failures, err)
			c.complain("error", err.Error())
		}
	}
	if f.detached != nil && !f.detached.told.Load() && result.Refused != "" {
		c.complain("error", result.Error) // the console told it to its file
	}
	err = c.outcome(result, f, signals)
	if len(failures) == 0 {
		return err
	}
	// What was asked for is lost, whatever the run came to: that is told, and its
	// code is that of the loss.
	var code *exit
	if errors.As(err, &code) && code.err != nil {
		c.complain("error", code.err.Error())
	}
	return &exit{code: exitEngine}
}

// run carries a plan out and waits until the sinks have told all of it.
func (c *cli) run(config executor.Config, p *plan.Plan, f *applyFlags, sinks *sinks, signals *signals, start starter) (executor.PlanResult, error) {
	none := executor.PlanResult{}
	paceGarbage()
	prompt := c.prompter(&f.approval, p, sinks)
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
	id, err := signals.begin(engine, sinks.console, func() (uuid.UUID, error) {
		return start(engine, f.runOptions(prompt != nil))
	})
	if err != nil {
		engine.Close(ctx)
		if found := lacksIn(err); found != nil {
			return none, c.tellLacks(found)
		}
		return none, startError(err)
	}
	over := make(chan struct{})
	if prompt != nil {
		go prompt.serve(engine, id, over)
	}
	engine.Wait(ctx, id) // what it says is in the result too
	close(over)
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

// runOptions are the flags as the engine takes them. asks: somebody answers
// approvals.
func (f *applyFlags) runOptions(asks bool) executor.RunOptions {
	o := f.steps.options()
	o.DropOutput = f.outputs.format != "json"
	o.Approve, o.ApproveAll, o.Reject, o.AwaitApprovals = f.approval.approve, f.approval.all, f.approval.reject, asks
	if len(o.Approve) > 0 || o.ApproveAll || len(o.Reject) > 0 {
		o.ApprovedBy = userName()
	}
	return o
}

func startError(err error) error {
	var invalid *executor.ValidationError
	if errors.As(err, &invalid) {
		if invalid.What == executor.Decisions {
			return &exit{code: exitUsage, err: err}
		}
		return &exit{code: exitInvalid, err: err}
	}
	return &exit{code: exitEngine, err: err}
}
