package process

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// LookPath finds the file of a program. A name with a slash is relative to dir
// (empty: this program's folder); any other is looked up in the PATH of env,
// not in this program's own. Relative and empty elements of PATH are passed
// over: which program they name depends on the folder one happens to be in. An
// error is a [*StartError].
func LookPath(program string, env []string, dir string) (string, error) {
	if strings.Contains(program, "/") {
		return absolute(program, dir), nil
	}
	fail := func(err error, format string, args ...any) (string, error) {
		return "", &StartError{Op: OpLookup, Path: program, Dir: dir, Err: err, detail: fmt.Sprintf(format, args...)}
	}
	if program == "" || program == "." || program == ".." {
		return fail(syscall.ENOENT, "%q is no name of a program", program)
	}
	path, set := variable(env, "PATH")
	if !set || path == "" {
		return fail(syscall.ENOENT, "program %q cannot be looked up: the environment of the step has no PATH; set one in env, or write the program with its folder", program)
	}
	unusable, relative, found := "", "", false
	for folder := range strings.SplitSeq(path, ":") {
		if !strings.HasPrefix(folder, "/") {
			if !found && executable(absolute("./"+folder+"/"+program, dir)) == nil {
				relative, found = folder, true
			}
			continue
		}
		file := strings.TrimRight(folder, "/") + "/" + program
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if err == syscall.EACCES && unusable == "" {
			unusable = file
		}
	}
	switch {
	case unusable != "":
		return fail(syscall.EACCES, "program %q is not executable; chmod +x it, or name an interpreter", unusable)
	case found:
		return fail(syscall.ENOENT, "program %q is only in the relative folder %q of PATH, which is not searched; write it with its folder", program, relative)
	}
	return fail(syscall.ENOENT, "program %q not found in PATH %q", program, path)
}

// Check looks for what keeps s from starting: its folder, or a program that was
// not looked up. It is cheap, and what it does not see the start will tell. An
// error is a [*StartError].
func (s *Spec) Check() error {
	if s.Dir != "" && access(s.Dir+"/.", unix.X_OK) != nil {
		if detail := badFolder(s.Dir); detail != "" {
			return &StartError{Op: OpDir, Path: s.Path, Dir: s.Dir, Err: syscall.ENOENT, detail: detail}
		}
	}
	if !strings.Contains(s.Argv0, "/") {
		return nil
	}
	path := absolute(s.Path, s.Dir)
	if err := executable(path); err != nil {
		if detail := badProgram(path, err); detail != "" {
			return &StartError{Op: OpExec, Path: s.Path, Dir: s.Dir, Err: err, detail: detail}
		}
	}
	return nil
}

// executable tells why file cannot be executed: EACCES where it is there and is
// no folder, else ENOENT.
func executable(file string) error {
	var st syscall.Stat_t
	if err := syscall.Stat(file, &st); err != nil || st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return syscall.ENOENT
	}
	// To root access grants everything, but execve still wants a mode bit.
	if st.Mode&0o111 == 0 || access(file, unix.X_OK) != nil {
		return syscall.EACCES
	}
	return nil
}

// access is access(2) for the effective user.
func access(path string, mode uint32) error {
	return unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS)
}

// absolute makes path absolute against dir, which may itself be relative to
// this program's folder, and changes nothing else: to cut out a "x/.." names
// another file where x is a link.
func absolute(path, dir string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	if !strings.HasPrefix(dir, "/") {
		if wd, err := os.Getwd(); err == nil {
			dir = wd + "/" + dir
		}
	}
	for strings.HasPrefix(path, "./") {
		path = strings.TrimLeft(path[1:], "/")
	}
	return strings.TrimRight(dir, "/") + "/" + path
}

// variable returns the value of the last variable of that name, as the shells
// see it.
func variable(env []string, name string) (value string, set bool) {
	for i := len(env) - 1; i >= 0; i-- {
		if v := env[i]; len(v) > len(name) && v[len(name)] == '=' && v[:len(name)] == name {
			return v[len(name)+1:], true
		}
	}
	return "", false
}
