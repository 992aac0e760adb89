package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cloudops-run/runbook/runbook"
)

// Marks on flags that settings files can set too. The flags are the one list of
// settings there is: what runbook config prints, what variables and files may
// set, and what commands take are all read off them.
const (
	settingKey  = "runbook_setting"      // the key in a file
	settingPath = "runbook_setting_path" // relative values count from the file's folder
)

// settings lets files set flags of cmd. The key is the flag's name with _ for -.
func settings(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		cmd.Flags().SetAnnotation(name, settingKey, []string{strings.ReplaceAll(name, "-", "_")})
	}
}

// paths is settings for flags whose values are paths.
func paths(cmd *cobra.Command, flags ...string) {
	settings(cmd, flags...)
	for _, name := range flags {
		cmd.Flags().SetAnnotation(name, settingPath, []string{"true"})
	}
}

func keyOf(f *pflag.Flag) string {
	if keys := f.Annotations[settingKey]; len(keys) > 0 {
		return keys[0]
	}
	return ""
}

// An origin is where the value of a flag came from.
type origin struct {
	kind  string // flag, variable, project, user or default
	place string // the flag, the variable, or file:line
}

// A settingsFile is one that was looked for.
type settingsFile struct {
	kind string // project or user
	path string // empty: there is no place for it
	read bool
}

// settingsFiles are the files of settings, the one that wins first. The
// project's is looked for from the working folder up to the root of its git
// worktree and never above: what lies in a folder that everybody can write to
// must not decide how a run goes.
func (c *cli) settingsFiles() []settingsFile {
	files := []settingsFile{{kind: "project"}, {kind: "user"}}
	if dir, err := os.Getwd(); err == nil {
		files[0].path = projectFile(dir)
	}
	if folder := c.xdg("XDG_CONFIG_HOME", ".config"); folder != "" {
		files[1].path = filepath.Join(folder, "runbook", "config.yaml")
	}
	return files
}

const projectName = ".runbook.yaml"

func projectFile(dir string) string {
	top := gitRoot(dir)
	for at := dir; ; at = filepath.Dir(at) {
		file := filepath.Join(at, projectName)
		if _, err := os.Lstat(file); err == nil {
			return file
		}
		if at == top || top == "" {
			return filepath.Join(dir, projectName)
		}
	}
}

// gitRoot is the top folder of the git worktree that dir is in; empty: none.
func gitRoot(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// xdg is a folder of the user's own; empty where not even a home is known.
func (c *cli) xdg(variable, below string) string {
	if folder := c.env(variable); filepath.IsAbs(folder) {
		return folder
	}
	if home := c.env("HOME"); home != "" {
		return filepath.Join(home, below)
	}
	return ""
}

// readSettings sets the flags that neither the command line nor the environment
// did from the settings files.
func (c *cli) readSettings(cmd *cobra.Command) error {
	c.origins = map[string]origin{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			c.origins[f.Name] = origin{"flag", "--" + f.Name}
			if f.Name == "state-dir" {
				c.state = f.Value.String()
			}
		}
	})
	if err := c.readEnv(cmd); err != nil {
		return err
	}
	if !takesSettings(cmd) {
		return nil
	}
	c.files = c.settingsFiles()
	for i := range c.files {
		if err := c.readSettingsFile(cmd, &c.files[i]); err != nil {
			return err
		}
	}
	return nil
}

// takesSettings: a settings file with a mistake in it must not keep the commands
// from working that have no use for settings.
func takesSettings(cmd *cobra.Command) bool {
	switch cmd.Name() {
	case "version", "init", "schema", "completion", "help":
		return false
	}
	return cmd.HasParent() && cmd.Parent().Name() != "completion" && !strings.HasPrefix(cmd.Name(), "__")
}

func (c *cli) readSettingsFile(cmd *cobra.Command, file *settingsFile) error {
	if file.path == "" {
		return nil
	}
	src, err := os.ReadFile(file.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &exit{code: exitUsage, err: fmt.Errorf("read settings %q: %w", file.path, cause(err))}
	}
	file.read = true
	s := runbook.ParseSettings(shownPath(file.path), src)
	all := c.allSettings()
	for _, e := range s.All() {
		known := all.byKey[e.Name]
		if known == nil {
			s.RefuseName(e, all.keys)
			continue
		}
		if setting := cmd.Flags().Lookup(known.Name); setting != nil && keyOf(setting) != "" && !setting.Changed {
			known = setting
			c.origins[known.Name] = origin{file.kind, fmt.Sprintf("%s:%d", e.Pos.File, e.Pos.Line)}
		}
		c.setFromFile(s, e, known, filepath.Dir(file.path))
	}
	ds := s.Diagnostics()
	c.printDiagnostics(ds)
	if ds.Errors() {
		n, _ := tally(ds)
		return &exit{code: exitUsage, err: fmt.Errorf("%s in the settings file %q", plural(n, "error"), shownPath(file.path))}
	}
	return nil
}

// setFromFile sets a flag, or one that only checks the value, to what a file
// says.
func (c *cli) setFromFile(s *runbook.Settings, e runbook.Setting, f *pflag.Flag, dir string) {
	_, repeats := f.Value.(pflag.SliceValue)
	switch {
	case e.List && !repeats:
		s.Refuse(e, len(e.Values), "", "%q takes one value, found a list", e.Name)
		return
	case !e.List && repeats:
		s.Refuse(e, 0, fmt.Sprintf("write %s: [%s]", e.Name, e.Values[0]), "%q takes a list", e.Name)
		return
	}
	for i, v := range e.Values {
		if len(f.Annotations[settingPath]) > 0 {
			v = c.fromFolder(v, dir)
		}
		if err := f.Value.Set(v); err != nil {
			s.Refuse(e, i, "", "%q is %q, want %s", e.Name, shownSink(e.Values[i]), wants(f, err))
		}
	}
	f.Changed = true
}

// fromFolder is a path in a settings file: relative to it, or to the home of
// the user. That of a sink stands behind its kind; what a webhook has is no path.
func (c *cli) fromFolder(v, dir string) string {
	kind, path, isSink := strings.Cut(v, "=")
	if kind == "webhook" {
		return v
	}
	if !isSink {
		kind, path = "", v
	}
	switch rest, ofHome := strings.CutPrefix(path, "~/"); {
	case ofHome && c.env("HOME") != "":
		path = filepath.Join(c.env("HOME"), rest)
	case path != "" && path != "-" && !filepath.IsAbs(path) && (isSink || v != "console"):
		path = filepath.Join(dir, path)
	}
	if isSink {
		return kind + "=" + path
	}
	return path
}

// shownPath is a path from the working folder, if that is shorter.
func shownPath(path string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return path
}

// settingsList are all settings there are, of whatever command.
type settingsList struct {
	keys  []string
	byKey map[string]*pflag.Flag
}

// allSettings makes a fresh set of flags: that of runbook config, which has all
// of them.
func (c *cli) allSettings() settingsList {
	list := settingsList{byKey: map[string]*pflag.Flag{}}
	scratch := &cli{env: c.env} // its values only check those of a file
	cmd := scratch.configCommand()
	scratch.addGlobals(cmd.Flags())
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if key := keyOf(f); key != "" {
			list.keys, list.byKey[key] = append(list.keys, key), f
		}
	})
	return list
}

// named says where a bad value of a flag was given.
func (c *cli) named(flag string) string {
	switch from := c.origins[flag]; from.kind {
	case "variable":
		return from.place
	case "project", "user":
		return from.place + ": " + strings.ReplaceAll(flag, "-", "_")
	}
	return fmt.Sprintf("flag %q", "--"+flag)
}
