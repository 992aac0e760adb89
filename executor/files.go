package executor

import (
	"fmt"
	"io"
	"os"

	"github.com/cloudops-run/runbook/executor/internal/process"
)

// files are what a process of an attempt reads and writes beside its log: its
// input and its stdout file. They are opened right before it starts, and closed
// again where the start has to wait.
type files struct {
	attempt Attempt
	stdin   *os.File
	stdout  *fileCopy // nil: the step has no stdout file
	failed  error     // the stdout file could not be opened
}

func (f *files) open(s *process.Spec) (undo func(), err error) {
	var undos []func()
	undo = func() {
		for _, u := range undos {
			u()
		}
	}
	defer func() {
		if err != nil {
			undo()
		}
	}()
	if in := f.attempt.Invocation.Stdin; in != nil {
		if f.stdin, err = process.MemoryFile(*in); err != nil {
			return nil, fmt.Errorf("stdin: %w", err)
		}
		s.Stdin = f.stdin
		undos = append(undos, f.closeStdin)
	}
	if path := f.attempt.Invocation.StdoutFile; path != "" {
		if f.stdout, err = newFileCopy(path, f.attempt.Stdout); err != nil {
			f.failed = err
			return nil, err
		}
		f.failed = nil
		s.Stdout = f.stdout
		undos = append(undos, func() { f.closeStdout() })
	}
	return undo, nil
}

func (f *files) closeStdin() {
	if f.stdin != nil {
		f.stdin.Close()
		f.stdin = nil
	}
}

// closeStdout returns the first error the stdout file met.
func (f *files) closeStdout() error {
	if f.stdout == nil {
		return f.failed
	}
	err := f.stdout.Close()
	f.stdout = nil
	return err
}

// A fileCopy writes what passes through it to a file too. It is the step's
// stdout file: not being able to write it is a failure of the step.
type fileCopy struct {
	next io.Writer
	file *os.File
	err  error
}

// newFileCopy begins the file anew, as a shell's > would.
func newFileCopy(path string, next io.Writer) (*fileCopy, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &fileCopy{next: next, file: f}, nil
}

func (c *fileCopy) Write(p []byte) (int, error) {
	if c.err == nil {
		_, c.err = c.file.Write(p)
	}
	return c.next.Write(p)
}

// Close closes the file and returns the first error it met.
func (c *fileCopy) Close() error {
	if err := c.file.Close(); c.err == nil {
		c.err = err
	}
	return c.err
}
