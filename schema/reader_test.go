package schema

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// The reader of the schema reads what encoding/json reads, in order.
func TestReader(t *testing.T) {
	var want any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if got := unordered(tree()); !reflect.DeepEqual(got, want) {
		t.Error("the embedded schema is read wrongly")
	}
}

func unordered(v any) any {
	switch v := v.(type) {
	case *object:
		m := map[string]any{}
		for i, name := range v.names {
			m[name] = unordered(v.members[i].get())
		}
		if len(m) != len(v.names) {
			return "a key is there twice"
		}
		return m
	case []any:
		list := make([]any, len(v)) // the tree is shared
		for i := range v {
			list[i] = unordered(v[i])
		}
		return list
	}
	return v
}
