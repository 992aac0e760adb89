package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Key is what the schema says of one key of a runbook.
type Key struct {
	Path        string   `json:"path"` // dotted, lists passed through: "steps.retry.delay"; empty: the whole runbook
	Name        string   `json:"name"`
	Title       string   `json:"title,omitempty"` // what is expected there, as a noun phrase
	Type        []string `json:"type,omitempty"`  // string, integer, number, boolean, array, object
	Description string   `json:"description,omitempty"`
	Required    bool     `json:"required"`
	Default     string   `json:"default,omitempty"`  // as JSON; empty: none
	Enum        []string `json:"enum,omitempty"`     // the only values allowed; empty: no such list
	Examples    []string `json:"examples,omitempty"` // as JSON
	Children    []Key    `json:"children,omitempty"` // its keys, or those of its list's items, in schema order; without children of their own

	keys *object // what Children was made of
}

// An UnknownKeyError says that a path names nothing in the schema.
type UnknownKeyError struct {
	Path  string   // as asked for
	Key   string   // the part that is not known
	Under string   // the path up to it; empty: the runbook itself
	Known []string // the keys there
}

func (e *UnknownKeyError) Error() string {
	where := "a runbook"
	if e.Under != "" {
		where = strconv.Quote(e.Under)
	}
	if word := Closest(e.Key, e.Known); word != "" {
		return fmt.Sprintf("%s has no key %q; did you mean %q?", where, e.Key, word)
	}
	if len(e.Known) == 0 {
		return fmt.Sprintf("%s has no keys, so there is no %q", where, e.Key)
	}
	return fmt.Sprintf("%s has no key %q; its keys are %s", where, e.Key, strings.Join(e.Known, ", "))
}

// anyName stands, in a path, for a key that people choose.
const anyName = "NAME"

// Explain returns the schema's own text for a key, such as "steps.retry". The
// empty path is the runbook. A list stands for its items. The error is an
// [*UnknownKeyError].
func Explain(path string) (Key, error) {
	at, walked, required := tree(), []string(nil), false
	var above []*object // the keys of what was walked through
	for _, part := range splitPath(path) {
		holder := container(at)
		above = append(above, holder.object("properties"))
		next := child(holder, part)
		if next == nil {
			return Key{}, &UnknownKeyError{path, part, strings.Join(walked, "."), holder.object("properties").keys()}
		}
		required = slices.Contains(holder.texts("required"), part)
		walked = append(walked, part)
		at = next
	}
	k := describeKey(at, walked)
	k.Required = required
	holder := container(at)
	k.keys = holder.object("properties")
	if k.keys != nil && slices.Contains(above, k.keys) {
		return k, nil // a schema inside itself: its keys were listed above
	}
	for _, name := range k.keys.keys() {
		c := describeKey(child(holder, name), append(slices.Clone(walked), name))
		c.Required = slices.Contains(holder.texts("required"), name)
		k.Children = append(k.Children, c)
	}
	// Where people choose the keys, one stands for all of them.
	if entry := holder.byPattern("name"); len(k.Children) == 0 && entry != nil {
		k.Children = append(k.Children, describeKey(entry.resolved(), append(slices.Clone(walked), anyName)))
	}
	return k, nil
}

// splitPath also takes the forms steps[0].id, steps[].id and steps.0.id.
func splitPath(path string) []string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
	return slices.DeleteFunc(parts, func(p string) bool { return strings.Trim(p, "0123456789") == "" })
}

// container is what holds the keys below a schema: itself, or the items of a
// list.
func container(o *object) *object {
	o = o.resolved()
	if items := o.object("items"); items != nil && o.object("properties") == nil {
		return items.resolved()
	}
	return o
}

func child(holder *object, name string) *object {
	if c := holder.object("properties").object(name); c != nil {
		return c.resolved()
	}
	if name == anyName { // also of names that must be in lower case
		name = "name"
	}
	if c := holder.byPattern(name); c != nil {
		return c.resolved()
	}
	return nil
}

func describeKey(o *object, path []string) Key {
	k := Key{
		Path:        strings.Join(path, "."),
		Title:       o.text("title"),
		Type:        o.texts("type"),
		Description: o.text("description"),
		Default:     compact(o.get("default")),
		Enum:        o.texts("enum"),
	}
	if then := o.object("then").resolved(); len(k.Enum) == 0 && then != nil {
		k.Enum = then.texts("enum")
	}
	if len(path) > 0 {
		k.Name = path[len(path)-1]
	}
	examples, _ := o.get("examples").([]any)
	for _, e := range examples {
		k.Examples = append(k.Examples, compact(e))
	}
	return k
}

// compact is a value as JSON on one line, which YAML reads too; empty for none.
func compact(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case *object:
		parts := make([]string, len(v.names))
		for i, name := range v.names {
			parts[i] = name + ": " + compact(v.members[i].get())
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = compact(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return plainOrQuoted(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// plainOrQuoted leaves a word that means only itself in YAML without quotes.
func plainOrQuoted(s string) string {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if letter || i > 0 && (r >= '0' && r <= '9' || strings.ContainsRune("-_./", r)) {
			continue
		}
		return strconv.Quote(s)
	}
	return s
}
