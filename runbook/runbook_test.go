package runbook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

const head = "version: 1\nsteps:\n"

// first parses a file and returns its first diagnostic as file:line:col and
// message; "" if there is none.
func first(t *testing.T, file, src string, o Options) string {
	t.Helper()
	rb, ds := Parse(file, []byte(src), o)
	if (rb == nil) != ds.Errors() {
		t.Errorf("runbook %v, but errors %v", rb != nil, ds.Errors())
	}
	if len(ds) == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%d: %s", ds[0].Pos.Line, ds[0].Pos.Col, ds[0].Message)
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := Load(filepath.Join(dir, "missing.yaml"), Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `missing.yaml": no such file`) {
		t.Errorf("missing file: %v", err)
	}
	if _, _, err := Load(dir, Options{}); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("folder: %v", err)
	}
}

func TestOptions(t *testing.T) {
	step := head + "  - {id: a, exec: [x, yy], timeout: 2h, labels: {a: b, c: d}}\n"
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"defaults":     {Options{}, ""},
		"max timeout":  {Options{MaxTimeout: time.Hour}, `3:37: "timeout" is 2h, over the maximum of 1h`},
		"file bytes":   {Options{Limits: Limits{FileBytes: 20}}, "1:1: the file is over the limit of 20 bytes"},
		"depth":        {Options{Limits: Limits{Depth: 3}}, "3:19: lists and mappings are nested deeper than the limit of 3"},
		"nodes":        {Options{Limits: Limits{Nodes: 5}}, "1:1: the file stands for 12 values, over the limit of 5"},
		"map keys":     {Options{Limits: Limits{MapKeys: 3}}, "3:5: this mapping has 4 keys, over the limit of 3"},
		"scalar bytes": {Options{Limits: Limits{ScalarBytes: 1}}, "3:23: this text is 2 bytes long, over the limit of 1"},
	} {
		if got := first(t, "x.yaml", step, c.o); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// What is too long for the system names itself and the way out.
func TestSizes(t *testing.T) {
	o := Options{Limits: Limits{ScalarBytes: 1 << 20}}
	for src, want := range map[string]string{
		"env: {BIG: %s}\n" + head + "  - {id: a, exec: [x]}\n":     `the variable "BIG" is 131072 bytes long`,
		head + "  - {id: a, exec: [x, z, %sxxxx]}\n":               "argument 2 is 131072 bytes long",
		head + "  - {id: a, shell: %sxxxx}\n":                      "the shell text is 131072 bytes long",
		head + "  - {id: a, exec: [x], stdin: %sxxxx}\n":           "",
		head + "  - {id: a, exec: [x, %sxxx]}\n":                   "",
		head + "  - {id: a, exec: [x], env: {ABCD: %sxxxxxxxx}}\n": `the variable "ABCD" is 131081 bytes long`,
	} {
		_, ds := Parse("x.yaml", fmt.Appendf(nil, src, strings.Repeat("x", 131_068)), o)
		if want == "" && len(ds) > 0 || want != "" && (len(ds) != 1 || !strings.HasPrefix(ds[0].Message, want) || !strings.Contains(ds[0].Help, "stdin")) {
			t.Errorf("%s: got %d diagnostics, want %q", src, len(ds), want)
		}
	}
}

func TestRelativeToTheFile(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	src := head + "  - {id: a, exec: [bin/x], stdout: out}\n"
	for file, folder := range map[string]string{"-": dir, "<stdin>": dir, "x.yaml": dir, "sub/x.yaml": dir + "/sub", "/abs/x.yaml": "/abs"} {
		rb, ds := Parse(file, []byte(src), Options{})
		if rb == nil {
			t.Fatal(ds.Error())
		}
		s := rb.Plan().Steps[0]
		if s.WorkingDir != plan.Text(folder) || s.Command.Program != folder+"/bin/x" || *s.Stdout != plan.Text(folder+"/out") {
			t.Errorf("%s: %v, %v, %v", file, s.WorkingDir, s.Command.Program, s.Stdout)
		}
	}
	if rb, _ := Parse("-", []byte(src), Options{}); rb.Plan().Name != "" {
		t.Errorf("standard input has the name %q", rb.Plan().Name)
	}
}

func TestStarter(t *testing.T) {
	rb, ds := Parse("starter.yaml", Starter(), Options{})
	if rb == nil || len(ds) > 0 {
		t.Fatal(ds.Error())
	}
	Starter()[0] = 'x'
	if Starter()[0] != '#' {
		t.Error("Starter hands out its own bytes")
	}
}

func TestDiagnosticJSON(t *testing.T) {
	_, ds := Parse("x.yaml", []byte("version: 1\nsteps:\n  - {id: é, exec: [x]}\n"), Options{})
	b, err := json.Marshal(ds)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"severity":"error","rule":"value","file":"x.yaml","line":3,"column":10,"end_line":3,"end_column":11,` +
		`"message":"\"id\" must be an id of lower-case letters, digits and _, beginning with a letter, at most 63 long, not \"é\"",` +
		`"source":"  - {id: é, exec: [x]}","source_column":10}]`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

// Two mistakes in one anchored value are two diagnostics, however often it is
// used.
func TestAliasesAreReportedOnce(t *testing.T) {
	src := head + "  - {id: a, exec: [x], retry: &r {times: x, dealy: 1s}}\n  - {id: b, exec: [x], retry: *r}\n  - {id: c, exec: [x], retry: *r}\n"
	if _, ds := Parse("x.yaml", []byte(src), Options{}); len(ds) != 2 {
		t.Errorf("%d diagnostics:\n%s", len(ds), ds.Error())
	}
}

func TestWarningsDoNotStop(t *testing.T) {
	rb, ds := Parse("x.yaml", []byte(head+"  - {id: a, exec: [x]}\n  - {id: b, exec: [x], depends_on: [a, a]}\n"), Options{})
	if rb == nil || len(ds) != 1 || ds[0].Severity != Warning {
		t.Fatalf("runbook %v, %v", rb != nil, ds)
	}
	if n := rb.Plan().Steps[1].Needs; len(n) != 1 || n[0] != 0 {
		t.Errorf("needs %v", n)
	}
}

// Where a great many steps depend on each other the circle is found in time, and
// printed.
func TestLargeCycle(t *testing.T) {
	const n = 60_000
	var b strings.Builder
	b.WriteString("version: 1\nstrategy: dependency_graph\nsteps:\n")
	for i := range n {
		fmt.Fprintf(&b, "- {id: s%d, exec: [x], depends_on: [s%d, s%d]}\n", i, i*7/8, max(i-1, 1))
	}
	src := strings.Replace(b.String(), "depends_on: [s0, s1]", "depends_on: []", 2)
	src = strings.Replace(src, "{id: s10, exec: [x], depends_on: [s8,", "{id: s10, exec: [x], depends_on: [s12,", 1)
	start := time.Now()
	_, ds := Parse("x.yaml", []byte(src), Options{})
	ds = slices.DeleteFunc(ds, func(d Diagnostic) bool { return d.Severity == Warning })
	if len(ds) != 1 || !strings.Contains(ds[0].Message, "circle: s10 -> s12 -> ") || ds[0].Pos.Line != 14 {
		t.Errorf("got %v", ds)
	}
	if d := time.Since(start); d > time.Minute {
		t.Errorf("took %v", d)
	}
}

func TestEffects(t *testing.T) {
	for op, want := range map[string]plan.Effect{
		"describe-instances": plan.Read, "list-buckets": plan.Read, "ls": plan.Read, "wait": plan.Read, "batch-get-item": plan.Read,
		"delete-bucket": plan.Destroy, "terminate-instances": plan.Destroy, "rm": plan.Destroy, "batch-delete-image": plan.Destroy,
		"schedule-key-deletion": plan.Destroy, "create-bucket": plan.Write, "listen": plan.Write, "sync": plan.Write, "batch": plan.Write,
	} {
		if got := inferEffect(op, nil); got != want {
			t.Errorf("%s: %s, want %s", op, got, want)
		}
	}
	if got := inferEffect("sync", []string{".", "--delete"}); got != plan.Destroy {
		t.Errorf("sync --delete: %s", got)
	}
}

func TestGraphOfACircle(t *testing.T) {
	p := &plan.Plan{Steps: []plan.Step{{ID: "a", Needs: []int{1}}, {ID: "b", After: []int{0}}}}
	if Graph(p) != nil {
		t.Error("a graph with a circle in it")
	}
}

// An unreadable script is told as such; root can read everything.
func TestUnreadableScript(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("running as root, who may read everything: nothing to see here")
		return
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.sh"), nil, 0o200); err != nil {
		t.Fatal(err)
	}
	got := first(t, filepath.Join(dir, "x.yaml"), head+"  - {id: a, script: {path: s.sh}}\n", Options{})
	if !strings.Contains(got, "it may not be read") {
		t.Error(got)
	}
}
