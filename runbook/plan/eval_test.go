package plan_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// world is what the names of scene stand for.
func world() *plan.Scope {
	steps := map[string]plan.StepState{
		"build": {Status: "completed", HasExit: true, Ran: true, Duration: 1500 * time.Millisecond,
			Outputs: plan.Values{"version": "1.2", "size": int64(2_000_000), "doc": map[string]any{"a": []any{int64(1), nil}}},
			Secret:  secretOf("token", "t0ken!")},
		"maybe": {Status: "skipped"},
		"fan": {Status: "completed", Ran: true, Foreach: true, Outputs: plan.Values{"n": []any{int64(1), int64(2)}},
			Each: []plan.EachState{{Item: "a", Status: "completed", Outputs: plan.Values{"n": int64(1)}}, {Item: "b", Status: "failed"}}},
	}
	return &plan.Scope{
		Params: plan.Values{"name": "web", "count": int64(3), "ratio": 0.5, "dry_run": false, "hosts": []any{"b", "a", "c"},
			"tags": map[string]any{"z": "1", "a": "2"}, "any": nil, "big": int64(math.MaxInt64), "plain": []string{"x", "y"}, "int": 7},
		Secrets: secretOf("password", `p"w<&>`),
		Step:    func(id string) (plan.StepState, bool) { s, ok := steps[id]; return s, ok },
		Run: plan.RunState{ID: "r-1", Name: "demo", Dir: "/run", StartedAt: time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC), Status: "failed",
			Failure: &plan.Failure{Step: "build", Status: "failed", ExitCode: 2, HasExit: true, Error: "exit code 2", LogTail: "boom"}, FailedSteps: []string{"build"}},
		Item: map[string]any{"key": "k", "value": int64(9)}, Index: 4, HasItem: true,
		Attempt: &plan.Attempt{Stdout: `{"id": 9007199254740993, "n": 1.5, "list": [{"s": "a"}, {"s": "b"}]}`, Stderr: "two\nlines", ExitCode: 3, HasExit: true,
			Outputs: plan.Values{"state": "ok"}, Secret: secretOf("pin", "1234567")},
	}
}

func secretOf(name, text string) func(string) (string, bool) {
	return func(n string) (string, bool) { return text, n == name }
}

