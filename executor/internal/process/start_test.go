//go:build linux

package process

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func write(t *testing.T, mode os.FileMode, name, content string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestStartErrors(t *testing.T) {
	r := newRig(t, Options{})
	dir := t.TempDir()
	file := func(name string, mode os.FileMode, content string) string {
		return write(t, mode, filepath.Join(dir, name), content)
	}
	self, _ := os.Executable()
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	foreign := append([]byte(nil), binary[:4096]...)
	foreign[18], foreign[19] = 0x08, 0 // e_machine: MIPS
	unloadable := strings.ReplaceAll(string(mustRead(t, "/bin/true")), "/lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.9")
	unloadable = strings.ReplaceAll(unloadable, "/lib/ld-linux-aarch64.so.1", "/lib/ld-linux-aarch64.so.9")
	long := strings.Repeat("x", 131072)

	for _, c := range []struct {
		name  string
		spec  Spec
		op    StartOp
		errno error
		text  string // %D is the folder
	}{
		{"missing", Spec{Path: dir + "/none"}, OpExec, syscall.ENOENT, `program "%D/none" does not exist`},
		{"below a file", Spec{Path: file("plain", 0o644, "x") + "/none"}, OpExec, syscall.ENOTDIR, `program "%D/plain/none" does not exist`},
		{"folder", Spec{Path: dir}, OpExec, syscall.EACCES, `program "%D" is a folder`},
		{"not executable", Spec{Path: dir + "/plain"}, OpExec, syscall.EACCES, `program "%D/plain" is not executable; chmod +x it, or name an interpreter`},
		{"device", Spec{Path: "/dev/null"}, OpExec, syscall.EACCES, `program "/dev/null" is not a regular file`},
		{"no interpreter", Spec{Path: file("badint", 0o755, "#!/no/such/sh -e\n")}, OpExec, syscall.ENOENT, `script "%D/badint" asks for the interpreter "/no/such/sh" in its #! line, which does not exist`},
		{"carriage return", Spec{Path: file("crlf", 0o755, "#!/bin/sh\r\necho\r\n")}, OpExec, syscall.ENOENT, `script "%D/crlf" has Windows line endings, so that its #! line asks for an interpreter "/bin/sh\r"; save it with Unix line endings`},
		{"interpreter not executable", Spec{Path: file("noexint", 0o755, "#! "+dir+"/plain\n")}, OpExec, syscall.EACCES, `script "%D/noexint" asks for the interpreter "%D/plain" in its #! line, which is not executable`},
		{"empty #!", Spec{Path: file("emptyint", 0o755, "#!  \necho\n")}, OpExec, syscall.ENOEXEC, `script "%D/emptyint" has a #! line that names no interpreter`},
		{"text", Spec{Path: file("text", 0o755, "echo hello\n")}, OpExec, syscall.ENOEXEC, `program "%D/text" is neither a binary of this machine nor does it begin with #!; add a line such as #!/bin/sh, or name an interpreter`},
		{"empty", Spec{Path: file("empty", 0o755, "")}, OpExec, syscall.ENOEXEC, `program "%D/empty" is empty or cannot be read`},
		{"foreign", Spec{Path: file("foreign", 0o755, string(foreign))}, OpExec, syscall.ENOEXEC, `program "%D/foreign" is built for another kind of machine, or damaged`},
		{"loader", Spec{Path: file("loader", 0o755, unloadable)}, OpExec, syscall.ENOENT, `program "%D/loader" needs a dynamic loader that this system does not have; was it built for another one?`},
		{"no folder", Spec{Path: "/bin/true", Dir: dir + "/none"}, OpDir, syscall.ENOENT, `working folder "%D/none" does not exist`},
		{"folder is a file", Spec{Path: "/bin/true", Dir: dir + "/plain"}, OpDir, syscall.ENOTDIR, `working folder "%D/plain" is not a folder`},
		{"long argument", Spec{Path: "/bin/true", Args: []string{"a", long}}, OpArguments, syscall.E2BIG, `argument 2 is 131072 bytes long, the limit is 131071; pass it by stdin, or in a file`},
		{"long variable", Spec{Path: "/bin/true", Env: []string{"A=1", "LONG=" + long}}, OpArguments, syscall.E2BIG, `variable "LONG" is 131077 bytes long with its name, the limit is 131071; pass it by stdin, or in a file`},
		{"many arguments", Spec{Path: "/bin/true", Args: strings.Fields(strings.Repeat(long[:100000]+" ", 100)), Env: []string{"A=1"}}, OpArguments, syscall.E2BIG, `100 arguments of 10000100 bytes and 1 variables of 4 bytes are more than the about `},
		{"NUL in an argument", Spec{Path: "/bin/true", Args: []string{"a\x00b"}}, OpArguments, syscall.EINVAL, `argument 1 holds a NUL byte, which no process can be given`},
		{"NUL in a variable", Spec{Path: "/bin/true", Env: []string{"N=a\x00b"}}, OpArguments, syscall.EINVAL, `variable "N" holds a NUL byte, which no process can be given`},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := openFiles(t)
			c.spec.Stdout, c.spec.Stderr = io.Discard, io.Discard
			exit := r.host.Run(context.Background(), nil, c.spec)
			var start *StartError
			if !errors.As(exit.Err, &start) || start.Op != c.op || !errors.Is(exit.Err, c.errno) || exit.PID != 0 || exit.Code != -1 || exit.Cause != Natural {
				t.Fatalf("%+v", exit)
			}
			want := strings.ReplaceAll(c.text, "%D", dir)
			if got := start.Error(); got != want && !(strings.HasSuffix(want, "about ") && strings.HasPrefix(got, want)) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if after := openFiles(t); after != before {
				t.Errorf("%d descriptors, %d before", after, before)
			}
		})
	}
	if z := r.zombies(); z != nil {
		t.Errorf("zombies %v", z)
	}
	// The longest that is allowed is.
	if exit := r.run(Spec{Path: "/bin/true", Args: []string{long[:131071]}, Env: []string{"L=" + long[:131069]}}); exit.Code != 0 {
		t.Errorf("%+v", exit)
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A program that is open for writing for a moment is waited for; one that stays
// so is not.
func TestBusyProgram(t *testing.T) {
	r := newRig(t, Options{})
	program := write(t, 0o755, filepath.Join(t.TempDir(), "true"), string(mustRead(t, "/bin/true")))
	f, err := os.OpenFile(program, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	exit := r.host.Run(context.Background(), nil, Spec{Path: program})
	if !errors.Is(exit.Err, syscall.ETXTBSY) || !strings.Contains(exit.Err.Error(), "is being written by another process") {
		t.Errorf("%+v", exit)
	}
	time.AfterFunc(30*time.Millisecond, func() { f.Close() })
	if exit := r.run(Spec{Path: program}); exit.Code != 0 {
		t.Errorf("%+v", exit)
	}
}

func TestPrepare(t *testing.T) {
	r := newRig(t, Options{})
	var out buffer
	undone := 0
	s := Spec{Path: "/bin/echo", Args: []string{"hello"}}
	s.Prepare = func(s *Spec) (func(), error) {
		s.Stdout = &out
		return func() { undone++ }, nil
	}
	if exit := r.run(s); exit.Code != 0 || out.String() != "hello\n" || undone != 0 {
		t.Errorf("%+v %q, undone %d", exit, out.String(), undone)
	}
	s.Path = "/none"
	if exit := r.host.Run(context.Background(), nil, s); !errors.Is(exit.Err, syscall.ENOENT) || undone != 1 {
		t.Errorf("%+v, undone %d", exit, undone)
	}
	why := errors.New("why")
	s.Prepare = func(*Spec) (func(), error) { return nil, why }
	if exit := r.host.Run(context.Background(), nil, s); exit.Err != why || exit.Code != -1 {
		t.Errorf("%+v", exit)
	}
}

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"a", "b", "c", "c/dir"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, 0o755, dir+"/b/prog", "")
	write(t, 0o755, dir+"/c/prog", "")
	write(t, 0o644, dir+"/a/prog", "")
	write(t, 0o644, dir+"/a/plain", "")
	write(t, 0o755, dir+"/c/only", "")
	path := "PATH=" + dir + "/a:" + dir + "/b/:" + dir + "/c"
	wd, _ := os.Getwd()
	for _, c := range []struct {
		program string
		env     []string
		dir     string
		want    string
		text    string
	}{
		{"prog", []string{path}, "", dir + "/b/prog", ""},
		{"only", []string{path}, "", dir + "/c/only", ""},
		{"prog", []string{"PATH=/none", path}, "", dir + "/b/prog", ""}, // the last counts
		{"/bin/x/../sh", nil, "/tmp", "/bin/x/../sh", ""},
		{"./prog", nil, dir + "/b", dir + "/b/prog", ""},
		{".//b/prog", nil, dir, dir + "/b/prog", ""},
		{"../b/prog", nil, dir + "/a", dir + "/a/../b/prog", ""},
		{"x/y", nil, "", wd + "/x/y", ""},
		{"dir", []string{path}, "", "", `program "dir" not found in PATH "%P"`},
		{"none", []string{path}, "", "", `program "none" not found in PATH "%P"`},
		{"plain", []string{path}, "", "", `program "%D/a/plain" is not executable; chmod +x it, or name an interpreter`},
		{"prog", []string{"PATH=/none:b"}, dir, "", `program "prog" is only in the relative folder "b" of PATH, which is not searched; write it with its folder`},
		{"prog", []string{"PATH=/none:"}, dir + "/b", "", `program "prog" is only in the relative folder "" of PATH, which is not searched; write it with its folder`},
		{"sh", []string{"HOME=/"}, "", "", `program "sh" cannot be looked up: the environment of the step has no PATH; set one in env, or write the program with its folder`},
		{"", []string{path}, "", "", `"" is no name of a program`},
		{"..", []string{path}, "", "", `".." is no name of a program`},
	} {
		got, err := LookPath(c.program, c.env, c.dir)
		if c.text == "" {
			if got != c.want || err != nil {
				t.Errorf("%q: %q, %v, want %q", c.program, got, err, c.want)
			}
			continue
		}
		var start *StartError
		want := strings.ReplaceAll(strings.ReplaceAll(c.text, "%P", path[5:]), "%D", dir)
		if got != "" || !errors.As(err, &start) || start.Op != OpLookup || err.Error() != want {
			t.Errorf("%q: %q\ngot  %v\nwant %s", c.program, got, err, want)
		}
	}
}
