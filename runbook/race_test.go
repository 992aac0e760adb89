//go:build race

package runbook

func init() { raceEnabled = true }
