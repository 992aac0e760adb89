package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// engineFlags are the settings of the engine that a command line can change.
type engineFlags struct {
	maxConcurrency int
	defaultTimeout time.Duration
	lockDir        string
	state          stateFlags
	durability     string
}

func (f *engineFlags) add(c *cli, cmd *cobra.Command) {
	d := executor.DefaultConfig()
	flags := cmd.Flags()
	flags.IntVarP(&f.maxConcurrency, "max-concurrency", "j", d.MaxConcurrentExecutions, "most steps at a time")
	flags.DurationVar(&f.defaultTimeout, "default-timeout", d.DefaultTimeout, "timeout of steps that have none")
	f.state.add(c, cmd)
	flags.StringVar(&f.lockDir, "lock-dir", "", "`folder` for locks between runs; those that share it keep out of each other's way (default one in the state folder)")
	choiceOf(cmd, &f.durability, "durability", "when records of the run must be on the disk: ", string(executor.Grouped), string(executor.Strict))
	settings(cmd, "max-concurrency", "default-timeout", "durability")
	paths(cmd, "lock-dir")
	alsoEnv(cmd, "max-concurrency", "RUNBOOK_MAX_CONCURRENT_EXECUTIONS")
}

// config is the engine's configuration.
func (f *engineFlags) config(cli *cli, load *loadFlags) (executor.Config, error) {
	c := executor.DefaultConfig()
	c.MaxConcurrentExecutions = f.maxConcurrency
	c.DefaultTimeout = f.defaultTimeout
	c.MaxTimeout = load.maxTimeout
	c.StateDir, c.LockDir, c.Durability = f.state.dir, f.lockDir, executor.Durability(f.durability)
	if c.LockDir == "" && c.StateDir != "" {
		c.LockDir = filepath.Join(c.StateDir, "locks")
	}
	switch {
	case c.StateDir == "":
		return c, &exit{code: exitEngine, err: errNoHome, help: []string{"name a folder with --state-dir"}}
	case f.maxConcurrency <= 0:
		return c, usage("", "%s is %d, want 1 or more", cli.named("max-concurrency"), f.maxConcurrency)
	case f.defaultTimeout <= 0:
		return c, usage("", "%s is %v, want more than 0", cli.named("default-timeout"), f.defaultTimeout)
	case f.defaultTimeout > load.maxTimeout:
		return c, usage("", "%s is %s, which is more than the --max-timeout of %s", cli.named("default-timeout"), plan.DurationText(f.defaultTimeout), plan.DurationText(load.maxTimeout))
	}
	return c, nil
}
