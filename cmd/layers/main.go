// Command layers checks which package of this module imports which, and where
// each library is used. The rules and their reasons are in rules.go; make lint
// runs it:
//
//	go run ./cmd/layers
//
// It reads every Go file of the module, those for other systems too, and prints
// each broken rule as file:line:col. The exit code is 1 if there are any.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	module, packages, err := load(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "layers:", err)
		os.Exit(2)
	}
	problems := check(module, packages)
	for _, p := range problems {
		fmt.Println(p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// A pkg is a package of the module.
type pkg struct {
	path    string // within the module: "executor/event"; "" is the module's own folder
	imports []imported
	deps    []string // import paths of everything it links, tests left out
}

// An imported is one import declaration.
type imported struct {
	path string
	pos  string // file:line:col
	test bool   // in a _test.go file
}

// load reads the packages of the module in folder dir.
func load(dir string) (module string, packages []pkg, err error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Module,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,Deps", "./...")
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", nil, fmt.Errorf("go list: %w", err)
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var listed struct {
			ImportPath, Dir                                              string
			Module                                                       struct{ Path string }
			GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
			Deps                                                         []string
		}
		if err := dec.Decode(&listed); errors.Is(err, io.EOF) {
			return module, packages, nil
		} else if err != nil {
			return "", nil, fmt.Errorf("go list: %w", err)
		}
		module = listed.Module.Path
		p := pkg{path: within(module, listed.ImportPath), deps: listed.Deps}
		for _, files := range [][]string{listed.GoFiles, listed.CgoFiles, listed.IgnoredGoFiles, listed.TestGoFiles, listed.XTestGoFiles} {
			for _, name := range files {
				found, err := importsOf(root, filepath.Join(listed.Dir, name))
				if err != nil {
					return "", nil, err
				}
				p.imports = append(p.imports, found...)
			}
		}
		packages = append(packages, p)
	}
}

// importsOf reads the import declarations of one file.
func importsOf(root, file string) ([]imported, error) {
	files := token.NewFileSet()
	syntax, err := parser.ParseFile(files, file, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var found []imported
	for _, spec := range syntax.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		pos := files.Position(spec.Pos())
		if rel, err := filepath.Rel(root, pos.Filename); err == nil {
			pos.Filename = rel
		}
		found = append(found, imported{path, pos.String(), strings.HasSuffix(file, "_test.go")})
	}
	return found, nil
}

// within cuts the module's path off an import path.
func within(module, path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}
