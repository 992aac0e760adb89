package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// A Value is a part of a document in whatever form its owner has it.
type Value interface {
	Kind() Kind
	Text() string     // of a String, or a number as it was written
	Len() int         // of a List or a Mapping
	Key(i int) string // of a Mapping
	At(i int) Value   // of a List, or the value of a key
}

// Kind is the type of a [Value].
type Kind uint8

const (
	Other Kind = iota // what no schema of ours accepts without a closer look
	Null
	Bool
	Int
	Float // finite, written with a point or an exponent
	String
	List
	Mapping
)

// Accepts reports whether a document is surely valid, and AcceptsStep whether a
// step is. False means only that [Check] has to say. Nearly every document is
// valid, and this is ten times as fast; it also saves a program that is given
// nothing else from compiling the schema, which takes longer than reading most
// runbooks.
func Accepts(document Value) bool { return rules().accepts(document) }

// AcceptsStep is Accepts for one step.
func AcceptsStep(step Value) bool { return stepRule().accepts(step) }

var rules = sync.OnceValue(func() *rule {
	c := ruleCompiler{known: map[string]*rule{}, patterns: map[string]*pattern{}}
	return c.compile(tree())
})

var stepRule = sync.OnceValue(func() *rule {
	return rules().properties["steps"].items
})

// A rule is one schema. It knows the keywords that the schema of runbooks uses
// and refuses to be built from any other.
type rule struct {
	never              bool
	types              []Kind // none: any
	values             []string
	pattern            *pattern
	minLength          int
	minimum, maximum   float64
	bounded            bool
	minItems           int
	prefix             []*rule
	items              *rule
	required           []string
	properties         map[string]*rule
	patterns           []patternRule
	additional         *rule // nil: anything
	condition          *rule
	consequence, other *rule
	with               []dependentRule
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

func (r *rule) accepts(v Value) bool {
	if r == nil {
		return true
	}
	kind := v.Kind()
	if r.never || kind == Other || len(r.types) > 0 && !slices.Contains(r.types, kind) {
		return false
	}
	if r.values != nil && (kind != String && kind != Int || !slices.Contains(r.values, v.Text())) {
		return false
	}
	switch kind {
	case String:
		text := v.Text()
		if r.minLength > 0 && utf8.RuneCountInString(text) < r.minLength || r.pattern != nil && !r.pattern.matches(text) {
			return false
		}
	case Int, Float:
		if n, err := strconv.ParseFloat(v.Text(), 64); r.bounded && (err != nil || n < r.minimum || n > r.maximum) {
			return false
		}
	case List:
		if !r.acceptsItems(v) {
			return false
		}
	case Mapping:
		if !r.acceptsKeys(v) {
			return false
		}
	}
	if r.condition == nil {
		return true
	}
	if r.condition.accepts(v) {
		return r.consequence.accepts(v)
	}
	return r.other.accepts(v)
}

func (r *rule) acceptsItems(v Value) bool {
	n := v.Len()
	if n < r.minItems {
		return false
	}
	for i := range n {
		item := r.items
		if i < len(r.prefix) {
			item = r.prefix[i]
		}
		if !item.accepts(v.At(i)) {
			return false
		}
	}
	return true
}

func (r *rule) acceptsKeys(v Value) bool {
	n := v.Len()
	for _, name := range r.required {
		found := false
		for i := 0; i < n && !found; i++ {
			found = v.Key(i) == name
		}
		if !found {
			return false
		}
	}
	for _, d := range r.with {
		for i := range n {
			if v.Key(i) == d.key && !d.rule.accepts(v) {
				return false
			}
		}
	}
	if r.properties == nil && r.patterns == nil && r.additional == nil {
		return true
	}
	for i := range n {
		if !r.forKey(v.Key(i)).accepts(v.At(i)) {
			return false
		}
	}
	return true
}

func (r *rule) forKey(name string) *rule {
	if p, ok := r.properties[name]; ok {
		return p
	}
	for _, p := range r.patterns {
		if p.name.matches(name) {
			return p.rule
		}
	}
	return r.additional
}

type ruleCompiler struct {
	known    map[string]*rule // by what refers to them
	patterns map[string]*pattern
}

// A pattern is a regular expression that is compiled when something is first
// held against it: most runbooks use few of them.
type pattern struct {
	compiled func() *regexp.Regexp
}

func (p *pattern) matches(s string) bool { return p.compiled().MatchString(s) }

func (c *ruleCompiler) pattern(text string) *pattern {
	p := c.patterns[text]
	if p == nil {
		p = &pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}
		c.patterns[text] = p
	}
	return p
}

