package plan_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

func TestFunctions(t *testing.T) {
	form := regexp.MustCompile(`^[a-zA-Z0-9]+\(([a-z]+(\?|…)? (any|each|string|integer|number|boolean|list|map|\|)+(, )?)+\) (any|string|integer|number|boolean|list|map)$`)
	used := ""
	for _, r := range results {
		used += r.src + "\n"
	}
	last := ""
	for _, f := range plan.Functions() {
		if f.Name <= last {
			t.Errorf("%s follows %s", f.Name, last)
		}
		last = f.Name
		if !strings.HasPrefix(f.Signature, f.Name+"(") || !form.MatchString(f.Signature) {
			t.Errorf("%s: signature %q", f.Name, f.Signature)
		}
		if !strings.HasSuffix(f.Doc, ".") || strings.ToUpper(f.Doc[:1]) != f.Doc[:1] {
			t.Errorf("%s: documented as %q", f.Name, f.Doc)
		}
		if !strings.Contains(used, f.Name+"(") {
			t.Errorf("%s has no test", f.Name)
		}
	}
	for _, name := range []string{"now", "date", "duration", "timezone", "env", "random", "uuid"} {
		if _, err := expr(name + "()").Eval(world()); err == nil {
			t.Errorf("there is a function %s", name)
		}
	}
}
