package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"
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

// Check reports every violation in doc, ordered by place. doc holds only what
// encoding/json would produce, or int where it would produce a number.
func Check(doc any) []Violation { return violations(compiled().root, doc) }

// CheckStep is Check for one step on its own, so that a loader need not hold a
// whole file in this form at once.
func CheckStep(step any) []Violation { return violations(compiled().step, step) }

type validators struct{ root, step *jsonschema.Schema }

// Compiling costs milliseconds, which a program that checks nothing should not
// pay.
var compiled = sync.OnceValue(compileSchema)

func compileSchema() validators {
	const address = "runbook.schema.json"
	c := jsonschema.NewCompiler()
	c.LoadURL = func(s string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("the schema refers to %q, outside itself", s)
	}
	lean, err := json.Marshal(lean(tree()))
	if err == nil {
		err = c.AddResource(address, bytes.NewReader(lean))
	}
	if err != nil {
		panic(err) // the embedded schema is broken: a bug that any test finds
	}
	return validators{c.MustCompile(address), c.MustCompile(address + "#/$defs/step")}
}

// lean is the schema without its words, which the compiler would check too.
func lean(v any) any {
	switch v := v.(type) {
	case *object:
		m := make(map[string]any, len(v.names))
		for _, name := range v.names {
			switch word := v.values[name]; name {
			case "title", "description", "examples", "default":
				// As the name of a property it is no annotation.
				if _, property := word.(*object); property {
					m[name] = lean(word)
				}
			case "$id":
			default:
				m[name] = lean(word)
			}
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = lean(v[i])
		}
		return list
	}
	return v
}

func violations(s *jsonschema.Schema, doc any) []Violation {
	err := s.Validate(doc)
	if err == nil {
		return nil
	}
	var failed *jsonschema.ValidationError
	if !errors.As(err, &failed) {
		return []Violation{{Keyword: WrongType, Want: "a document of text, numbers, lists and mappings"}}
	}
	var found []Violation
	for _, leaf := range leaves(nil, failed) {
		found = append(found, describe(leaf, doc))
	}
	// The validator ranges over maps.
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

func leaves(into []*jsonschema.ValidationError, e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(into, e)
	}
	for _, c := range e.Causes {
		into = leaves(into, c)
	}
	return into
}

// describe finds the facts of a failure in the schema itself; the validator
// gives them only as English.
func describe(e *jsonschema.ValidationError, doc any) Violation {
	v := Violation{Pointer: splitPointer(e.InstanceLocation)}
	_, fragment, _ := strings.Cut(e.AbsoluteKeywordLocation, "#")
	at := splitPointer(fragment)
	if allowed, ok := find(at).(bool); ok && !allowed && (len(at) == 0 || at[len(at)-1] != string(Unknown)) {
		v.Keyword = Excluded
		return v
	}
	if n := len(at); n > 2 && at[n-3] == "dependentRequired" {
		// …/dependentRequired/the key that is there/the place of the one that is not
		v.Keyword, v.Want = Missing, nearestTitle(at[:n-3])
		v.Keys = absent(valueAt(doc, v.Pointer), find(at[:n-2]).(*object).texts(at[n-2]))
		return v
	}
	rule, _ := find(at[:len(at)-1]).(*object)
	v.Keyword, v.Want = WrongForm, nearestTitle(at[:len(at)-1])
	switch keyword := Keyword(at[len(at)-1]); keyword {
	case WrongType, TooFew:
		v.Keyword = keyword
	case NotOneOf:
		v.Keyword, v.Allowed = keyword, rule.texts("enum")
	case Missing:
		v.Keyword = keyword
		v.Keys = absent(valueAt(doc, v.Pointer), rule.texts("required"))
	case Unknown:
		v.Keyword, v.Allowed = keyword, rule.object("properties").keys()
		v.Keys = unknownKeys(valueAt(doc, v.Pointer), rule)
	}
	return v
}

// nearestTitle is the title of a schema, or of the one it is a branch of.
func nearestTitle(pointer []string) string {
	for n := len(pointer); n >= 0; n-- {
		if o, ok := find(pointer[:n]).(*object); ok && o.text("title") != "" {
			return o.text("title")
		}
	}
	return ""
}

func absent(value any, required []string) []string {
	m, _ := value.(map[string]any)
	var keys []string
	for _, k := range required {
		if _, ok := m[k]; !ok {
			keys = append(keys, k)
		}
	}
	return keys
}

func unknownKeys(value any, rule *object) []string {
	m, _ := value.(map[string]any)
	var keys []string
	for k := range m {
		if rule.object("properties").get(k) == nil && rule.byPattern(k) == nil {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return keys
}

func valueAt(doc any, pointer []string) any {
	for _, key := range pointer {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			doc = v[i]
		default:
			return nil
		}
	}
	return doc
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// splitPointer undoes both escapings of the validator: that of JSON pointers,
// and that of the URL fragment around it.
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
