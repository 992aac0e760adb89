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
		head + `"shel": "x"}]}`:                                                    `steps.0 additionalProperties [shel]; steps.0 required [aws_cli]`,
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

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		compileSchema()
	}
}
