package main

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	commands := []string{"apply", "validate", "plan", "graph", "schema", "explain", "init", "version"}
	for in, want := range map[string]string{
		"aply": "apply", "appyl": "apply", "validat": "validate", "grpah": "graph", "versoin": "version",
		"deploy.yaml": "", "x": "", "run": "",
	} {
		if got := nearest(in, commands); got != want {
			t.Errorf("nearest(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFlagsOfEveryCommandHaveVariables(t *testing.T) {
	c := &cli{env: noEnvironment}
	for _, cmd := range c.root().Commands() {
		flag := cmd.Flags().Lookup("force")
		if flag != nil && len(envNames(flag)) != 0 {
			t.Errorf("%s --force can be given by %v: a variable must not say yes", cmd.Name(), envNames(flag))
		}
		if flag := cmd.Flags().Lookup("max-depth"); flag != nil && envNames(flag)[0] != "RUNBOOK_MAX_DEPTH" {
			t.Errorf("%s --max-depth has variable %v", cmd.Name(), envNames(flag))
		}
	}
}

// The command that a command line begins with is made alone, and is the same.
func TestOneCommand(t *testing.T) {
	all := (&cli{env: noEnvironment}).root()
	for _, command := range commands {
		one, _, err := (&cli{env: noEnvironment}).root(command.name).Find([]string{command.name})
		if err != nil || one.Name() != command.name {
			t.Errorf("%s: found %s (%v)", command.name, one.Name(), err)
			continue
		}
		other, _, _ := all.Find([]string{command.name})
		var alone, among strings.Builder
		printHelp(&alone, one)
		printHelp(&among, other)
		if alone.String() != among.String() {
			t.Errorf("%s alone:\n%s\namong all:\n%s", command.name, &alone, &among)
		}
	}
	for _, args := range [][]string{nil, {"help"}, {"--no-color", "apply"}, {"aply"}, {"completion"}, {"__complete"}} {
		if n := len((&cli{env: noEnvironment}).root(args...).Commands()); n <= len(commands) {
			t.Errorf("%v: only %d commands", args, n)
		}
	}
}
