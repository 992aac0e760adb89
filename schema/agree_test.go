package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

// independent is the schema as any other program compiles it.
func independent(t testing.TB) *jsonschema.Schema {
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
	return s
}

// structural are the rules that the schema alone must be able to enforce.
var structural = regexp.MustCompile(`(?m)error: .*\[(unknown-key|missing-key|type|value|command)\]$`)

func TestSchemaAgreesWithTheLoader(t *testing.T) {
	s := independent(t)
	rejected, accepted := 0, 0
	for _, pattern := range []string{"ok/*.yaml", "err/*.yaml"} {
		files, err := filepath.Glob(filepath.Join("..", "testdata", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files match %s (%v)", pattern, err)
		}
		for _, file := range files {
			doc, ok := read(t, file)
			if !ok {
				continue // no document that JSON could hold
			}
			err := s.Validate(doc)
			if strings.HasPrefix(pattern, "ok") {
				accepted++
				if err != nil {
					t.Errorf("%s: refused by the schema: %#v", file, err)
				}
				if !Accepts(valueOf(doc)) {
					t.Errorf("%s: valid, but not accepted at once", file)
				}
				continue
			}
			out, readErr := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".out")
			if readErr != nil {
				t.Fatal(readErr)
			}
			if structural.Match(out) {
				rejected++
				if err == nil {
					t.Errorf("%s: a structural fault that the schema accepts:\n%s", file, out)
				}
			}
		}
	}
	if accepted < 5 || rejected < 15 {
		t.Errorf("only %d files accepted and %d rejected: the test looks at nothing", accepted, rejected)
	}
}

func read(t *testing.T, file string) (any, bool) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if yaml.Unmarshal(src, &doc) != nil {
		return nil, false
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, false
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v, true
}

// plainValue is a decoded JSON document as a Value.
type plainValue struct {
	kind  Kind
	text  string
	keys  []string
	items []plainValue
}

func (p plainValue) Kind() Kind       { return p.kind }
func (p plainValue) Text() string     { return p.text }
func (p plainValue) Len() int         { return len(p.items) }
func (p plainValue) Key(i int) string { return p.keys[i] }
func (p plainValue) At(i int) Value   { return p.items[i] }

func valueOf(v any) plainValue {
	switch v := v.(type) {
	case nil:
		return plainValue{kind: Null}
	case bool:
		return plainValue{kind: Bool}
	case string:
		return plainValue{kind: String, text: v}
	case float64:
		if v == float64(int(v)) {
			return plainValue{kind: Int, text: strconv.Itoa(int(v))}
		}
		return plainValue{kind: Float, text: strconv.FormatFloat(v, 'g', -1, 64)}
	case []any:
		p := plainValue{kind: List}
		for _, item := range v {
			p.items = append(p.items, valueOf(item))
		}
		return p
	case map[string]any:
		p := plainValue{kind: Mapping, keys: slices.Sorted(maps.Keys(v))}
		for _, key := range p.keys {
			p.items = append(p.items, valueOf(v[key]))
		}
		return p
	}
	return plainValue{}
}

// The two ways to check a document never disagree, whatever is broken in it.
func TestAcceptsAgreesWithCheck(t *testing.T) {
	for _, file := range []string{"everything", "language"} {
		t.Run(file, func(t *testing.T) { agree(t, file) })
	}
}

func agree(t *testing.T, file string) {
	s := independent(t)
	doc, ok := read(t, filepath.Join("..", "testdata", "ok", file+".yaml"))
	if !ok {
		t.Fatalf("%s.yaml cannot be read", file)
	}
	source, _ := json.Marshal(doc)
	random := rand.New(rand.NewSource(1))
	valid := 0
	for range 600 {
		var changed any
		_ = json.Unmarshal(source, &changed)
		mutate(random, &changed)
		err := s.Validate(changed)
		fast, slow := Accepts(valueOf(changed)), Check(changed)
		if fast != (err == nil) || (slow == nil) != (err == nil) {
			b, _ := json.Marshal(changed)
			t.Fatalf("accepts %v, check %v, the library says %v:\n%s", fast, slow, err, b)
		}
		if err == nil {
			valid++
		}
	}
	if valid == 0 || valid == 600 {
		t.Errorf("%d of 600 documents were valid: the test compares nothing", valid)
	}
}

// mutate changes one value somewhere in a document.
func mutate(r *rand.Rand, at *any) {
	values := []any{nil, true, "", "x", "5m", "-1", 1.0, 0.0, -3.0, 300.0, []any{}, []any{"x"}, map[string]any{}, map[string]any{"x": "y"}}
	switch v := (*at).(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) == 0 {
			break
		}
		key := keys[r.Intn(len(keys))]
		switch r.Intn(12) {
		case 0:
			delete(v, key)
			return
		case 1:
			v[[]string{"exec", "shell", "retry", "zzz", "A-B", "args", "type", "uses", "with", "expect", "in", "matrix", "env"}[r.Intn(13)]] = values[r.Intn(len(values))]
			return
		}
		child := v[key]
		mutate(r, &child)
		v[key] = child
		return
	case []any:
		if len(v) > 0 && r.Intn(8) > 0 {
			mutate(r, &v[r.Intn(len(v))])
			return
		}
	}
	*at = values[r.Intn(len(values))]
}
