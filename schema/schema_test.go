package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func parse(t testing.TB, s string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCheck(t *testing.T) {
	const head = `{"version": 1, "steps": [{"id": "a", `
	for doc, want := range map[string]string{
		head + `"exec": ["ls", 1]}]}`:                                              ``,
		head + `"shell": "x"}], "strategy": {"type": "parallel"}}`:                 ``,
		head + `"exec": ["ls"], "shell": "x"}]}`:                                   `steps.0.shell excluded`,
		head + `"exec": ["ls"], "shell": "x", "aws_cli": {}}]}`:                    `steps.0.aws_cli excluded; steps.0.aws_cli required [service operation]; steps.0.shell excluded`,
		head + `"script": {"path": "x"}, "aws_cli": 1}]}`:                          `steps.0.aws_cli excluded; steps.0.aws_cli type`,
		head + `"shel": "x"}]}`:                                                    `steps.0 additionalProperties [shel]; steps.0 required [uses]`,
		head + `"exec": "ls"}]}`:                                                   `steps.0.exec type`,
		head + `"exec": ["ls"], "env": {"A-B": 1, "C": true}}]}`:                   `steps.0.env additionalProperties [A-B]; steps.0.env.C type`,
		head + `"exec": ["ls"], "retry": {"delay": "5", "jitter": 2}}]}`:           `steps.0.retry required [times]; steps.0.retry.delay form; steps.0.retry.jitter form`,
		head + `"exec": ["ls"], "effect": "reed"}]}`:                               `steps.0.effect enum`,
		head + `"exec": ["ls"]}], "strategy": "paralel"}`:                          `strategy enum`,
		head + `"exec": ["ls"]}], "strategy": {"type": "paralel", "a/b~c%20": 1}}`: `strategy additionalProperties [a/b~c%20]; strategy.type enum`,
		`{"version": 2, "steps": []}`:                                              `steps minItems; version form`,
		`[]`:                                                                       ` type`,
		`{}`:                                                                       ` required [version steps]`,
	} {
		var got []string
		for _, v := range Check(parse(t, doc)) {
			s := fmt.Sprintf("%s %s", strings.Join(v.Pointer, "."), v.Keyword)
			if len(v.Keys) > 0 {
				s += fmt.Sprint(" ", v.Keys)
			}
			if v.Want == "" && v.Keyword != Excluded {
				t.Errorf("%s: %s does not say what is expected", doc, s)
			}
			got = append(got, s)
		}
		if g := strings.Join(got, "; "); g != want {
			t.Errorf("%s\n got %s\nwant %s", doc, g, want)
		}
	}
}

func BenchmarkCheckStep(b *testing.B) {
	step := parse(b, `{"id": "abc", "exec": ["echo", "hello"], "depends_on": ["x"], "timeout": "5m", "env": {"A": "b"}}`)
	CheckStep(step)
	for b.Loop() {
		if v := CheckStep(step); v != nil {
			b.Fatal(v)
		}
	}
}

// Every key says what it is: the explanations and the reference are made of it.
func TestEveryKeyIsDescribed(t *testing.T) {
	seen := 0
	var visit func(path string)
	visit = func(path string) {
		k, err := Explain(path)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if k.Description == "" || k.Title == "" || len(k.Type) == 0 {
			t.Errorf("%q lacks a description, title or type: %+v", path, k)
		}
		for _, c := range k.Children {
			visit(c.Path)
		}
	}
	visit("")
	for _, path := range []string{"env.NAME", "labels.team", "steps.env.NAME1", "steps[0].id", "steps.0.id"} {
		visit(path)
	}
	if seen < 100 {
		t.Errorf("only %d keys", seen)
	}
}

func TestExplain(t *testing.T) {
	k, err := Explain("steps.retry")
	if err != nil {
		t.Fatal(err)
	}
	text := k.String()
	for _, want := range []string{"steps.retry: a number of retries", "tried again", "times (required)", "backoff: constant or exponential", "retry: 3"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if k, _ := Explain("strategy"); k.Default != "serial" || len(k.Enum) != 3 || len(k.Examples) != 2 {
		t.Errorf("strategy: %+v", k)
	}
	if k, _ := Explain("steps.id"); !k.Required {
		t.Error("steps.id is required")
	}
	for path, want := range map[string]string{
		"steps.retyr":     `"steps" has no key "retyr"; did you mean "retry"?`,
		"nothing":         `a runbook has no key "nothing"; its keys are version, name,`,
		"steps.id.x":      `"steps.id" has no keys, so there is no "x"`,
		"steps.dependsOn": `did you mean "depends_on"?`,
	} {
		_, err := Explain(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Explain(%q): %v, want %q", path, err, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	text := string(Markdown())
	for _, want := range []string{"# The runbook language", "| `steps` (required) |", "### `steps.retry`", "`max_elapsed`", "Default: `serial`"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the reference", want)
		}
	}
	if strings.Count(text, "\n## ") < 3 || string(Markdown()) != text {
		t.Error("the reference lacks sections, or changes")
	}
}

func TestJSONIsACopy(t *testing.T) {
	JSON()[0] = 'x'
	if JSON()[0] != '{' {
		t.Error("JSON hands out its own bytes")
	}
}
