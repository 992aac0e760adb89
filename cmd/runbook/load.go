package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/runbook"
)

// loadFlags are the flags of every command that reads runbooks.
type loadFlags struct {
	root       string
	limits     runbook.Limits
	maxTimeout time.Duration
}

func (f *loadFlags) add(cmd *cobra.Command) {
	f.limits = runbook.DefaultLimits()
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.root, "root", "", "`folder` that scripts must lie in (default the git worktree, else the runbook's folder)")
	flags.DurationVar(&f.maxTimeout, "max-timeout", runbook.DefaultMaxTimeout, "longest timeout a step may have")
	flags.Int64Var(&f.limits.FileBytes, "max-file-bytes", f.limits.FileBytes, "largest runbook to read")
	flags.IntVar(&f.limits.ScalarBytes, "max-scalar-bytes", f.limits.ScalarBytes, "longest text in it")
	flags.IntVar(&f.limits.Depth, "max-depth", f.limits.Depth, "deepest nesting in it")
	flags.IntVar(&f.limits.Nodes, "max-nodes", f.limits.Nodes, "most values in it, aliases expanded")
	flags.IntVar(&f.limits.MapKeys, "max-map-keys", f.limits.MapKeys, "most keys in one mapping")
	paths(cmd, "root")
	settings(cmd, "max-timeout", "max-file-bytes", "max-scalar-bytes", "max-depth", "max-nodes", "max-map-keys")
}

func (f *loadFlags) options(c *cli) (runbook.Options, error) {
	o := runbook.Options{Root: f.root, Limits: f.limits, MaxTimeout: f.maxTimeout}
	for _, n := range []struct {
		flag  string
		value int64
	}{
		{"max-timeout", int64(f.maxTimeout)}, {"max-file-bytes", f.limits.FileBytes}, {"max-scalar-bytes", int64(f.limits.ScalarBytes)},
		{"max-depth", int64(f.limits.Depth)}, {"max-nodes", int64(f.limits.Nodes)}, {"max-map-keys", int64(f.limits.MapKeys)},
	} {
		if n.value <= 0 {
			return o, usage("", "%s is %d, want more than 0", c.named(n.flag), n.value)
		}
	}
	return o, nil
}

// read reads and checks a runbook; "-" is standard input. The error is a file
// that cannot be read.
func (c *cli) read(file string, o runbook.Options) (*runbook.Runbook, runbook.Diagnostics, error) {
	if file != "-" {
		rb, ds, err := runbook.Load(file, o)
		if err != nil {
			return nil, nil, &exit{code: exitUsage, err: err}
		}
		return rb, ds, nil
	}
	src, err := io.ReadAll(io.LimitReader(c.stdin, o.Limits.FileBytes+1))
	if err != nil {
		return nil, nil, &exit{code: exitUsage, err: fmt.Errorf("read standard input: %w", cause(err))}
	}
	rb, ds := runbook.Parse(file, src, o)
	return rb, ds, nil
}

// load reads a runbook that is to be used. Its diagnostics are printed; where
// one is an error, so is the result.
func (c *cli) load(file string, f *loadFlags) (*runbook.Runbook, error) {
	o, err := f.options(c)
	if err != nil {
		return nil, err
	}
	rb, ds, err := c.read(file, o)
	if err != nil {
		return nil, err
	}
	paceGarbage()
	c.printDiagnostics(ds)
	if rb == nil {
		errors, _ := tally(ds)
		return nil, &exit{code: exitInvalid, err: fmt.Errorf("%s in %s, nothing was started", plural(errors, "error"), displayName(file))}
	}
	return rb, nil
}

func displayName(file string) string {
	if file == "-" {
		return "standard input"
	}
	return fmt.Sprintf("%q", file)
}

// plural is a number with its noun: 1 error, 2 errors.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
