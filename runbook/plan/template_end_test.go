package plan

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What is taken for the end of an expression without its lexer is the end that
// the lexer finds.
func TestPlainEndIsTheLexersEnd(t *testing.T) {
	pieces := []string{"a", "1", " ", "'", `"`, "`", "{", "}", "}}", "(", ")", ".", "+", "-", "/", "//", "/*", "*/", "#", `\`, "\n", "é", "==", "?.", "??", "params.x", "'}}'"}
	r := rand.New(rand.NewPCG(1, 2))
	plain := 0
	for range 200_000 {
		var b strings.Builder
		for range 1 + r.IntN(9) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		b.WriteString(" }}")
		end := plainEnd(b.String())
		if end < 0 {
			continue
		}
		plain++
		lexed, problem := lexedEnd(b.String(), 0)
		if problem == nil && lexed != end {
			t.Fatalf("%q ends at %d, not %d", b.String(), lexed, end)
		}
		if problem != nil && strings.HasPrefix(problem.Message, "no }}") {
			t.Fatalf("%q has no end, not one at %d", b.String(), end)
		}
	}
	if plain < 1000 {
		t.Errorf("only %d texts were plain", plain)
	}
}
