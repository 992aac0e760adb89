package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Marks on flags. One that says yes to something has no variable: what somebody
// left in a profile must not agree for them.
const (
	noEnv     = "runbook_no_env"
	moreNames = "runbook_env"
)

// alsoEnv gives a flag a second variable.
func alsoEnv(cmd *cobra.Command, flag, variable string) {
	cmd.Flags().SetAnnotation(flag, moreNames, []string{variable})
}

// envNames are the variables that stand for a flag, the first that is set wins.
func envNames(f *pflag.Flag) []string {
	if _, no := f.Annotations[noEnv]; no || f.Name == "help" || f.Name == "version" {
		return nil
	}
	name := "RUNBOOK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
	return append([]string{name}, f.Annotations[moreNames]...)
}

// readEnv sets the flags that the command line does not from the environment.
func (c *cli) readEnv(cmd *cobra.Command) error {
	var problem error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || problem != nil {
			return
		}
		for _, name := range envNames(f) {
			v := c.env(name)
			if v == "" {
				continue
			}
			if err := setFlag(f, v); err != nil {
				problem = usage("", "%s is %q, want %s", name, shownSink(v), wants(f, err))
			}
			c.origins[f.Name] = origin{"variable", name}
			return
		}
	})
	return problem
}

// setFlag sets f to v; one that may be repeated takes a line of v at a time.
func setFlag(f *pflag.Flag, v string) error {
	values := []string{v}
	if _, repeats := f.Value.(pflag.SliceValue); repeats {
		values = strings.Split(v, "\n")
	}
	for _, v := range values {
		if err := f.Value.Set(v); err != nil {
			return err
		}
	}
	f.Changed = true
	return nil
}
