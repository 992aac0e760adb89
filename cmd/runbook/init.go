package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/runbook"
)

func (c *cli) initCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a runbook to start from",
		Long:  "init writes a small runbook with comments, runbook.yaml unless another name is\ngiven. It can be run as it is; - prints it.",
		Example: `  runbook init
  runbook init deploy.yaml
  runbook apply deploy.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("", "init takes one file, found %d: %s", len(args), commandLine(args))
			}
			return nil
		},
		ValidArgsFunction: runbookFiles,
		RunE: func(_ *cobra.Command, args []string) error {
			file := "runbook.yaml"
			if len(args) == 1 {
				file = args[0]
			}
			return c.init(file, force)
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "replace the file if it is there")
	cmd.Flags().SetAnnotation("force", noEnv, []string{"true"})
	return cmd
}

func (c *cli) init(file string, force bool) error {
	starter := func(w io.Writer) error {
		_, err := w.Write(runbook.Starter())
		return err
	}
	if file == "-" {
		return c.write("", starter)
	}
	write := createFile
	if force {
		write = replaceFile
	}
	err := write(file, 0o644, starter)
	if errors.Is(err, fs.ErrExist) {
		return usage("--force replaces it", "%q is there already", file)
	}
	if err != nil {
		return &exit{code: exitUsage, err: fmt.Errorf("write %q: %w", file, cause(err))}
	}
	fmt.Fprintf(c.stdout, "wrote %s; run it with: runbook apply %s\n", file, quote(file))
	return nil
}

// createFile is replaceFile for a name that must not be taken. A rename would
// replace what came there in between, so the file gets its name at once and is
// removed if it cannot be written whole.
func createFile(path string, mode fs.FileMode, render func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = render(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}
