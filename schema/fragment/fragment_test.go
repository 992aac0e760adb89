package fragment

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A fragment accepts what the library accepts.
func TestFragmentAgreesWithTheLibrary(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	values := []string{
		`null`, `true`, `0`, `3`, `-2`, `2.5`, `3.0`, `1e3`, `9007199254740993`, `""`, `"abc"`, `"日本"`, `"a-1"`, `[]`, `[1]`, `["a","b"]`, `["a","a"]`, `[1,1.0]`, `[[1],[1]]`, `[null]`,
		`{}`, `{"a":1}`, `{"a":"x","b":[1]}`, `{"b":{"a":2}}`, `{"c":null}`,
	}
	parts := []string{
		`"type":"string"`, `"type":"integer"`, `"type":"number"`, `"type":"boolean"`, `"type":"array"`, `"type":"object"`,
		`"enum":["abc",3,true,[1],null]`, `"const":3`, `"pattern":"^[a-z]"`, `"minLength":2`, `"maxLength":3`, `"minimum":1`, `"maximum":2.5`, `"exclusiveMinimum":0`, `"exclusiveMaximum":3`, `"multipleOf":1.5`,
		`"minItems":1`, `"maxItems":1`, `"uniqueItems":true`, `"items":{"type":"string"}`, `"items":{"minimum":2}`, `"properties":{"a":{"type":"integer"},"b":{"minItems":2}}`, `"required":["a"]`, `"additionalProperties":false`, `"additionalProperties":{"type":"array"}`,
	}
	agreed := map[bool]int{}
	for range 4000 {
		chosen := map[string]string{}
		for range 1 + random.Intn(3) {
			p := parts[random.Intn(len(parts))]
			name, _, _ := strings.Cut(p, ":")
			chosen[name] = p
		}
		var list []string
		for _, p := range chosen {
			list = append(list, p)
		}
		source := "{" + strings.Join(list, ",") + "}"
		library, err := jsonschema.CompileString("x.json", source)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := New(decoded(t, source).(map[string]any))
		value := values[random.Intn(len(values))]
		var plain any
		d := json.NewDecoder(strings.NewReader(value))
		d.UseNumber()
		_ = d.Decode(&plain)
		want := library.Validate(plain)
		got := f.Check(decoded(t, value))
		if (want == nil) != (len(got) == 0) {
			t.Fatalf("%s with %s: the library says %v, we say %v", source, value, want, got)
		}
		agreed[want == nil]++
	}
	if agreed[true] < 500 || agreed[false] < 500 {
		t.Errorf("%v: the test compares too little", agreed)
	}
}

// decoded is JSON as plans hold it: whole numbers as int64.
func decoded(t *testing.T, s string) any {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return exact(v)
}

func exact(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		if f == float64(int64(f)) {
			return int64(f)
		}
		return f
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = exact(v[k])
		}
	}
	return v
}

// What is wrong is said without the value.
func TestFragmentTellsNoValues(t *testing.T) {
	const canary = "hunter2"
	for source, value := range map[string]string{
		`{"type":"integer"}`: `"hunter2"`, `{"enum":["a"]}`: `"hunter2"`, `{"const":"a"}`: `"hunter2"`, `{"pattern":"^x"}`: `"hunter2"`,
		`{"minLength":20}`: `"hunter2"`, `{"items":{"type":"integer"}}`: `["hunter2"]`, `{"type":"array","uniqueItems":true}`: `["hunter2","hunter2"]`,
		`{"additionalProperties":false,"properties":{"a":{}}}`: `{"hunter2":1}`, `{"required":["a"]}`: `{"hunter2":"hunter2"}`,
	} {
		f, problems := New(decoded(t, source).(map[string]any))
		got := f.Check(decoded(t, value))
		if len(problems) > 0 || len(got) != 1 || strings.Contains(fmt.Sprint(got), canary) {
			t.Errorf("%s: %v %v", source, problems, got)
		}
	}
}
