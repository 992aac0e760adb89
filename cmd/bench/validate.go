package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// large are the runbooks whose reading is measured, and the budget of each.
var large = []struct {
	name, what string
	head       string
	step       func(i int) string
	limit      float64 // of the CPU at 100,000 steps, by that of decoding
	goal       float64
}{
	{"graph", "steps", "strategy: dependency_graph\n", waitingStep, 2.5, 0},
	{"expressions", "steps, four expressions each", "params: {word: {type: string, default: x}}\n", computingStep, 2.5, 2},
}

// waitingStep waits for two others.
func waitingStep(i int) string {
	s := fmt.Sprintf("  - id: %s\n    exec: [/bin/true, \"%d\"]\n", step(i), i)
	if i > 1 {
		s += fmt.Sprintf("    depends_on: [%s, %s]\n", step(i-1), step(i/2))
	}
	return s
}

// computingStep holds expressions that no other step holds.
func computingStep(i int) string {
	before := "params.word"
	if i > 0 {
		before = fmt.Sprintf("steps.%s.outputs.v", step(i-1))
	}
	return fmt.Sprintf(`  - id: %s
    if: len(params.word) < %d
    exec: [/bin/true, "in ${{ params.word + '-%d' }}"]
    env: {LAST: "${{ %s ?? 'none-%d' }}"}
    outputs: {v: stdout + "-%d"}
`, step(i), i+9, i, before, i, i)
}

// validate measures checking and compiling against decoding the same file, each
// in a process of its own.
func (b *bench) validate() error {
	for kind := range large {
		if err := b.validateKind(kind); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) validateKind(kind int) error {
	l := large[kind]
	perStep := map[int]float64{} // CPU in µs
	path := filepath.Join(b.dir, l.name+".yaml")
	for _, n := range []int{1_000, 10_000, 100_000} {
		rounds := b.rounds
		if n == 100_000 {
			rounds = min(rounds, 3)
		}
		title := fmt.Sprintf("validate %d,000 %s", n/1000, l.what)
		if err := b.writeLarge(path, l.name, n); err != nil {
			return fmt.Errorf("%s: %w", title, err)
		}
		bare := &contestant{name: "yaml.v3 decoding the file, and no more", argv: []string{b.self, "@decode", path}}
		full := &contestant{name: "runbook validate", argv: []string{b.runbook, "validate", "--max-file-bytes", "67108864", "--max-nodes", "4000000", path}}
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
			b.table.budget("CPU by that of decoding", full.ratio(bare, cpuOf), " ×", l.limit, l.goal)
			b.table.budget("growth: a step among 100,000 by one among 10,000", perStep[n]/perStep[10_000], " ×", 1.25, 0)
		}
	}
	return nil
}

// writeLarge has a process of its own make the file: what this one needs for it
// would count as the peak of all that it starts from then on.
func (b *bench) writeLarge(path, kind string, n int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(b.ctx, b.self, "@large", kind, strconv.Itoa(n))
	cmd.Stdout = f
	err = cmd.Run()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// printLarge prints one of the large runbooks, of so many steps.
func printLarge(kind, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for _, l := range large {
		if l.name != kind {
			continue
		}
		out.WriteString("version: 1\nname: bench\n" + l.head + "steps:\n")
		for i := range n {
			out.WriteString(l.step(i))
		}
	}
	return out.Flush()
}
