package runbook

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const declared = `version: 1
params:
  name: {type: string, pattern: "^[a-z]+$", description: What it is called.}
  count: {type: integer, default: 3, minimum: 1, env: COUNT}
  ratio: {type: number, default: 0.5}
  deep: {type: boolean, default: false}
  hosts: {type: array, items: {type: string}, default: []}
  limits: {type: object, additionalProperties: {type: integer}, default: {}}
  wait: {type: string, default: 5s}
steps:
  - {id: a, exec: [x, "${{ params.name }}"], timeout: "${{ params.wait }}"}
`

// bound is the params of a bound plan as name=value(source), or the messages.
func bound(t *testing.T, src string, env map[string]string, given ...Given) string {
	t.Helper()
	rb, ds := Parse("x.yaml", []byte(src), Options{LookupEnv: func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}})
	if rb == nil {
		t.Fatal(ds.Error())
	}
	before := fmt.Sprint(rb.Plan().Params)
	p, ds := rb.Bind(given)
	if (p == nil) != ds.Errors() {
		t.Errorf("plan %v with errors %v", p != nil, ds.Errors())
	}
	if fmt.Sprint(rb.Plan().Params) != before {
		t.Error("binding changed the runbook's own plan")
	}
	if p == nil {
		return ds.Error()
	}
	var parts []string
	for _, q := range p.Params {
		if q.Source != "default" {
			parts = append(parts, fmt.Sprintf("%s=%v(%s)", q.Name, q.Value, q.Source))
		}
	}
	return strings.Join(parts, " ")
}

func TestBind(t *testing.T) {
	text := func(pairs ...string) []Given {
		given := []Given{{Name: "name", Text: "web", Origin: "-p"}}
		for i := 0; i < len(pairs); i += 2 {
			given = append(given, Given{Name: pairs[i], Text: pairs[i+1], Origin: "-p"})
		}
		return given
	}
	env := map[string]string{"COUNT": "7"}
	for _, c := range []struct {
		given []Given
		env   map[string]string
		want  string // the values; a part of the messages, where it begins with !
	}{
		{text(), nil, "name=web(-p)"},
		{text(), env, "name=web(-p) count=7(env COUNT)"},
		{text("count", "5"), env, "name=web(-p) count=5(-p)"},
		{text("count", "5", "count", "6"), env, "name=web(-p) count=6(-p)"},
		{text("count", "x", "count", "6"), env, "name=web(-p) count=6(-p)"},
		{text(), map[string]string{"COUNT": ""}, "name=web(-p)"},
		{text("count", "9007199254740993"), nil, "name=web(-p) count=9007199254740993(-p)"},
		{text("ratio", "1e6", "deep", "true"), nil, "name=web(-p) ratio=1000000(-p) deep=true(-p)"},
		{text("hosts", "[a, 1, no]", "limits", `{"web": 2}`), nil, "name=web(-p) hosts=[a 1 no](-p) limits=map[web:2](-p)"},
		{text("hosts", "- a\n- b"), nil, "name=web(-p) hosts=[a b](-p)"},
		{append(text(), Given{Name: "count", Value: int64(4), Typed: true, Origin: "params.yaml"}), env, "name=web(-p) count=4(params.yaml)"},
		{nil, nil, `!x.yaml:3:3: error: the param "name" has no value [param]`},
		{nil, nil, "!give it with -p name=...; it is: What it is called."},
		{text("nmae", "x"), nil, `!-p: error: the runbook has no param "nmae" [param]` + "\nhelp: did you mean \"name\"?"},
		{text("count", "5.5"), nil, `!-p: error: param "count" must be a whole number`},
		{text("count", "0x10"), nil, `!param "count" must be a whole number`},
		{text("count", "99999999999999999999"), nil, `!param "count" is too large a number`},
		{text("count", "0"), nil, `!param "count" must be at least 1`},
		{text(), map[string]string{"COUNT": "many"}, `!env COUNT: error: param "count" must be a whole number`},
		{text("ratio", "1e400"), nil, `!param "ratio" is too large a number`},
		{text("deep", "yes"), nil, `!param "deep" must be true or false`},
		{text("ratio", "NaN"), nil, `!param "ratio" must be a number`},
		{text("ratio", "\"1\""), nil, `!param "ratio" must be a number`},
		{text("hosts", "a,b"), nil, `!param "hosts" must be a list`},
		{text("hosts", "[a"), nil, `!param "hosts" must be a list`},
		{text("hosts", "[[a]]"), nil, `!item 1 of param "hosts" must be text, not a list`},
		{text("limits", "{web: two}"), nil, `!"web" of param "limits" must be a whole number, not text`},
		{text("limits", "[]"), nil, `!param "limits" must be a mapping`},
		{text("limits", "{a: *x}"), nil, `!param "limits" must be a mapping`},
		{text("limits", "{a: 012}"), nil, `!holds a value that YAML tools read differently`},
		{text("name", "a\xff"), nil, `!-p: error: param "name" holds bytes that are not UTF-8 text`},
		{text(), map[string]string{"COUNT": "\xff"}, `!env COUNT: error: param "count" holds bytes that are not UTF-8 text`},
		{text("name", "Web!"), nil, `!param "name" must match ^[a-z]+$`},
		{append(text(), Given{Name: "count", Value: "4", Typed: true, Origin: "p.yaml", Pos: Pos{"p.yaml", 3, 8}}), nil, `!p.yaml:3:8: error: param "count" must be a whole number, not text`},
	} {
		got := bound(t, declared, c.env, c.given...)
		if want, part := strings.CutPrefix(c.want, "!"); part && !strings.Contains(got, want) || !part && got != want {
			t.Errorf("%v\n got %s\nwant %s", c.given, got, want)
		}
	}
}

