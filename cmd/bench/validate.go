package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// validate measures checking and compiling against decoding the same file, each
// in a process of its own.
func (b *bench) validate() error {
	perStep := map[int]float64{} // CPU in µs
	path := filepath.Join(b.dir, "graph.yaml")
	for _, n := range []int{1_000, 10_000, 100_000} {
		rounds := b.rounds
		if n == 100_000 {
			rounds = min(rounds, 3)
		}
		title := fmt.Sprintf("validate %d,000 steps", n/1000)
		if err := b.writeGraph(path, n); err != nil {
			return fmt.Errorf("%s: %w", title, err)
		}
		bare := &contestant{name: "yaml.v3 decoding the file, and no more", argv: []string{b.self, "@decode", path}}
		full := &contestant{name: "runbook validate", argv: []string{b.runbook, "validate", path}}
		if err := b.race(rounds, []*contestant{bare, full}); err != nil {
			return fmt.Errorf("%s: %w", title, err)
		}
		perStep[n] = full.median(cpuOf) / 1e3 / float64(n)
		b.table.section(title)
		b.table.row(bare, bare)
		b.table.row(full, bare)
		b.table.note("%s µs a step, by %s", number(perStep[n]), number(bare.median(cpuOf)/1e3/float64(n)))
		b.table.busy(bare)
		if n == 100_000 {
			b.table.budget("CPU by that of decoding", full.ratio(bare, cpuOf), " ×", 2.5, 0)
			b.table.budget("growth: a step among 100,000 by one among 10,000", perStep[n]/perStep[10_000], " ×", 1.25, 0)
		}
	}
	return nil
}

// writeGraph has a process of its own make the file: what this one needs for it
// would count as the peak of all that it starts from then on.
func (b *bench) writeGraph(path string, n int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(b.ctx, b.self, "@graph", fmt.Sprint(n))
	cmd.Stdout = f
	err = cmd.Run()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
