package schema

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// An object is a JSON object that keeps the order of its keys: the schema is
// written in the order people should read it. A nil object has no keys.
type object struct {
	names   []string
	members []*member // of the same indexes
}

// A member is the value of a key, which is read when it is first asked for: a run
// of the program needs little of the schema, and waits for what it needs.
type member struct {
	text  string
	once  sync.Once
	value any
}

func (m *member) get() any {
	m.once.Do(func() { r := reader{text: m.text}; m.value = r.value() })
	return m.value
}

// known is a member that was read.
func known(value any) *member {
	m := &member{value: value}
	m.once.Do(func() {})
	return m
}

var tree = sync.OnceValue(func() *object {
	r := reader{text: text}
	o, ok := r.value().(*object)
	if !ok {
		panic("schema: the embedded schema is no object") // a bug that any test finds
	}
	return o
})

// find returns what a JSON pointer into the schema points at, or nil.
func find(pointer []string) any {
	var v any = tree()
	for _, key := range pointer {
		switch at := v.(type) {
		case *object:
			v = at.get(key)
		case []any:
			v = nil
			for i := range at {
				if key == strconv.Itoa(i) {
					v = at[i]
				}
			}
		default:
			return nil
		}
	}
	return v
}

func (o *object) get(key string) any {
	if o == nil {
		return nil
	}
	for i, name := range o.names {
		if name == key {
			return o.members[i].get()
		}
	}
	return nil
}

func (o *object) keys() []string {
	if o == nil {
		return nil
	}
	return append([]string(nil), o.names...)
}

func (o *object) object(key string) *object {
	v, _ := o.get(key).(*object)
	return v
}

func (o *object) text(key string) string {
	s, _ := o.get(key).(string)
	return s
}

// texts returns a list of strings; a single string is a list of one.
func (o *object) texts(key string) []string {
	switch v := o.get(key).(type) {
	case string:
		return []string{v}
	case []any:
		list := make([]string, 0, len(v))
		for _, item := range v {
			if s, ok := item.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

// byPattern returns the schema of a key that is known by its form only.
func (o *object) byPattern(key string) *object {
	patterns := o.object("patternProperties")
	for _, p := range patterns.keys() {
		if ok, err := regexp.MatchString(p, key); err == nil && ok {
			return patterns.object(p)
		}
	}
	return o.object("additionalProperties")
}

// resolved returns o with what it refers to laid under it, so that a key's own
// words win over the words of its type.
func (o *object) resolved() *object {
	ref := o.text("$ref")
	if ref == "" {
		return o
	}
	_, fragment, _ := strings.Cut(ref, "#")
	base, _ := find(splitPointer(fragment)).(*object)
	base = base.resolved()
	merged := &object{names: base.keys(), members: slices.Clone(base.members)}
	for i, k := range o.names {
		if k == "$ref" {
			continue
		}
		if at := slices.Index(merged.names, k); at >= 0 {
			merged.members[at] = o.members[i]
			continue
		}
		merged.names = append(merged.names, k)
		merged.members = append(merged.members, o.members[i])
	}
	return merged
}
