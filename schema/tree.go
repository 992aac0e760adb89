package schema

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// An object is a JSON object that keeps the order of its keys: the schema is
// written in the order people should read it. A nil object has no keys.
type object struct {
	names  []string
	values map[string]any
}

var tree = sync.OnceValue(func() *object {
	r := reader{text: text}
	o, ok := r.value().(*object)
	if !ok {
		panic("schema: the embedded schema is no object") // a bug that any test finds
	}
	return o
})

// A reader reads the embedded schema. Every run of the program waits for it, and
// encoding/json, token by token, takes ten times as long. The text is ours and
// its form is tested: what is not JSON panics.
type reader struct {
	text []byte
	at   int
}

// next is the next byte that is no blank, comma or colon.
func (r *reader) next() byte {
	for bytes.IndexByte([]byte(" \n\t\r,:"), r.text[r.at]) >= 0 {
		r.at++
	}
	return r.text[r.at]
}

func (r *reader) value() any {
	switch b := r.next(); b {
	case '{':
		return r.object()
	case '[':
		list := []any{}
		for r.at++; r.next() != ']'; {
			list = append(list, r.value())
		}
		r.at++
		return list
	case '"':
		return r.string()
	}
	from := r.at
	for bytes.IndexByte([]byte(" \n,]}"), r.text[r.at]) < 0 {
		r.at++
	}
	switch word := string(r.text[from:r.at]); word {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	default:
		return json.Number(word)
	}
}

func (r *reader) object() *object {
	o := &object{values: map[string]any{}}
	for r.at++; r.next() != '}'; {
		name := r.string()
		o.names = append(o.names, name)
		o.values[name] = r.value()
	}
	r.at++
	return o
}

func (r *reader) string() string {
	r.next()
	from := r.at
	escaped := false
	for r.at++; r.text[r.at] != '"'; r.at++ {
		if r.text[r.at] == '\\' {
			escaped = true
			r.at++
		}
	}
	r.at++
	if !escaped {
		return string(r.text[from+1 : r.at-1])
	}
	var s string
	if err := json.Unmarshal(r.text[from:r.at], &s); err != nil {
		panic(err)
	}
	return s
}

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
	return o.values[key]
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
	merged := &object{names: base.keys(), values: map[string]any{}}
	for _, k := range merged.names {
		merged.values[k] = base.values[k]
	}
	for _, k := range o.names {
		if k == "$ref" {
			continue
		}
		if _, ok := merged.values[k]; !ok {
			merged.names = append(merged.names, k)
		}
		merged.values[k] = o.values[k]
	}
	return merged
}
