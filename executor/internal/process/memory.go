package process

import (
	"io"
	"os"
)

// MemoryFile returns a file with the content, at its start. It has no name, so
// nobody else can open it, and it can seek, so that programs which open
// /dev/stdin read it from the start. The caller closes it.
func MemoryFile(content string) (*os.File, error) {
	f, err := nameless()
	if err != nil {
		return nil, err
	}
	if _, err = f.WriteString(content); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// unlinked returns a temporary file whose name is gone before anything is in it.
func unlinked() (*os.File, error) {
	f, err := os.CreateTemp("", "runbook-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
