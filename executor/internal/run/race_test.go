//go:build race

package run

// raceEnabled: the machine has one goroutine, in which there is nothing to detect.
const raceEnabled = true
