package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

func pieces(list []plan.Piece) string {
	var b strings.Builder
	for _, p := range list {
		if p.IsExpr {
			fmt.Fprintf(&b, "%d<%s>", p.Offset, p.Text)
		} else {
			fmt.Fprintf(&b, "%d%q", p.Offset, p.Text)
		}
	}
	return b.String()
}

func TestSplitTemplate(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{``, ``},
		{`plain`, `0"plain"`},
		{`${{ a }}`, `4<a>`},
		{`${{a}}`, `3<a>`},
		{"x ${{\n a +\n b }} y", "0\"x \"7<a +\n b>16\" y\""},
		{`${{ a }}${{ b }}`, `4<a>12<b>`},
		{`ü ${{ "ü" }} ü`, `0"ü "7<"ü">14" ü"`},
		{`${{ "}}" }}!`, `4<"}}">11"!"`},
		{`${{ '}}' + "\"}}" }}`, `4<'}}' + "\"}}">`},
		{"${{ `}}` }}", "4<`}}`>"},
		{`${{ {"a": {"b": 1}}}}`, `4<{"a": {"b": 1}}>`},
		{`${{ {"a": {"b": 1}} }}`, `4<{"a": {"b": 1}}>`},
		{`${{ {a: {b: {}}}}}}}`, `4<{a: {b: {}}}>18"}}"`},
		{`${{ map(x, {# + 1})}}`, `4<map(x, {# + 1})>`},
		{`${{ a /* }} */ }}`, `4<a /* }} */>`},
		{`$${{ a }}`, `0"${{ a }}"`},
		{`a $${{ b }} ${{ c }}`, `0"a ${{ b }} "16<c>`},
		{`$$${{ a }}`, `0"$${{ a }}"`},
		{`$ {{ a }} }} {{`, `0"$ {{ a }} }} {{"`},
		{`${ a }`, `0"${ a }"`},
		{`${{ a } }`, `! 4+0: `},
		// problems
		{`${{ a`, `! 0+3: no }} closes this ${{ [for a literal ${{ write $${{]`},
		{`x ${{ }} y`, `! 2+6: there is no expression between ${{ and }} [for a literal ${{ write $${{]`},
		{`${{}}`, `! 0+5: there is no expression between ${{ and }} [for a literal ${{ write $${{]`},
		{`a ${{ it's }} b`, `! 8+1: a string is not closed [for a literal ${{ write $${{]`},
		{`ü ${{ a @ b }}`, `! 9+1: "@" is not part of the expression language [for a literal ${{ write $${{]`},
		{"${{ a // b }}", `! 0+3: no }} closes this ${{ [for a literal ${{ write $${{]`},
	} {
		list, problem := plan.SplitTemplate(test.text)
		got := pieces(list)
		if problem != nil {
			got = "! " + show([]plan.ExprProblem{*problem})
		}
		if test.text == `${{ a } }` { // whatever it says, it must be refused
			if problem == nil {
				t.Errorf("%q was split into %s", test.text, got)
			}
			continue
		}
		if got != test.want {
			t.Errorf("%q\ngot  %s\nwant %s", test.text, got, test.want)
		}
		for _, p := range list {
			if p.IsExpr && !strings.HasPrefix(test.text[p.Offset:], p.Text) {
				t.Errorf("%q: %q is not at %d", test.text, p.Text, p.Offset)
			}
		}
	}
}

// valueOf makes a value of text as the front end does.
func valueOf(t testing.TB, text string) plan.Value {
	t.Helper()
	list, problem := plan.SplitTemplate(text)
	if problem != nil {
		t.Fatalf("%q: %s", text, problem.Message)
	}
	if len(list) == 1 && list[0].IsExpr {
		return plan.ExprValue(expr(list[0].Text))
	}
	parts := make([]plan.Part, len(list))
	for i, p := range list {
		if parts[i].Text = p.Text; p.IsExpr {
			parts[i] = plan.Part{Expr: expr(p.Text)}
		}
	}
	return plan.Template(parts...)
}

