package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
	"github.com/google/go-cmp/cmp"
)

func expr(s string) *plan.Expr { return plan.NewExpr(s) }

var values = []struct {
	name   string
	value  plan.Value
	json   string
	shown  string
	exprs  int
	isText bool
}{
	{"zero", plan.Value{}, `""`, "", 0, true},
	{"text", plan.Text("a\n\"b\""), `"a\n\"b\""`, "a\n\"b\"", 0, true},
	{"a literal opening", plan.Text("${{ x }}"), `"${{ x }}"`, "$${{ x }}", 0, true},
	{"whole", plan.ExprValue(expr("params.x")), `{"expr":"params.x"}`, "${{ params.x }}", 1, false},
	{"template", plan.Template(plan.Part{Text: "a"}, plan.Part{Expr: expr("1")}, plan.Part{Text: "b"}), `{"parts":["a",{"expr":"1"},"b"]}`, "a${{ 1 }}b", 1, false},
	{"one part", plan.Template(plan.Part{Expr: expr("1")}), `{"parts":[{"expr":"1"}]}`, "${{ 1 }}", 1, false},
	{"joined", plan.Template(plan.Part{Text: "a"}, plan.Part{Text: ""}, plan.Part{Text: "b"}, plan.Part{Expr: expr("1")}, plan.Part{Expr: expr("2")}), `{"parts":["ab",{"expr":"1"},{"expr":"2"}]}`, "ab${{ 1 }}${{ 2 }}", 2, false},
	{"text parts only", plan.Template(plan.Part{Text: "a"}, plan.Part{Text: "b"}), `"ab"`, "ab", 0, true},
	{"no parts", plan.Template(), `""`, "", 0, true},
}

func TestValueForms(t *testing.T) {
	for _, test := range values {
		t.Run(test.name, func(t *testing.T) {
			b, err := json.Marshal(test.value)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := unescapeHTML(b); got != test.json {
				t.Errorf("JSON is %s, want %s", got, test.json)
			}
			var back plan.Value
			if err := json.Unmarshal(b, &back); err != nil {
				t.Fatal(err)
			}
			if !back.Equal(test.value) {
				t.Errorf("came back as %v", back)
			}
			again, _ := json.Marshal(back)
			if string(again) != string(b) {
				t.Errorf("written again it is %s, was %s", again, b)
			}
			if got := test.value.String(); got != test.shown {
				t.Errorf("shown as %q, want %q", got, test.shown)
			}
			if got := len(test.value.Exprs()); got != test.exprs {
				t.Errorf("%d expressions, want %d", got, test.exprs)
			}
			if _, ok := test.value.Literal(); ok != test.isText {
				t.Errorf("literal %v, want %v", ok, test.isText)
			}
			for _, other := range values {
				if test.value.Equal(other.value) != (test.name == other.name || test.json == other.json) {
					t.Errorf("equal to %q: %v", other.name, test.value.Equal(other.value))
				}
			}
		})
	}
}

// unescapeHTML writes JSON without the escapes that encoding/json adds.
func unescapeHTML(b []byte) (string, error) {
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		return "", err
	}
	return string(b), nil
}

func TestBadValues(t *testing.T) {
	for _, s := range []string{`{}`, `{"parts":[]}`, `{"parts":[{}]}`, `{"expr":"a","parts":["b"]}`, `12`, `null`, `{"expr":3}`} {
		var v plan.Value
		if err := json.Unmarshal([]byte(s), &v); err == nil && s != "null" {
			t.Errorf("%s was read as %v", s, v)
		}
	}
}

func TestDecodeJSON(t *testing.T) {
	for _, test := range []struct {
		json string
		want any
		text string // written again
	}{
		{`2000000`, int64(2000000), `2000000`},
		{`9223372036854775807`, int64(9223372036854775807), `9223372036854775807`},
		{`-9223372036854775808`, int64(-9223372036854775808), `-9223372036854775808`},
		{`9223372036854775808`, 9223372036854775808.0, `9223372036854776000`},
		{`2e+06`, int64(2000000), `2000000`},
		{`5.0`, int64(5), `5`},
		{`-0.0`, int64(0), `0`},
		{`0.1`, 0.1, `0.1`},
		{`1e300`, 1e300, `1e+300`},
		{`[1,{"a":[2.5,3]}]`, []any{int64(1), map[string]any{"a": []any{2.5, int64(3)}}}, `[1,{"a":[2.5,3]}]`},
		{` null `, nil, `null`},
		{`"1"`, "1", `"1"`},
	} {
		got, err := plan.DecodeJSON([]byte(test.json))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s is %#v, %v; want %#v", test.json, got, err, test.want)
			continue
		}
		b, _ := json.Marshal(got)
		if string(b) != test.text {
			t.Errorf("%s is written as %s, want %s", test.json, b, test.text)
		}
		again, err := plan.DecodeJSON(b)
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s came back as %#v, %v; was %#v", b, again, err, got)
		}
	}
	for _, bad := range []string{``, `{`, `1 2`, `[1,]`, `1e999`, `nul`, "\x00"} {
		if got, err := plan.DecodeJSON([]byte(bad)); err == nil {
			t.Errorf("%q was read as %v", bad, got)
		}
	}
}

