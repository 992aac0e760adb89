package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cloudops-run/runbook/runbook/plan"
)

func (c *cli) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Tell about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || found == cmd.Root() && len(rest) > 0 {
				return unknownCommand(cmd.Root(), args[0])
			}
			found.InitDefaultHelpFlag()
			printHelp(c.stdout, found)
			return nil
		},
	}
}

// printHelp leads with examples: most people look for one to change.
func printHelp(w io.Writer, cmd *cobra.Command) {
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintln(w, strings.TrimSpace(about))
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	lines := []string{cmd.UseLine()}
	if cmd.HasAvailableSubCommands() {
		lines = append(lines, cmd.CommandPath()+" COMMAND")
		if !cmd.HasParent() {
			lines = lines[1:]
		}
	}
	fmt.Fprintf(w, "\nUsage:\n  %s\n", strings.Join(lines, "\n  "))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(w, "\nCommands:")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(w, "  %-11s  %s\n", sub.Name(), sub.Short)
			}
		}
	}
	printFlags(w, "Flags", cmd.LocalFlags())
	printFlags(w, "Flags of every command", cmd.InheritedFlags())
	if cmd.HasAvailableSubCommands() && !cmd.HasParent() {
		fmt.Fprintf(w, "\n%s COMMAND --help tells more. Each flag can be set by a variable too:\nRUNBOOK_NO_COLOR=true is --no-color.\n", cmd.CommandPath())
	}
}

// printFlags prints flags with what they take and their defaults.
func printFlags(w io.Writer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", title)
	var names, about []string
	wide := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		takes, usage := pflag.UnquoteUsage(f)
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		if takes != "" {
			name += " " + takes
		}
		if d := defaultOf(f); d != "" {
			usage += " (default " + d + ")"
		}
		names, about = append(names, name), append(about, usage)
		wide = max(wide, len(name))
	})
	for i, name := range names {
		fmt.Fprintf(w, "  %-*s  %s\n", wide, name, about[i])
	}
}

// defaultOf is a default worth telling.
func defaultOf(f *pflag.Flag) string {
	if f.Value.Type() == "duration" {
		if d, err := time.ParseDuration(f.DefValue); err == nil {
			return plan.DurationText(d)
		}
	}
	switch f.DefValue {
	case "false", "0", "[]":
		return ""
	}
	return f.DefValue
}
