package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLibraryProgram builds and runs the first program of library.md.
func TestLibraryProgram(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "check.sh"), "#!/bin/sh\necho checked $1\n", 0o600)
	put(t, filepath.Join(dir, "aws"), "#!/bin/sh\necho '{\"Account\": \"123456789012\"}'\n", 0o700)

	out := program(t, dir, 0)
	for _, want := range []string{
		`request 0: <nil>, log "hello\n"`,
		`request 1 exited with 3`,
		`request 1: exit code 3, log "oops\n"`,
		`request 2: <nil>, log "checked now\n"`,
		`request 3: <nil>, log "{\"Account\": \"123456789012\"}\n"`,
		`request 4: timed out after 1s`,
		`request 5: cancelled`,
		"stdout hello\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

// TestRunbookProgram is about the second one.
func TestRunbookProgram(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "restart.yaml"), `version: 1
params: {service: {type: string}}
steps:
  - id: look
    exec: ["true"]
  - id: restart
    approval: Restart ${{ params.service }}?
    exec: ["true"]
`, 0o600)
	if out, want := program(t, dir, 1), "restart asks: Restart web?\nlook completed\nrestart completed\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

// program builds the i-th program of library.md, runs it in dir and returns what
// it prints.
func program(t *testing.T, dir string, i int) string {
	t.Helper()
	var sources []string
	for _, b := range readPage(t, "docs/library.md").blocks {
		if strings.HasPrefix(b.text, "package main\n") {
			sources = append(sources, b.text)
		}
	}
	if len(sources) <= i {
		t.Fatalf("docs/library.md has %d programs", len(sources))
	}
	put(t, filepath.Join(dir, "main.go"), sources[i], 0o600)
	binary := filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", binary, filepath.Join(dir, "main.go"))
	build.Dir = root // so that the module here is the one imported
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(binary)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "TMPDIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func put(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
