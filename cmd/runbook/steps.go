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
	flags.StringArrayVar(&f.only, "only", nil, "run only `STEP` (may be repeated), and what --from names; the others count as done")
	flags.StringArrayVar(&f.skip, "skip", nil, "leave `STEP` out (may be repeated), of all or of what --only and --from name; it counts as done")
	flags.StringArrayVar(&f.from, "from", nil, "run `STEP` and what waits for it (may be repeated), and what --only names; the others count as done")
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
	}{{"only", choose.only}, {"skip", choose.skip}, {"from", choose.from}} {
		for _, id := range given.ids {
			if !slices.Contains(ids, id) {
				return noChoice(p, ids, given.flag, id)
			}
		}
	}
	asking := p.Approvals()
	for _, given := range []struct {
		flag string
		ids  []string
	}{{"approve", approval.approve}, {"reject", approval.reject}} {
		for _, id := range given.ids {
			switch {
			case slices.Contains(asking, plan.PlainID(id)):
			case slices.Contains(ids, id):
				return asksNothing(asking, given.flag, id)
			default:
				return noStepAmong(asking, "those that ask for an approval are", given.flag, id)
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

// noChoice says that a flag names what cannot be chosen.
func noChoice(p *plan.Plan, ids []string, flag, id string) error {
	for _, phase := range []string{"on_failure", "finally"} {
		if slices.ContainsFunc(p.Phase(phase), func(s plan.Step) bool { return s.ID == id }) {
			return usage(listed("those that can be chosen are", ids), "flag %q is %q, a step of %s, which runs whatever is chosen", "--"+flag, id, phase)
		}
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Foreach != nil && plan.Inside(id, s.ID) {
			return usage(fmt.Sprintf("choose the whole of it: --%s %s", flag, s.ID), "flag %q is %q, which is inside of the loop %q", "--"+flag, id, s.ID)
		}
	}
	return noStep(p, flag, id)
}

// noStep says that a flag names a step that the runbook does not have.
func noStep(p *plan.Plan, flag, id string) error {
	return noStepAmong(idsOf(p), "its steps are", flag, id)
}

// noStepAmong is noStep where only some of its steps can be meant.
func noStepAmong(ids []string, what, flag, id string) error {
	help := listed(what, ids)
	if list := strings.Split(id, ","); len(list) > 1 && !slices.ContainsFunc(list, func(one string) bool { return !slices.Contains(ids, one) }) {
		help = fmt.Sprintf("one step each time: --%s %s", flag, strings.Join(list, " --"+flag+" "))
	} else if near := nearest(id, ids); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return usage(help, "flag %q is %q, and the runbook has no such step", "--"+flag, id)
}

// asksNothing says that a flag answers a question that nobody asks.
func asksNothing(asking []string, flag, id string) error {
	help := listed("those that do are", asking)
	if len(asking) == 0 {
		help = "no step of the runbook does"
	}
	if near := nearest(id, asking); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	}
	return usage(help, "flag %q is %q, a step that asks for no approval", "--"+flag, id)
}

// listed is ids in a help line; empty: there are none.
func listed(what string, ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	text := what + " " + strings.Join(ids[:min(len(ids), maxIDs)], ", ")
	if len(ids) > maxIDs {
		text += ", …"
	}
	return text
}

// leftOutBy says which flags leave steps out, for people.
func (f *stepFlags) leftOutBy() string {
	var words []string
	for _, given := range []struct {
		flag string
		ids  []string
	}{{"only", f.only}, {"skip", f.skip}, {"from", f.from}} {
		for _, id := range given.ids {
			words = append(words, "--"+given.flag+" "+quote(id))
		}
	}
	return "left out by " + strings.Join(words, " ")
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
