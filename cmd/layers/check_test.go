package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "example.org/m"

// TestRefuse breaks each kind of arrow once.
func TestRefuse(t *testing.T) {
	tests := []struct {
		pkg, imports string
		test         bool   // the import is in a test
		want         string // part of the message; "" if it is allowed
	}{
		// Ours, in the direction of the arrows.
		{pkg: "cmd/runbook", imports: module + "/runbook"},
		{pkg: "cmd/runbook", imports: module + "/runbook/plan"},
		{pkg: "cmd/runbook", imports: module + "/executor"},
		{pkg: "cmd/runbook", imports: module + "/schema"},
		{pkg: "cmd/runbook", imports: module + "/cmd/runbook/internal/render"},
		{pkg: "runbook", imports: module + "/schema"},
		{pkg: "runbook", imports: module + "/dag"},
		{pkg: "runbook", imports: module + "/runbook/plan"},
		{pkg: "executor", imports: module + "/dag"},
		{pkg: "executor", imports: module + "/runbook/plan"},
		{pkg: "executor", imports: module + "/executor/event"},
		{pkg: "executor", imports: module + "/executor/internal/process"},
		{pkg: "executor/sink", imports: module + "/executor/event"},

		// Ours, against them.
		{pkg: "runbook", imports: module + "/executor", want: "does not know how it is run"},
		{pkg: "runbook", imports: module + "/executor/event", want: "does not know how it is run"},
		{pkg: "executor", imports: module + "/runbook", want: "link neither YAML nor JSON Schema"},
		{pkg: "executor", imports: module + "/schema", want: "link neither YAML nor JSON Schema"},
		{pkg: "executor", imports: module + "/cmd/runbook", want: "executor may not import cmd/runbook"},
		{pkg: "executor/event", imports: module + "/executor", want: "must not drag the engine in"},
		{pkg: "executor/sink", imports: module + "/executor", want: "a sink reads events"},
		{pkg: "executor/internal/process", imports: module + "/dag", want: "knows nothing of the graph"},
		{pkg: "executor/internal/run", imports: module + "/executor/internal/process", want: "a run is a value"},
		{pkg: "runbook/plan", imports: module + "/dag", want: "must depend on neither"},
		{pkg: "runbook/plan", imports: module + "/runbook", want: "must depend on neither"},
		{pkg: "dag", imports: module + "/runbook/plan", want: "knows nothing of steps"},
		{pkg: "schema", imports: module + "/dag", want: "stands alone"},
		{pkg: "cmd/runbook", imports: module + "/executor/internal/run", want: "only joins"},
		{pkg: "cmd/layers", imports: module + "/dag", want: "cmd/layers may not import dag"},

		// Tests may reach beside them, never across.
		{pkg: "dag", imports: module + "/dag", test: true},
		{pkg: "executor/event", imports: module + "/executor/sink", test: true},
		{pkg: "executor", imports: module + "/runbook", test: true, want: "the engine takes a compiled plan"},
		{pkg: "runbook", imports: module + "/executor", test: true, want: "does not know how it is run"},

		// The standard library.
		{pkg: "executor/internal/process", imports: "os/exec"},
		{pkg: "executor", imports: "os/exec", want: "one way to start a process"},
		{pkg: "executor", imports: "os/exec", test: true},
		{pkg: "cmd/runbook", imports: "os/exec", want: "one way to start a process"},
		{pkg: "cmd/runbook", imports: "os/signal"},
		{pkg: "executor/internal/process", imports: "log", want: "knows nothing of the graph"},
		{pkg: "executor", imports: "os/signal", want: "keep their signals"},
		{pkg: "executor/internal/run", imports: "sync", want: "a run is a value"},
		{pkg: "executor/internal/run", imports: "time"},
		{pkg: "dag", imports: "os", want: "without locks"},

		// Libraries.
		{pkg: "schema", imports: "github.com/santhosh-tekuri/jsonschema/v5", want: "for tests"},
		{pkg: "schema", imports: "github.com/santhosh-tekuri/jsonschema/v5", test: true},
		{pkg: "runbook", imports: "gopkg.in/yaml.v3"},
		{pkg: "cmd/bench", imports: "gopkg.in/yaml.v3"},
		{pkg: "runbook/plan", imports: "gopkg.in/yaml.v3", want: "YAML ends at the parser"},
		{pkg: "executor", imports: "github.com/spf13/cobra", want: "flags belong to the command line"},
		{pkg: "cmd/runbook", imports: "github.com/spf13/pflag"},
		{pkg: "executor", imports: "github.com/hashicorp/go-multierror"},
		{pkg: "executor/event", imports: "github.com/hashicorp/go-multierror", want: "one package"},
		{pkg: "executor", imports: "go.uber.org/goleak", want: "for tests"},
		{pkg: "executor", imports: "go.uber.org/goleak", test: true},
		{pkg: "cmd/runbook", imports: "github.com/rogpeppe/go-internal/testscript", want: "for tests"},
		{pkg: "executor", imports: "example.com/new/library", want: "has no home"},
		{pkg: "executor", imports: "example.com/new/library", test: true},
	}
	for _, tt := range tests {
		l, ok := layerOf(tt.pkg)
		if !ok {
			t.Fatalf("no layer takes %q", tt.pkg)
		}
		got := refuse(module, tt.pkg, l, imported{path: tt.imports, test: tt.test})
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s imports %s (test: %v): got %q, want %q", tt.pkg, tt.imports, tt.test, got, tt.want)
		}
	}
}

func TestCheck(t *testing.T) {
	var packages []pkg
	for _, l := range layers { // one package for each rule, so that none is about nothing
		packages = append(packages, pkg{path: strings.TrimSuffix(l.name, "/...")})
	}
	if got := check(module, packages); len(got) > 0 {
		t.Errorf("a module without imports breaks rules: %q", got)
	}

	packages = append(packages, pkg{path: "server"})
	for i := range packages {
		if packages[i].path == "executor" {
			packages[i].deps = []string{"fmt", "gopkg.in/yaml.v3"}
		}
	}
	packages = slices.DeleteFunc(packages, func(p pkg) bool { return p.path == "dag" })
	got := check(module, packages)
	want := []string{
		"executor links gopkg.in/yaml.v3: programs that embed",
		`package "server" has no place`,
		`the rule for "dag" in cmd/layers/rules.go is about nothing`,
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %q, want a prefix %q", got[i], want[i])
		}
	}
}

// TestLoad checks a module on disk: the positions, test files, and a file that
// only another system builds.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                  "module " + module + "\n\ngo 1.26\n",
		"dag/dag.go":              "package dag\n",
		"dag/dag_plan9.go":        "package dag\n\nimport (\n\t_ \"fmt\"\n\t_ \"os\"\n)\n",
		"dag/dag_test.go":         "package dag_test\n\nimport _ \"os\"\n",
		"schema/schema.go":        "package schema\n\nimport _ \"" + module + "/dag\"\n",
		"runbook/plan/plan.go":    "package plan\n",
		"runbook/testdata/bad.go": "package bad\n\nimport _ \"os/exec\"\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, packages, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if found != module {
		t.Errorf("module %q, want %q", found, module)
	}
	got := slices.DeleteFunc(check(found, packages), func(p string) bool { return strings.Contains(p, "is about nothing") })
	want := []string{
		"dag/dag_plan9.go:5:2: dag may not import os",
		"schema/schema.go:3:8: schema may not import dag",
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %q, want a prefix %q", got[i], want[i])
		}
	}
}
