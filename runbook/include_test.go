package runbook

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder writes files and returns where.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		write(t, filepath.Join(dir, name), text, 0o644)
	}
	return dir
}

const oneStep = "  - {id: s, exec: [x]}\n"

// Files that each include the next twice stand for more steps than can be meant,
// and are refused before they are made.
func TestIncludesThatDouble(t *testing.T) {
	files := map[string]string{}
	for i := range 40 {
		files[fmt.Sprintf("f%d.yaml", i)] = head + fmt.Sprintf("  - {id: a, uses: f%d.yaml}\n  - {id: b, uses: f%d.yaml}\n", i+1, i+1)
	}
	files["f40.yaml"] = head + oneStep
	dir := folder(t, files)
	_, ds, err := Load(filepath.Join(dir, "f0.yaml"), Options{})
	if err != nil || len(ds) != 1 || !strings.Contains(ds[0].Message, "more than 100000 steps") {
		t.Errorf("%v\n%s", err, ds.Error())
	}
}

// An included file is relative to the file that includes it, also through a
// symlink, and what it runs is relative to itself.
func TestIncludesAreRelative(t *testing.T) {
	dir := folder(t, map[string]string{
		".git/HEAD":        "x",
		"a/main.yaml":      head + "  - {id: one, uses: ../b/part.yaml}\n  - {id: two, uses: link.yaml}\n",
		"b/part.yaml":      head + "  - {id: run, script: {path: run.sh}, working_dir: work}\n  - {id: deep, uses: sub/deep.yaml}\n",
		"b/run.sh":         "echo\n",
		"b/sub/deep.yaml":  head + "  - {id: x, exec: [./tool], stdout: out}\n",
		"outside/own.yaml": head + oneStep,
	})
	if err := os.Symlink("../b/part.yaml", filepath.Join(dir, "a/link.yaml")); err != nil {
		t.Fatal(err)
	}
	rb, ds, err := Load(filepath.Join(dir, "a/main.yaml"), Options{})
	if err != nil || rb == nil {
		t.Fatalf("%v\n%s", err, ds.Error())
	}
	var ids []string
	for _, s := range rb.Plan().Steps {
		ids = append(ids, s.ID)
	}
	if got := strings.Join(ids, " "); got != "one/run one/deep/x two/run two/deep/x" {
		t.Errorf("steps %s", got)
	}
	s := rb.Plan().Steps
	if dir := filepath.Join(dir, "b"); s[0].Dir != dir || s[0].Command.Script.Path != dir+"/run.sh" || s[0].WorkingDir.String() != dir+"/work" || s[1].Command.Program != dir+"/sub/tool" {
		t.Errorf("%+v", s[0])
	}
	if len(s[2].After) != 1 || s[2].After[0] != 1 || len(s[1].After) != 1 {
		t.Errorf("serial: %v %v", s[1].After, s[2].After)
	}
	if g := rb.Plan().Groups; len(g) != 4 || g[1].ID != "one/deep" || g[1].Parent != 1 || len(g[0].Steps) != 2 {
		t.Errorf("groups %+v", g)
	}
	if Graph(rb.Plan()) == nil {
		t.Error("no graph")
	}
}

// One file may get a secret from one step and a plain value from another.
func TestIncludedTwice(t *testing.T) {
	dir := folder(t, map[string]string{
		"main.yaml": "version: 1\nsecrets: {s: {env: S}}\nsteps:\n  - {id: a, uses: part.yaml, with: {v: plain}}\n  - {id: b, uses: part.yaml, with: {v: \"${{ secrets.s }}\"}}\n",
		"part.yaml": "version: 1\nparams: {v: {type: string}}\nsteps:\n  - {id: x, exec: [x], env: {V: \"${{ params.v }}\"}, outputs: {o: stdout}}\noutputs: {o: steps.x.outputs.o}\n",
	})
	if rb, ds, _ := Load(filepath.Join(dir, "main.yaml"), Options{}); rb == nil || len(ds) > 0 {
		t.Errorf("%s", ds.Error())
	}
	write(t, filepath.Join(dir, "part.yaml"), "version: 1\nparams: {v: {type: string}}\nsteps:\n  - {id: x, exec: [x], if: params.v == \"\"}\n", 0o644)
	_, ds, _ := Load(filepath.Join(dir, "main.yaml"), Options{})
	if len(ds) != 1 || !strings.Contains(ds[0].Message, "secret") || !strings.Contains(ds[0].Help, "gives a secret for v") {
		t.Errorf("%s", ds.Error())
	}
}
