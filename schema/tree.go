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
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readValue(d)
	if err != nil {
		panic(err) // the embedded schema is broken: a bug that any test finds
	}
	return v.(*object)
})

func readValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return readObject(d)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

func readObject(d *json.Decoder) (any, error) {
	o := &object{values: map[string]any{}}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := readValue(d)
		if err != nil {
			return nil, err
		}
		name := key.(string)
		o.names = append(o.names, name)
		o.values[name] = v
	}
	_, err := d.Token()
	return o, err
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
