package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestReadEnvFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pipe := filepath.Join(dir, "pipe")
	syscall.Mkfifo(pipe, 0o600)
	one := file("one", "# a comment\nA=1\nexport B='two words'\nC=\"line\\nbreak\"\n\nD=\n")
	two := file("two", "A=later\n")
	tests := []struct {
		paths []string
		want  string // the variables, or in the error
	}{
		{nil, "[]"},
		{[]string{one, two}, "[{A 1 false} {B two words false} {C line\nbreak false} {D  false} {A later false}]"},
		{[]string{filepath.Join(dir, "no")}, "no such file"},
		{[]string{dir}, "is not a regular file"},
		{[]string{pipe}, "is not a regular file"},
		{[]string{file("own", "RUNBOOK_RUN_ID=x\n")}, "names with RUNBOOK_ are the engine's own"},
		{[]string{file("large", strings.Repeat("A=b\n", 300_000))}, "is over the limit of 1048576 bytes"},
		{[]string{file("bad", "SECRET hunter2\n")}, "a line is not NAME=value"},
	}
	for _, tt := range tests {
		vars, err := readEnvFiles(tt.paths)
		got := fmt.Sprint(vars)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%v: got %s, want %s", tt.paths, got, tt.want)
		}
		if strings.Contains(got, "hunter2") {
			t.Errorf("the error shows the file: %s", got)
		}
	}
}

func TestTakeOutputFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	if values, err := takeOutputFile(path, readOwnFile); values != nil || err != nil {
		t.Errorf("no file: %v, %v", values, err)
	}
	tests := []struct{ text, want string }{
		{"", "map[]"},
		{"a=1\nb=x=y\n\n a =2\r\n", "map[a:2 b:x=y]"},
		{"a=", "map[a:]"},
		{"a=1\nnonsense\n", "line 2 of $RUNBOOK_STEP_OUTPUT is not name=value"},
		{"a=1\nb=x\x00y", `the output "b" on line 2`},
		{"b=\xff", `the output "b" on line 1`},
		{"a=" + strings.Repeat("x", maxOutputs), "over the limit"},
	}
	for _, tt := range tests {
		os.WriteFile(path, []byte(tt.text), 0o600)
		values, err := takeOutputFile(path, readOwnFile)
		if got := fmt.Sprint(values); err == nil && got != tt.want || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.20q: got %s, %v, want %s", tt.text, got, err, tt.want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("the file is still there")
		}
	}
	os.Symlink("/etc/passwd", path)
	if _, err := takeOutputFile(path, readOwnFile); err == nil || !strings.Contains(err.Error(), "is a symbolic link") {
		t.Errorf("a link was followed: %v", err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the link is still there")
	}
	os.Mkdir(path, 0o700)
	if _, err := takeOutputFile(path, readOwnFile); err == nil {
		t.Error("a folder was read")
	}
}
