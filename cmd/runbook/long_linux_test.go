//go:build soak

package main

import (
	"fmt"
	"strings"
	"testing"
)

// A long run needs little more memory than a short one: what stays of a step that
// has ended is little.
func TestHundredThousandSteps(t *testing.T) {
	program := released(t)
	of := func(n int) int {
		text := "version: 1\nname: long\nsteps:\n"
		for i := range n / 10000 {
			text += fmt.Sprintf("  - id: each%d\n    foreach: {in: 0..9999, max_concurrency: 4}\n    exec: [\"true\"]\n", i)
		}
		return peak(t, program, text)
	}
	short, long := of(10000), of(100000)
	t.Logf("%d MiB for 10,000 steps, %d MiB for 100,000", short, long)
	if perStep := float64(long-short) * 1024 / 90000; perStep > 2 {
		t.Errorf("%.1f KiB for each further step, want 2 at most", perStep)
	}
}

// Of steps that stand in the file loading takes the most, and the run no more
// than that.
func TestHundredThousandWrittenSteps(t *testing.T) {
	var text strings.Builder
	text.WriteString("version: 1\nname: long\nstrategy: parallel\nsteps:\n")
	for i := range 100000 {
		fmt.Fprintf(&text, "  - id: step_%d\n    exec: [\"true\"]\n", i)
	}
	mib := peak(t, released(t), text.String(), "-j", "2")
	t.Logf("%d MiB", mib)
	if mib > 300 {
		t.Errorf("%d MiB, want 300 at most", mib)
	}
}
