package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
	library "github.com/expr-lang/expr"
)

// The language is that of expr-lang/expr. Where its own evaluation and ours both
// give a result, it is the same, but for the one form that numbers have here.
func TestSameAsLibrary(t *testing.T) {
	same := 0
	for seed := range uint64(3000) {
		w := newWriter(seed)
		src := w.value("bislm"[w.IntN(5)], 1+w.IntN(3))
		if strings.Contains(src, "string(") || strings.Contains(src, "concat(") {
			// lists have another text there, and the concatenation of empty ones is null
			continue
		}
		scope := randomScope(w.Rand)
		steps := map[string]any{}
		for _, id := range []string{"a", "b"} {
			s, _ := scope.Step(id)
			steps[id] = map[string]any{"ran": s.Ran, "status": s.Status, "outputs": map[string]any(s.Outputs)}
		}
		theirs, err := library.Eval(src, map[string]any{"params": map[string]any(scope.Params), "steps": steps})
		if err != nil {
			continue
		}
		ours, err := expr(src).Eval(scope)
		if err != nil {
			if !stricter(err) {
				t.Errorf("seed %d: %s\nis %v there, and here %v", seed, src, theirs, err)
			}
			continue
		}
		b, err := json.Marshal(theirs)
		if err != nil {
			continue // not a finite number
		}
		if want, _ := plan.DecodeJSON(b); !equalJSON(t, want, ours) {
			t.Errorf("seed %d: %s\nis %s there, and here %v", seed, src, b, ours)
		}
		same++
	}
	if same < 800 {
		t.Errorf("only %d expressions were compared", same)
	}
}

// stricter reports whether an error is one where this language asks for care:
// no infinite numbers, and no function that takes null, maps or strings for
// lists.
func stricter(err error) bool {
	for _, words := range []string{"division by zero", " takes a list", "named by its place", "does not work on null"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

func equalJSON(t *testing.T, x, y any) bool {
	t.Helper()
	a, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(y)
	if err != nil {
		t.Fatal(err)
	}
	return string(a) == string(b)
}
