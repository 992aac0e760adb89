package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/joho/godotenv"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// maxEnvFile is the largest env file that is read, in bytes.
const maxEnvFile = 1 << 20

// readEnvFiles returns the variables of the files, those of a later file after
// those of an earlier one.
func readEnvFiles(paths []string) ([]plan.EnvVar, error) {
	var vars []plan.EnvVar
	for _, path := range paths {
		text, err := readSmallFile(path, maxEnvFile)
		if err != nil {
			var where *fs.PathError
			if errors.As(err, &where) {
				err = where.Err
			}
			return nil, fmt.Errorf("env file %q: %w", path, err)
		}
		values, err := godotenv.Unmarshal(text)
		if err != nil {
			// What the library says may hold a line of the file, and so a secret.
			return nil, fmt.Errorf("env file %q: a line is not NAME=value", path)
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			switch {
			case !plan.ValidEnvName(name):
				return nil, fmt.Errorf("env file %q: %q is no name for a variable", path, name)
			case strings.HasPrefix(name, plan.ReservedEnvPrefix):
				return nil, fmt.Errorf("env file %q: names with %s are the engine's own, found %q", path, plan.ReservedEnvPrefix, name)
			case strings.ContainsRune(values[name], 0):
				return nil, fmt.Errorf("env file %q: the value of %q holds a NUL byte", path, name)
			}
			vars = append(vars, plan.EnvVar{Name: name, Value: values[name]})
		}
	}
	return vars, nil
}

// readFile is [readOwnFile] that waits for a descriptor.
func (e *Engine) readFile(path string, limit int64) (text string, err error) {
	err = e.retry(context.Background(), func() error {
		text, err = readOwnFile(path, limit)
		return err
	})
	return text, err
}

// retry calls f until it does not fail for want of what steps give back.
func (e *Engine) retry(ctx context.Context, f func() error) error {
	if e.host == nil {
		return f()
	}
	return e.host.Retry(ctx, f)
}

// readSmallFile reads a regular file of at most limit bytes.
func readSmallFile(path string, limit int64) (string, error) { return readRegular(path, limit, 0) }

// readOwnFile is readSmallFile for a file that a step made: a link there could
// lead to any file that the engine may read.
func readOwnFile(path string, limit int64) (string, error) {
	text, err := readRegular(path, limit, syscall.O_NOFOLLOW)
	if errors.Is(err, syscall.ELOOP) {
		return "", fmt.Errorf("%q is a symbolic link, not a regular file", path)
	}
	return text, err
}

func readRegular(path string, limit int64, flags int) (string, error) {
	// Without O_NONBLOCK the open of a named pipe would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|flags, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", &fs.PathError{Op: "read", Path: path, Err: errors.New("it is not a regular file")}
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return "", err
	}
	if int64(len(data)) > limit {
		return "", &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is over the limit of %d bytes", limit)}
	}
	return string(data), nil
}
