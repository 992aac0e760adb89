package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// What is known is judged, and what is not is no mistake, nor is what only the
// unknown decides on.
func TestMistakes(t *testing.T) {
	scope := &plan.Scope{Params: plan.Values{"dash": "-rf", "list": []any{"a"}, "long": "48h", "none": nil, "zero": "0s", "set": "a!=id", "word": "soon", "empty": ""}}
	known := func(r plan.Ref) bool { return r.Root == "params" }
	arg := func(text string) func(*plan.Step) {
		return func(s *plan.Step) { s.Command = plan.Exec("x", valuesOf(t, text)) }
	}
	for _, test := range []struct {
		name string
		set  func(*plan.Step)
		want string // joined by |
	}{
		{"data", arg("--x=${{ params.dash }}"), ""},
		{"an option", arg("${{ params.dash }}"), "argument 1: the value of ${{ params.dash }} begins with - and would be taken for an option; write --flag=${{ params.dash }}, or put -- before it"},
		{"how it begins is known", arg("${{ params.dash }}${{ steps.a.outputs.x }}"), "argument 1: the value of ${{ params.dash }}${{ steps.a.outputs.x }} begins with - and would be taken for an option; write --flag=${{ params.dash }}${{ steps.a.outputs.x }}, or put -- before it"},
		{"how it begins is not", arg("${{ steps.a.outputs.x }}${{ params.dash }}"), ""},
		{"a variable of make", func(s *plan.Step) { s.Command = plan.Exec("make", valuesOf(t, "build", "x-${{ params.set }}")) }, "argument 2: the value of x-${{ params.set }} holds =, and make would take it for a variable and run what is in its text; pass it in env"},
		{"a goal, a flag, a folder", func(s *plan.Step) {
			s.Command = plan.Exec("/usr/bin/make", valuesOf(t, "${{ params.word }}", "-C", "${{ params.set }}", "--file=${{ params.set }}"))
		}, ""},
		{"another program", func(s *plan.Step) { s.Command = plan.Exec("cmake", valuesOf(t, "${{ params.set }}")) }, ""},
		{"a secret", arg("${{ secrets.s }}"), ""},
		{"null", arg("${{ params.none }}"), `argument 1: the value is null, which has no text; give another one with ??, in "params.none"`},
		{"no such element", arg("${{ params.list[1] }}"), `argument 1: the list has 1 elements, and no element at this place, in "params.list[1]"`},
		{"a condition decides", arg(`${{ steps.a.status == "x" ? params.list[1] : "b" }}`), ""},
		{"an and decides", func(s *plan.Step) {
			s.If = &plan.Guard{Expr: plan.NewExpr(`steps.a.status == "x" && params.list[1] == "b"`)}
		}, ""},
		{"an or decides", func(s *plan.Step) {
			s.If = &plan.Guard{Expr: plan.NewExpr(`steps.a.status == "x" || params.list[1] == "b"`)}
		}, ""},
		{"a timeout", func(s *plan.Step) { s.Timeout = valueOf(t, "${{ params.long }}") }, "timeout: the value of ${{ params.long }} is over the maximum of 24h; make it shorter, or raise the maximum with --max-timeout"},
		{"no timeout", func(s *plan.Step) { s.Timeout = valueOf(t, "${{ params.zero }}") }, "timeout: the value of ${{ params.zero }} is not longer than zero"},
		{"no duration", func(s *plan.Step) { s.GracePeriod = valueOf(t, "${{ params.word }}") }, "grace_period: the value of ${{ params.word }} is not a duration such as 90s, 10m or 1h30m"},
		{"a delay", func(s *plan.Step) {
			s.Retry = &plan.Retry{Delay: valueOf(t, "${{ params.zero }}"), MaxElapsed: valueOf(t, "${{ params.long }}")}
		}, ""},
		{"a lock", func(s *plan.Step) { s.Lock = &plan.Lock{Name: valueOf(t, "${{ params.empty }}")} }, "lock: the value of ${{ params.empty }} is empty, and a lock has a name"},
		{"a null output", func(s *plan.Step) { s.Outputs = []plan.Output{{Name: "x", Expr: plan.NewExpr("params.none")}} }, "outputs.x: its value is null; where it may be, say so with ?? nil, or give another value with ??"},
		{"two", func(s *plan.Step) {
			s.Stdin, s.WorkingDir = ptr(valueOf(t, "${{ params.none }}")), valueOf(t, "${{ params.list[2] }}")
		}, `working_dir: the list has 1 elements, and no element at this place, in "params.list[2]"|stdin: the value is null, which has no text; give another one with ??, in "params.none"`},
	} {
		step := plan.Step{Command: plan.Exec("x", nil)}
		test.set(&step)
		var got []string
		for _, err := range step.Mistakes(scope, known, 24*time.Hour) {
			got = append(got, err.Error())
		}
		if text := strings.Join(got, "|"); text != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, text, test.want)
		}
	}
}

func ptr[T any](v T) *T { return &v }
