package plan

import (
	"maps"
	"slices"
	"strings"
)

// A Type is what is known of a value before it is there. The zero Type is any
// value at all. Types are not changed once made.
type Type struct {
	kind     kind
	elem     *Type           // of a list, or of a map whose keys are not known; nil: any
	fields   map[string]Type // of a map whose keys are known; nil: they are not
	open     bool            // of a map with fields: others may be there
	absent   string          // why the value may be null, for people; empty: it is not
	instance bool            // of a map: it is an element of each
	words    []string        // of a string: what it can be, sorted; nil: anything
	empty    bool            // of a list: it has no elements, so they are of whatever type the others are
}

type kind uint8

const (
	kindAny kind = iota
	kindNull
	kindBool
	kindInt
	kindNumber // an integer or not
	kindString
	kindList
	kindMap
	kindSecret
)

// The simple types.
var (
	Any     = Type{}
	Null    = Type{kind: kindNull}
	Bool    = Type{kind: kindBool}
	Integer = Type{kind: kindInt}
	Number  = Type{kind: kindNumber}
	String  = Type{kind: kindString}
	Opaque  = Type{kind: kindSecret} // a secret, or text that holds one: nothing computes with it
)

// ListOf is a list whose elements are of type t.
func ListOf(t Type) Type { return Type{kind: kindList, elem: &t} }

// MapOf is a map with keys that are not known and values of type t.
func MapOf(t Type) Type { return Type{kind: kindMap, elem: &t} }

// Object is a map with these keys and, if open, perhaps others.
func Object(fields map[string]Type, open bool) Type {
	if fields == nil {
		fields = map[string]Type{}
	}
	return Type{kind: kindMap, fields: fields, open: open}
}

// MaybeAbsent is t or null; why says when, to follow "may be null: ", such as
// "step \"x\" has if".
func (t Type) MaybeAbsent(why string) Type {
	t.absent = why
	return t
}

// MayBeNull reports whether it is known that a value may be null, so that what
// uses it has to say what then.
func (t Type) MayBeNull() bool { return t.absent != "" || t.kind == kindNull }

// present is t without null.
func (t Type) present() Type {
	t.absent = ""
	return t
}

// String names the type as it reads in a sentence.
func (t Type) String() string {
	return [...]string{
		"any value", "null", "a boolean", "an integer", "a number", "a string", "a list", "a map", "a secret",
	}[t.kind]
}

// element is the type of what a loop over t sees.
func (t Type) element() Type {
	if t.kind == kindList && t.elem != nil {
		return *t.elem
	}
	return Any
}

// names are the keys of a map that are known, sorted.
func (t Type) names() []string { return slices.Sorted(maps.Keys(t.fields)) }

// numeric reports whether t may be a number.
func (t Type) numeric() bool {
	return t.kind == kindInt || t.kind == kindNumber || t.kind == kindAny
}

// may reports whether a value of type t may be of one of the kinds.
func (t Type) may(kinds ...kind) bool {
	if t.kind == kindAny || slices.Contains(kinds, t.kind) {
		return true
	}
	return t.kind == kindNumber && slices.Contains(kinds, kindInt) || t.kind == kindInt && slices.Contains(kinds, kindNumber)
}

// join is what a value is that is of type t or of type u.
func join(t, u Type) Type {
	absent := t.absent
	if absent == "" {
		absent = u.absent
	}
	switch {
	case t.kind == kindSecret || u.kind == kindSecret:
		return Opaque.MaybeAbsent(absent)
	case t.kind == kindNull && u.kind == kindNull:
		return Null
	case t.kind == kindNull:
		return nullable(u)
	case u.kind == kindNull:
		return nullable(t)
	case t.kind == u.kind && t.kind == kindList:
		switch {
		case t.empty:
			return u.MaybeAbsent(absent)
		case u.empty:
			return t.MaybeAbsent(absent)
		}
		return ListOf(join(t.element(), u.element())).MaybeAbsent(absent)
	case t.kind == u.kind && t.kind != kindMap:
		t.words = eitherWord(t.words, u.words)
		return t.MaybeAbsent(absent)
	case t.kind == kindMap && u.kind == kindMap:
		return MapOf(Any).MaybeAbsent(absent)
	case t.numeric() && u.numeric() && t.kind != kindAny && u.kind != kindAny:
		return Number.MaybeAbsent(absent)
	}
	return Any.MaybeAbsent(absent)
}

// eitherWord is what a string can be that is one or the other.
func eitherWord(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// WordOf is a string that is one of these.
func WordOf(words ...string) Type {
	return Type{kind: kindString, words: slices.Compact(slices.Sorted(slices.Values(words)))}
}

func nullable(t Type) Type {
	if t.absent == "" {
		t.absent = branchIsNull
	}
	return t
}

const (
	branchIsNull  = "one branch of a condition is null"
	elementIsNull = "a null stands in it"
)

// listOf is a list that is written out, of which t is what all elements are.
func listOf(t Type) Type {
	if t.absent == branchIsNull {
		t.absent = elementIsNull
	}
	return ListOf(t)
}

// holdsSecret reports whether a secret is somewhere in t.
func (t Type) holdsSecret() bool {
	if t.kind == kindSecret || t.elem != nil && t.elem.holdsSecret() {
		return true
	}
	for _, f := range t.fields {
		if f.holdsSecret() {
			return true
		}
	}
	return false
}

// orList names kinds in a sentence: "a string or a list".
func orList(kinds []kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = Type{kind: k}.String()
	}
	return or(words)
}

func or(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
