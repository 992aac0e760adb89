package runbook

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every rule has a name, a sentence, and a file in testdata/err that breaks it.
func TestEveryRuleIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, file := range files(t, "err/*.out") {
		out, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m): (?:error|warning): .*\[([a-z-]+)\]$`).FindAllSubmatch(out, -1) {
			tested[string(m[1])] = true
		}
	}
	known := map[string]bool{}
	for _, r := range Rules() {
		if known[r.Name] || !strings.HasSuffix(r.Doc, ".") {
			t.Errorf("rule %q is listed twice, or has no sentence: %q", r.Name, r.Doc)
		}
		known[r.Name] = true
		if !tested[r.Name] {
			t.Errorf("no file in testdata/err breaks the rule %q", r.Name)
		}
	}
	for name := range tested {
		if !known[name] {
			t.Errorf("the rule %q is not in Rules()", name)
		}
	}
}

// A file with six mistakes of different kinds has six diagnostics.
func TestSixMistakes(t *testing.T) {
	for file, want := range map[string]int{"six_mistakes": 6, "language_six": 8} {
		_, ds := load(t, "../testdata/err/"+file+".yaml")
		kinds := map[string]bool{}
		for _, d := range ds {
			kinds[d.Rule] = true
		}
		if len(ds) != want || len(kinds) < 6 {
			t.Errorf("%s: %d diagnostics of %d rules, want %d of at least 6:\n%s", file, len(ds), len(kinds), want, ds.Error())
		}
	}
}
