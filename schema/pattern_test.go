package schema

import (
	"math/rand"
	"regexp"
	"strings"
	"testing"
)

// A pattern matches what the regular expression does, whether of the form of
// names or not.
func TestPatterns(t *testing.T) {
	names := 0
	patterns := []string{
		"^[a-z][a-z0-9_-]{0,6}$", "^[a-z]$", "^[A-Za-z_][A-Za-z0-9_]*$", "^[-a]+$", "^[a-][0-9]{2,3}$", "^[a-c-]*$",
		"^[a-z]{3}$", "^[a-z]{2,}$", "^[a-z]+[0-9]+$", "^[^a]$", `^[\w]$`, "^[é]*$", "^[a-z]?$", "^a$", "^$", "[a-z]", "^[a-z", "^[[:alpha:]]$", "^[a]]$", `^\S+$`,
	}
	everyRule(t)
	for text := range rules().book.patterns {
		patterns = append(patterns, text)
	}
	random := rand.New(rand.NewSource(1))
	for _, text := range patterns {
		re, err := regexp.Compile(text)
		if err != nil {
			if nameFormOf(text) != nil {
				t.Errorf("%s: is no pattern, and taken for one", text)
			}
			continue
		}
		p := &pattern{text: text}
		for range 5000 {
			s := someText(random)
			if got, want := p.matches(s), re.MatchString(s); got != want {
				t.Fatalf("%s and %q: %v, want %v", text, s, got, want)
			}
		}
		if p.name != nil {
			names++
		}
	}
	if names < 8 {
		t.Errorf("only %d patterns are of the form of names", names)
	}
}

func someText(r *rand.Rand) string {
	var b strings.Builder
	for range r.Intn(9) {
		b.WriteString([]string{"a", "b", "z", "A", "Z", "0", "9", "_", "-", ".", "]", "^", "\n", "é", "`", "{", "/", ":", "@", "["}[r.Intn(20)])
	}
	if r.Intn(20) == 0 {
		b.WriteString(strings.Repeat("a", 55+r.Intn(12)))
	}
	return b.String()
}
