package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/executor/state"
)

// stateFlags say where runs are kept.
type stateFlags struct{ dir string }

func (f *stateFlags) add(c *cli, cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "state-dir", c.stateFolder(), "`folder` where runs are kept")
	paths(cmd, "state-dir")
}

// stateFolder is where runs are kept unless told otherwise; empty where not even
// a home is known.
func (c *cli) stateFolder() string {
	folder := c.xdg("XDG_STATE_HOME", ".local/state")
	if folder == "" { // as in a service or a job of cron
		u, err := user.Current()
		if err != nil || u.HomeDir == "" {
			return ""
		}
		folder = filepath.Join(u.HomeDir, ".local/state")
	}
	return filepath.Join(folder, "runbook")
}

var errNoHome = errors.New("runs cannot be kept: there is neither HOME nor XDG_STATE_HOME")

// open opens the folder.
func (f *stateFlags) open() (*state.Folder, error) {
	if f.dir == "" {
		return nil, &exit{code: exitEngine, err: errNoHome, help: []string{"name a folder with --state-dir"}}
	}
	folder, err := state.Open(f.dir)
	if err != nil {
		return nil, &exit{code: exitEngine, err: err, help: []string{"name another folder with --state-dir"}}
	}
	return folder, nil
}

// look opens the folder to read it; nil if there is none yet.
func (f *stateFlags) look() (*state.Folder, error) {
	if _, err := os.Lstat(f.dir); f.dir != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f.open()
}

// find opens the folder and the run that a person means.
func (f *stateFlags) find(ref string) (*state.Folder, *state.Run, error) {
	folder, err := f.look()
	if err != nil {
		return nil, nil, err
	}
	if folder == nil {
		return nil, nil, usage("", "there is no run %q: nothing was run yet that is kept in %q", ref, f.dir)
	}
	r, err := folder.Find(ref)
	var many *state.AmbiguousError
	switch {
	case errors.As(err, &many):
		return nil, nil, &exit{code: exitUsage, err: err, help: candidates(folder, many)}
	case errors.Is(err, state.ErrNotFound):
		return nil, nil, usage("runbook runs lists the runs", "%v", err)
	case err != nil:
		return nil, nil, &exit{code: exitEngine, err: err}
	}
	return folder, r, nil
}

// candidates are the runs that may be meant, the newest ones in a line each.
func candidates(folder *state.Folder, many *state.AmbiguousError) (lines []string) {
	const most = 10
	for i, id := range many.Candidates {
		if i == most {
			return append(lines, fmt.Sprintf("and %d more", len(many.Candidates)-most))
		}
		line := id.String()
		if r, err := folder.Run(id); err == nil {
			if asked, err := r.Asked(); err == nil {
				line += "  " + sink.Escape(asked.Name) + "  " + moment(asked.StartedAt)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// oneRun checks that there is exactly one argument, a run.
func oneRun(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usage("runbook "+cmd.Name()+" last, or an id that runbook runs lists", "%s needs a run", cmd.Name())
	case len(args) > 1:
		return usage("", "%s takes one run, found %d: %s", cmd.Name(), len(args), commandLine(args))
	}
	return nil
}

// completeRuns completes ids of runs.
func (c *cli) completeRuns(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	dir, _ := cmd.Flags().GetString("state-dir")
	folder, err := (&stateFlags{dir}).look()
	if err != nil || folder == nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	runs, _, err := folder.List(state.Filter{Limit: 20})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ids := []string{"last"}
	for _, r := range runs {
		ids = append(ids, r.ID.String()+"\t"+r.Asked.Name)
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
