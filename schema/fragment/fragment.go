// Package fragment is the part of JSON Schema that params are declared with. Front
// end and engine check values against it; neither needs more of the schema.
package fragment

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// A Fragment is the part of JSON Schema that a param is declared with. It is
// checked here and not by the library: what is wrong must be said without the
// value, and a program that runs a plain runbook should not wait for a schema to
// be compiled.
type Fragment struct {
	types      []string
	enum       []any
	constant   any
	hasConst   bool
	pattern    *regexp.Regexp
	count      map[string]int // minLength, maxLength, minItems, maxItems
	limit      map[string]float64
	unique     bool
	items      *Fragment
	properties map[string]*Fragment
	required   []string
	additional *Fragment
	closed     bool
}

// A Problem is one thing wrong with a value, or with a fragment itself. Message
// holds nothing of the value.
type Problem struct {
	Pointer []string // keys and indexes from the root; empty: the value itself
	Message string   // to follow the name of the place: "must be an integer"
}

// New makes a fragment of its JSON form, which has the structure that
// the schema asks for. The problems are what the schema cannot see, such as a
// pattern that is no regular expression.
func New(v map[string]any) (*Fragment, []Problem) {
	c := fragmentCompiler{}
	f := c.compile(v, nil)
	return f, c.problems
}

type fragmentCompiler struct{ problems []Problem }

func (c *fragmentCompiler) add(at []string, key, format string, args ...any) {
	c.problems = append(c.problems, Problem{append(slices.Clone(at), key), fmt.Sprintf(format, args...)})
}

func (c *fragmentCompiler) compile(v map[string]any, at []string) *Fragment {
	f := &Fragment{count: map[string]int{}, limit: map[string]float64{}}
	for key, x := range v {
		switch key {
		case "type":
			if t, ok := x.(string); ok {
				f.types = []string{t}
			}
		case "enum":
			f.enum, _ = x.([]any)
		case "const":
			f.constant, f.hasConst = x, true
		case "pattern":
			s, _ := x.(string)
			re, err := regexp.Compile(s)
			if err != nil {
				c.add(at, key, "is not a regular expression in RE2 syntax: %s", regexpError(err))
				continue
			}
			f.pattern = re
		case "minLength", "maxLength", "minItems", "maxItems":
			n, _ := numberOf(x)
			f.count[key] = int(n)
		case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
			f.limit[key], _ = numberOf(x)
		case "uniqueItems":
			f.unique, _ = x.(bool)
		case "items":
			f.items = c.sub(x, append(slices.Clone(at), key))
		case "properties":
			f.properties = map[string]*Fragment{}
			m, _ := x.(map[string]any)
			for name, p := range m {
				f.properties[name] = c.sub(p, append(slices.Clone(at), key, name))
			}
		case "required":
			list, _ := x.([]any)
			for _, name := range list {
				if s, ok := name.(string); ok {
					f.required = append(f.required, s)
				}
			}
		case "additionalProperties":
			if b, ok := x.(bool); ok {
				f.closed = !b
				continue
			}
			f.additional = c.sub(x, append(slices.Clone(at), key))
		}
	}
	c.consistent(f, at)
	return f
}

func (c *fragmentCompiler) sub(x any, at []string) *Fragment {
	m, ok := x.(map[string]any)
	if !ok {
		return nil
	}
	return c.compile(m, at)
}

// consistent finds keywords that no value can satisfy, or that are of no use
// with the type.
func (c *fragmentCompiler) consistent(f *Fragment, at []string) {
	for _, pair := range [][2]string{{"minLength", "maxLength"}, {"minItems", "maxItems"}} {
		low, okLow := f.count[pair[0]]
		high, okHigh := f.count[pair[1]]
		if okLow && okHigh && low > high {
			c.add(at, pair[1], "is under %s, so no value fits", pair[0])
		}
	}
	low, okLow := f.limit["minimum"]
	high, okHigh := f.limit["maximum"]
	if okLow && okHigh && low > high {
		c.add(at, "maximum", "is under minimum, so no value fits")
	}
	if m, ok := f.limit["multipleOf"]; ok && m <= 0 {
		c.add(at, "multipleOf", "must be over 0")
	}
	if len(f.types) == 0 {
		return
	}
	t := f.types[0]
	for i, x := range f.enum {
		if !isOfType(x, t) {
			c.add(append(slices.Clone(at), "enum"), strconv.Itoa(i), "must be %s, as type says", typeTitle(t))
		}
	}
	if f.hasConst && !isOfType(f.constant, t) {
		c.add(at, "const", "must be %s, as type says", typeTitle(t))
	}
	for key, types := range suited {
		if !slices.Contains(types, t) && f.has(key) {
			c.add(at, key, "has no meaning with type %s", t)
		}
	}
	if len(f.properties) > 0 && f.closed {
		for i, name := range f.required {
			if f.properties[name] == nil {
				c.add(append(slices.Clone(at), "required"), strconv.Itoa(i), "is not one of properties, so no value fits")
			}
		}
	}
}

// suited are the types that a keyword says something about.
var suited = map[string][]string{
	"pattern": {"string"}, "minLength": {"string"}, "maxLength": {"string"},
	"minimum": {"integer", "number"}, "maximum": {"integer", "number"},
	"exclusiveMinimum": {"integer", "number"}, "exclusiveMaximum": {"integer", "number"}, "multipleOf": {"integer", "number"},
	"items": {"array"}, "minItems": {"array"}, "maxItems": {"array"}, "uniqueItems": {"array"},
	"properties": {"object"}, "required": {"object"}, "additionalProperties": {"object"},
}

func (f *Fragment) has(key string) bool {
	if _, ok := f.count[key]; ok {
		return true
	}
	if _, ok := f.limit[key]; ok {
		return true
	}
	switch key {
	case "pattern":
		return f.pattern != nil
	case "items":
		return f.items != nil
	case "uniqueItems":
		return f.unique
	case "properties":
		return f.properties != nil
	case "required":
		return f.required != nil
	case "additionalProperties":
		return f.closed || f.additional != nil
	}
	return false
}

// Type is the type that a value must have; empty: any.
func (f *Fragment) Type() string {
	if len(f.types) == 0 {
		return ""
	}
	return f.types[0]
}
