package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/schema"
)

func (c *cli) schemaCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of runbooks",
		Long:  "schema prints the JSON Schema (draft 2020-12) that runbooks are checked with,\nfor editors and other tools.",
		Example: `  runbook schema --out runbook.schema.json
  # then, as the first line of a runbook:
  # yaml-language-server: $schema=runbook.schema.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.write(out, func(w io.Writer) error {
				_, err := w.Write(schema.JSON())
				return err
			})
		},
	}
	outFlag(cmd, &out)
	return cmd
}
