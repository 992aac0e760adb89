package schema

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
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
	Other Kind = iota // what JSON has no form for: no schema accepts it
	Null
	Bool
	Int
	Float // finite, and not known to be whole
	String
	List
	Mapping
)

// decoded is a Value of what encoding/json would produce.
type decoded struct {
	kind  Kind
	text  string
	keys  []string // sorted
	items []decoded
}

func (d *decoded) Kind() Kind       { return d.kind }
func (d *decoded) Text() string     { return d.text }
func (d *decoded) Len() int         { return len(d.items) }
func (d *decoded) Key(i int) string { return d.keys[i] }
func (d *decoded) At(i int) Value   { return &d.items[i] }

func valueOf(v any) decoded {
	switch v := v.(type) {
	case nil:
		return decoded{kind: Null}
	case bool:
		return decoded{kind: Bool}
	case string:
		return decoded{kind: String, text: v}
	case int:
		return decoded{kind: Int, text: strconv.Itoa(v)}
	case int64:
		return decoded{kind: Int, text: strconv.FormatInt(v, 10)}
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return decoded{kind: Float, text: string(v)} // out of every range
		}
		return numberOf(f, string(v))
	case float64:
		return numberOf(v, strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		d := decoded{kind: List, items: make([]decoded, len(v))}
		for i := range v {
			d.items[i] = valueOf(v[i])
		}
		return d
	case map[string]any:
		d := decoded{kind: Mapping, keys: slices.Sorted(maps.Keys(v)), items: make([]decoded, len(v))}
		for i, key := range d.keys {
			d.items[i] = valueOf(v[key])
		}
		return d
	}
	return decoded{}
}

// numberOf takes 3.0 for the whole number it is.
func numberOf(f float64, text string) decoded {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return decoded{}
	case f == math.Trunc(f):
		return decoded{kind: Int, text: strconv.FormatFloat(f, 'f', -1, 64)}
	}
	return decoded{kind: Float, text: text}
}
