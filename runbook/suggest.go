package runbook

import (
	"fmt"
	"strings"
)

func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", word)
}

// oneOf lists words for a sentence: a, b or c.
func oneOf(words []string) string { return listed(words, "or") }

func listed(words []string, last string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
	}
}
