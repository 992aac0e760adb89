package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// scene is what the expressions of the tests see.
func scene() plan.Names {
	steps := map[string]plan.StepNames{
		"build":  {Outputs: map[string]plan.Type{"version": plan.String, "size": plan.Integer, "doc": plan.Any, "token": plan.Opaque}},
		"maybe":  {Outputs: map[string]plan.Type{"version": plan.String, "token": plan.Opaque}, Absent: "has if"},
		"fan":    {Outputs: map[string]plan.Type{"n": plan.Integer}, Foreach: true, Item: plan.String},
		"gappy":  {Outputs: map[string]plan.Type{"n": plan.Integer}, Foreach: true, Item: plan.String, Gaps: "tolerates failures"},
		"deploy": {Hidden: "it runs later"},
		"bare":   {},
	}
	item := plan.Object(map[string]plan.Type{"key": plan.String, "value": plan.Any}, false)
	return plan.Names{
		Params: map[string]plan.Type{
			"name": plan.String, "count": plan.Integer, "ratio": plan.Number, "dry_run": plan.Bool,
			"hosts": plan.ListOf(plan.String), "tags": plan.MapOf(plan.String), "any": plan.Any,
			"db": plan.Object(map[string]plan.Type{"host": plan.String, "port": plan.Integer, "user": plan.String.MaybeAbsent("it is not required")}, false),
		},
		Secrets: map[string]bool{"password": true, "api_key": true},
		Step:    func(id string) (plan.StepNames, bool) { s, ok := steps[id]; return s, ok },
		StepIDs: func() []string { return slices.Collect(maps.Keys(steps)) },
		Item:    &item,
		Attempt: &plan.AttemptNames{Outputs: map[string]plan.Type{"state": plan.String, "pin": plan.Opaque}, Status: true, NoExit: "the attempt may have timed out"},
		Failure: plan.MaybeFailure,
	}
}

// outside is a scene with nothing in it.
func outside() plan.Names { return plan.Names{} }

