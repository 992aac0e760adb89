package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

func valuesOf(t *testing.T, texts ...string) []plan.Value {
	t.Helper()
	list := make([]plan.Value, len(texts))
	for i, s := range texts {
		list[i] = valueOf(t, s)
	}
	return list
}

func TestArguments(t *testing.T) {
	scope := world()
	scope.Params["dash"] = "-rf"
	scope.Params["file"] = "file:///etc/passwd"
	scope.Params["blob"] = "fileb://x"
	scope.Params["hostile"] = "$(reboot); rm -rf \n --endpoint-url"
	scope.Params["long"] = strings.Repeat("x", 200_000)
	scope.Params["nul"] = "a\x00b"
	scope.Params["none"] = []any{}
	scope.Params["mixed"] = []any{int64(2_000_000), 1.5, true, map[string]any{"a": "b"}}
	scope.Params["dashes"] = []any{"a", "-b"}
	scope.Params["holes"] = []any{"a", nil}
	for _, test := range []struct {
		args []string
		want string // joined by |
		err  string
	}{
		{[]string{"a", "-b", "--"}, "a|-b|--", ""},
		{[]string{"${{ params.hosts }}", "x"}, "b|a|c|x", ""},
		{[]string{"${{ params.none }}"}, "", ""},
		{[]string{"${{ params.mixed }}"}, `2000000|1.5|true|{"a":"b"}`, ""},
		{[]string{"n=${{ params.hosts }}"}, `n=["b","a","c"]`, ""},
		{[]string{"${{ params.hostile }}"}, "$(reboot); rm -rf \n --endpoint-url", ""},
		{[]string{"--x=${{ params.dash }}", "a${{ params.dash }}"}, "--x=-rf|a-rf", ""},
		{[]string{"--", "${{ params.dash }}", "${{ params.dashes }}"}, "--|-rf|a|-b", ""},
		{[]string{"${{ params.dash }}"}, "", `argument 1: the value of ${{ params.dash }} begins with - and would be taken for an option; write --flag=${{ params.dash }}, or put -- before it`},
		{[]string{"x", "${{ params.dash }}y"}, "", `argument 2: the value of ${{ params.dash }}y begins with - and would be taken for an option; write --flag=${{ params.dash }}y, or put -- before it`},
		{[]string{"${{ params.dashes }}"}, "", `argument 1: the value of ${{ params.dashes }} begins with - and would be taken for an option; write --flag=${{ params.dashes }}, or put -- before it`},
		{[]string{"${{ params.long }}"}, "", `argument 1: the value of ${{ params.long }} is 200000 bytes long, and the system passes at most 131071 to a program; give it on standard input, with stdin`},
		{[]string{"${{ params.nul }}"}, "", `argument 1: the value of ${{ params.nul }} holds a NUL byte, which no argument or variable can hold`},
		{[]string{"${{ params.any }}"}, "", `argument 1: the value is null, which has no text; give another one with ??, in "params.any"`},
		{[]string{"${{ params.holes }}"}, "", `argument 1: the value is null, which has no text; give another one with ??, in "params.holes"`},
		{[]string{"a", "${{ params.nope }}"}, "", `argument 2: params.nope has no value, in "params.nope"`},
	} {
		step := plan.Step{Command: plan.Exec("prog", valuesOf(t, test.args...))}
		inv, err := step.Invocation(scope)
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%q\ngot  %v\nwant %s", test.args, err, test.err)
			}
			continue
		}
		if got := strings.Join(inv.Args, "|"); err != nil || got != test.want || inv.SecretArgs != nil {
			t.Errorf("%q is %q, %v", test.args, got, err)
		}
	}
	scope.Params["key"] = "a,b@=fileb:///etc/passwd"
	// aws reads files wherever it takes a value, so a -- does not help, nor =.
	for arg, refused := range map[string]bool{
		"${{ params.file }}": true, "${{ params.blob }}": true, "--x=${{ params.file }}": true, "--x=a,b=${{ params.file }}": false,
		"Name=${{ params.key }}": true, "file://x": false, "file://${{ params.hosts[0] }}": false, "--x=file://a${{ params.file }}": false,
	} {
		for _, c := range []plan.Command{
			plan.AwsCli("s3", "ls", valuesOf(t, arg), plan.Text(""), plan.Text("")),
			plan.AwsCli("s3", "ls", valuesOf(t, "--", arg), plan.Text(""), plan.Text("")),
			plan.Exec("/usr/bin/aws", valuesOf(t, "s3", "ls", arg)),
		} {
			if _, err := (&plan.Step{Command: c}).Invocation(scope); (err != nil) != refused {
				t.Errorf("aws %s: %v", arg, err)
			}
		}
	}
	if _, err := (&plan.Step{Command: plan.AwsCli("s3", "ls", valuesOf(t, "${{ params.dash }}"), plan.Text(""), plan.Text(""))}).Invocation(scope); err == nil {
		t.Error("an argument that begins with - was passed to aws")
	}
	if _, err := (&plan.Step{Command: plan.Exec("cat", valuesOf(t, "${{ params.file }}")), Stdout: new(valueOf(t, "${{ params.file }}"))}).Invocation(scope); err != nil {
		t.Error(err)
	}
	scope.Params["empty"] = ""
	if _, err := (&plan.Step{Command: plan.Exec("cat", nil), Stdout: new(valueOf(t, "${{ params.empty }}"))}).Invocation(scope); err == nil || !strings.Contains(err.Error(), "is empty, and a file has a name") {
		t.Error(err)
	}
	step := plan.Step{Command: plan.AwsCli("s3", "ls", nil, valueOf(t, "${{ params.dash }}"), plan.Text(""))}
	if _, err := step.Invocation(scope); err == nil {
		t.Error("a profile that begins with - was passed")
	}
}

