package schema

import (
	"fmt"
	"strings"
	"testing"
)

// Every keyword in the schema has its rule, every $ref what it refers to, and every
// rule a title to say what is expected.
func TestEveryRuleIsRead(t *testing.T) {
	if n := len(everyRule(t)); n < 300 {
		t.Errorf("only %d rules", n)
	}
}

func everyRule(t *testing.T) map[*rule]bool {
	seen := map[*rule]bool{}
	var visit func(r *rule)
	visit = func(r *rule) {
		if r == nil || seen[r] {
			return
		}
		seen[r] = true
		r.once.Do(r.read)
		if r.title == "" && r.ref == nil {
			t.Errorf("%v has no title", r.schema.get())
		}
		if r.pattern != nil {
			r.pattern.matches("")
		}
		for _, part := range []*rule{r.ref, r.items, r.additional, r.condition, r.consequence, r.other} {
			visit(part)
		}
		for _, part := range r.prefix {
			visit(part)
		}
		for _, part := range r.properties {
			visit(part)
		}
		for _, p := range r.patterns {
			p.name.matches("")
			visit(p.rule)
		}
		for _, d := range r.with {
			visit(d.rule)
		}
	}
	visit(rules())
	return seen
}

// What the rules do not know is refused, and not passed over.
func TestNoRule(t *testing.T) {
	for _, schema := range []string{
		`{"oneOf": [{"type": "string"}]}`, `{"anyOf": []}`, `{"allOf": []}`, `{"not": {}}`,
		`{"format": "date"}`, `{"maxLength": 3}`, `{"multipleOf": 2}`, `{"exclusiveMinimum": 2}`,
		`{"maxItems": 3}`, `{"uniqueItems": true}`, `{"contains": {}}`,
		`{"minProperties": 1}`, `{"propertyNames": {}}`, `{"unevaluatedProperties": false}`,
		`{"$dynamicRef": "#"}`, `{"$anchor": "x"}`, `{"$ref": "#/$defs/nothing"}`, `{"$ref": "other.json#/$defs/step"}`,
		`{"type": "text"}`, `{"enum": [1, 2]}`, `{"enum": ["a", null]}`, `{"const": 1.5}`, `{"const": []}`,
	} {
		t.Run(schema, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "schema: no ") && !strings.HasPrefix(got, "schema: $ref") {
					t.Errorf("got %s, want a panic that names what has no rule", got)
				}
			}()
			r := newRuleBook().rule(&member{text: schema}, "")
			r.read()
		})
	}
}

func TestValueOf(t *testing.T) {
	for doc, want := range map[string]string{
		`{"version": 1.0, "steps": []}`: "[steps] minItems",
		`{"version": 1e0, "steps": []}`: "[steps] minItems",
		`{"version": 1.5, "steps": []}`: "[steps] minItems; [version] type",
		`{"version": "1", "steps": []}`: "[steps] minItems; [version] type",
	} {
		if got := said(Check(parse(t, doc))); got != want {
			t.Errorf("%s: got %s, want %s", doc, got, want)
		}
	}
	for _, odd := range []any{make(chan int), 1i, []int{1}, nan()} {
		if got := said(Check(map[string]any{"version": 1, "description": odd, "steps": []any{}})); got != "[description] type; [steps] minItems" {
			t.Errorf("%v: got %s", odd, got)
		}
	}
}

func nan() float64 { zero := 0.0; return zero / zero }

func said(found []Violation) string {
	var s []string
	for _, v := range found {
		s = append(s, fmt.Sprint(v.Pointer, " ", v.Keyword))
	}
	return strings.Join(s, "; ")
}