// Every problem is in one report, and no value in any.
func TestBindTellsNoValues(t *testing.T) {
	const canary = "hunter2"
	given := []Given{
		{Name: "name", Text: canary, Origin: "-p"}, {Name: "count", Text: canary, Origin: "-p"}, {Name: "ratio", Text: canary, Origin: "-p"},
		{Name: "deep", Text: canary, Origin: "-p"}, {Name: "hosts", Text: canary, Origin: "-p"}, {Name: "limits", Text: "{" + canary + ": [" + canary + "]}", Origin: "-p"},
		{Name: "wait", Text: canary, Origin: "-p"}, {Name: "unknown", Text: canary, Origin: "-p"},
	}
	got := bound(t, declared, nil, given...)
	if n := strings.Count(got, "error: "); n != 7 {
		t.Errorf("%d problems, want 7:\n%s", n, got)
	}
	// A key of a mapping names the place of what is wrong.
	if strings.Contains(strings.ReplaceAll(got, `"`+canary+`" of param "limits"`, ""), canary) {
		t.Errorf("a value is told:\n%s", got)
	}
	for _, file := range []string{
		"ratio: 1e2001\n", "name: no\n", "name: !x " + canary + "\n", "name: 012\n", "name: [" + canary + "\n", "name: \"" + canary + "\n", canary, "[" + canary + "]",
		"name: &a " + canary + "\nname: *a\n", "name: *" + canary + "\n", "name: " + canary + "\n---\nx: y\n", "? [" + canary + "]\n: x\n", "name: \"\\x00" + canary + "\"\n",
		"name: " + canary + ": x\n", "name: 2001-01-01\n", "{a: " + canary,
	} {
		_, ds := ParseParamFile("p.yaml", []byte(file))
		if !ds.Errors() {
			t.Errorf("accepted: %q", file)
		}
		for _, d := range ds {
			if s := d.String(); strings.Contains(s, canary) || strings.Contains(s, "012") || strings.Contains(s, "2001") || d.Line != "" {
				t.Errorf("a value is told: %s", s)
			}
		}
	}
}

func TestParseParamFile(t *testing.T) {
	given, ds := ParseParamFile("p.yaml", []byte("name: web\ncount: 5\nhosts: [a, b]\nratio: 5.0\ntext: ${{ not an expression }}\nbig: 9007199254740991\n"))
	if ds.Errors() {
		t.Fatal(ds.Error())
	}
	want := map[string]any{"name": "web", "count": int64(5), "hosts": []any{"a", "b"}, "ratio": int64(5), "text": "${{ not an expression }}", "big": int64(9007199254740991)}
	for _, g := range given {
		if !reflect.DeepEqual(g.Value, want[g.Name]) || !g.Typed || g.Origin != "p.yaml" {
			t.Errorf("%s: %#v", g.Name, g)
		}
	}
	if len(given) != len(want) || given[1].Pos != (Pos{"p.yaml", 2, 8}) {
		t.Errorf("%d values, the second at %v", len(given), given[1].Pos)
	}
	if given, ds := ParseParamFile("p.json", []byte(`{"name": "web"}`)); len(given) != 1 || ds.Errors() {
		t.Errorf("JSON: %v %v", given, ds)
	}
}
