package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor"
)

// engineFlags are the settings of the engine that a command line can change.
type engineFlags struct {
	maxConcurrency int
	defaultTimeout time.Duration
	logDir         string
}

func (f *engineFlags) add(cmd *cobra.Command) {
	d := executor.DefaultConfig()
	flags := cmd.Flags()
	flags.IntVarP(&f.maxConcurrency, "max-concurrency", "j", d.MaxConcurrentExecutions, "most steps at a time")
	flags.DurationVar(&f.defaultTimeout, "default-timeout", d.DefaultTimeout, "timeout of steps that have none")
	flags.StringVar(&f.logDir, "log-dir", "", "`folder` for the logs of steps (default one of your own under the temporary folder)")
	alsoEnv(cmd, "max-concurrency", "RUNBOOK_MAX_CONCURRENT_EXECUTIONS")
}

// config is the engine's configuration.
func (f *engineFlags) config(load *loadFlags) (executor.Config, error) {
	c := executor.DefaultConfig()
	c.MaxConcurrentExecutions = f.maxConcurrency
	c.DefaultTimeout = f.defaultTimeout
	c.MaxTimeout = load.maxTimeout
	c.LogDir = f.logDir
	switch {
	case f.maxConcurrency <= 0:
		return c, usage("", `flag "--max-concurrency" is %d, want 1 or more`, f.maxConcurrency)
	case f.defaultTimeout <= 0:
		return c, usage("", `flag "--default-timeout" is %v, want more than 0`, f.defaultTimeout)
	case f.defaultTimeout > load.maxTimeout:
		return c, usage("", `flag "--default-timeout" is %s, which is more than the --max-timeout of %s`, short(f.defaultTimeout), short(load.maxTimeout))
	}
	return c, nil
}
