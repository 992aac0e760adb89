package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/state"
)

func (c *cli) rollbackCommand() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:   "rollback RUN",
		Short: "Undo what a run has done",
		Long: `rollback runs the rollbacks of all steps of a run that were started and are not
undone yet, the last one first: after a cancel, after --no-rollback, or where the
engine died. It uses the runbook as it was, and runs no other step and no handler.
A step that was undone runs again when the run is resumed.`,
		Example:           "  runbook rollback last",
		Args:              oneRun,
		ValidArgsFunction: c.completeRuns,
		RunE:              func(_ *cobra.Command, args []string) error { return c.rollback(args[0], &f) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	choice(cmd, &f.outputs.format, "output", "o", "text", "json")
	f.approval.addInput(cmd)
	f.addRun(c, cmd)
	return cmd
}

func (c *cli) rollback(ref string, f *applyFlags) error {
	f.undo = true
	return c.onKept(ref, f, func(config executor.Config, kept *state.Run, signals *signals) error {
		p, err := kept.Plan()
		if err != nil {
			return &exit{code: exitEngine, err: err}
		}
		return c.goOn(config, kept, p, f, signals, func(e *executor.Engine, o executor.RunOptions) error {
			o.By = userName()
			return e.RollBack(context.Background(), kept.ID, p, o)
		})
	})
}
