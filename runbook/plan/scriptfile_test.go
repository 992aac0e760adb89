package plan

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

func TestReadScript(t *testing.T) {
	elf := "\x7fELF\x02\x01"
	tests := []struct {
		name, content string
		mode          os.FileMode
		want          []string
		none          bool // ErrNoInterpreter
	}{
		{"plain", "#!/bin/sh\necho", 0o644, []string{"/bin/sh"}, false},
		{"one argument, however many words", "#! /usr/bin/env  -S python3 -u \necho", 0o755, []string{"/usr/bin/env", "-S python3 -u"}, false},
		{"tab", "#!/bin/sh\t-e\n", 0o644, []string{"/bin/sh", "-e"}, false},
		{"the kernel keeps a carriage return", "#!/bin/sh\r\necho", 0o644, []string{"/bin/sh\r"}, false},
		{"no newline", "#!/bin/sh", 0o644, []string{"/bin/sh"}, false},
		{"empty line", "#!\necho", 0o755, nil, true},
		{"none", "echo\n", 0o755, nil, true},
		{"empty file", "", 0o755, nil, true},
		{"program", elf, 0o755, nil, false},
		{"program that nobody may execute", elf, 0o644, nil, true},
		{"long", "#!/bin/" + strings.Repeat("x", 400) + "\n", 0o644, []string{"/bin/" + strings.Repeat("x", 249)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(path, []byte(tt.content), tt.mode); err != nil {
				t.Fatal(err)
			}
			file, words, err := ReadScript(path)
			if errors.Is(err, ErrNoInterpreter) != tt.none || err != nil && !tt.none || !reflect.DeepEqual(words, tt.want) {
				t.Errorf("got %q, %v", words, err)
			}
			if len(file.SHA256) != 64 || file.Path != path {
				t.Errorf("file = %+v", file)
			}
		})
	}
}

// What is not a regular file is refused at once, not waited for.
func TestReadScriptOddFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, t.TempDir(), "/dev/zero"} {
		if _, _, err := ReadScript(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