// results are expressions and their results as JSON text.
var results = []struct{ src, want string }{
	// numbers are exact, and a whole number is an integer however it came about
	{`2000000`, `2000000`},
	{`steps.build.outputs.size * 1000000`, `2000000000000`},
	{`fromJSON(stdout).id`, `9007199254740993`},
	{`fromJSON(stdout).id + 1`, `9007199254740994`},
	{`10 / 2`, `5`}, {`1 / 4`, `0.25`}, {`7 / 2 * 2`, `7`}, {`7 % 3`, `1`}, {`-7 % 3`, `-1`},
	{`2 ** 10`, `1024`}, {`2 ** 62`, `4611686018427387904`}, {`(-2) ** 63`, `-9223372036854775808`}, {`2 ** 0.5 * 2 ** 0.5 > 2`, `true`}, {`2 ** -1`, `0.5`},
	{`0.1 + 0.2`, `0.30000000000000004`}, {`1.5 + 1.5`, `3`}, {`-params.ratio`, `-0.5`}, {`+3`, `3`}, {`0x10 + 0b11 + 0o7`, `26`}, {`1_000`, `1000`},
	{`params.big == 9223372036854775807`, `true`}, {`params.big < 9.3e18`, `true`}, {`params.big > 9.2e18`, `true`}, {`1 < 1.5`, `true`}, {`2 > 1.5`, `true`}, {`-1 > -1.5`, `true`}, {`1.5 < 2 and 1.5 > 1`, `true`},
	// conditions
	{`true && false || not false`, `true`}, {`params.dry_run ? "dry" : "wet"`, `"wet"`}, {`false && 1 / 0 > 1`, `false`}, {`true || 1 / 0 > 1`, `true`},
	{`null ?? 1`, `1`}, {`false ?? 1`, `false`}, {`params.any ?? "none"`, `"none"`}, {`1 < params.count < 4`, `true`}, {`1 < params.count < 2`, `false`},
	{`if params.count > 2 { "many" } else { "few" }`, `"many"`}, {`params.name ?: 3 == 3 ? 1 : 2`, ``},
	{`1 == 1.0`, `true`}, {`[1, {"a": 2}] == [1, {"a": 2.0}]`, `true`}, {`[1] == [2]`, `false`}, {`{"a": 1} == {"b": 1}`, `false`}, {`"1" == 1`, `false`}, {`null == null`, `true`}, {`[] == {}`, `false`},
	// members
	{`params.hosts[0]`, `"b"`}, {`params.hosts[-1]`, `"c"`}, {`params.hosts[1:]`, `["a","c"]`}, {`params.hosts[:-1]`, `["b","a"]`}, {`params.hosts[5:9]`, `[]`},
	{`"grüße"[2:4]`, `"üß"`}, {`"grüße"[-2:]`, `"ße"`}, {`params.tags.z + params.tags["a"]`, `"12"`}, {`params.tags.missing`, `null`}, {`params.tags.missing?.more.still`, `null`},
	{`params.any?.x ?? "d"`, `"d"`}, {`"a" in params.tags`, `true`}, {`"q" in params.tags`, `false`}, {`2 in [1, 2.0]`, `true`}, {`1 in null`, `false`}, {`"x" not in ["y"]`, `true`},
	{`fromJSON(stdout).list[1].s`, `"b"`}, {`params.plain[1]`, `"y"`}, {`params.int + 1`, `8`},
	// names
	{`steps.build.status + steps.maybe.status`, `"completedskipped"`}, {`steps.build.exit_code`, `0`}, {`steps.maybe.exit_code ?? -1`, `-1`}, {`steps.build.duration`, `1.5`}, {`steps.maybe.ran`, `false`},
	{`steps.maybe.outputs.version ?? "none"`, `"none"`}, {`steps.fan.outputs.n`, `[1,2]`}, {`steps.fan.each`, `[{"item":"a","outputs":{"n":1},"status":"completed"},{"item":"b","outputs":null,"status":"failed"}]`},
	{`steps.build.outputs.doc.a[1] ?? "null"`, `"null"`},
	{`run.id + run.name + run.dir + run.started_at`, `"r-1demo/run2024-02-03T04:05:06Z"`}, {`run.failure.step + run.failure.log_tail + string(run.failure.exit_code)`, `"buildboom2"`}, {`run.failed_steps`, `["build"]`}, {`run.status`, `"failed"`},
	{`item.key + string(index)`, `"k4"`}, {`exit_code == 3 and not timed_out and outputs.state == "ok"`, `true`}, {`outputs.other`, `null`}, {`stderr | lines() | len()`, `2`},
	// loops
	{`all(1..3, # > 0)`, `true`}, {`all([], # > 0)`, `true`}, {`any([], true)`, `false`}, {`any(1..3, # == 2)`, `true`}, {`none(1..3, # > 3)`, `true`}, {`one(1..3, # > 2)`, `true`}, {`one(1..3, # > 1)`, `false`},
	{`count(1..10, # % 2 == 0)`, `5`}, {`count([true, false, true])`, `2`}, {`filter(1..10, # % 3 == 0)`, `[3,6,9]`}, {`map(["a", "b"], # + string(#index))`, `["a0","b1"]`},
	{`find(1..9, # > 3)`, `4`}, {`find(1..9, # > 30)`, `null`}, {`findIndex(1..9, # > 3)`, `3`}, {`findLast(1..9, # < 5)`, `4`}, {`findLastIndex([1, 5, 1], # == 1)`, `2`}, {`findLastIndex([1], # == 2)`, `null`}, {`findIndex([1], # == 2)`, `null`},
	{`groupBy(["aa", "b", "cc"], len(#))`, `{"1":["b"],"2":["aa","cc"]}`}, {`sortBy([{"n": 2, "s": "x"}, {"n": 1, "s": "y"}, {"n": 2, "s": "z"}], .n) | map(.s) | join("")`, `"yxz"`}, {`sortBy(["a", "ccc", "bb"], len(#), "desc")`, `["ccc","bb","a"]`},
	{`sum(1..4)`, `10`}, {`sum(params.hosts, len(#))`, `3`}, {`sum([])`, `0`}, {`reduce(1..4, #acc * #)`, `24`}, {`reduce(1..4, #acc * # + #index, 1)`, `47`}, {`reduce([], #acc, "s")`, `"s"`},
	{`map([[1, 2], [3]], sum(#, # * 2))`, `[6,6]`}, {`let x = 2; map(1..3, # * x)`, `[2,4,6]`}, {`map(1..2, let a = #; map(1..2, a * #))`, `[[1,2],[2,4]]`},
	// functions
	{`trim("  a ") + trim("xxbx", "x")`, `"ab"`}, {`trimPrefix("v1", "v") + trimSuffix("a.txt", ".txt")`, `"1a"`}, {`upper("straße") + lower("ÄB")`, `"STRAßEäb"`}, {`hasPrefix("ab", "a") and hasSuffix("ab", "b")`, `true`},
	{`split("a,b,c", ",")`, `["a","b","c"]`}, {`split("a,b,c", ",", 2)`, `["a","b,c"]`}, {`split("a,b", ",", 0)`, `[]`}, {`split("äb", "")`, `["ä","b"]`}, {`split("", ",")`, `[""]`}, {`splitAfter("a,b", ",")`, `["a,","b"]`},
	{`lines("a\r\nb\n")`, `["a","b"]`}, {`lines("")`, `[]`}, {`lines("a\n\nb")`, `["a","","b"]`},
	{`replace("aaa", "a", "b")`, `"bbb"`}, {`replace("aaa", "a", "b", 2)`, `"bba"`}, {`repeat("ab", 3)`, `"ababab"`}, {`repeat("ab", 0)`, `""`}, {`join(["a", "b"])`, `"ab"`}, {`join(["a", "b"], ", ")`, `"a, b"`}, {`indexOf("äbc", "c")`, `2`}, {`lastIndexOf("abab", "b")`, `3`}, {`indexOf("a", "z")`, `-1`},
	{`abs(-3) + abs(2.5)`, `5.5`}, {`ceil(1.2) + floor(1.8) + round(1.5)`, `5`}, {`max(1, [5, 2.5], 3)`, `5`}, {`min([4, 2], 3)`, `2`}, {`mean([1, 2])`, `1.5`}, {`median([3, 1, 2])`, `2`}, {`median([4, 1, 2, 3])`, `2.5`}, {`mean([])`, `0`},
	{`len("äö") + len([1]) + len({"a": 1})`, `4`}, {`first([1, 2]) + last([1, 2])`, `3`}, {`first([])`, `null`}, {`take([1, 2, 3], 2)`, `[1,2]`}, {`take([1], 5)`, `[1]`}, {`reverse(params.hosts)`, `["c","a","b"]`}, {`params.hosts`, `["b","a","c"]`},
	{`sort(params.hosts)`, `["a","b","c"]`}, {`sort([2, 1.5, 3], "desc")`, `[3,2,1.5]`}, {`uniq([1, 1.0, "a", "a", [1], [1], null, null])`, `[1,"a",[1],null]`}, {`concat([1], [2, 3], [])`, `[1,2,3]`}, {`flatten([1, [2, [3]]])`, `[1,2,3]`},
	{`keys(params.tags)`, `["a","z"]`}, {`values(params.tags)`, `["2","1"]`}, {`toPairs(params.tags)`, `[["a","2"],["z","1"]]`}, {`fromPairs([["k", 1], ["l", 2]])`, `{"k":1,"l":2}`}, {`get([1], 5)`, `null`}, {`get({"a": 1}, "a")`, `1`}, {`get([1, 2], -1)`, `2`},
	{`string(2000000) + string(0.5) + string(true) + string(null) + string([1, {"a": null}])`, `"20000000.5truenull[1,{\"a\":null}]"`}, {`int("42") + int(3.9) + int(" 7 ")`, `52`}, {`float("1.5") + float("2")`, `3.5`},
	{`map([null, true, 1, 1.5, "s", [], {}], type(#))`, `["null","boolean","integer","number","string","list","map"]`},
	{`toJSON({"b": 1, "a": [1.50, "<&>"]})`, `"{\"a\":[1.5,\"<&>\"],\"b\":1}"`}, {`fromJSON("[2e6, -0.0, 1.50]")`, `[2000000,0,1.5]`}, {`toBase64("hi") + fromBase64("aGk=")`, `"aGk=hi"`},
	{`"abc" matches "^a.c$"`, `true`}, {`"abc" contains "b" and "abc" startsWith "a" and "abc" endsWith "c"`, `true`}, {`params.name matches params.name + "$"`, `true`},
	{`{"a": 1, b: 2, (params.name): 3, 4: 5}`, `{"4":5,"a":1,"b":2,"web":3}`}, {`[]`, `[]`}, {`1..3`, `[1,2,3]`}, {`3..1`, `[]`}, {"`raw \\ text`", `"raw \\ text"`}, {`"a" + 'b'`, `"ab"`}, {`1 /* one */ + 1 // two`, `2`},
}

