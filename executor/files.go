package executor

import (
	"fmt"
	"os"

	"github.com/cloudops-run/runbook/executor/internal/process"
)

// files are what the process of an attempt reads and writes beside its log: its
// input and its stdout file. They are opened right before it starts, and closed
// again where the start has to wait.
type files struct {
	attempt Attempt
	stdin   *os.File
}

func (f *files) open(s *process.Spec) (undo func(), err error) {
	undoStdout := func() {}
	if f.attempt.open != nil {
		if undoStdout, err = f.attempt.open(); err != nil {
			return nil, err
		}
	}
	if in := f.attempt.Invocation.Stdin; in != nil {
		if f.stdin, err = process.MemoryFile(*in); err != nil {
			undoStdout()
			return nil, fmt.Errorf("stdin: %w", err)
		}
		s.Stdin = f.stdin
	}
	return func() {
		undoStdout()
		f.closeStdin()
	}, nil
}

func (f *files) closeStdin() {
	if f.stdin != nil {
		f.stdin.Close()
		f.stdin = nil
	}
}

// A stdoutFile is the file for the whole of a step's standard output, secrets
// masked. Not being able to write it is a failure of the step.
type stdoutFile struct {
	path string
	file *os.File // nil: not open
	err  error
}

// open begins the file anew, as a shell's > would.
func (f *stdoutFile) open() (undo func(), err error) {
	if f.file, f.err = os.Create(f.path); f.err != nil {
		return nil, f.err
	}
	return func() { f.close() }, nil
}

func (f *stdoutFile) write(p []byte) {
	if f.file != nil && f.err == nil {
		_, f.err = f.file.Write(p)
	}
}

// close closes the file and returns the first error it met.
func (f *stdoutFile) close() error {
	if f.file != nil {
		if err := f.file.Close(); f.err == nil {
			f.err = err
		}
		f.file = nil
	}
	return f.err
}
