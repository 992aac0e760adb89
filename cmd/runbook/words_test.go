package main

import (
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