func TestEval(t *testing.T) {
	for _, test := range results {
		got, err := expr(test.src).Eval(world())
		if test.want == "" {
			if err == nil {
				t.Errorf("%s is %#v, want an error", test.src, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.src, err)
			continue
		}
		want, err := plan.DecodeJSON([]byte(test.want))
		if err != nil {
			t.Fatal(err)
		}
		if again := throughJSON(t, got); !reflect.DeepEqual(again, got) && !strings.HasPrefix(test.src, "params.plain") {
			t.Errorf("%s is %#v, and %#v after a round trip through JSON", test.src, got, again)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %s", test.src, got, test.want)
		}
	}
}

func throughJSON(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	back, err := plan.DecodeJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestEvalErrors(t *testing.T) {
	for src, want := range map[string]string{
		`1 / 0`:                            `division by zero, in "1 / 0"`,
		`5 % 0`:                            `division by zero, in "5 % 0"`,
		`params.big + 1`:                   `the result is too large for an integer, in "params.big + 1"`,
		`params.big * 2`:                   `the result is too large for an integer, in "params.big * 2"`,
		`-params.big - 2`:                  `the result is too large for an integer, in "-params.big - 2"`,
		`(-1.0) ** 0.5`:                    `the result is not a number, in "(-1.0) ** 0.5"`,
		`params.any + 1`:                   `+ does not work on null and an integer, in "params.any + 1"`,
		`params.any.x`:                     `nothing can be read of null ("x"); write ?. or give another value with ??, in "params.any.x"`,
		`fromJSON(stdout).nope.x`:          `nothing can be read of null ("x"); write ?. or give another value with ??, in "fromJSON(stdout).nope.x"`,
		`params.hosts[9]`:                  `the list has 3 elements, and no element at this place, in "params.hosts[9]"`,
		`params.name["x"]`:                 `a string has no parts ("x"); x[0:1] is its first character, in "params.name[\"x\"]"`,
		`params.hosts[params.name]`:        `an element of a list is named by its place, not by a string, in "params.hosts[params.name]"`,
		`params.nope`:                      `params.nope has no value, in "params.nope"`,
		`steps.nope.ran`:                   `there is no step "nope", in "steps.nope.ran"`,
		`secrets.nope`:                     `the secret "nope" is not known here, in "secrets.nope"`,
		`nope`:                             `there is no "nope" here, in "nope"`,
		`fromJSON("{")`:                    `fromJSON: not valid JSON: it ends too early, in "fromJSON(\"{\")"`,
		`fromJSON("")`:                     `fromJSON: not valid JSON: it is empty, in "fromJSON(\"\")"`,
		`fromJSON("1 2")`:                  `fromJSON: something follows the JSON text, in "fromJSON(\"1 2\")"`,
		`int("x")`:                         `int: the string does not show an integer, in "int(\"x\")"`,
		`fromBase64("*")`:                  `fromBase64: this is not base64, in "fromBase64(\"*\")"`,
		`max([])`:                          `max of no numbers at all, in "max([])"`,
		`sort([1, "a"])`:                   `sorting does not work on an integer and a string, in "sort([1, \"a\"])"`,
		`sort([2, 1], "up")`:               `the order is "asc" or "desc", in "sort([2, 1], \"up\")"`,
		`reduce([], #acc)`:                 `reduce of an empty list needs a start, in "reduce([], #acc)"`,
		`filter([1], #)`:                   `a condition must be true or false, not an integer, in "#"`,
		`any([1], #)`:                      `a condition must be true or false, not an integer, in "#"`,
		`keys(params.hosts)`:               `keys takes a map, not a list, in "params.hosts"`,
		`map(params.tags, #)`:              `map takes a list, not a map; give it keys(…), values(…) or toPairs(…), in "params.tags"`,
		`upper(1)`:                         `upper takes a string, not an integer, in "1"`,
		`nope(1)`:                          `there is no function "nope", in "nope(1)"`,
		`upper()`:                          `too few arguments: it is called as upper(text string) string, in "upper()"`,
		`join([1])`:                        `join takes a list of strings, not one with an integer; map(list, string(#)) makes strings of it, in "join([1])"`,
		`1 && true`:                        `a condition must be true or false, not an integer, in "1"`,
		`not 1`:                            `not does not work on an integer, in "not 1"`,
		`"a" < 1`:                          `< does not work on a string and an integer, in "\"a\" < 1"`,
		`1..1.5`:                           `.. does not work on an integer and a number, in "1..1.5"`,
		`1 in "abc"`:                       `in does not work on an integer and a string, in "1 in \"abc\""`,
		`"a" matches params.name + "("`:    `this is not a regular expression: missing closing ), in "\"a\" matches params.name + \"(\""`,
		`repeat("a", -1)`:                  `repeat takes a number of times that is not negative, in "repeat(\"a\", -1)"`,
		`fromPairs([1])`:                   `fromPairs takes a list of lists of two: a key and a value, in "fromPairs([1])"`,
		`{([1]): 2}`:                       `a list cannot be the key of a map, in "{([1]): 2}"`,
		`steps.build.each`:                 `step "build" has no foreach, and so no each, in "steps.build.each"`,
		`secrets.password + "x"`:           `a secret cannot be computed with, in "secrets.password + \"x\""`,
		`secrets.password == "x"`:          `a secret cannot be computed with, in "secrets.password == \"x\""`,
		`"x" == secrets.password`:          `a secret cannot be computed with, in "\"x\" == secrets.password"`,
		`[secrets.password] == ["x"]`:      `a secret cannot be computed with, in "[secrets.password] == [\"x\"]"`,
		`secrets.password in ["x"]`:        `a secret cannot be computed with, in "secrets.password in [\"x\"]"`,
		`"x" in [secrets.password]`:        `a secret cannot be computed with, in "\"x\" in [secrets.password]"`,
		`uniq([secrets.password])`:         `a secret cannot be computed with, in "uniq([secrets.password])"`,
		`string([secrets.password]) + "x"`: `a secret cannot be computed with, in "string([secrets.password]) + \"x\""`,
		`len(secrets.password)`:            `a secret cannot be computed with, in "secrets.password"`,
		`secrets.password[0:1]`:            `a secret cannot be computed with, in "secrets.password[0:1]"`,
		`secrets.password.x`:               `a secret cannot be computed with, in "secrets.password.x"`,
		`secrets.password matches "x"`:     `a secret cannot be computed with, in "secrets.password matches \"x\""`,
		`{(secrets.password): 1}`:          `a secret cannot be the key of a map, in "{(secrets.password): 1}"`,
		`secrets.password ? 1 : 2`:         `a secret cannot be computed with, in "secrets.password"`,
		`join([secrets.password])`:         `a secret cannot be computed with, in "join([secrets.password])"`,
		`-secrets.password`:                `a secret cannot be computed with, in "-secrets.password"`,
		`sort([secrets.password])`:         `a secret cannot be computed with, in "sort([secrets.password])"`,
		`max([secrets.password])`:          `a secret cannot be computed with, in "max([secrets.password])"`,
		`sum([secrets.password])`:          `a secret cannot be computed with, in "sum([secrets.password])"`,
		`groupBy([secrets.password], #)`:   `a secret cannot be the key of a map, in "groupBy([secrets.password], #)"`,
		`1 +`:                              `the expression ends too early, in "1 +"`,
	} {
		got, err := expr(src).Eval(world())
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v, %v\nwant %s", src, got, err, want)
		}
		var placed *plan.EvalError
		if err != nil && src != `1 +` && !errors.As(err, &placed) {
			t.Errorf("%s: the error says no place: %v", src, err)
		}
	}
	if _, err := expr("stdout").Eval(&plan.Scope{Attempt: &plan.Attempt{StdoutTruncated: true}}); err == nil || !strings.Contains(err.Error(), "stdout:") {
		t.Errorf("truncated output was read: %v", err)
	}
	bytes := &plan.Scope{Attempt: &plan.Attempt{Stdout: "a\xffb"}, Secrets: secretOf("key", "\xfe")}
	if _, err := expr("[stdout]").Eval(bytes); err == nil || !strings.Contains(err.Error(), "toBase64") {
		t.Errorf("bytes that are not text became a result: %v", err)
	}
	if v, err := expr("toBase64(stdout)").Eval(bytes); v != "Yf9i" || err != nil {
		t.Errorf("bytes in base64 are %v, %v", v, err)
	}
	if _, err := expr("toJSON([secrets.key])").Eval(bytes); err == nil {
		t.Error("a secret of bytes became JSON")
	}
	if v, err := expr("secrets.key").Eval(bytes); err != nil || v.(plan.SecretText).Reveal() != "\xfe" {
		t.Errorf("a secret of bytes is %v, %v", v, err)
	}
	if _, err := expr("params.x").Eval(nil); err == nil {
		t.Error("something is known without a scope")
	}
}
