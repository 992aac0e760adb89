package schema

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// A pattern is a regular expression, which is read when something is first held
// against it.
type pattern struct {
	text string
	once sync.Once
	name *nameForm      // nil: not of that form
	re   *regexp.Regexp // else
}

func (p *pattern) matches(s string) bool {
	p.once.Do(func() {
		if p.name = nameFormOf(p.text); p.name == nil {
			p.re = regexp.MustCompile(p.text)
		}
	})
	if p.name != nil {
		return p.name.matches(s)
	}
	return p.re.MatchString(s)
}

// A nameForm is a pattern such as ^[a-z][a-z0-9_]{0,62}$. Every runbook has names,
// and compiling their pattern, with its 62 copies, would take longer than reading
// a small runbook.
type nameForm struct {
	head        []asciiSet // one character each
	tail        asciiSet   // the others
	least, most int        // of them
}

func (f *nameForm) matches(s string) bool {
	n := len(s) - len(f.head)
	if n < f.least || n > f.most {
		return false
	}
	for i := range len(s) {
		set := f.tail
		if i < len(f.head) {
			set = f.head[i]
		}
		if !set.has(s[i]) {
			return false
		}
	}
	return true
}

// asciiSet has a bit for each character.
type asciiSet [2]uint64

func (a asciiSet) has(b byte) bool { return b < 128 && a[b/64]&(1<<(b%64)) != 0 }

// nameFormOf returns nil for every other pattern.
func nameFormOf(pattern string) *nameForm {
	rest, begins := strings.CutPrefix(pattern, "^")
	rest, ends := strings.CutSuffix(rest, "$")
	if !begins || !ends {
		return nil
	}
	f := &nameForm{}
	for rest != "" {
		class, after, ok := strings.Cut(rest, "]")
		set, known := asciiSetOf(class)
		if !ok || !known {
			return nil
		}
		if rest = after; rest == "" || rest[0] == '[' {
			f.head = append(f.head, set)
			continue
		}
		f.tail = set
		f.least, f.most, ok = repeats(rest)
		if !ok {
			return nil
		}
		return f
	}
	return f
}

// asciiSetOf reads a class such as [a-z0-9_-, without the end.
func asciiSetOf(class string) (set asciiSet, ok bool) {
	class, ok = strings.CutPrefix(class, "[")
	if !ok || class == "" || strings.ContainsAny(class, `^\[`) {
		return set, false
	}
	for i := 0; i < len(class); i++ {
		from, to := class[i], class[i]
		if i+2 < len(class) && class[i+1] == '-' {
			to = class[i+2]
			i += 2
		}
		for b := int(from); b <= int(to); b++ {
			if b >= 128 {
				return set, false
			}
			set[b/64] |= 1 << (b % 64)
		}
	}
	return set, true
}

// repeats reads *, + or {0,62}.
func repeats(s string) (least, most int, ok bool) {
	switch s {
	case "*":
		return 0, math.MaxInt, true
	case "+":
		return 1, math.MaxInt, true
	}
	inside, opens := strings.CutPrefix(s, "{")
	inside, closes := strings.CutSuffix(inside, "}")
	low, high, two := strings.Cut(inside, ",")
	least, errLow := strconv.Atoi(low)
	most, errHigh := strconv.Atoi(high)
	return least, most, opens && closes && two && errLow == nil && errHigh == nil && least >= 0 && least <= most
}
