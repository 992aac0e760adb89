package plan_test

import (
	"errors"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// A hash of a short text tells the text to whoever tries all of them, so there is
// none without the key.
func TestFingerprintsNeedTheirKey(t *testing.T) {
	stdin := plan.Text("text")
	s := plan.Step{
		ID: "a", Command: plan.Exec("echo", []plan.Value{plan.Text("hunter2")}), Stdin: &stdin,
		Env: []plan.Var{{Name: "X", Value: plan.Text("hunter2")}}, WorkingDir: plan.Text("/tmp"),
		Foreach: &plan.Foreach{}, Outputs: []plan.Output{{Name: "o"}},
	}
	inv, err := s.Invocation(nil)
	if err != nil {
		t.Fatal(err)
	}
	scope := &plan.Scope{HasItem: true, Item: "hunter2"}
	for name, of := range map[string]func(key string) map[string]string{
		"step":  func(key string) map[string]string { return s.Fingerprint(&inv, scope, key) },
		"group": func(key string) map[string]string { return plan.GroupFingerprint("hunter2", "hunter2", key) },
		"none":  func(key string) map[string]string { return plan.NoFingerprint(errors.New("hunter2"), key) },
	} {
		one, again, other := of("one"), of("one"), of("other")
		if len(one) == 0 {
			t.Errorf("%s has no fingerprint", name)
		}
		for part, sum := range one {
			if again[part] != sum {
				t.Errorf("%s: %s is %s, and then %s", name, part, sum, again[part])
			}
			if other[part] == sum || len(sum) != 16 {
				t.Errorf("%s: with another key %s is %q again", name, part, sum)
			}
		}
	}
}

// Lead is what stands before the words of the runbook.
func TestLead(t *testing.T) {
	text := func(words ...string) (values []plan.Value) {
		for _, w := range words {
			values = append(values, plan.Text(w))
		}
		return values
	}
	file := plan.ScriptFile{Path: "/s.py"}
	for _, test := range []struct {
		command plan.Command
		want    string
	}{
		{plan.Exec("echo", text("-c", "a")), "echo"},
		{plan.Shell("echo a", ""), "echo a"},
		{plan.Shell("echo a", "sh"), "echo a"},
		{plan.Script(file, nil, text("a")), "/s.py"},
		{plan.Script(file, []string{"python3", "-u"}, text("a")), "/s.py"},
		{plan.AwsCli("rds", "describe", text("--region", "x"), plan.Text("prod"), plan.Text("eu")), "rds"},
		{plan.AwsCli("rds", "describe", nil, plan.Value{}, plan.Text("eu")), "rds"},
		{plan.AwsCli("rds", "describe", nil, plan.Value{}, plan.Value{}), "rds"},
	} {
		s := plan.Step{Command: test.command}
		inv, err := s.Invocation(nil)
		if err != nil {
			t.Fatal(err)
		}
		if words := append([]string{inv.Program}, inv.Args...); words[inv.Lead] != test.want {
			t.Errorf("of %q %d words lead, so that it begins with %q, want %q", words, inv.Lead, words[inv.Lead], test.want)
		}
	}
}
