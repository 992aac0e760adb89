package runbook

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/runbook/plan"
)

var update = flag.Bool("update", false, "rewrite the expected results")

// golden compares got with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

func files(t testing.TB, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join("..", "testdata", pattern))
	if err != nil || len(list) == 0 {
		t.Fatalf("no files match %s (%v)", pattern, err)
	}
	return list
}

func load(t testing.TB, file string) (*Runbook, Diagnostics) {
	t.Helper()
	// A root of its own, so that a copy that is no git worktree tests the same.
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Root: root}
	if filepath.Base(file) == "size.yaml" {
		o.Limits.ScalarBytes = 1 << 20 // the limit of one text is below what the system takes
	}
	rb, ds, err := Load(file, o)
	if err != nil {
		t.Fatal(err)
	}
	return rb, ds
}

// text is the diagnostics as they are wherever the repository lies.
func text(ds Diagnostics) string {
	s := ds.Error()
	if s != "" {
		s += "\n"
	}
	here, _ := filepath.Abs("..")
	s = strings.ReplaceAll(s, filepath.Join("..", "testdata", "err")+string(filepath.Separator), "")
	s = strings.ReplaceAll(s, here, "ROOT")
	return strings.ReplaceAll(s, "it is "+filepath.Dir(here)+",", "it is ABOVE,")
}

// Every file in testdata/err has the diagnostics in its .out, to the letter.
func TestErr(t *testing.T) {
	for _, file := range files(t, "err/*.yaml") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			rb, ds := load(t, file)
			if (rb == nil) != ds.Errors() {
				t.Errorf("runbook %v with errors %v", rb != nil, ds.Errors())
			}
			for _, d := range ds {
				if c := d.Message[0]; c >= 'A' && c <= 'Z' && !strings.HasPrefix(d.Message, "PATH ") && !strings.HasPrefix(d.Message, "Rscript ") || strings.HasSuffix(d.Message, ".") {
					t.Errorf("a message begins with a capital or ends with a full stop: %s", d.Message)
				}
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".out", text(ds))
		})
	}
}

// Every file in testdata/ok is accepted without a word, and compiles to the plan
// in its .plan.json.
func TestOK(t *testing.T) {
	for _, file := range files(t, "ok/*.yaml") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			rb, ds := load(t, file)
			if len(ds) > 0 {
				t.Fatalf("diagnostics:\n%s", ds.Error())
			}
			if rb.File() != file || len(rb.Source()) == 0 {
				t.Errorf("File() = %q with %d bytes of source", rb.File(), len(rb.Source()))
			}
			b, err := json.Marshal(rb.Plan())
			if err != nil {
				t.Fatal(err)
			}
			var back plan.Plan
			if err := json.Unmarshal(b, &back); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(rb.Plan(), &back); d != "" {
				t.Errorf("the plan changes on its way through JSON:\n%s", d)
			}
			if b, err = json.MarshalIndent(rb.Plan(), "", "  "); err != nil {
				t.Fatal(err)
			}
			here, _ := filepath.Abs("..")
			got := strings.ReplaceAll(string(b), here, "ROOT")
			golden(t, strings.TrimSuffix(file, ".yaml")+".plan.json", got+"\n")
			if g := Graph(rb.Plan()); g == nil || g.Len() != len(rb.Plan().Steps) {
				t.Errorf("no graph of the steps")
			}
		})
	}
}
