package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cloudops-run/runbook/schema"
)

func (c *cli) explainCommand() *cobra.Command {
	var output, params string
	var load loadFlags
	cmd := &cobra.Command{
		Use:   "explain [KEY]",
		Short: "Tell what a key of a runbook means",
		Long:  "explain prints what the schema says of a key: what it is for, what it takes, its\ndefault and the keys below it. Without a key it lists those of a runbook.\nWith --params it lists what a runbook takes instead.",
		Example: `  runbook explain
  runbook explain steps.retry
  runbook explain steps.retry.backoff -o json
  runbook explain --params deploy.yaml            the params of a runbook`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("write the keys with dots between: "+strings.Join(args, "."), "explain takes one key, found %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: completeKeys,
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case params == "":
				return c.explain(strings.Join(args, ""), output)
			case len(args) > 0:
				return usage("", "explain takes a key or --params, not both")
			}
			return c.explainParams(params, output, &load)
		},
	}
	choice(cmd, &output, "output", "o", "text", "json")
	cmd.Flags().StringVar(&params, "params", "", "list the params of the runbook `FILE`")
	cmd.MarkFlagFilename("params", "yaml", "yml")
	load.add(cmd)
	return cmd
}

func (c *cli) explain(path, output string) error {
	key, err := schema.Explain(path)
	if err != nil {
		return unknownKey(err)
	}
	return c.write("", func(w io.Writer) error {
		if output == "json" {
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(key)
		}
		printKey(w, c.paint(c.stdout), key)
		return nil
	})
}

func unknownKey(err error) error {
	e := &exit{code: exitUsage, err: err}
	var unknown *schema.UnknownKeyError
	if errors.As(err, &unknown) {
		if near := nearest(unknown.Key, unknown.Known); near != "" {
			path := near
			if unknown.Under != "" {
				path = unknown.Under + "." + near
			}
			e.help = []string{fmt.Sprintf("did you mean %q?", path)}
		}
	}
	return e
}

// printKey prints a key with its children.
func printKey(w io.Writer, p paint, k schema.Key) {
	if k.Path != "" {
		fmt.Fprintf(w, "%s  %s\n", p.bold(k.Path), keyType(k))
	}
	if k.Description != "" {
		fmt.Fprintln(w, wrap(k.Description, 78, ""))
	}
	if len(k.Enum) > 0 {
		fmt.Fprintf(w, "\none of: %s\n", strings.Join(k.Enum, ", "))
	}
	if k.Default != "" {
		fmt.Fprintf(w, "\ndefault: %s\n", k.Default)
	}
	if len(k.Examples) > 0 {
		fmt.Fprintln(w, "\nexamples:")
		for _, example := range k.Examples {
			name := k.Name
			if name != "" {
				name += ": "
			}
			fmt.Fprintf(w, "  %s%s\n", name, example)
		}
	}
	if len(k.Children) == 0 {
		return
	}
	fmt.Fprintln(w, "\nkeys:")
	for _, child := range k.Children {
		fmt.Fprintf(w, "  %s  %s\n", p.cyan(child.Name), keyType(child))
		if child.Description != "" {
			fmt.Fprintln(w, wrap(child.Description, 78, "      "))
		}
	}
}

// keyType is what a key takes, in a few words.
func keyType(k schema.Key) string {
	words := k.Title
	if words == "" {
		words = strings.Join(k.Type, " or ")
	}
	if k.Required {
		words += ", required"
	}
	return words
}

// wrap breaks text at spaces into indented lines of at most width characters.
func wrap(text string, width int, indent string) string {
	var b strings.Builder
	for i, paragraph := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		line := indent
		for _, word := range strings.Fields(paragraph) {
			switch {
			case line == indent:
				line += word
			case len(line)+1+len(word) > width:
				b.WriteString(line + "\n")
				line = indent + word
			default:
				line += " " + word
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

// completeKeys completes a dotted path key by key.
func completeKeys(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	under := ""
	if i := strings.LastIndexByte(typed, '.'); i >= 0 {
		under = typed[:i]
	}
	key, err := schema.Explain(under)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var paths []string
	for _, child := range key.Children {
		paths = append(paths, child.Path)
	}
	return paths, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