func show(problems []plan.ExprProblem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%d+%d: %s", p.Offset, p.Length, p.Message)
		if p.Help != "" {
			fmt.Fprintf(&b, " [%s]", p.Help)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestCheckAccepts(t *testing.T) {
	for _, test := range []struct {
		src  string
		want plan.Want
		typ  string
	}{
		{`params.name`, plan.WantText, "a string"},
		{`params.count + 1`, plan.WantText, "an integer"},
		{`params.count / 2`, plan.WantText, "a number"},
		{`not params.dry_run and params.count > 1 or params.name matches "^a"`, plan.WantBool, "a boolean"},
		{`steps.build.outputs.version + "-x"`, plan.WantText, "a string"},
		{`steps.maybe.outputs.version ?? "none"`, plan.WantText, "a string"},
		{`steps.maybe.outputs.version == null`, plan.WantBool, "a boolean"},
		{`steps.maybe.outputs.version != nil`, plan.WantBool, "a boolean"},
		{`steps.maybe.ran`, plan.WantBool, "a boolean"},
		{`steps.maybe.status == "completed"`, plan.WantBool, "a boolean"},
		{`steps.build.outputs.doc.a.b[0].c`, plan.WantText, "any value"},
		{`fromJSON(stdout).data.data.password`, plan.WantText, "any value"},
		{`any(fromJSON(stdout).DBSnapshots, .DBSnapshotIdentifier == params.name + "-before")`, plan.WantBool, "a boolean"},
		{`sum(steps.fan.outputs.n)`, plan.WantText, "a number"},
		{`map(steps.fan.each, .item + .status)`, plan.WantItems, "a list"},
		{`filter(params.hosts, # startsWith "web") | map(upper(#)) | join(",")`, plan.WantText, "a string"},
		{`let n = len(params.hosts); n > 1 ? n : 0`, plan.WantText, "an integer"},
		{`params.db.user ?? "postgres"`, plan.WantText, "a string"},
		{`params.tags.env`, plan.WantText, "a string"},
		{`params.tags`, plan.WantItems, "a map"},
		{`1..params.count`, plan.WantItems, "a list"},
		{`secrets.password`, plan.WantText.AllowSecret(), "a secret"},
		{`toJSON({"a": params.name, "b": secrets.password})`, plan.WantText.AllowSecret(), "a secret"},
		{`toJSON([secrets.password])`, plan.WantText.AllowSecret(), "a secret"},
		{`params.dry_run ? secrets.password : secrets.api_key`, plan.WantText.AllowSecret(), "a secret"},
		{`steps.maybe.outputs.token ?? "none"`, plan.WantText.AllowSecret(), "a secret"},
		{`item.key + string(index)`, plan.WantText, "a string"},
		{`outputs.state != "failed" && !timed_out && (exit_code ?? 1) == 0`, plan.WantBool, "a boolean"},
		{`run.failure?.step ?? "none"`, plan.WantText, "a string"},
		{`run.id + run.name + run.dir + run.started_at`, plan.WantText, "a string"},
		{`join(run.failed_steps, ", ")`, plan.WantText, "a string"},
		{`reduce(params.hosts, #acc + len(#), 0) > 10`, plan.WantBool, "a boolean"},
		{`toJSON(params)`, plan.WantText, "a string"},
		{`find(params.hosts, # == "a")`, plan.WantAny, "a string"},
		{`fromJSON(stdout).a?.b`, plan.WantAny, "any value"},
		{`1 < params.count < 10`, plan.WantBool, "a boolean"},
		{`params.name[0:3]`, plan.WantText, "a string"},
		{`"key" in params.tags and params.name in params.hosts`, plan.WantBool, "a boolean"},
		{`[1, 2.5, params.count] | max()`, plan.WantText, "a number"},
		{`lines(stdout)`, plan.WantItems, "a list"},
		{`groupBy(params.hosts, #[0:1])`, plan.WantItems, "a map"},
		// lists with gaps
		{`sum(filter(steps.gappy.outputs.n, # != nil))`, plan.WantText, "a number"},
		{`filter(steps.gappy.outputs.n, nil != # and # > 1)`, plan.WantWords, "a list"},
		{`filter(steps.gappy.outputs.n, not (# == nil or # < 1))`, plan.WantItems, "a list"},
		{`filter(steps.gappy.each, .outputs?.n != nil) | map(.outputs.n) | sum()`, plan.WantText, "a number"},
		{`filter(steps.gappy.each, .status == "completed" and .outputs.n > 1) | map(.outputs.n) | sum()`, plan.WantText, "a number"},
		{`max(map(steps.gappy.outputs.n, # ?? 0))`, plan.WantText, "a number"},
		{`sum(steps.gappy.outputs.n, # == nil ? 0 : #)`, plan.WantText, "a number"},
		{`steps.gappy.outputs.n`, plan.WantText, "a list"},
		{`concat([], params.hosts) | join(",")`, plan.WantText, "a string"},
		{`count([params.dry_run, true])`, plan.WantText, "an integer"},
		// constants
		{`fromJSON("[1, 2]")`, plan.WantItems, "a list"},
		{`fromJSON("true")`, plan.WantBool, "a boolean"},
		{`let x = fromJSON("[1]"); x[params.count]`, plan.WantAny, "any value"},
		{`false and 1 / 0 > 1`, plan.WantBool, "a boolean"},
		{`[1, 2, 3][5:]`, plan.WantItems, "a list"},
		{`get([1], 3)`, plan.WantAny, "null"},
		{`len(1..60000)`, plan.WantText, "an integer"},
	} {
		e, problems := plan.CheckExpr(test.src, scene(), test.want)
		if len(problems) > 0 {
			t.Errorf("%s\n%s", test.src, show(problems))
		}
		if got := e.Type().String(); got != test.typ {
			t.Errorf("%s is %s, want %s", test.src, got, test.typ)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, test := range []struct {
		src, problems string
	}{
		// lists with gaps
		{`join(map(steps.gappy.outputs.n, #))`, `5+29: elements of map(steps.gappy.outputs.n, #) may be null, which join cannot take: step "gappy" tolerates failures [leave these out: filter(map(steps.gappy.outputs.n, #), {# != nil})]`},
		{`filter(steps.gappy.each, .status != "completed" and .outputs.n > 1)`, `52+8: .outputs may be null: step "gappy" tolerates failures [say what to use then: .outputs?.n ?? …]`},
		{`sum([1, nil])`, `4+8: elements of [1, nil] may be null, which sum cannot take: a null stands in it [leave these out: filter([1, nil], {# != nil})]`},
		{`filter(steps.gappy.outputs.n, # != nil or # > 1)`, `42+1: # may be null: step "gappy" tolerates failures [say what to use then: # ?? …]`},
		{`sum(filter(steps.gappy.outputs.n, # == nil))`, `4+39: elements of filter(steps.gappy.outputs.n, # == nil) may be null, which sum cannot take: step "gappy" tolerates failures [leave these out: filter(filter(steps.gappy.outputs.n, # == nil), {# != nil})]`},
		{`join([1, 2])`, `5+6: join takes a list in which each element is a string, and in [1, 2] it is an integer [to make text of each element write map([1, 2], string(#))]`},
		{`sum(params.hosts, upper(#))`, `18+8: the value for each element must be a number, and upper(#) is a string`},
		// what never has a value
		{`params.count / (1 - 1)`, `16+5: division by zero`},
		{`params.dry_run ? 1 / 0 : 1`, `17+5: division by zero`},
		{`let x = 0; params.count / x`, `26+1: division by zero`},
		{`filter(params.hosts, # matches "(" + "a")`, `31+9: this is not a regular expression: missing closing )`},
		{`[params.name][1]`, `0+16: the list has 1 elements, and no element at this place`},
		{`sortBy(params.hosts, #, "up")`, `24+4: the order is "asc" or "desc"`},
		{`sort(params.hosts, "up")`, `19+4: the order is "asc" or "desc"`},
		{`repeat(params.name, -1)`, `20+2: repeat takes a number of times that is not negative`},
		{`map(params.hosts, int("x"))`, `18+8: int: the string does not show an integer`},
		{`params.nope + 1 / 0`, "7+4: there is no param \"nope\" [there is any, count, db, dry_run, hosts, name, ratio or tags]\n14+5: division by zero"},

		// what does not parse
		{``, `0+0: the expression is empty`},
		{` `, `0+1: the expression is empty`},
		{`1 +`, `3+0: the expression ends too early`},
		{`(1`, `2+0: the expression ends too early`},
		{`params.name = "x"`, `12+1: "=" is not expected here [to compare, write ==]`},
		{`"abc`, `0+1: a string is not closed`},
		{`"\d"`, "2+1: a backslash in this string begins no known escape [write \\\\ for a backslash, or quote with backticks]"},
		{`a @ b`, `2+1: "@" is not part of the expression language`},
		{`1 ?? 2 || true`, `7+2: ?? and || cannot be mixed without parentheses`},
		{`params.count = 1 ü`, `13+1: "=" is not expected here [to compare, write ==]`},
		{`"ü" + "é" = 1`, `12+1: "=" is not expected here [to compare, write ==]`},
		{`params.name.upper()`, `12+5: values have no functions of their own [functions are written before their argument: f(x), or x | f()]`},
		{`1 + "abc`, `4+1: a string is not closed`},
		{`upper((params.count) )`, `7+12: upper takes a string, and params.count is an integer [to make text of it write string(params.count)]`},
		{`((params.count) + 1) and true`, `1+18: a condition must be a boolean, and (params.count) + 1 is an integer`},
		{`1; 2`, `3+1: only one expression can stand here [an expression is one value; name parts of it with let]`},
		{`b"x"`, `0+4: this is not part of the expression language`},
		// names
		{`parms.name`, `0+5: unknown name "parms" [did you mean "params"?]`},
		{`name`, `0+4: unknown name "name" [did you mean params.name?]`},
		{`password`, `0+8: unknown name "password" [did you mean secrets.password?]`},
		{`staging`, `0+7: unknown name "staging" [text is written in quotes: "staging"]`},
		{`True`, `0+4: unknown name "True" [write true, false or null]`},
		{`len`, `0+3: unknown name "len" [len is a function: len(value string|list|map) integer]`},
		{`env.HOME`, `0+3: unknown name "env" [variables are for processes; give the value as a param, with env: NAME in it]`},
		{`"ü" + params.nmae`, `14+4: there is no param "nmae" [did you mean "name"?]`},
		{`params.name + params.nmae`, `21+4: there is no param "nmae" [did you mean "name"?]`},
		{`params.db.prot`, `10+4: params.db has no "prot" [did you mean "port"?]`},
		{`params["name"]`, ``},
		{`secrets.pasword`, `8+7: there is no secret "pasword" [did you mean "password"?]`},
		{`steps.biuld.outputs.version`, `6+5: there is no step "biuld" [did you mean "build"?]`},
		{`steps.build.outputs.verison`, `20+7: there is no output of step "build" named "verison" [did you mean "version"?]`},
		{`steps.build.output.version`, `12+6: a step has no "output" [did you mean "outputs"?]`},
		{`steps.build.version`, `12+7: a step has no "version" [did you mean steps.build.outputs.version?]`},
		{`steps.bare.outputs.x`, `19+1: there is no output of step "bare" named "x" [step "bare" declares no outputs]`},
		{`steps.deploy.outputs.x`, `6+6: step "deploy" cannot be referred to here: it runs later`},
		{`steps.build`, `6+5: it must be said what of step "build" is meant [write steps.build.outputs.NAME, or one of its status, exit_code, ran, duration or each]`},
		{`steps.build.each`, `12+4: step "build" has no foreach, and so no each`},
		{`run.idd`, `4+3: run has no "idd" [did you mean "id"?]`},
		{`uper(params.name)`, `0+4: there is no function "uper" [did you mean "upper"?]`},
		{`now()`, `0+3: there is no function "now" [a run must come to the same result when it is resumed; run.started_at is when it began]`},
		{`upper()`, `0+5: too few arguments for upper [it is called as upper(text string) string]`},
		{`upper("a", "b")`, `0+5: too many arguments for upper [it is called as upper(text string) string]`},
		{`outputs.sate`, `8+4: there is no output "sate" [did you mean "state"?]`},
		{`item.vlaue`, `5+5: item has no "vlaue" [did you mean "value"?]`},
		{`# > 1`, `0+1: "#" is not expected here`},
		// types
		{`params.count + "x"`, `13+1: + does not work on an integer and a string: params.count is an integer, "x" is a string [to make text of a number write string(params.count)]`},
		{`!params.name`, `1+11: what not turns around must be a boolean, and params.name is a string`},
		{`params.name and true`, `0+11: a condition must be a boolean, and params.name is a string`},
		{`params.name - 1`, `12+1: - does not work on a string and an integer: params.name is a string, 1 is an integer`},
		{`params.name > 1`, `12+1: > does not work on a string and an integer: params.name is a string, 1 is an integer [int(…) makes a number of a string, string(…) a string of a number]`},
		{`params.count == "3"`, `13+2: params.count and "3" are never equal: params.count is an integer, "3" is a string [int(…) makes a number of a string, string(…) a string of a number]`},
		{`params.ratio % 2`, ``},
		{`upper(params.count)`, `6+12: upper takes a string, and params.count is an integer [to make text of it write string(params.count)]`},
		{`filter(params.tags, true)`, `7+11: filter takes a list, and params.tags is a map [keys(params.tags), values(params.tags) and toPairs(params.tags) make lists of a map]`},
		{`filter(params.hosts, len(#))`, `21+6: the condition must be a boolean, and len(#) is an integer`},
		{`filter(params.hosts, .name == "x")`, `22+4: # is a string, and has no "name"`},
		{`params.hosts.name`, `13+4: params.hosts is a list, and has no "name" [write params.hosts[0] for its first element]`},
		{`stdout.name`, `7+4: stdout is a string, and has no "name" [if it is JSON, write fromJSON(stdout)]`},
		{`params.name in "abc"`, `12+2: in does not work on a string and a string: params.name is a string, "abc" is a string [for a part of a string write "abc" contains params.name]`},
		{`params.hosts contains "a"`, `13+8: contains does not work on a list and a string: params.hosts is a list, "a" is a string [for an element of a list write "a" in params.hosts]`},
		{`params.name matches "("`, `20+3: this is not a regular expression: missing closing )`},
		{`params.hosts["a"]`, `13+3: params.hosts is a list, and has no "a" [write params.hosts[0] for its first element]`},
		{`params.count / 0`, `15+1: division by zero`},
		{`params.count % 0`, `15+1: division by zero`},
		{`{"a": 1, a: 2}`, `9+1: the key "a" is given twice`},
		{`not params.name in params.hosts`, `0+3: not turns around params.name alone, which is a string [write params.name not in params.hosts]`},
		{`!params.count == 3`, `0+1: not turns around params.count alone, which is an integer [write not (params.count == 3)]`},
		{`!params.dry_run == true`, ``},
		{`params.dry_run == "true"`, `15+2: params.dry_run and "true" are never equal: params.dry_run is a boolean, "true" is a string [true and false are written without quotes]`},
		{`params.count > "3"`, `13+1: > does not work on an integer and a string: params.count is an integer, "3" is a string [int(…) makes a number of a string, string(…) a string of a number]`},
		{`params.name.length > 3`, `12+6: params.name is a string, and has no "length" [write len(params.name)]`},
		{`params.name | upper`, `19+0: the expression ends too early [a function is called with parentheses: | upper()]`},
		{`params.dry_run AND true`, `15+3: "AND" is not expected here [write and]`},
		// absence
		{`steps.maybe.ran ? steps.maybe.outputs.version : ""`, `18+27: steps.maybe.outputs.version may be null: step "maybe" has if [say what to use then: steps.maybe.outputs.version ?? …]`},
		{`steps.maybe.outputs.version ?? params.db.user`, `0+45: steps.maybe.outputs.version ?? params.db.user may be null: it is not required [say what to use then: steps.maybe.outputs.version ?? params.db.user ?? …]`},
		{`steps.maybe.outputs.version`, `0+27: steps.maybe.outputs.version may be null: step "maybe" has if [say what to use then: steps.maybe.outputs.version ?? …]`},
		{`upper(steps.maybe.outputs.version)`, `6+27: steps.maybe.outputs.version may be null: step "maybe" has if [say what to use then: steps.maybe.outputs.version ?? …]`},
		{`steps.maybe.outputs.version == "1"`, `0+27: steps.maybe.outputs.version may be null: step "maybe" has if [say what to use then: steps.maybe.outputs.version ?? …]`},
		{`[steps.maybe.outputs.version]`, `1+27: steps.maybe.outputs.version may be null: step "maybe" has if [say what to use then: steps.maybe.outputs.version ?? …]`},
		{`params.db.user`, `0+14: params.db.user may be null: it is not required [say what to use then: params.db.user ?? …]`},
		{`run.failure.step`, `0+11: run.failure may be null: the run may not have failed [say what to use then: run.failure?.step ?? …]`},
		{`map(steps.gappy.outputs.n, # + 1)`, `27+1: # may be null: step "gappy" tolerates failures [say what to use then: # ?? …]`},
		{`exit_code == 0`, `0+9: exit_code may be null: the attempt may have timed out [say what to use then: exit_code ?? …]`},
		{`null`, `0+4: the result is null`},
		// secrets
		{`secrets.password + "x"`, `0+16: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`secrets.password == "x"`, `0+16: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`len(secrets.password) > 3`, `4+16: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`secrets.password[0:2]`, `0+16: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`secrets.password.x`, `0+16: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`upper(toJSON([secrets.password]))`, `6+26: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`secrets.password ? 1 : 2`, `0+16: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`[secrets.password][0]`, `0+18: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`{"a": secrets.password}.a`, `0+23: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`string(secrets.password)`, `7+16: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`outputs.pin + "x"`, `0+11: nothing can be computed with a secret [a secret may only be passed on: alone, inside text, or in toJSON(…)]`},
		{`secrets.password`, `0+16: a secret cannot be used here [a secret may be used in env, stdin, with and args]`},
		{`secrets`, `0+7: secrets cannot be used all at once [write secrets.NAME]`},
		// several at once, in source order
		{`parms.x + params.nmae + uper("a")`, "0+5: unknown name \"parms\" [did you mean \"params\"?]\n17+4: there is no param \"nmae\" [did you mean \"name\"?]\n24+4: there is no function \"uper\" [did you mean \"upper\"?]"},
	} {
		e, problems := plan.CheckExpr(test.src, scene(), plan.WantText)
		if got := show(problems); got != test.problems {
			t.Errorf("%s\ngot  %s\nwant %s", test.src, got, test.problems)
		}
		if e == nil {
			t.Errorf("%s: no expression", test.src)
		}
	}
}

func TestCheckWants(t *testing.T) {
	for _, test := range []struct {
		src      string
		want     plan.Want
		problems string
	}{
		{`params.name`, plan.WantBool, `0+11: this must be a boolean, and params.name is a string [compare it: params.name != ""]`},
		{`params.count`, plan.WantBool, `0+12: this must be a boolean, and params.count is an integer [compare it: params.count != 0]`},
		{`params.hosts`, plan.WantBool, `0+12: this must be a boolean, and params.hosts is a list [ask for its length: len(params.hosts) > 0]`},
		{`params.name`, plan.WantItems, `0+11: this must be a list or a map, and params.name is a string`},
		{`params.any`, plan.WantBool, ``},
		{`{"a": secrets.password}`, plan.WantText.AllowSecret(), `0+23: a list or map that holds a secret has no text of its own [write toJSON(…) around it]`},
		{`steps.maybe.outputs.version`, plan.WantAny, `0+27: steps.maybe.outputs.version may be null: step "maybe" has if [say what to use then: steps.maybe.outputs.version ?? …]`},
		{`null`, plan.WantAny, ``},
	} {
		_, problems := plan.CheckExpr(test.src, scene(), test.want)
		if got := show(problems); got != test.problems {
			t.Errorf("%s\ngot  %s\nwant %s", test.src, got, test.problems)
		}
	}
}

func TestCheckOutOfScope(t *testing.T) {
	names := outside()
	names.Why = map[string]string{"stderr": "secrets are read from stdout"}
	for src, want := range map[string]string{
		`params.x`:    `7+1: there is no param "x" [the runbook declares no params]`,
		`secrets.x`:   `8+1: there is no secret "x" [the runbook declares no secrets]`,
		`steps.x.ran`: `6+1: there is no step "x"`,
		`item`:        `0+4: item cannot be used here: it is known only in a step with foreach`,
		`stdout`:      `0+6: stdout cannot be used here: it is known only after an attempt: in outputs, expect and retry.if`,
		`stderr`:      `0+6: stderr cannot be used here: secrets are read from stdout`,
		`run.failure`: `4+7: run.failure cannot be used here: while steps run it is not decided; it is known in on_failure, finally and rollback`,
		`run.id`:      ``,
		`1 + outputs`: `4+7: outputs cannot be used here: it is known only after an attempt: in outputs, expect and retry.if`,
		`exit_code`:   `0+9: exit_code cannot be used here: it is known only after an attempt: in outputs, expect and retry.if`,
	} {
		_, problems := plan.CheckExpr(src, names, plan.WantText)
		if got := show(problems); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", src, got, want)
		}
	}
}
