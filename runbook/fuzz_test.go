package runbook

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// Any bytes are answered: the same way twice, with places in the file, and what
// is accepted has a plan that JSON keeps and a graph.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"ok/*.yaml", "err/*.yaml"} {
		for _, file := range files(f, pattern) {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(src) < 8<<10 {
				f.Add(src)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		// Nothing that a fuzzer thinks of should find a script.
		const file = "/nonexistent/x.yaml"
		rb, ds := Parse(file, bytes.Clone(src), Options{})
		again, dsAgain := Parse(file, bytes.Clone(src), Options{})
		if d := cmp.Diff(ds.Error(), dsAgain.Error()); d != "" {
			t.Fatalf("two answers:\n%s", d)
		}
		checkPlaces(t, src, ds)
		if (rb == nil) != ds.Errors() {
			t.Fatalf("runbook %v, errors %v", rb != nil, ds.Errors())
		}
		if rb == nil {
			return
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
			t.Fatalf("the plan changes on its way through JSON:\n%s", d)
		}
		if d := cmp.Diff(rb.Plan(), again.Plan()); d != "" {
			t.Fatalf("two plans:\n%s", d)
		}
		if Graph(rb.Plan()) == nil {
			t.Fatal("no graph")
		}
	})
}
