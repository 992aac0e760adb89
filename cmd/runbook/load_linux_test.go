package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// released is the program as it is released: the race detector has a memory of
// its own.
func released(t *testing.T) string {
	t.Helper()
	program, err := builtOnce()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "runbook")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

var builtOnce = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "runbook-released-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "runbook")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	return os.ReadFile(path)
})

// peak runs a runbook to its end and returns how many MiB the program had in
// memory at most.
func peak(t *testing.T, program, runbook string, flags ...string) int {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.yaml"), []byte(runbook), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"apply", "x.yaml", "--state-dir", "state", "-q"}, flags...)...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%.2000s", err, text)
	}
	return int(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10)
}

// What a step writes costs no memory, however much it is and whatever its lines
// are like.
func TestFloods(t *testing.T) {
	size := 50 << 20
	if *soak {
		size = 10 << 30
	}
	program := released(t)
	for name, source := range map[string]string{
		"lines":            "yes 'a line of the usual length, as programs write them'",
		"no newline":       "yes 'no newline' | tr -d '\\n'",
		"carriage returns": "yes 'progress' | tr '\\n' '\\r'",
		"zeros":            "cat /dev/zero",
		"random bytes":     "cat /dev/urandom",
	} {
		t.Run(name, func(t *testing.T) {
			runbook := fmt.Sprintf("version: 1\nname: flood\nsteps:\n  - id: flood\n    timeout: 2h\n    shell: {command: \"%s | head -c %d\", shell: sh}\n",
				strings.ReplaceAll(source, `\`, `\\`), size)
			if mib := peak(t, program, runbook); mib > 64 {
				t.Errorf("%d MiB, want 64 at most", mib)
			}
		})
	}
}

// Many steps at a time fit into a small memory.
func TestFiveHundredAtATime(t *testing.T) {
	runbook := "version: 1\nname: many\nstrategy: parallel\nsteps:\n  - id: each\n    foreach: {in: 0..499}\n    exec: [sleep, \"1\"]\n"
	if mib := peak(t, released(t), runbook, "-j", "500"); mib > 96 {
		t.Errorf("%d MiB, want 96 at most", mib)
	}
}

// A long run needs little more memory than a short one.
func TestHundredThousandSteps(t *testing.T) {
	if !*soak {
		t.Skip("takes long: make soak")
	}
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
