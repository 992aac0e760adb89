package plan

import "slices"

// otherWords are words that people use for a status.
var otherWords = map[string]string{
	"succeeded": "completed", "success": "completed", "successful": "completed", "done": "completed", "ok": "completed", "passed": "completed", "complete": "completed", "finished": "completed",
	"error": "failed", "failure": "failed", "fail": "failed", "canceled": "cancelled", "aborted": "cancelled", "timed_out": "timeout", "timedout": "timeout", "skip": "skipped",
}

// word reports a literal that is compared with what can only be some words, of
// which it is none: the comparison has one result whatever happens.
func (c *checker) word(t Type, n *node) {
	text, ok := n.val.(string)
	if n.op != opLiteral || !ok || t.words == nil || slices.Contains(t.words, text) {
		return
	}
	help := ""
	if other := otherWords[text]; slices.Contains(t.words, other) {
		help = "did you mean " + quoted(other) + "? "
	} else if near := nearest(text, t.words); near != "" {
		help = "did you mean " + quoted(near) + "? "
	}
	words := make([]string, len(t.words))
	for i, w := range t.words {
		words[i] = quoted(w)
	}
	c.report(n.at, help+"it is one of "+or(words), "this is never %s", quoted(text))
}

func quoted(word string) string { return `"` + word + `"` }