func TestShownValuesReadBack(t *testing.T) {
	for _, text := range []string{"", "a", "$${{ a }}", "x ${{ 1 }} y", "${{ {a: {b: 1}} }}", "$$${{ ${{ '}}' }}"} {
		v := valueOf(t, text)
		if again := valueOf(t, v.String()); !again.Equal(v) {
			t.Errorf("%q is shown as %q, which reads as %q", text, v, again)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		text, want string
		secret     bool
	}{
		{`plain`, `plain`, false},
		{`${{ 2000000 }}`, `2000000`, false},
		{`${{ 1e300 * 10 }}`, `1` + strings.Repeat("0", 301), false},
		{`${{ 0.1 }} ${{ 1 / 3 }} ${{ 2.50 }} ${{ 1e-7 }}`, `0.1 0.3333333333333333 2.5 0.0000001`, false},
		{`${{ true }}${{ false }}`, `truefalse`, false},
		{`${{ {"b": [1, 2.5, null], "a": {"y": 1, "x": "é\n"}} }}`, `{"a":{"x":"é\n","y":1},"b":[1,2.5,null]}`, false},
		{`${{ params.hosts }}`, `["b","a","c"]`, false},
		{`a-${{ params.name }}-${{ params.count + 1 }}`, `a-web-4`, false},
		{`$${{ ${{ params.name }}`, `${{ web`, false},
		{`${{ secrets.password }}`, `p"w<&>`, true},
		{`x=${{ secrets.password }};`, `x=p"w<&>;`, true},
		{`${{ toJSON({"p": secrets.password, "n": params.name}) }}`, `{"n":"web","p":"p\"w<&>"}`, true},
		{`${{ toJSON([toJSON([secrets.password])]) }}`, `["[\"p\\\"w<&>\"]"]`, true},
		{`${{ [secrets.password] }}`, `["p\"w<&>"]`, true},
		{`${{ params.dry_run ? "" : secrets.password }}`, `p"w<&>`, true},
		{`${{ params.dry_run ? secrets.password : "" }}`, ``, false},
		{`${{ steps.build.outputs.token }}`, `t0ken!`, true},
		{`${{ outputs.pin }}`, `1234567`, true},
	} {
		v := valueOf(t, test.text)
		got, err := v.Resolve(world())
		if err != nil || got != (plan.Resolved{Text: test.want, Secret: test.secret}) {
			t.Errorf("%s is %+v, %v", test.text, got, err)
		}
		x, err := v.Eval(world())
		if err != nil {
			t.Error(err)
		}
		if _, secret := x.(plan.SecretText); v.Whole() == nil && secret != test.secret {
			t.Errorf("%s evaluates to %#v", test.text, x)
		}
		all := func(plan.Ref) bool { return true }
		if r, ok, because, err := v.ResolveTri(world(), all); r != got || !ok || because != nil || err != nil {
			t.Errorf("%s with all known: %v %v %v %v", test.text, r, ok, because, err)
		}
	}
	for text, want := range map[string]string{
		`${{ null }}`:            `the value is null, which has no text; give another one with ??, in "null"`,
		`a${{ params.any }}`:     `the value is null, which has no text; give another one with ??, in "params.any"`,
		`${{ secrets.unknown }}`: `the secret "unknown" is not known here, in "secrets.unknown"`,
		`${{ 1/0 }}`:             `division by zero, in "1/0"`,
	} {
		if got, err := valueOf(t, text).Resolve(world()); err == nil || err.Error() != want {
			t.Errorf("%s is %v, %v; want %s", text, got, err, want)
		}
	}
	if _, err := valueOf(t, `${{ 1 }}`).Resolve(nil); err == nil {
		t.Error("an expression was evaluated without a scope")
	}
	if got := fmt.Sprintf("%v %s %#v", plan.NewSecretText("hidden"), plan.NewSecretText("hidden"), plan.NewSecretText("hidden")); strings.Contains(got, "hidden") {
		t.Errorf("a secret prints as %s", got)
	}
}
