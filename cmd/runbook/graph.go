package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/dag"
	"github.com/cloudops-run/runbook/runbook"
	"github.com/cloudops-run/runbook/runbook/plan"
)

// reducedNodes is up to which size a drawing leaves out the edges that others
// imply; beyond it the search for them would take longer than it helps.
const reducedNodes = 2000

func (c *cli) graphCommand() *cobra.Command {
	var load loadFlags
	var output, out string
	cmd := &cobra.Command{
		Use:   "graph FILE",
		Short: "Draw which step waits for which",
		Long:  "graph draws the steps of a runbook and what each waits for. Edges that others\nimply are left out of drawings; JSON has all of them.",
		Example: `  runbook graph deploy.yaml
  runbook graph deploy.yaml -o dot | dot -Tsvg > deploy.svg
  runbook graph deploy.yaml -o mermaid --out deploy.mmd`,
		Args:              oneFile,
		ValidArgsFunction: runbookFiles,
		RunE: func(_ *cobra.Command, args []string) error {
			rb, err := c.load(args[0], &load)
			if err != nil {
				return err
			}
			return c.write(out, func(w io.Writer) error { return drawGraph(w, rb.Plan(), output) })
		},
	}
	choice(cmd, &output, "output", "o", "text", "dot", "mermaid", "json")
	outFlag(cmd, &out)
	load.add(cmd)
	return cmd
}

func drawGraph(w io.Writer, p *plan.Plan, output string) error {
	g := runbook.Graph(p)
	drawing := dag.Drawing{
		Title: p.Name,
		Group: func(i int) string {
			if g := p.Group(&p.Steps[i]); g != nil {
				return g.ID
			}
			return ""
		},
		After: func(node, dep int) bool {
			_, after := slices.BinarySearch(p.Steps[node].After, dep)
			return after
		},
	}
	if output == "json" {
		return g.JSON(w, drawing)
	}
	if g.Len() <= reducedNodes {
		g = g.ReduceWith(drawing.After)
	}
	switch output {
	case "dot":
		return g.DOT(w, drawing)
	case "mermaid":
		return g.Mermaid(w, drawing)
	}
	return g.Text(w, drawing)
}
