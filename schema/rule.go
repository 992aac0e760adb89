package schema

import (
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// A rule is one schema. It is made of its text when something is first held
// against it: a runbook uses few of them.
type rule struct {
	schema *member
	title  string
	book   *ruleBook
	once   sync.Once

	never              bool
	ref                *rule
	types              []Kind // none: any
	constants          []constant
	words              []string // those of an enum
	pattern            *pattern
	minLength          int
	least, most        *float64
	minItems           int
	prefix             []*rule
	items              *rule
	required           []string
	names              []string // of properties, in order
	properties         map[string]*rule
	patterns           []patternRule
	closed             bool  // to other keys
	additional         *rule // of other keys; nil: anything
	condition          *rule
	consequence, other *rule
	with               []dependentRule
}

type constant struct {
	kind Kind
	text string
}

// A dependentRule holds for a mapping that has a key.
type dependentRule struct {
	key  string
	rule *rule
}

type patternRule struct {
	name *pattern
	rule *rule
}

// A search is one pass of a document through the rules: for all that is wrong, or
// only for whether something is.
type search struct {
	all    bool
	broken bool
	at     []string // the place, while all is looked for
	found  []Violation
}

// over is true when nothing more is to be learnt.
func (s *search) over() bool { return s.broken && !s.all }

func (s *search) add(v Violation) {
	s.broken = true
	if s.all {
		v.Pointer = slices.Clone(s.at)
		s.found = append(s.found, v)
	}
}

// below searches one value inside of the place.
func (s *search) below(r *rule, key string, v Value) {
	if s.all {
		s.at = append(s.at, key)
		defer func() { s.at = s.at[:len(s.at)-1] }()
	}
	r.check(v, s)
}

func (r *rule) accepts(v Value) bool {
	var s search
	r.check(v, &s)
	return !s.broken
}

// check looks at everything that a keyword asks of a value, as JSON Schema does,
// except that a value of a wrong type breaks no other rule.
func (r *rule) check(v Value, s *search) {
	if r == nil || s.over() {
		return
	}
	r.once.Do(r.read)
	if r.never {
		s.add(Violation{Keyword: Excluded})
		return
	}
	kind := v.Kind()
	if kind == Other || len(r.types) > 0 && !slices.Contains(r.types, kind) {
		s.add(Violation{Keyword: WrongType, Want: r.title})
		return
	}
	if r.constants != nil && !slices.Contains(r.constants, constant{kind, v.Text()}) {
		if r.words != nil {
			s.add(Violation{Keyword: NotOneOf, Want: r.title, Allowed: slices.Clone(r.words)})
		} else {
			s.add(Violation{Keyword: WrongForm, Want: r.title})
		}
	}
	switch kind {
	case String, Int, Float:
		if !r.formed(kind, v.Text()) {
			s.add(Violation{Keyword: WrongForm, Want: r.title})
		}
	case List:
		r.checkItems(v, s)
	case Mapping:
		r.checkKeys(v, s)
	}
	r.ref.check(v, s)
	switch {
	case r.condition == nil || s.over():
	case r.condition.accepts(v):
		r.consequence.check(v, s)
	default:
		r.other.check(v, s)
	}
}

func (r *rule) formed(kind Kind, text string) bool {
	if kind == String {
		return utf8.RuneCountInString(text) >= r.minLength && (r.pattern == nil || r.pattern.matches(text))
	}
	if r.least == nil && r.most == nil {
		return true
	}
	n, err := strconv.ParseFloat(text, 64)
	return err == nil && (r.least == nil || n >= *r.least) && (r.most == nil || n <= *r.most)
}

func (r *rule) checkItems(v Value, s *search) {
	n := v.Len()
	if n < r.minItems {
		s.add(Violation{Keyword: TooFew, Want: r.title})
	}
	for i := 0; i < n && !s.over(); i++ {
		item := r.items
		if i < len(r.prefix) {
			item = r.prefix[i]
		}
		if item == nil {
			continue
		}
		place := ""
		if s.all {
			place = strconv.Itoa(i)
		}
		s.below(item, place, v.At(i))
	}
}

func (r *rule) checkKeys(v Value, s *search) {
	if missing := absent(v, r.required); missing != nil {
		s.add(Violation{Keyword: Missing, Want: r.title, Keys: missing})
	}
	if r.closed || r.properties != nil || r.patterns != nil || r.additional != nil {
		r.checkEntries(v, s)
	}
	for _, d := range r.with {
		if absent(v, []string{d.key}) == nil {
			d.rule.check(v, s)
		}
	}
}

func absent(v Value, keys []string) (missing []string) {
	n := v.Len()
	for _, key := range keys {
		i := 0
		for i < n && v.Key(i) != key {
			i++
		}
		if i == n {
			missing = append(missing, key)
		}
	}
	return missing
}

// checkEntries checks the values of a mapping, and that no key is unknown.
func (r *rule) checkEntries(v Value, s *search) {
	var unknown []string
	for i := 0; i < v.Len() && !s.over(); i++ {
		key, known := v.Key(i), false
		if p := r.properties[key]; p != nil {
			known = true
			s.below(p, key, v.At(i))
		}
		for _, p := range r.patterns {
			if p.name.matches(key) {
				known = true
				s.below(p.rule, key, v.At(i))
			}
		}
		switch {
		case known:
		case r.closed:
			s.broken = true
			unknown = append(unknown, key)
		case r.additional != nil:
			s.below(r.additional, key, v.At(i))
		}
	}
	if unknown != nil {
		slices.Sort(unknown)
		s.add(Violation{Keyword: Unknown, Want: r.title, Keys: unknown, Allowed: slices.Clone(r.names)})
	}
}
