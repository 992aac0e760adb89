package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// configFlags are the settings of all commands.
type configFlags struct {
	load     loadFlags
	engine   engineFlags
	sinks    sinkFlags
	approval approvalFlags
	keep     keepFlags
	output   string
}

func (c *cli) configCommand() *cobra.Command {
	var f configFlags
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the settings and where they come from",
		Long: `config prints every setting with the value that holds here and where it comes
from: a flag, a variable, the project's file, your own file, or the default, the
first of these that says something.

The project's file is ` + projectName + ` in the working folder or above it, up to the
root of the git worktree; your own is $XDG_CONFIG_HOME/runbook/config.yaml. Their
keys are those printed here, so what is printed can be put into one. Paths in a
file are relative to its folder.`,
		Example: `  runbook config
  runbook config -o json
  runbook config > .runbook.yaml                  a file to change`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.write("", func(w io.Writer) error {
				if f.output == "json" {
					return c.configJSON(w, cmd)
				}
				c.configText(w, cmd)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	choice(cmd, &f.output, "output", "o", "text", "json")
	f.engine.add(c, cmd)
	f.sinks.add(cmd)
	f.approval.addInput(cmd)
	f.keep.add(cmd)
	f.load.add(cmd)
	return cmd
}

// eachSetting calls fn for the settings in the order of the flags.
func (c *cli) eachSetting(cmd *cobra.Command, fn func(f *pflag.Flag, from origin)) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if keyOf(f) == "" {
			return
		}
		from, ok := c.origins[f.Name]
		if !ok {
			from.kind = "default"
		}
		fn(f, from)
	})
}

func (c *cli) configText(w io.Writer, cmd *cobra.Command) {
	for _, file := range c.files {
		switch {
		case file.path == "":
			fmt.Fprintf(w, "# %s file: none\n", file.kind)
		case file.read:
			fmt.Fprintf(w, "# %s file: %s\n", file.kind, file.path)
		default:
			fmt.Fprintf(w, "# %s file: %s, which is not there\n", file.kind, file.path)
		}
	}
	var lines, about []string
	wide := 0
	c.eachSetting(cmd, func(f *pflag.Flag, from origin) {
		line := keyOf(f) + ": " + settingText(f)
		lines = append(lines, line)
		about = append(about, strings.TrimSpace(from.kind+" "+from.place))
		wide = max(wide, min(utf8.RuneCountInString(line), 48))
	})
	for i, line := range lines {
		fmt.Fprintf(w, "%s%s  # %s\n", line, strings.Repeat(" ", max(0, wide-utf8.RuneCountInString(line))), about[i])
	}
}

// settingText is a value as it stands in a settings file.
func settingText(f *pflag.Flag) string {
	switch v := settingValue(f).(type) {
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = yamlText(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case string:
		return yamlText(v)
	default:
		return fmt.Sprint(v)
	}
}

// yamlText quotes what YAML would read as something else than this text.
func yamlText(s string) string {
	for _, r := range s {
		if !isWord(r) && !strings.ContainsRune("/._-=", r) {
			return strconv.Quote(s)
		}
	}
	if s == "" || s[0] == '-' || s[0] == '=' {
		return strconv.Quote(s)
	}
	return s
}

// settingValue is a value in its own type.
func settingValue(f *pflag.Flag) any {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return append([]string{}, list.GetSlice()...)
	}
	text := f.Value.String()
	switch f.Value.Type() {
	case "bool":
		return text == "true"
	case "int", "int64":
		n, _ := strconv.ParseInt(text, 10, 64)
		return n
	case "duration":
		return shortText(text)
	}
	return text
}

type settingJSON struct {
	Name     string `json:"name"`
	Value    any    `json:"value"`
	Source   string `json:"source"`         // flag, variable, project, user or default
	From     string `json:"from,omitempty"` // the flag, the variable, or file:line
	Flag     string `json:"flag"`
	Variable string `json:"variable,omitempty"`
	About    string `json:"description"`
}

type settingsFileJSON struct {
	Kind  string `json:"kind"`
	Path  string `json:"path"`
	Found bool   `json:"found"`
}

// configJSON is a contract: keys may be added, those here stay.
func (c *cli) configJSON(w io.Writer, cmd *cobra.Command) error {
	j := struct {
		Files    []settingsFileJSON `json:"files"`
		Settings []settingJSON      `json:"settings"`
	}{Files: []settingsFileJSON{}, Settings: []settingJSON{}}
	for _, file := range c.files {
		j.Files = append(j.Files, settingsFileJSON{file.kind, file.path, file.read})
	}
	c.eachSetting(cmd, func(f *pflag.Flag, from origin) {
		_, about := pflag.UnquoteUsage(f)
		s := settingJSON{Name: keyOf(f), Value: settingValue(f), Source: from.kind, From: from.place, Flag: "--" + f.Name, About: about}
		if names := envNames(f); len(names) > 0 {
			s.Variable = names[0]
		}
		j.Settings = append(j.Settings, s)
	})
	return encodeJSON(w, j)
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
