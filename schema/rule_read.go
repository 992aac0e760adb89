package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// A ruleBook has the rules that others refer to, and the patterns.
type ruleBook struct {
	mu       sync.Mutex
	refs     map[string]*rule
	patterns map[string]*pattern
}

var rules = sync.OnceValue(func() *rule { return newRuleBook().rule(known(tree()), "") })

var stepRule = sync.OnceValue(func() *rule { return rules().book.ref("#/$defs/step") })

func newRuleBook() *ruleBook {
	return &ruleBook{refs: map[string]*rule{}, patterns: map[string]*pattern{}}
}

// rule is that of a schema in one with a title, which holds where it has none.
func (b *ruleBook) rule(schema *member, title string) *rule {
	return &rule{schema: schema, title: title, book: b}
}

// ref is the rule that a $ref refers to: always the same, since schemas contain
// themselves.
func (b *ruleBook) ref(ref string) *rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.refs[ref]
	if r == nil {
		address, fragment, _ := strings.Cut(ref, "#")
		schema := find(splitPointer(fragment))
		if address != "" || schema == nil {
			panic(fmt.Sprintf("schema: $ref %q refers to nothing in it", ref))
		}
		r = b.rule(known(schema), "")
		b.refs[ref] = r
	}
	return r
}

func (b *ruleBook) pattern(text string) *pattern {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.patterns[text]
	if p == nil {
		p = &pattern{text: text}
		b.patterns[text] = p
	}
	return p
}

// read makes the rule of its schema. It knows the keywords that the schema of
// runbooks uses and panics for any other, which is a bug that a test finds.
func (r *rule) read() {
	o, ok := r.schema.get().(*object)
	if !ok {
		r.never = r.schema.get() == false
		return
	}
	if title := o.text("title"); title != "" {
		r.title = title
	}
	for i, keyword := range o.names {
		switch keyword {
		case "$schema", "$id", "$defs", "title", "description", "default", "examples":
		default:
			r.keyword(keyword, o.members[i], o)
		}
	}
}

func (r *rule) keyword(keyword string, m *member, o *object) {
	value := m.get()
	switch keyword {
	case "$ref":
		r.ref = r.book.ref(value.(string))
	case "type":
		for _, t := range o.texts(keyword) {
			r.types = append(r.types, kinds(t)...)
		}
	case "enum":
		r.words = words(value)
		for _, word := range r.words {
			r.constants = append(r.constants, constant{String, word})
		}
	case "const":
		r.constants = []constant{constantOf(value)}
	case "pattern":
		r.pattern = r.book.pattern(value.(string))
	case "minLength":
		r.minLength = int(float(value))
	case "minItems":
		r.minItems = int(float(value))
	case "minimum":
		r.least = new(float64)
		*r.least = float(value)
	case "maximum":
		r.most = new(float64)
		*r.most = float(value)
	case "items":
		r.items = r.part(m)
	case "prefixItems":
		for _, item := range value.([]any) {
			r.prefix = append(r.prefix, r.part(known(item)))
		}
	case "required":
		r.required = o.texts(keyword)
	default:
		r.keywordOfParts(keyword, m)
	}
}

// keywordOfParts reads what contains schemas by name or by condition.
func (r *rule) keywordOfParts(keyword string, m *member) {
	parts, _ := m.get().(*object)
	switch keyword {
	case "properties":
		r.names = parts.keys()
		r.properties = make(map[string]*rule, len(r.names))
		for i, name := range r.names {
			r.properties[name] = r.part(parts.members[i])
		}
	case "patternProperties":
		for i, name := range parts.keys() {
			r.patterns = append(r.patterns, patternRule{r.book.pattern(name), r.part(parts.members[i])})
		}
	case "additionalProperties":
		if r.closed = m.get() == false; !r.closed {
			r.additional = r.part(m)
		}
	case "dependentRequired":
		for _, name := range parts.keys() {
			needs := &rule{title: r.title, required: parts.texts(name)}
			needs.once.Do(func() {})
			r.with = append(r.with, dependentRule{name, needs})
		}
	case "dependentSchemas":
		for i, name := range parts.keys() {
			r.with = append(r.with, dependentRule{name, r.part(parts.members[i])})
		}
	case "if":
		r.condition = r.part(m)
	case "then":
		r.consequence = r.part(m)
	case "else":
		r.other = r.part(m)
	default:
		panic(fmt.Sprintf("schema: no rule for the keyword %q", keyword))
	}
}

func (r *rule) part(schema *member) *rule { return r.book.rule(schema, r.title) }

// words are those of an enum.
func words(value any) []string {
	var words []string
	for _, v := range value.([]any) {
		word, ok := v.(string)
		if !ok {
			panic(fmt.Sprintf("schema: no rule for %v in an enum", v))
		}
		words = append(words, word)
	}
	return words
}

func constantOf(value any) constant {
	switch value := value.(type) {
	case string:
		return constant{String, value}
	case json.Number:
		if !strings.ContainsAny(string(value), ".eE") {
			return constant{Int, string(value)}
		}
	}
	panic(fmt.Sprintf("schema: no rule for the constant %v", value))
}

func kinds(t string) []Kind {
	switch t {
	case "string":
		return []Kind{String}
	case "integer":
		return []Kind{Int}
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

func float(v any) float64 {
	f, err := v.(json.Number).Float64()
	if err != nil {
		panic(err)
	}
	return f
}
