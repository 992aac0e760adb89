package main

import (
	"testing"
	"time"
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

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 90 * time.Second: "1m30s", 10 * time.Minute: "10m",
		24 * time.Hour: "24h", 3*time.Hour + time.Second: "3h0m1s", 90 * time.Minute: "1h30m", 250 * time.Millisecond: "250ms",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%d) = %q, want %q", d, got, want)
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
