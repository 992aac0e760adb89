package schema

import (
	"encoding/json"
	"maps"
	"math/rand"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// structural are the rules that the schema alone must be able to enforce.
var structural = regexp.MustCompile(`(?m)error: .*\[(unknown-key|missing-key|type|value|command)\]$`)

func TestSchemaAgreesWithTheLoader(t *testing.T) {
	s := independent(t)
	rejected := 0
	accepted := documents(t, "ok/*.yaml")
	for file, doc := range accepted {
		if err := s.schema.Validate(doc); err != nil {
			t.Errorf("%s: refused by the schema: %#v", file, err)
		}
		if v := valueOf(doc); !Accepts(&v) {
			t.Errorf("%s: valid, but not accepted at once", file)
		}
	}
	for file, doc := range documents(t, "err/*.yaml") {
		out, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".out")
		if err != nil {
			t.Fatal(err)
		}
		if !structural.Match(out) {
			continue
		}
		rejected++
		if s.schema.Validate(doc) == nil {
			t.Errorf("%s: a structural fault that the schema accepts:\n%s", file, out)
		}
	}
	if len(accepted) < 5 || rejected < 15 {
		t.Errorf("only %d files accepted and %d rejected: the test looks at nothing", len(accepted), rejected)
	}
}

// What we have against a document, where and in which words, is what the
// authority has, whatever is broken in it.
func TestCheckAgreesWithTheAuthority(t *testing.T) {
	s := independent(t)
	docs := documents(t, "err/*.yaml")
	rounds := map[string]int{}
	for file := range docs {
		rounds[file] = 5
	}
	for file, doc := range documents(t, "ok/*.yaml") {
		docs[file] = doc
		rounds[file] = 40
	}
	random := rand.New(rand.NewSource(1))
	valid, broken, kinds := 0, 0, map[Keyword]int{}
	for _, file := range slices.Sorted(maps.Keys(docs)) {
		source, _ := json.Marshal(docs[file])
		for round := range rounds[file] {
			doc := parse(t, string(source))
			for range round % 4 {
				mutate(random, &doc)
			}
			found := agree(t, s, doc)
			for _, v := range found {
				kinds[v.Keyword]++
			}
			if found == nil {
				valid++
			} else {
				broken++
			}
			if t.Failed() {
				t.Fatalf("%s, round %d", file, round)
			}
		}
	}
	if valid < 100 || broken < 500 || len(kinds) != 7 {
		t.Errorf("%d valid documents, %d broken ones, with %v: the test compares too little", valid, broken, kinds)
	}
}

func agree(t *testing.T, s authority, doc any) []Violation {
	t.Helper()
	v := valueOf(doc)
	got, want := Check(doc), s.violations(t, doc)
	if Accepts(&v) != (want == nil) {
		t.Errorf("accepted: %v, but the authority has %v", want != nil, want)
	}
	if !reflect.DeepEqual(plainly(got), plainly(want)) {
		b, _ := json.Marshal(doc)
		t.Errorf("in %s\n we find %+v\nthe authority %+v", b, got, want)
	}
	return got
}

// plainly makes no difference between an empty list and none.
func plainly(found []Violation) []Violation {
	found = slices.Clone(found)
	for i, v := range found {
		found[i].Pointer = append([]string{}, v.Pointer...)
		found[i].Keys = append([]string{}, v.Keys...)
		found[i].Allowed = append([]string{}, v.Allowed...)
	}
	return found
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
