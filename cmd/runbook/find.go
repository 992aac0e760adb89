package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return path != "-" && err == nil && info.IsDir()
}

// runbooksIn lists the runbooks in a folder and below, in order of their names.
// Links are not followed.
func runbooksIn(folder string) (files []string, others int, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read folder %q: %w", path, cause(err))
		case path != folder && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || !isYAML(path):
			return nil
		}
		if looksLikeRunbook(path) {
			files = append(files, path)
		} else {
			others++
		}
		return nil
	})
	return files, others, err
}

func isYAML(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}

// looksLikeRunbook reports whether a file has the two keys every runbook has,
// version with a whole number and steps, at its left margin. It does not parse:
// a runbook with a syntax error must still be found. One that cannot be read is
// taken for a runbook, so that the error is told.
func looksLikeRunbook(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	version, steps := false, false
	for lines.Scan() {
		line := strings.TrimPrefix(lines.Text(), "\ufeff")
		if v, ok := strings.CutPrefix(line, "version:"); ok {
			version = version || isWholeNumber(v)
		}
		steps = steps || strings.HasPrefix(line, "steps:")
		if version && steps {
			return true
		}
	}
	return false
}

func isWholeNumber(v string) bool {
	v, _, _ = strings.Cut(v, "#")
	v = strings.Trim(strings.TrimSpace(v), `"'`)
	return v != "" && strings.Trim(v, "0123456789") == ""
}
