//go:build soak

package main

import (
	"fmt"
	"testing"
)

// A long run needs little more memory than a short one.
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
	if perStep := float64(long-short) * 1024 / 90000; perStep > 5 {
		t.Errorf("%.1f KiB for each further step, want 5 at most", perStep)
	}
}
