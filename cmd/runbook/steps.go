package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// stepFlags choose the steps that run, and what is done about failures.
type stepFlags struct {
	only, skip, from []string
	noRollback       bool
}

func (f *stepFlags) add(cmd *cobra.Command) {
	f.addChoice(cmd)
	cmd.Flags().BoolVar(&f.noRollback, "no-rollback", false, "after a failure undo nothing")
}

// addChoice adds those that choose.
func (f *stepFlags) addChoice(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.only, "only", nil, "run only `STEP` (may be repeated); the others count as done")
	flags.StringArrayVar(&f.skip, "skip", nil, "leave `STEP` out (may be repeated); it counts as done")
	flags.StringArrayVar(&f.from, "from", nil, "run `STEP` and what waits for it (may be repeated); the others count as done")
	for _, name := range []string{"only", "skip", "from"} {
		cmd.RegisterFlagCompletionFunc(name, completeSteps(nil))
	}
}

// options are the flags as the engine takes them.
func (f *stepFlags) options() executor.RunOptions {
	return executor.RunOptions{NoRollback: f.noRollback, Only: f.only, Skip: f.skip, From: f.from}
}

// checkSteps finds ids on the command line that the plan does not have.
func checkSteps(p *plan.Plan, choose *stepFlags, approval *approvalFlags) error {
	ids := idsOf(p)
	for _, given := range []struct {
		flag string
		ids  []string
	}{{"only", choose.only}, {"skip", choose.skip}, {"from", choose.from}, {"approve", approval.approve}, {"reject", approval.reject}} {
		for _, id := range given.ids {
			if !slices.Contains(ids, id) {
				return noStep(p, given.flag, id)
			}
		}
	}
	for _, id := range approval.approve {
		if slices.Contains(approval.reject, id) {
			return usage("", "step %q is both approved and rejected", id)
		}
	}
	return nil
}

func idsOf(p *plan.Plan) []string {
	var ids []string
	for i := range p.Steps {
		ids = append(ids, p.Steps[i].ID)
	}
	for i := range p.Groups {
		ids = append(ids, p.Groups[i].ID)
	}
	return ids
}

// noStep says that a flag names a step that the runbook does not have.
func noStep(p *plan.Plan, flag, id string) error {
	ids := idsOf(p)
	help := fmt.Sprintf("its steps are %s", strings.Join(ids[:min(len(ids), maxIDs)], ", "))
	if len(ids) > maxIDs {
		help += ", …"
	}
	if list := strings.Split(id, ","); len(list) > 1 && !slices.ContainsFunc(list, func(one string) bool { return !slices.Contains(ids, one) }) {
		help = fmt.Sprintf("one step each time: --%s %s", flag, strings.Join(list, " --"+flag+" "))
	} else if near := nearest(id, ids); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return usage(help, "flag %q is %q, and the runbook has no such step", "--"+flag, id)
}

// maxIDs is how many ids a help line lists.
const maxIDs = 20

// completeSteps completes ids of steps from the runbook that is named, of those
// that want lets through; nil: of all.
func completeSteps(want func(*plan.Step) bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		rb := completionRunbook(args)
		if rb == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for i := range rb.Plan().Steps {
			s := &rb.Plan().Steps[i]
			if want == nil || want(s) {
				ids = append(ids, s.ID+"\t"+sink.Escape(s.Name))
			}
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}
