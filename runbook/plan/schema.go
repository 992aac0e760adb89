package plan

import (
	"encoding/json"
	"slices"
)

// SchemaType is what a JSON Schema says of the values it accepts. The schema is
// decoded, or JSON text as a json.RawMessage. What it says with keywords that do
// not bear on the kind of a value is left out, and so is what cannot be told:
// the type is then any value. Properties that are not required may be absent;
// where properties are listed, others are known only if additionalProperties
// says so, because a name that is not listed is most often misspelt.
func SchemaType(schema any) Type {
	switch s := schema.(type) {
	case json.RawMessage:
		decoded, err := DecodeJSON(s)
		if err != nil {
			return Any
		}
		return SchemaType(decoded)
	case map[string]any:
		return schemaType(s)
	}
	return Any // true, or nothing
}

func schemaType(s map[string]any) Type {
	var t Type
	switch kinds := s["type"].(type) {
	case string:
		t = kindType(kinds, s)
	case []any:
		t = unionType(kinds, s)
	default:
		t = valuesType(s)
	}
	if words := enumWords(s); t.kind == kindString && words != nil {
		t.words = words
	}
	if s["nullable"] == true {
		t = t.MaybeAbsent("its schema allows null")
	}
	return t
}

// enumWords are the strings that a schema lists; nil: it lists none, or others.
func enumWords(s map[string]any) []string {
	values, _ := s["enum"].([]any)
	if c, ok := s["const"]; ok {
		values = []any{c}
	}
	var words []string
	for _, v := range values {
		switch v := v.(type) {
		case string:
			words = append(words, v)
		case nil:
		default:
			return nil
		}
	}
	slices.Sort(words)
	return words
}

func kindType(kind string, s map[string]any) Type {
	switch kind {
	case "string":
		return String
	case "integer":
		return Integer
	case "number":
		return Number
	case "boolean":
		return Bool
	case "null":
		return Null
	case "array":
		return ListOf(SchemaType(s["items"]))
	case "object":
		return objectType(s)
	}
	return Any
}

func unionType(kinds []any, s map[string]any) Type {
	t, first, null := Any, true, false
	for _, k := range kinds {
		name, _ := k.(string)
		switch {
		case name == "null":
			null = true
		case first:
			t, first = kindType(name, s), false
		default:
			t = join(t, kindType(name, s))
		}
	}
	if first {
		return Null
	}
	if null {
		t = t.MaybeAbsent("its schema allows null")
	}
	return t
}

// valuesType tells a type from the values that a schema lists.
func valuesType(s map[string]any) Type {
	values, _ := s["enum"].([]any)
	if c, ok := s["const"]; ok {
		values = []any{c}
	}
	if len(values) == 0 {
		if _, ok := s["properties"]; ok {
			return objectType(s)
		}
		return Any
	}
	var t Type
	for i, v := range values {
		v, err := normal(v)
		if err != nil {
			return Any
		}
		u := Type{kind: kindOf(v)}
		if i == 0 {
			t = u
		} else {
			t = join(t, u)
		}
	}
	if t.absent != "" {
		t.absent = "its schema allows null"
	}
	return t
}

// notRequired is why a property may be absent.
const notRequired = "its schema does not require it"

func objectType(s map[string]any) Type {
	others, hasOthers := s["additionalProperties"]
	properties, ok := s["properties"].(map[string]any)
	if !ok {
		if m, isMap := others.(map[string]any); isMap {
			return MapOf(SchemaType(m))
		}
		return MapOf(Any)
	}
	required, _ := s["required"].([]any)
	fields := make(map[string]Type, len(properties))
	for name, p := range properties {
		t := SchemaType(p)
		if !slices.Contains(required, any(name)) {
			t = t.MaybeAbsent(notRequired)
		}
		fields[name] = t
	}
	return Object(fields, hasOthers && others != false)
}
