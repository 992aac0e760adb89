package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
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
// memory at most. It is asked while it runs: what the system tells of a process
// that has ended counts what the one that started it had.
func peak(t *testing.T, program, runbook string, flags ...string) int {
	t.Helper()
	dir := t.TempDir()
	runbook += "finally:\n  - id: peak\n    shell: awk '/VmHWM/ {print $2}' \"/proc/$PPID/status\" >peak\n"
	if err := os.WriteFile(filepath.Join(dir, "x.yaml"), []byte(runbook), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"apply", "x.yaml", "--state-dir", "state", "-q"}, flags...)...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%.2000s", err, text)
	}
	text, err := os.ReadFile(filepath.Join(dir, "peak"))
	if err != nil {
		t.Fatal(err)
	}
	kib, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
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
