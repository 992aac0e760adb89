package runbook

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	rb, ds, err := Load(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rb, ds
}

// report is the diagnostics as text, with file names as they are anywhere.
func text(ds Diagnostics) string {
	s := ds.Error()
	if s != "" {
		s += "\n"
	}
	here, _ := filepath.Abs("..")
	s = strings.ReplaceAll(s, filepath.Join("..", "testdata", "err")+string(filepath.Separator), "")
	return strings.ReplaceAll(s, here, "ROOT")
}

// Every file in testdata/err has the diagnostics in its .out, to the letter.
func TestErr(t *testing.T) {
	for _, file := range files(t, "err/*.yaml") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			rb, ds := load(t, file)
			if (rb == nil) != ds.Errors() {
				t.Errorf("runbook %v with errors %v", rb != nil, ds.Errors())
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".out", text(ds))
		})
	}
}