// Every field set, so that none can be lost on the way.
func TestPlanRoundTrip(t *testing.T) {
	value := plan.Template(plan.Part{Text: "a-"}, plan.Part{Expr: expr("params.n")})
	empty := plan.Text("")
	step := plan.Step{
		ID: "a", Command: plan.Exec("true", []plan.Value{value}), Effect: plan.Write, Dir: "/w", Group: 1,
		If:      &plan.Guard{Expr: expr("params.n > 1")},
		Unless:  &plan.Guard{Probe: &plan.Probe{Command: plan.Exec("test", nil), Expect: expr("exit_code == 0")}},
		Require: []plan.Guard{{Expr: expr("true"), Message: value}},
		Foreach: &plan.Foreach{Matrix: []plan.Axis{{Name: "x", Items: plan.List{int64(2000000), 0.5, "s", nil}}, {Name: "y", In: expr("[1]")}},
			Key: expr("item"), MaxConcurrency: 2, MaxFailures: 1},
		Body: &plan.Plan{Steps: []plan.Step{}}, With: []plan.Binding{{Name: "p", Value: value}},
		Outputs: []plan.Output{{Name: "o", Expr: expr("stdout")}, {Name: "f", Secret: true}}, Expect: expr("outputs.o == ''"),
		Retry:    &plan.Retry{Times: 2, If: expr("timed_out")},
		Approval: &empty, Rollback: &plan.Step{Command: plan.Exec("undo", nil), Effect: plan.Write},
		Lock: &plan.Lock{Name: value, Wait: plan.Text("1m")}, EnvFiles: []plan.Value{value},
	}
	p := plan.Plan{
		Name: "p", Dir: "/w", Steps: []plan.Step{step},
		Params: []plan.Param{
			{Name: "n", Schema: json.RawMessage(`{"type":"integer"}`), Value: int64(2000000), Set: true, Source: "-p"},
			{Name: "zero", Value: int64(0), Set: true}, {Name: "no", Value: false, Set: true}, {Name: "empty", Value: "", Set: true},
			{Name: "null", Set: true}, {Name: "unset"}, {Name: "list", Value: []any{}, Set: true},
		},
		Secrets: []plan.Secret{{Name: "e", Env: "E"}, {Name: "f", File: value}, {Name: "x", Exec: []plan.Value{plan.Text("vault"), value}, Value: expr("stdout")}},
		Lock:    &plan.Lock{Name: plan.Text("l")}, Require: []plan.Guard{{Expr: expr("true")}},
		Groups:  []plan.Group{{ID: "g", Params: []plan.Param{{Name: "q"}}, With: []plan.Binding{{Name: "q", Value: value}}, Outputs: []plan.Output{{Name: "o", Expr: expr("1")}}, Steps: []int{0}}},
		Outputs: []plan.Output{{Name: "r", Expr: expr("2")}},
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	checkWritten(t, &p)
	var back plan.Plan
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, back); d != "" {
		t.Errorf("came back changed (-was +is):\n%s", d)
	}
	again, _ := json.Marshal(back)
	if string(again) != string(b) {
		t.Errorf("written again it is\n%s\nwas\n%s", again, b)
	}
	v := reflect.ValueOf(step)
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; name {
		case "Name", "Description", "Labels", "Line", "Needs", "After", "Env", "BareEnv", "WorkingDir", "Stdin", "Stdout",
			"Timeout", "GracePeriod", "SuccessExit", "ContinueOnError", "Idempotent": // in the tests of the engine
		default:
			if v.Field(i).IsZero() {
				t.Errorf("this test does not set Step.%s", name)
			}
		}
	}
}

// A plan is written as it is marshalled.
func TestWriteJSON(t *testing.T) {
	steps := []plan.Step{{ID: "a", Name: "<&>"}, {ID: "b"}}
	p := plan.Plan{
		Name: "p", Description: "d", Labels: map[string]string{"a": "b"}, File: "f", Dir: "/", Strategy: plan.Parallel, MaxConcurrency: 1, StopOnError: true,
		Params: []plan.Param{{Name: "n"}}, Secrets: []plan.Secret{{Name: "s"}}, Lock: &plan.Lock{}, Require: []plan.Guard{{}},
		Groups: []plan.Group{{ID: "g"}}, Outputs: []plan.Output{{Name: "o"}}, Steps: steps, OnFailure: steps, Finally: steps[:1],
	}
	for v, i := reflect.ValueOf(p), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("this test does not set Plan.%s", v.Type().Field(i).Name)
		}
	}
	checkWritten(t, &p)
	checkWritten(t, &plan.Plan{})
	checkWritten(t, &plan.Plan{Steps: []plan.Step{}, Finally: []plan.Step{}})

	bad := plan.Plan{Steps: []plan.Step{{Retry: &plan.Retry{Jitter: math.NaN()}}}}
	if err := bad.WriteJSON(io.Discard); err == nil {
		t.Error("a step that has no JSON form was written")
	}
	if err := p.WriteJSON(failing{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("the error is %v, want that of the writer", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func checkWritten(t *testing.T, p *plan.Plan) {
	t.Helper()
	want, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := p.WriteJSON(&got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("written is not marshalled (-marshalled +written):\n%s", d)
	}
}
