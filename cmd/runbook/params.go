package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/executor/sink"
	"github.com/cloudops-run/runbook/runbook"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// paramFlags are the values that a command line gives to params.
type paramFlags struct {
	given []string // name=value
	files []string

	before []runbook.Given // of a run that is resumed: what it was given
}

func (f *paramFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.given, "param", "p", nil, "give a param its value, as `name=value` (may be repeated)")
	flags.StringArrayVar(&f.files, "param-file", nil, "read values of params from a YAML or JSON `FILE` (may be repeated)")
	cmd.RegisterFlagCompletionFunc("param", completeParams)
	cmd.RegisterFlagCompletionFunc("param-file", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
	})
}

// bind gives the params of a runbook their values. What the command line gives
// wins over files, and what comes later over what came before.
func (c *cli) bind(rb *runbook.Runbook, file string, f *paramFlags, load *loadFlags) (*plan.Plan, error) {
	given, err := c.givenParams(f, load.limits.FileBytes)
	if err != nil {
		return nil, err
	}
	p, ds := rb.Bind(given)
	c.printDiagnostics(ds)
	if p == nil || ds.Errors() {
		n, _ := tally(ds)
		e := &exit{code: exitInvalid, err: fmt.Errorf("%s in the params of %s, nothing was started", plural(n, "error"), displayName(file))}
		if file != "-" {
			e.help = []string{"runbook explain --params " + quote(file) + " lists them"}
		}
		return nil, e
	}
	return p, nil
}

func (c *cli) givenParams(f *paramFlags, limit int64) ([]runbook.Given, error) {
	given := f.before
	wrong := 0
	for _, file := range f.files {
		src, err := c.readParamFile(file, limit)
		if err != nil {
			return nil, &exit{code: exitUsage, err: fmt.Errorf("read params %q: %w", file, cause(err))}
		}
		values, ds := runbook.ParseParamFile(file, src)
		c.printDiagnostics(ds)
		n, _ := tally(ds)
		wrong += n
		given = append(given, values...)
	}
	for _, text := range f.given {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			// What was given may be a value that nobody is to see.
			return nil, usage("for instance: -p environment=staging", "a --param has no name, want name=value")
		}
		given = append(given, runbook.Given{Name: name, Text: value, Origin: "-p"})
	}
	if wrong > 0 {
		return nil, &exit{code: exitInvalid, err: fmt.Errorf("%s in files of params, nothing was started", plural(wrong, "error"))}
	}
	return given, nil
}

func (c *cli) readParamFile(file string, limit int64) ([]byte, error) {
	var r io.Reader = c.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	src, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(src)) > limit {
		err = errors.New("it is larger than --max-file-bytes allows")
	}
	return src, err
}

// completeParams completes name= from the runbook that is named.
func completeParams(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	rb := completionRunbook(args)
	if rb == nil || strings.Contains(typed, "=") {
		return nil, directive
	}
	var names []string
	for _, p := range rb.Params() {
		names = append(names, p.Name+"=\t"+sink.Escape(schemaOf(p).Description))
	}
	return names, directive
}

// completionRunbook is the runbook on the command line that is being completed;
// nil: none that can be read.
func completionRunbook(args []string) *runbook.Runbook {
	if len(args) == 0 || args[0] == "-" {
		return nil
	}
	rb, _, err := runbook.Load(args[0], runbook.Options{})
	if err != nil {
		return nil
	}
	return rb
}
