package schema

import (
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// A Violation is one place where a document is not what the schema says, with
// what is needed to say so in plain words.
type Violation struct {
	Pointer []string // keys and indexes from the root of the checked value; empty: the value itself
	Keyword Keyword
	Want    string   // what is expected there, as a noun phrase: "a duration with units, such as ..."
	Keys    []string // Unknown: the keys that are not known, sorted; Missing: those that are missing
	Allowed []string // Unknown: the keys that are known, in schema order; NotOneOf: the values that are
}

// A Keyword says which kind of rule a [Violation] broke.
type Keyword string

const (
	WrongType Keyword = "type"                 // text where a list is expected, and so on
	Unknown   Keyword = "additionalProperties" // keys the schema does not know
	Missing   Keyword = "required"             // keys that must be there
	NotOneOf  Keyword = "enum"                 // not one of a fixed set of values
	Excluded  Keyword = "excluded"             // a key that another key rules out
	WrongForm Keyword = "form"                 // of the right type, but not as it must be written, or out of range
	TooFew    Keyword = "minItems"             // a list with too few items
)

// Accepts reports whether a document is surely valid, and AcceptsStep whether a
// step is. False means only that [Check] has to say: a number that is written as
// 3.0 may be whole. Nearly every document is valid, and this needs no copy of it.
func Accepts(document Value) bool { return rules().accepts(document) }

// AcceptsStep is Accepts for one step.
func AcceptsStep(step Value) bool { return stepRule().accepts(step) }

// Check reports every violation in doc, ordered by place. doc holds only what
// encoding/json would produce, or int where it would produce a number.
func Check(doc any) []Violation { return rules().violations(doc) }

// CheckStep is Check for one step on its own, so that a loader need not hold a
// whole file in this form at once.
func CheckStep(step any) []Violation { return stepRule().violations(step) }

func (r *rule) violations(doc any) []Violation {
	v, s := valueOf(doc), search{all: true}
	r.check(&v, &s)
	return ordered(s.found)
}

// ordered sorts violations by place and leaves out those that say the same.
func ordered(found []Violation) []Violation {
	sort.SliceStable(found, func(i, j int) bool {
		if c := comparePointers(found[i].Pointer, found[j].Pointer); c != 0 {
			return c < 0
		}
		return found[i].Keyword < found[j].Keyword
	})
	return slices.CompactFunc(found, func(a, b Violation) bool {
		return slices.Equal(a.Pointer, b.Pointer) && a.Keyword == b.Keyword && slices.Equal(a.Keys, b.Keys)
	})
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// splitPointer undoes both escapings of a $ref: that of JSON pointers, and that of
// the URL fragment around it.
func splitPointer(s string) []string {
	if s == "" || s == "/" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(s, "/"), "/")
	for i, p := range parts {
		if u, err := url.PathUnescape(p); err == nil {
			p = u
		}
		parts[i] = unescape.Replace(p)
	}
	return parts
}

// comparePointers orders list items by number.
func comparePointers(a, b []string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		x, errX := strconv.Atoi(a[i])
		y, errY := strconv.Atoi(b[i])
		if errX == nil && errY == nil {
			return x - y
		}
		return strings.Compare(a[i], b[i])
	}
	return len(a) - len(b)
}
