package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// A choiceValue is a flag that takes one of a few words.
type choiceValue struct {
	value *string
	words []string
}

// choice gives cmd a flag that takes one of words, the first unless told
// otherwise.
func choice(cmd *cobra.Command, value *string, name, short string, words ...string) {
	addChoice(cmd, value, name, short, "print as ", words)
}

// choiceOf is choice for one that says what it is about.
func choiceOf(cmd *cobra.Command, value *string, name, about string, words ...string) {
	addChoice(cmd, value, name, "", about, words)
}

func addChoice(cmd *cobra.Command, value *string, name, short, about string, words []string) {
	*value = words[0]
	cmd.Flags().VarP(choiceValue{value, words}, name, short, about+alternatives(words))
	cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

func (c choiceValue) String() string { return *c.value }
func (c choiceValue) Type() string   { return strings.Join(c.words, "|") }

func (c choiceValue) Set(s string) error {
	for _, w := range c.words {
		if w == s {
			*c.value = s
			return nil
		}
	}
	if near := nearest(s, c.words); near != "" {
		return fmt.Errorf("%s (did you mean %q?)", alternatives(c.words), near)
	}
	return fmt.Errorf("%s", alternatives(c.words))
}

// alternatives joins words as a sentence does: text, dot or json.
func alternatives(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// outFlag gives cmd the flag for the file it writes to.
func outFlag(cmd *cobra.Command, out *string) {
	cmd.Flags().StringVar(out, "out", "", "write to `FILE` instead of standard output")
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("", "%s takes no argument, found %q", cmd.Name(), args[0])
	}
	return nil
}

// oneFile checks that there is exactly one argument, a runbook.
func oneFile(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usage(fmt.Sprintf("%s FILE, or - to read standard input", cmd.CommandPath()), "%s needs a runbook file", cmd.Name())
	case len(args) > 1:
		return usage("", "%s takes one file, found %d: %s", cmd.Name(), len(args), commandLine(args))
	}
	return nil
}

// runbookFiles completes names of runbooks.
func runbookFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}