func TestInvocation(t *testing.T) {
	stdin, stdout := valueOf(t, `${{ toJSON([secrets.password]) }}`), valueOf(t, "out/${{ params.name }}.json")
	step := plan.Step{
		Dir:      "/repo/ops",
		Command:  plan.Exec("p", valuesOf(t, "a", "${{ secrets.password }}", "${{ params.hosts }}")),
		Env:      []plan.Var{{Name: "A", Value: valueOf(t, "${{ params.count }}")}, {Name: "S", Value: valueOf(t, "x${{ secrets.password }}")}},
		EnvFiles: valuesOf(t, "${{ params.name }}.env", "/etc/x.env"), WorkingDir: valueOf(t, "${{ params.name }}/w"),
		Stdin: &stdin, Stdout: &stdout, Timeout: valueOf(t, "${{ params.count }}m"), GracePeriod: plan.Text("1s"),
		Retry: &plan.Retry{Delay: valueOf(t, "${{ params.count }}s")},
	}
	inv, err := step.Invocation(world())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", `p"w<&>`, "b", "a", "c"}; !slices.Equal(inv.Args, want) || !slices.Equal(inv.SecretArgs, []bool{false, true, false, false, false}) {
		t.Errorf("args %q, secret %v", inv.Args, inv.SecretArgs)
	}
	if !slices.Equal(inv.Env, []plan.EnvVar{{Name: "A", Value: "3"}, {Name: "S", Value: `xp"w<&>`, Secret: true}}) {
		t.Errorf("env %v", inv.Env)
	}
	if !slices.Equal(inv.EnvFiles, []string{"/repo/ops/web.env", "/etc/x.env"}) || inv.Dir != "/repo/ops/web/w" || inv.StdoutFile != "/repo/ops/out/web.json" {
		t.Errorf("paths %q %q %q", inv.EnvFiles, inv.Dir, inv.StdoutFile)
	}
	if *inv.Stdin != `["p\"w<&>"]` || !inv.SecretStdin || inv.Timeout != 3*time.Minute || inv.GracePeriod != time.Second {
		t.Errorf("stdin %q %v, timeout %s, grace %s", *inv.Stdin, inv.SecretStdin, inv.Timeout, inv.GracePeriod)
	}
	if d, err := step.Retry.Delays(world()); err != nil || d.Delay != 3*time.Second {
		t.Errorf("delays %v, %v", d, err)
	}
	probe, err := step.ProbeInvocation(&plan.Probe{Command: plan.Exec("probe", nil)}, world())
	if err != nil || probe.Program != "probe" || len(probe.Args) != 0 || probe.Stdin != nil || probe.StdoutFile != "" || probe.Dir != inv.Dir || len(probe.Env) != 2 {
		t.Errorf("probe %+v, %v", probe, err)
	}
	for _, test := range []struct {
		name   string
		change func(*plan.Step)
		err    string
	}{
		{"no scope", func(s *plan.Step) {}, "working_dir: the value depends on an expression, and nothing is known yet"},
		{"a bad duration", func(s *plan.Step) { s.Timeout = valueOf(t, "${{ params.name }}") }, `timeout: "web" is not a duration such as 90s, 10m or 1h30m`},
		{"a secret as folder", func(s *plan.Step) { s.WorkingDir = valueOf(t, "${{ secrets.password }}") }, "working_dir: a secret cannot be used here"},
		{"a null variable", func(s *plan.Step) { s.Env[0].Value = valueOf(t, "${{ params.any }}") }, `env.A: the value is null, which has no text; give another one with ??, in "params.any"`},
	} {
		changed := step
		changed.Env = slices.Clone(step.Env)
		test.change(&changed)
		scope := world()
		if test.name == "no scope" {
			scope = nil
		}
		if _, err := changed.Invocation(scope); err == nil || err.Error() != test.err {
			t.Errorf("%s: %v, want %s", test.name, err, test.err)
		}
	}
}
