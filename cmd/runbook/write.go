package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// write prints what render makes: to standard output or, whole or not at all,
// to the file out.
func (c *cli) write(out string, render func(io.Writer) error) error {
	if out == "" || out == "-" {
		w := bufio.NewWriterSize(c.stdout, 64<<10)
		if err := render(w); err != nil {
			return outputError("standard output", err)
		}
		if err := w.Flush(); err != nil {
			return outputError("standard output", err)
		}
		return nil
	}
	if err := replaceFile(out, 0o644, render); err != nil {
		return outputError(out, err)
	}
	return nil
}

// writeAs prints v as JSON where that is the form that is asked for, else as text.
func (c *cli) writeAs(form string, v any, text func(io.Writer) error) error {
	return c.write("", func(w io.Writer) error {
		if form == "json" {
			return encodeJSON(w, v)
		}
		return text(w)
	})
}

func outputError(where string, err error) error {
	return &exit{code: exitEngine, err: fmt.Errorf("write %s: %w", where, cause(err))}
}

// cause is what the system said, without the name of a temporary file in it.
func cause(err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		return inPath.Err
	}
	var inLink *os.LinkError
	if errors.As(err, &inLink) {
		return inLink.Err
	}
	return err
}

// replaceFile writes a file beside path and then gives it that name, so that
// nobody ever sees half of it.
func replaceFile(path string, mode fs.FileMode, render func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails, as it should, once the file has its name
	w := bufio.NewWriterSize(f, 64<<10)
	err = render(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
