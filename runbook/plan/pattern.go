package plan

import (
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// Limits of regular expressions. Repetitions are written out when a pattern is
// compiled, so a short one can be a large program.
const (
	maxPattern     = 1000 // bytes
	maxPatternSize = 5000 // parts, repetitions written out
	quickMatch     = 1 << 20
)

// A pattern is a compiled regular expression.
type pattern struct {
	re   *regexp.Regexp
	size int // parts, repetitions written out
}

func compilePattern(text string) (*pattern, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the regular expression is %d bytes long; the limit is %d", len(text), maxPattern)
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		if e, ok := err.(*syntax.Error); ok {
			return nil, fmt.Errorf("this is not a regular expression: %s", e.Code)
		}
		return nil, fmt.Errorf("this is not a regular expression")
	}
	size := patternSize(parsed)
	if size > maxPatternSize {
		return nil, fmt.Errorf("the regular expression repeats too much")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("this is not a regular expression")
	}
	return &pattern{re, size}, nil
}

// patternSize is about how many instructions a regular expression becomes. It
// stops growing far above the limit.
func patternSize(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)/8
	for _, sub := range re.Sub {
		n += patternSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(1, re.Min, re.Max)
	}
	return min(n, 1<<20)
}

// matches matches within the bounds of the evaluation. The time it takes grows
// with text times pattern, and a match cannot be interrupted; so a long one is
// fed through a reader that ends when time is up.
func (m *machine) matches(p *pattern, text string) (bool, error) {
	if len(text)*p.size <= quickMatch {
		if err := m.tick(len(text) * p.size / 16); err != nil {
			return false, err
		}
		return p.re.MatchString(text), nil
	}
	r := &meteredReader{m: m, text: text, cost: 1 + p.size/4}
	found := p.re.MatchReader(r)
	return found, r.err
}

// A meteredReader counts steps for what is read, and ends early when the
// evaluation must stop.
type meteredReader struct {
	m    *machine
	text string
	at   int
	cost int // steps for a character
	err  error
}

func (r *meteredReader) ReadRune() (rune, int, error) {
	if r.err == nil {
		r.err = r.m.tick(r.cost)
	}
	if r.err != nil || r.at >= len(r.text) {
		return 0, 0, io.EOF
	}
	c, n := utf8.DecodeRuneInString(r.text[r.at:])
	r.at += n
	return c, n, nil
}
