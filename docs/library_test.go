package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLibraryProgram builds and runs the program of library.md.
func TestLibraryProgram(t *testing.T) {
	var source string
	for _, b := range readPage(t, "docs/library.md").blocks {
		if strings.HasPrefix(b.text, "package main\n") {
			source = b.text
		}
	}
	if source == "" {
		t.Fatal("docs/library.md has no program")
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, "main.go"), source, 0o600)
	put(t, filepath.Join(dir, "check.sh"), "#!/bin/sh\necho checked $1\n", 0o600)
	put(t, filepath.Join(dir, "aws"), "#!/bin/sh\necho '{\"Account\": \"123456789012\"}'\n", 0o700)

	program := filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", program, filepath.Join(dir, "main.go"))
	build.Dir = root // so that the module here is the one imported
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "TMPDIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
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
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func put(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
