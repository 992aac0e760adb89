package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/event"
	"github.com/cloudops-run/runbook/executor/state"
)

func (c *cli) approveCommand() *cobra.Command {
	var flags struct {
		state   stateFlags
		reject  bool
		message string
	}
	cmd := &cobra.Command{
		Use:   "approve RUN STEP",
		Short: "Answer the question of a step that waits for an approval",
		Long: `approve says yes, or with --reject no, to a step that waits for an approval. A
run that goes on hears it at once; one that is paused takes it into account when
it is resumed. RUN is "last", the beginning of an id, or the name of a runbook.`,
		Example: `  runbook approve last switch
  runbook approve 0193a0c4 switch --reject -m "not on a Friday"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("runbook approve last STEP", "approve needs a run and a step, found %d words", len(args))
			}
			return nil
		},
		ValidArgsFunction: c.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			q := state.Request{Action: state.Approve, Step: args[1], Message: flags.message, By: userName()}
			if flags.reject {
				q.Action = state.Reject
			}
			return c.answer(&flags.state, args[0], q)
		},
	}
	cmd.Flags().BoolVar(&flags.reject, "reject", false, "say no: the step fails")
	cmd.Flags().StringVarP(&flags.message, "message", "m", "", "why, for the record")
	cmd.Flags().SetAnnotation("reject", noEnv, []string{"true"})
	flags.state.add(c, cmd)
	return cmd
}

func (c *cli) cancelCommand() *cobra.Command {
	var flags struct {
		state stateFlags
		kill  bool
	}
	cmd := &cobra.Command{
		Use:   "cancel RUN",
		Short: "End a run that goes on: what runs is stopped, and the finally steps run",
		Example: `  runbook cancel last
  runbook cancel 0193a0c4 --kill`,
		Args:              oneRun,
		ValidArgsFunction: c.completeRuns,
		RunE: func(_ *cobra.Command, args []string) error {
			q := state.Request{Action: state.Cancel, By: userName()}
			if flags.kill {
				q.Action = state.Kill
			}
			return c.cancel(&flags.state, args[0], q)
		},
	}
	cmd.Flags().BoolVar(&flags.kill, "kill", false, "kill what runs, and run no finally steps")
	flags.state.add(c, cmd)
	return cmd
}

// cancel asks the engine of a run to end it. A run that no engine has is not
// going on.
func (c *cli) cancel(flags *stateFlags, ref string, q state.Request) error {
	folder, kept, err := flags.find(ref)
	if err != nil {
		return err
	}
	at, err := kept.Standing()
	if err != nil {
		return &exit{code: exitEngine, err: err}
	}
	if at.Status != event.StatusRunning {
		return usage("", "run %s is not going on: it is %s", kept.ID, at.Status)
	}
	if err := folder.Request(kept.ID, q); err != nil {
		return &exit{code: exitEngine, err: err}
	}
	c.note(fmt.Sprintf("asked run %s to end (pid %d on %s)", kept.ID, at.Holder.PID, at.Holder.Host))
	return nil
}

// answer gives the answer to the engine of a run or, where there is none, writes
// it down for the next one.
func (c *cli) answer(flags *stateFlags, ref string, q state.Request) error {
	folder, kept, err := flags.find(ref)
	if err != nil {
		return err
	}
	if err := waitsFor(kept, q.Step); err != nil {
		return err
	}
	word := "approved"
	if q.Action == state.Reject {
		word = "rejected"
	}
	err = folder.Answer(kept.ID, q)
	var busy *state.BusyError
	switch {
	case err == nil:
		c.note(fmt.Sprintf("%s step %q of run %s", word, q.Step, kept.ID))
		c.help(&applyFlags{}, c.goOnHelp(kept.ID, ""))
		return nil
	case !errors.As(err, &busy):
		return &exit{code: exitEngine, err: err}
	}
	if err := folder.Request(kept.ID, q); err != nil {
		return &exit{code: exitEngine, err: err}
	}
	c.note(fmt.Sprintf("%s step %q of run %s, which goes on", word, q.Step, kept.ID))
	return nil
}

// waitsFor says why a step of a run cannot be answered.
func waitsFor(kept *state.Run, step string) error {
	events, err := kept.Events()
	if err != nil {
		return &exit{code: exitEngine, err: err}
	}
	var waiting []string
	for _, s := range state.Summarize(events).Approvals() {
		if s == step {
			return nil
		}
		waiting = append(waiting, s)
	}
	help := "no step of the run waits for one"
	if len(waiting) > 0 {
		help = "those that wait: " + commandLine(waiting)
	}
	if near := nearest(step, waiting); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return usage(help, "step %q of run %s does not wait for an approval", step, kept.ID)
}
