package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/state"
)

// keepFlags say how long runs are kept.
type keepFlags struct {
	runs int
	age  age
}

func (f *keepFlags) add(cmd *cobra.Command) {
	f.age = age(90 * 24 * time.Hour)
	flags := cmd.Flags()
	flags.IntVar(&f.runs, "keep", 200, "keep that many runs, the newest; 0 for any number")
	flags.Var(&f.age, "older-than", "remove runs that were started longer ago than this `age`, such as 30d; 0s for none")
}

// addHidden is add for a command that removes runs only beside what it is for.
func (f *keepFlags) addHidden(cmd *cobra.Command) {
	f.add(cmd)
	cmd.Flags().MarkHidden("keep")
	cmd.Flags().MarkHidden("older-than")
}

// policy is which runs stay. Who says one thing on the command line means that,
// and not what the settings say about the other.
func (f *keepFlags) policy(c *cli) (state.Keep, error) {
	k := state.Keep{Runs: f.runs, Age: time.Duration(f.age)}
	if f.runs < 0 {
		return k, usage("", "%s is %d, want 0 or more", c.named("keep"), f.runs)
	}
	runs, age := c.origins["keep"].kind == "flag", c.origins["older-than"].kind == "flag"
	if runs && !age {
		k.Age = 0
	}
	if age && !runs {
		k.Runs = 0
	}
	return k, nil
}

func (c *cli) pruneCommand() *cobra.Command {
	var where stateFlags
	var keep keepFlags
	var dry, unfinished bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove runs that need not be kept",
		Long: `prune removes old runs with all that there is of them: journal, logs and the
steps' own files. It never removes a run that an engine has, nor, without
--unfinished, one that is paused or interrupted and can be resumed.

With --keep or --older-than on the command line only what they say counts.`,
		Example: `  runbook runs prune --dry-run
  runbook runs prune --older-than 30d
  runbook runs prune --keep 20`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			policy, err := keep.policy(c)
			if err != nil {
				return err
			}
			policy.DryRun, policy.Unfinished = dry, unfinished
			return c.prune(&where, policy)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	keep.add(cmd)
	flags.BoolVar(&unfinished, "unfinished", false, "remove paused and interrupted runs too")
	flags.BoolVarP(&dry, "dry-run", "n", false, "only tell what would be removed")
	flags.SetAnnotation("unfinished", noEnv, nil)
	where.add(c, cmd)
	return cmd
}

func (c *cli) prune(where *stateFlags, policy state.Keep) error {
	folder, err := where.look()
	if err != nil || folder == nil {
		return err
	}
	removed, problems, err := folder.Prune(policy)
	if err != nil {
		return &exit{code: exitEngine, err: err}
	}
	err = c.write("", func(w io.Writer) error {
		word := "removed"
		if policy.DryRun {
			word = "would remove"
		}
		for _, id := range removed {
			fmt.Fprintf(w, "%s %s\n", word, id)
		}
		return nil
	})
	if len(removed) == 0 {
		c.note("there is no run to remove: " + kept(policy))
	}
	for _, p := range problems {
		c.complain("error", sink.Escape(p.Error()))
	}
	if err == nil && len(problems) > 0 {
		err = &exit{code: exitEngine}
	}
	return err
}

// kept says of a policy which runs stay.
func kept(policy state.Keep) string {
	var words []string
	if policy.Runs > 0 {
		words = append(words, fmt.Sprintf("the newest %d stay", policy.Runs))
	}
	if policy.Age > 0 {
		old := age(policy.Age)
		words = append(words, "those of the last "+old.String()+" stay")
	}
	if words == nil {
		return "any number of any age stays; --keep 1 would leave the newest"
	}
	return strings.Join(words, ", ") + ", and so does what goes on or can be resumed"
}

// retiredAtOnce is how many old runs one run looks at when it ends. It leaves one
// more behind, so a few are enough.
const retiredAtOnce = 20

// retire removes runs that need not be kept any more, at the end of another. What
// goes wrong with that is no failure of what was asked for.
func (c *cli) retire(where *stateFlags, policy state.Keep) {
	folder, err := where.look()
	if err != nil || folder == nil {
		return
	}
	policy.Most = retiredAtOnce
	_, problems, err := folder.Prune(policy)
	if err != nil {
		c.complain("warning", "old runs were not removed: "+sink.Escape(err.Error()))
	}
	for _, p := range problems {
		c.complain("warning", "an old run was not removed: "+sink.Escape(p.Error()))
	}
}
