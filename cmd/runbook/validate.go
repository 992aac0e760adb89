package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/runbook"
)

type validateFlags struct {
	load   loadFlags
	output string
	quiet  bool
}

func (c *cli) validateCommand() *cobra.Command {
	var f validateFlags
	cmd := &cobra.Command{
		Use:   "validate FILE|FOLDER|-...",
		Short: "Find every mistake in runbooks",
		Long: `validate checks runbooks and reports every mistake at its line and column, with
what to write instead. Nothing is run.

A folder stands for the runbooks in it and below: files named *.yaml or *.yml
that have the keys version, a whole number, and steps at their left margin.
Names that begin with a dot are passed over. A file that is named is always
checked, and - is standard input.`,
		Example: `  runbook validate deploy.yaml
  runbook validate runbooks/                  all of them
  git show main:deploy.yaml | runbook validate -
  runbook validate -o github runbooks/        annotations in a pull request`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("runbook validate FILE, a folder, or - to read standard input", "validate needs a file or a folder")
			}
			return nil
		},
		ValidArgsFunction: runbookFiles,
		RunE:              func(_ *cobra.Command, args []string) error { return c.validate(args, &f) },
	}
	f.load.add(cmd)
	choice(cmd, &f.output, "output", "o", "text", "json", "github")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print only what is wrong")
	return cmd
}

// A checked is what validate found in all files.
type checked struct {
	Files       int                 `json:"files"`
	Errors      int                 `json:"errors"`
	Warnings    int                 `json:"warnings"`
	Diagnostics runbook.Diagnostics `json:"diagnostics"`
	Unreadable  []string            `json:"unreadable,omitempty"`
}

func (c *cli) validate(args []string, f *validateFlags) error {
	options, err := f.load.options(c)
	if err != nil {
		return err
	}
	files, passedOver, err := findRunbooks(args)
	if err != nil {
		return err
	}
	sum := checked{Diagnostics: runbook.Diagnostics{}}
	for _, file := range files {
		_, ds, err := c.read(file, options)
		if err != nil {
			sum.Unreadable = append(sum.Unreadable, err.Error())
			c.complain("error", err.Error())
			continue
		}
		sum.Files++
		errors, warnings := tally(ds)
		sum.Errors += errors
		sum.Warnings += warnings
		if f.output == "text" {
			c.printDiagnostics(ds)
		} else {
			sum.Diagnostics = append(sum.Diagnostics, ds...)
		}
	}
	if err := c.printChecked(sum, passedOver, f); err != nil {
		return err
	}
	switch {
	case sum.Errors > 0:
		return &exit{code: exitInvalid}
	case len(sum.Unreadable) > 0:
		return &exit{code: exitUsage}
	}
	return nil
}

func (c *cli) printChecked(sum checked, passedOver int, f *validateFlags) error {
	var err error
	switch f.output {
	case "json":
		err = c.write("", func(w io.Writer) error {
			return encodeJSON(w, sum)
		})
	case "github":
		err = c.write("", func(w io.Writer) error { annotate(w, sum.Diagnostics); return nil })
	}
	if err != nil {
		return err
	}
	if f.quiet && sum.Errors+sum.Warnings == 0 {
		return nil
	}
	fmt.Fprintln(c.stderr, sum.verdict(c.paint(c.stderr), passedOver))
	return nil
}

// verdict is the last line.
func (s checked) verdict(p paint, passedOver int) string {
	found := p.green("no errors")
	if s.Errors > 0 {
		found = p.red(plural(s.Errors, "error"))
	}
	if s.Warnings > 0 {
		found += " and " + p.yellow(plural(s.Warnings, "warning"))
	}
	line := fmt.Sprintf("%s in %s", found, plural(s.Files, "runbook"))
	if n := len(s.Unreadable); n > 0 {
		line += fmt.Sprintf(", %s could not be read", plural(n, "file"))
	}
	if passedOver > 0 {
		line += fmt.Sprintf(" (%s passed over)", plural(passedOver, "other YAML file"))
	}
	return line
}

// findRunbooks lists the files that args stand for, each once, and counts the
// YAML files in folders that are no runbooks.
func findRunbooks(args []string) (files []string, passedOver int, err error) {
	seen := map[string]bool{}
	for _, arg := range args {
		found := []string{arg}
		if isFolder(arg) {
			n := 0
			if found, n, err = runbooksIn(arg); err != nil {
				return nil, 0, &exit{code: exitUsage, err: err}
			}
			passedOver += n
			if len(found) == 0 {
				return nil, 0, noRunbooks(arg, n)
			}
		}
		for _, file := range found {
			if !seen[file] {
				seen[file] = true
				files = append(files, file)
			}
		}
	}
	return files, passedOver, nil
}

func noRunbooks(folder string, others int) error {
	e := &exit{code: exitUsage, err: fmt.Errorf("no runbook in folder %q", folder)}
	if others > 0 {
		e.err = fmt.Errorf("no runbook in folder %q, only %s", folder, plural(others, "other YAML file"))
		e.help = []string{`in a folder, a runbook is told by its keys "version" and "steps"; name the file to check it in any case`}
	}
	return e
}
