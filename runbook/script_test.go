package runbook

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestShebangProblems(t *testing.T) {
	long := "#!/" + strings.Repeat("x", 300)
	for head, want := range map[string]string{
		"#!/bin/sh\n": "", "#!/bin/sh": "", "#! \t/bin/sh \t-e  -u \t\necho": "", "": "", "echo #!sh\n": "", "#!\n": "", "#!   \n": "",
		"#!/bin/sh\r\n":                      `its #! line ends in a carriage return, so the kernel looks for "/bin/sh\r"`,
		"#!sh\n":                             `its #! line names "sh", which is not an absolute path`,
		long[:shebangBytes]:                  "the path in its #! line is too long for the kernel",
		("#!/bin/sh " + long)[:shebangBytes]: "",
	} {
		if got := shebangProblem([]byte(head)); got != want {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
}

// write makes a file and the folders it is in.
func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestScriptsStayInsideTheRoot(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(top, name) }
	write(t, in("repo/.git/HEAD"), "x", 0o644)
	write(t, in("repo/books/own.sh"), "echo\n", 0o644)
	write(t, in("repo/shared/s.sh"), "echo\n", 0o644)
	write(t, in("outside/s.sh"), "echo\n", 0o644)
	write(t, in("plain/books/own.sh"), "echo\n", 0o644)
	write(t, in("plain/s.sh"), "echo\n", 0o644)
	write(t, in("repo/books/program"), "\x7fELF", 0o755)
	for link, to := range map[string]string{
		"repo/books/in": in("repo/shared/s.sh"), "repo/books/out": in("outside/s.sh"),
		"repo/books/folder": in("outside"), "repo/books/loop": in("repo/books/loop"), "repo/books/dangling": "nowhere",
		"link": in("repo"),
	} {
		if err := os.Symlink(to, in(link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(in("repo/books/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, script, root, want string }{
		{"repo/books/x.yaml", "own.sh", "", ""},
		{"repo/books/x.yaml", "./program", "", ""},
		{"repo/books/x.yaml", "../shared/s.sh", "", ""},
		{"repo/books/x.yaml", "in", "", ""},
		{"link/books/x.yaml", "../shared/s.sh", "", ""},
		{"repo/books/x.yaml", in("repo/shared/s.sh"), "", ""},
		{"repo/books/x.yaml", "out", "", "outside the git worktree"},
		{"repo/books/x.yaml", "folder/s.sh", "", "outside the git worktree"},
		{"repo/books/x.yaml", "../../outside/s.sh", "", "outside the git worktree"},
		{"repo/books/x.yaml", in("outside/s.sh"), "", "outside the git worktree"},
		{"repo/books/x.yaml", "../../outside/s.sh", top, ""},
		{"repo/books/x.yaml", "../shared/s.sh", in("repo/books"), "outside the folder given as root"},
		{"repo/books/x.yaml", "loop", "", "too many links"},
		{"repo/books/x.yaml", "dangling", "", "there is no such file"},
		{"repo/books/x.yaml", "pipe", "", "it is a named pipe"},
		{"repo/books/x.yaml", ".", "", "it is a folder"},
		{"plain/books/x.yaml", "own.sh", "", ""},
		{"plain/books/x.yaml", "../s.sh", "", "outside the runbook's folder"},
	} {
		got := first(t, in(c.file), head+"  - {id: a, script: {path: '"+c.script+"'}}\n", Options{Root: c.root})
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s runs %s with root %q: %q, want %q", c.file, c.script, c.root, got, c.want)
		}
	}
}