func (c *ruleCompiler) compile(schema any) *rule {
	o, ok := schema.(*object)
	if !ok {
		return &rule{never: schema == false}
	}
	ref := o.text("$ref")
	if r := c.known[ref]; r != nil {
		return r
	}
	r := &rule{minimum: math.Inf(-1), maximum: math.Inf(1)}
	if ref != "" {
		c.known[ref] = r
		o = o.resolved()
	}
	for _, keyword := range o.names {
		c.keyword(r, keyword, o)
	}
	return r
}

func (c *ruleCompiler) keyword(r *rule, keyword string, o *object) {
	value := o.values[keyword]
	switch keyword {
	case "$schema", "$id", "$defs", "title", "description", "default", "examples":
	case "type":
		for _, t := range o.texts("type") {
			r.types = append(r.types, kinds(t)...)
		}
	case "enum":
		r.values = o.texts("enum")
	case "const":
		r.values = []string{number(value).String()}
	case "pattern":
		r.pattern = c.pattern(value.(string))
	case "minLength":
		r.minLength = int(float(value))
	case "minItems":
		r.minItems = int(float(value))
	case "minimum":
		r.bounded, r.minimum = true, float(value)
	case "maximum":
		r.bounded, r.maximum = true, float(value)
	case "items":
		r.items = c.compile(value)
	case "prefixItems":
		for _, item := range value.([]any) {
			r.prefix = append(r.prefix, c.compile(item))
		}
	case "required":
		r.required = o.texts("required")
	case "properties":
		r.properties = map[string]*rule{}
		for _, name := range o.object(keyword).names {
			r.properties[name] = c.compile(o.object(keyword).values[name])
		}
	case "patternProperties":
		for _, name := range o.object(keyword).names {
			r.patterns = append(r.patterns, patternRule{c.pattern(name), c.compile(o.object(keyword).values[name])})
		}
	case "additionalProperties":
		r.additional = c.compile(value)
	case "dependentRequired":
		for _, name := range o.object(keyword).names {
			r.with = append(r.with, dependentRule{name, &rule{required: o.object(keyword).texts(name)}})
		}
	case "dependentSchemas":
		for _, name := range o.object(keyword).names {
			r.with = append(r.with, dependentRule{name, c.compile(o.object(keyword).values[name])})
		}
	case "if":
		r.condition = c.compile(value)
	case "then":
		r.consequence = c.compile(value)
	case "else":
		r.other = c.compile(value)
	default:
		panic(fmt.Sprintf("schema: no rule for the keyword %q", keyword)) // a bug that any test finds
	}
}

func kinds(t string) []Kind {
	switch t {
	case "string":
		return []Kind{String}
	case "integer":
		return []Kind{Int} // 3.0 is one too, which Check may say
	case "number":
		return []Kind{Int, Float}
	case "boolean":
		return []Kind{Bool}
	case "array":
		return []Kind{List}
	case "object":
		return []Kind{Mapping}
	case "null":
		return []Kind{Null}
	}
	panic(fmt.Sprintf("schema: no kind for the type %q", t))
}

func number(v any) json.Number { return v.(json.Number) }

func float(v any) float64 {
	f, err := number(v).Float64()
	if err != nil {
		panic(err)
	}
	return f
}
