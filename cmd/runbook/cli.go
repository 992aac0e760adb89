package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A cli is one call of the program: its streams, its environment and the flags
// that every command has.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string

	noColor bool

	origins map[string]origin // where the values of flags came from, by flag
	state   string            // the folder where runs are kept, where the command line says so
	files   []settingsFile    // that were looked for
}

// main runs the program and returns its exit code.
func (c *cli) main(args []string) int {
	root := c.root(args...)
	root.SetArgs(args)
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	return c.report(root.Execute())
}

// commands are all but help and completion, in the order in which help has them.
var commands = []struct {
	name string
	make func(*cli) *cobra.Command
}{
	{"init", (*cli).initCommand}, {"validate", (*cli).validateCommand}, {"plan", (*cli).planCommand},
	{"graph", (*cli).graphCommand}, {"apply", (*cli).applyCommand},
	{"resume", (*cli).resumeCommand}, {"rollback", (*cli).rollbackCommand}, {"approve", (*cli).approveCommand},
	{"cancel", (*cli).cancelCommand}, {"runs", (*cli).runsCommand}, {"show", (*cli).showCommand},
	{"logs", (*cli).logsCommand}, {"verify", (*cli).verifyCommand},
	{"explain", (*cli).explainCommand}, {"schema", (*cli).schemaCommand}, {"config", (*cli).configCommand},
	{"version", (*cli).versionCommand},
}

// root makes the commands for what is on the command line: the one that it begins
// with, for their flags are many and every start waits for them; else all.
func (c *cli) root(args ...string) *cobra.Command {
	cobra.EnableCommandSorting = false
	root := &cobra.Command{
		Use:   "runbook",
		Short: "Check, show and run runbooks",
		Long:  "runbook runs operations written down as YAML: every mistake is found before\nthe first step starts, and nothing is left running after the last.",
		Example: `  runbook init hello.yaml          write a runbook to start from
  runbook validate hello.yaml      find every mistake in it
  runbook plan hello.yaml          see what would run, and in which order
  runbook apply hello.yaml         run it`,
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return c.readSettings(cmd) },
		RunE:              c.runRoot,
	}
	c.addGlobals(root.PersistentFlags())
	root.Flags().Bool("version", false, "print the version")
	root.SetHelpCommand(c.helpCommand())
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { printHelp(c.stdout, cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { printHelp(c.stderr, cmd); return nil })
	root.SetFlagErrorFunc(flagError)
	for _, command := range commands {
		if len(args) > 0 && args[0] == command.name {
			root.AddCommand(command.make(c))
			return root
		}
	}
	for _, command := range commands {
		root.AddCommand(command.make(c))
	}
	root.InitDefaultCompletionCmd("completion")
	for _, sub := range root.Commands() {
		if sub.Name() == "completion" {
			sub.Short = "Print a completion script for a shell"
			sub.Args, sub.RunE = cobra.ArbitraryArgs, unknownShell
		}
	}
	return root
}

// addGlobals adds the flags of every command.
func (c *cli) addGlobals(flags *pflag.FlagSet) {
	flags.BoolVar(&c.noColor, "no-color", false, "print no colours")
	flags.SetAnnotation("no-color", settingKey, []string{"no_color"})
}

// runRoot is what the program does without a command.
func (c *cli) runRoot(cmd *cobra.Command, args []string) error {
	if v, _ := cmd.Flags().GetBool("version"); v {
		return c.printVersion("text")
	}
	if len(args) == 0 {
		printHelp(c.stdout, cmd)
		return nil
	}
	return unknownCommand(cmd, args[0])
}

func unknownCommand(root *cobra.Command, name string) error {
	help := "runbook --help lists the commands"
	if near := suggestCommand(root, name); near != "" {
		help = fmt.Sprintf("did you mean %q?", near)
	} else if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		help = "to run it: runbook apply " + quote(name)
	}
	return usage(help, "unknown command %q", name)
}

func unknownShell(cmd *cobra.Command, args []string) error {
	var shells []string
	for _, sub := range cmd.Commands() {
		shells = append(shells, sub.Name())
	}
	help := "runbook completion bash --help tells how to use it"
	if len(args) == 0 {
		return usage(help, "completion needs a shell: %s", alternatives(shells))
	}
	return usage(help, "completion is for %s, found %q", alternatives(shells), args[0])
}

func suggestCommand(root *cobra.Command, name string) string {
	var names []string
	for _, sub := range root.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return nearest(name, names)
}

// flagError words the mistakes in flags that the flag library finds.
func flagError(cmd *cobra.Command, err error) error {
	help := fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		if unknown.GetSpecifiedShortnames() != "" {
			return usage(help, "unknown flag %q", "-"+unknown.GetSpecifiedName())
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
			help = fmt.Sprintf("did you mean %q?", "--"+near)
		}
		return usage(help, "unknown flag %q", "--"+unknown.GetSpecifiedName())
	case errors.As(err, &missing):
		return usage(help, "flag %q needs a value", "--"+missing.GetFlag().Name)
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		return usage("", "flag %q is %q, want %s", "--"+f.Name, shownSink(invalid.GetValue()), wants(f, invalid.Unwrap()))
	}
	return usage(help, "%v", err)
}

// wants says what a flag takes.
func wants(f *pflag.Flag, cause error) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "duration":
		return "a duration such as 90s, 10m or 1h30m"
	case "int", "int64", "uint":
		return "a whole number"
	}
	return strings.TrimPrefix(cause.Error(), "want ")
}
