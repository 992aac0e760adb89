package process

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// StartOp is what a start failed at.
type StartOp uint8

const (
	OpExec      StartOp = iota // the program could not be executed
	OpLookup                   // the program was not found
	OpDir                      // the working folder could not be entered
	OpArguments                // an argument or variable is too long or holds a NUL byte
	OpResources                // want of descriptors, processes or memory, also after retries
	OpStop                     // told to stop before it started
)

// StartError tells why no process came to be. Nothing of the program has run.
// errors.Is sees the error of the operating system, or of the context.
type StartError struct {
	Op   StartOp
	Path string // the program
	Dir  string // the working folder, empty: this program's own
	Err  error

	detail string // for a person; empty: Err says it
}

func (e *StartError) Error() string {
	if e.detail != "" {
		return e.detail
	}
	return fmt.Sprintf("cannot start %q: %v", e.Path, e.Err)
}

// Unwrap returns the error behind.
func (e *StartError) Unwrap() error { return e.Err }

// startError explains why s could not be started. The kernel's errno alone does
// not tell whether the folder, the program or its interpreter is missing, so
// this looks again.
func startError(s *Spec, err error) *StartError {
	e := &StartError{Path: s.Path, Dir: s.Dir, Err: err}
	switch {
	case errors.Is(err, errOutOfReach) || scarce(err):
		e.Op = OpResources
	case errors.Is(err, syscall.E2BIG):
		e.Op, e.detail = OpArguments, tooLong(s)
	case errors.Is(err, syscall.EINVAL) && nulByte(s) != "":
		e.Op, e.detail = OpArguments, nulByte(s)+" holds a NUL byte, which no process can be given"
	default:
		if e.detail = badFolder(s.Dir); e.detail != "" {
			e.Op = OpDir
			break
		}
		e.Op, e.detail = OpExec, badProgram(absolute(s.Path, s.Dir), err)
	}
	return e
}

// badFolder tells what is wrong with a working folder; empty: nothing.
func badFolder(dir string) string {
	if dir == "" {
		return ""
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Sprintf("working folder %q does not exist", dir)
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf("working folder %q cannot be reached by this user: permission denied", dir)
	case err != nil:
		return fmt.Sprintf("working folder %q cannot be entered: %v", dir, errors.Unwrap(err))
	case !info.IsDir():
		return fmt.Sprintf("working folder %q is not a folder", dir)
	case access(dir, unix.X_OK) != nil:
		return fmt.Sprintf("working folder %q may not be entered by this user: permission denied", dir)
	}
	return ""
}

// badProgram tells why execve refused path with err; empty: err says it all.
func badProgram(path string, err error) string {
	info, statErr := os.Stat(path)
	switch {
	case errors.Is(statErr, os.ErrNotExist), errors.Is(statErr, syscall.ENOTDIR):
		return fmt.Sprintf("program %q does not exist", path)
	case statErr != nil:
		return fmt.Sprintf("program %q cannot be reached: %v", path, errors.Unwrap(statErr))
	case info.IsDir():
		return fmt.Sprintf("program %q is a folder", path)
	case !info.Mode().IsRegular():
		return fmt.Sprintf("program %q is not a regular file", path)
	case info.Mode()&0o111 == 0:
		return fmt.Sprintf("program %q is not executable; chmod +x it, or name an interpreter", path)
	case access(path, unix.X_OK) != nil:
		return fmt.Sprintf("program %q may not be executed: this user lacks the permission, or its file system is mounted noexec", path)
	case errors.Is(err, syscall.ETXTBSY):
		return fmt.Sprintf("program %q is being written by another process", path)
	}
	head := readHead(path)
	switch {
	case strings.HasPrefix(head, "#!"):
		return badInterpreter(path, head)
	case errors.Is(err, syscall.ENOENT) && strings.HasPrefix(head, "\x7fELF"):
		return fmt.Sprintf("program %q needs a dynamic loader that this system does not have; was it built for another one?", path)
	case errors.Is(err, syscall.ENOEXEC) && head == "":
		return fmt.Sprintf("program %q is empty or cannot be read", path)
	case errors.Is(err, syscall.ENOEXEC) && strings.HasPrefix(head, "\x7fELF"):
		return fmt.Sprintf("program %q is built for another kind of machine, or damaged", path)
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Sprintf("program %q is neither a binary of this machine nor does it begin with #!; add a line such as #!/bin/sh, or name an interpreter", path)
	}
	return ""
}

// badInterpreter tells what is wrong with the #! line that head begins with;
// empty: nothing that can be seen.
func badInterpreter(path, head string) string {
	line, _, _ := strings.Cut(head[2:], "\n")
	line = strings.Trim(line, " \t")
	name, _, _ := strings.Cut(line, " ")
	name, _, _ = strings.Cut(name, "\t")
	if name == "" {
		return fmt.Sprintf("script %q has a #! line that names no interpreter", path)
	}
	if strings.HasSuffix(line, "\r") {
		return fmt.Sprintf("script %q has Windows line endings, so that its #! line asks for an interpreter %q; save it with Unix line endings", path, name)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Sprintf("script %q asks for the interpreter %q in its #! line, which does not exist", path, name)
	case err != nil:
		return fmt.Sprintf("script %q asks for the interpreter %q in its #! line, which cannot be reached: %v", path, name, errors.Unwrap(err))
	case info.IsDir() || access(name, unix.X_OK) != nil:
		return fmt.Sprintf("script %q asks for the interpreter %q in its #! line, which is not executable", path, name)
	}
	return fmt.Sprintf("script %q cannot be run by the interpreter %q of its #! line", path, name)
}

// readHead returns as much of a file as the kernel looks at.
func readHead(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := f.Read(head)
	return string(head[:n])
}

// nulByte names the string of s that holds a NUL byte; empty: none.
func nulByte(s *Spec) string {
	if strings.IndexByte(s.Path, 0) >= 0 || strings.IndexByte(s.Argv0, 0) >= 0 {
		return "the program's name"
	}
	if strings.IndexByte(s.Dir, 0) >= 0 {
		return "the working folder's name"
	}
	for i, arg := range s.Args {
		if strings.IndexByte(arg, 0) >= 0 {
			return fmt.Sprintf("argument %d", i+1)
		}
	}
	for _, v := range s.Env {
		if strings.IndexByte(v, 0) >= 0 {
			name, _, _ := strings.Cut(v, "=")
			return fmt.Sprintf("variable %q", name)
		}
	}
	return ""
}

// tooLong tells which argument or variable of s is beyond the limits of execve.
func tooLong(s *Spec) string {
	const remedy = "pass it by stdin, or in a file"
	total := 0
	for i, arg := range s.Args {
		if len(arg) >= maxString() {
			return fmt.Sprintf("argument %d is %d bytes long, the limit is %d; %s", i+1, len(arg), maxString()-1, remedy)
		}
		total += len(arg) + 1
	}
	args := total
	for _, v := range s.Env {
		if len(v) >= maxString() {
			name, _, _ := strings.Cut(v, "=")
			return fmt.Sprintf("variable %q is %d bytes long with its name, the limit is %d; %s", name, len(v), maxString()-1, remedy)
		}
		total += len(v) + 1
	}
	return fmt.Sprintf("%d arguments of %d bytes and %d variables of %d bytes are more than the about %d bytes a process can be given; pass data by stdin, or in a file",
		len(s.Args), args, len(s.Env), total-args, maxTotal())
}
