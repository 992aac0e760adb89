package main

import "testing"

func TestGarbagePercent(t *testing.T) {
	for kept, want := range map[uint64]int{
		0:         400,
		10 << 20:  400,
		48 << 20:  200,
		96 << 20:  100,
		192 << 20: 50,
		4 << 30:   50,
	} {
		if got := garbagePercent(kept); got != want {
			t.Errorf("%d%% of garbage beside %d bytes, want %d%%", got, kept, want)
		}
	}
}
