package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

// An authority is another program's reading of the schema, which ours is compared
// with.
type authority struct{ schema *jsonschema.Schema }

func independent(t testing.TB) authority {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	if err := c.AddResource("x.json", bytes.NewReader(JSON())); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("x.json")
	if err != nil {
		t.Fatal(err)
	}
	return authority{s}
}

// violations are what the authority has against a document, in our terms.
func (a authority) violations(t testing.TB, doc any) []Violation {
	t.Helper()
	err := a.schema.Validate(doc)
	if err == nil {
		return nil
	}
	failed, ok := err.(*jsonschema.ValidationError)
	if !ok {
		t.Fatal(err)
	}
	var found []Violation
	for _, leaf := range leaves(nil, failed) {
		found = append(found, describe(leaf, doc))
	}
	return ordered(found)
}

func leaves(into []*jsonschema.ValidationError, e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(into, e)
	}
	for _, c := range e.Causes {
		into = leaves(into, c)
	}
	return into
}

// describe finds the facts of a failure in the schema itself; the authority
// gives them only as English.
func describe(e *jsonschema.ValidationError, doc any) Violation {
	v := Violation{Pointer: splitPointer(e.InstanceLocation)}
	_, fragment, _ := strings.Cut(e.AbsoluteKeywordLocation, "#")
	at := splitPointer(fragment)
	if allowed, ok := find(at).(bool); ok && !allowed && (len(at) == 0 || at[len(at)-1] != string(Unknown)) {
		v.Keyword = Excluded
		return v
	}
	if n := len(at); n > 2 && at[n-3] == "dependentRequired" {
		// …/dependentRequired/the key that is there/the place of the one that is not
		v.Keyword, v.Want = Missing, nearestTitle(at[:n-3])
		v.Keys = absentKeys(valueAt(doc, v.Pointer), find(at[:n-2]).(*object).texts(at[n-2]))
		return v
	}
	rule, _ := find(at[:len(at)-1]).(*object)
	v.Keyword, v.Want = WrongForm, nearestTitle(at[:len(at)-1])
	switch keyword := Keyword(at[len(at)-1]); keyword {
	case WrongType, TooFew:
		v.Keyword = keyword
	case NotOneOf:
		v.Keyword, v.Allowed = keyword, rule.texts("enum")
	case Missing:
		v.Keyword = keyword
		v.Keys = absentKeys(valueAt(doc, v.Pointer), rule.texts("required"))
	case Unknown:
		v.Keyword, v.Allowed = keyword, rule.object("properties").keys()
		v.Keys = unknownKeys(valueAt(doc, v.Pointer), rule)
	}
	return v
}

// nearestTitle is the title of a schema, or of the one it is a part of.
func nearestTitle(pointer []string) string {
	for n := len(pointer); n >= 0; n-- {
		if o, ok := find(pointer[:n]).(*object); ok && o.text("title") != "" {
			return o.text("title")
		}
	}
	return ""
}

func absentKeys(value any, required []string) []string {
	m, _ := value.(map[string]any)
	var keys []string
	for _, k := range required {
		if _, ok := m[k]; !ok {
			keys = append(keys, k)
		}
	}
	return keys
}

func unknownKeys(value any, rule *object) []string {
	m, _ := value.(map[string]any)
	var keys []string
	for k := range m {
		if rule.object("properties").get(k) == nil && rule.byPattern(k) == nil {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return keys
}

func valueAt(doc any, pointer []string) any {
	for _, key := range pointer {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			doc = v[i]
		default:
			return nil
		}
	}
	return doc
}

// documents are the runbooks of the tests, as JSON has them; of some there is no
// such form.
func documents(t testing.TB, pattern string) map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s (%v)", pattern, err)
	}
	docs := map[string]any{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if yaml.Unmarshal(src, &doc) != nil {
			continue
		}
		if b, err := json.Marshal(doc); err == nil {
			docs[file] = parse(t, string(b))
		}
	}
	return docs
}
