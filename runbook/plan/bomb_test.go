package plan_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudops-run/runbook/runbook/plan"
)

// bombs are expressions that would run for ever or fill the memory.
func bombs() map[string]string {
	doubling := `let s0 = "xxxxxxxxxxxxxxxx"; `
	sharing := `let l0 = [1]; `
	for i := range 40 {
		doubling += fmt.Sprintf("let s%d = s%d + s%d; ", i+1, i, i)
		sharing += fmt.Sprintf("let l%d = [l%d, l%d]; ", i+1, i, i)
	}
	nested := "1"
	for range 30 {
		nested = "map(1..100, " + nested + ")"
	}
	return map[string]string{
		"range":                 `1..1000000000`,
		"range of everything":   `-9223372036854775807..9223372036854775807`,
		"filter of a range":     `filter(1..1000000000, true)`,
		"nested loops":          `all(1..60000, all(1..60000, # > 0))`,
		"thirty loops":          nested,
		"map of maps":           `map(1..5000, map(1..5000, #))`,
		"kept garbage":          `map(1..60000, len(map(1..1000, #)))`,
		"repeat":                `repeat("x", 1000000000)`,
		"repeat of repeat":      `repeat(repeat("x", 100000), 100000)`,
		"repeat overflow":       `repeat("xx", 9223372036854775807)`,
		"many repeats":          `map(1..60000, repeat("x", 1000000))`,
		"doubling":              doubling + "len(s40)",
		"sharing as JSON":       sharing + "toJSON(l40)",
		"sharing as result":     sharing + "l40",
		"sharing compared":      sharing + "l40 == l39 or l40 == [l39, l39]",
		"sharing flattened":     sharing + "flatten(l40)",
		"sharing in uniq":       sharing + "uniq([l40, [l39, l39], [[l38, l38], l39]])",
		"reduce of text":        `reduce(1..60000, #acc + #acc, "xxxxxxxx")`,
		"reduce of lists":       `reduce(1..60000, concat(#acc, #acc), [1])`,
		"reduce of nesting":     `reduce(1..60000, [#acc], [])`,
		"JSON of nesting":       `toJSON(reduce(1..60000, [#acc], []))`,
		"replace":               `replace(repeat("x", 100000), "x", repeat("y", 100000))`,
		"replace of nothing":    `replace(repeat("x", 1000000), "", repeat("y", 1000))`,
		"join":                  `join(map(1..60000, "x"), repeat("y", 100000))`,
		"split":                 `split(repeat("x", 1000000), "")`,
		"lines":                 `lines(repeat("\n", 1000000))`,
		"group":                 `groupBy(1..60000, string(#) + repeat("k", 100))`,
		"sort in a loop":        `map(1..1000, sort(map(1..1000, 1000 - #)))`,
		"sort of long texts":    `sortBy(1..60000, repeat("x", 10000))`,
		"uniq of lists":         `uniq(map(1..20000, [#]))`,
		"power":                 `map(1..60000, reduce(1..1000, #acc ** 1.0000001, 2.0))`,
		"pattern over text":     `repeat("a", 1000000) matches "(a|aa|aaa|aaaa|aaaaa)*(a?){500}b"`,
		"patterns":              `map(1..60000, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" matches "(a?){500}a{500}" + string(#))`,
		"pattern of repeats":    `"a" matches "((a{100}){10}){10}"`,
		"pattern of classes":    `"a" matches "(\\pL{500}){2}" + ""`,
		"JSON maps":             `fromJSON("[" + join(map(1..60000, "{\"a\":{}}"), ",") + "]")`,
		"JSON nesting":          `fromJSON(repeat("[", 100000))`,
		"JSON keys":             `fromJSON("{" + join(map(1..60000, "\"" + string(#) + "\":{}"), ",") + "}")`,
		"JSON again and again":  `let j = toJSON(1..50000); map(1..1000, fromJSON(j))`,
		"escapes":               `toJSON(repeat("\u0001", 1000000))`,
		"base64":                `reduce(1..100, toBase64(#acc), repeat("x", 100000))`,
		"text of a list":        `string(map(1..60000, repeat("x", 100)))`,
		"trim":                  `map(1..1000, trim(repeat("x", 100000), repeat("x", 1000)))`,
		"keys in a loop":        `let m = fromPairs(map(1..10000, [string(#), #])); map(1..10000, keys(m))`,
		"pairs":                 `fromPairs(map(1..60000, [string(#), #]))`,
		"concat":                `let l = map(1..60000, 1); map(1..60000, concat(l, l))`,
		"search in a loop":      `let s = repeat("x", 1000000); map(1..60000, s contains "y")`,
		"compare in a loop":     `let s = repeat("x", 1000000); let t = repeat("x", 999999) + "y"; map(1..60000, s == t)`,
		"in a loop":             `let l = 1..60000; map(l, # in l)`,
		"slice of a long text":  `let s = repeat("ü", 500000); map(1..60000, s[1:2])`,
		"length of a long text": `let s = repeat("ü", 500000); map(1..60000, len(s))`,
		"upper":                 `map(1..1000, upper(repeat("x", 100000)))`,
		"find from behind":      `map(1..60000, findLast(1..60000, true))`,
		"order of a long text":  `let s = repeat("x", 1000000); let t = s + "y"; map(1..60000, s < t)`,
		"median":                `map(1..1000, median(1..60000))`,
	}
}

// cpuTime is the time this process has computed: unlike the clock it does not
// run on while the machine is busy with something else.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Whatever an expression does, it ends within a second and 64 MiB.
func TestBombs(t *testing.T) {
	for name, src := range bombs() {
		t.Run(name, func(t *testing.T) {
			e := expr(src)
			_, problems := plan.CheckExpr(src, outside(), plan.WantAny)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			began := cpuTime(t)
			_, err := e.Eval(&plan.Scope{})
			took := cpuTime(t) - began
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("it came to an end by itself: this is no bomb")
			}
			if len(problems) > 0 && !strings.HasPrefix(err.Error(), problems[0].Message) {
				t.Errorf("what is said before it runs is not what happens: %s", show(problems))
			}
			if took > time.Second {
				t.Errorf("it took %s to stop: %v", took, err)
			}
			if made := after.TotalAlloc - before.TotalAlloc; made > 64<<20 {
				t.Errorf("it made %d MiB before it stopped: %v", made>>20, err)
			}
			t.Logf("%.100v after %s and %d KiB", err, took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>10)
		})
	}
}

// Sources that would make a recursive parser or walk overflow, or take too long.
func TestSourceBombs(t *testing.T) {
	ternary, compared := "x", "1"
	for range 60 {
		ternary = "(" + ternary + ") ?: y"
		compared = "0 < (" + compared + ") < 2"
	}
	for name, src := range map[string]string{
		"parentheses":   strings.Repeat("(", 30_000) + "1" + strings.Repeat(")", 30_000),
		"brackets":      strings.Repeat("[", 60_000),
		"braces":        strings.Repeat("{a:", 20_000),
		"not":           strings.Repeat("!", 60_000) + "true",
		"minus":         strings.Repeat("- ", 30_000) + "1",
		"sum":           "1" + strings.Repeat("+1", 30_000),
		"power":         "1" + strings.Repeat("**1", 20_000),
		"members":       "params" + strings.Repeat(".a", 30_000),
		"lets":          strings.Repeat("let a = 1; ", 5_000) + "a",
		"ternaries":     strings.Repeat("true ? 1 : ", 5_000) + "1",
		"short ternary": ternary,
		"comparisons":   compared,
		"list":          "[" + strings.Repeat("1,", 30_000) + "1]",
		"text":          `"` + strings.Repeat("x", 70_000) + `"`,
		"calls":         strings.Repeat("len(", 10_000) + strings.Repeat(")", 10_000),
		"loops":         strings.Repeat("map([1], ", 5_000) + "1" + strings.Repeat(")", 5_000),
		"pipes":         "1" + strings.Repeat(" | abs()", 8_000),
		"letters":       strings.Repeat("é", 30_000),
		"quotes":        strings.Repeat(`"`, 65_000),
		"NUL":           strings.Repeat("\x00", 60_000),
	} {
		t.Run(name, func(t *testing.T) {
			began := cpuTime(t)
			_, problems := plan.CheckExpr(src, scene(), plan.WantAny)
			_, err := expr(src).Eval(world())
			_, tri := tri(expr(src), world(), nil)
			if took := cpuTime(t) - began; took > time.Second {
				t.Errorf("it took %s", took)
			}
			if len(problems) == 0 || err == nil && tri == nil {
				t.Errorf("problems %v, error %v", problems, err)
			}
			if len(problems) > 0 && len(problems[0].Message) > 500 {
				t.Errorf("a message of %d bytes", len(problems[0].Message))
			}
		})
	}
}

func tri(e *plan.Expr, s *plan.Scope, known func(plan.Ref) bool) (any, error) {
	if known == nil {
		known = func(plan.Ref) bool { return true }
	}
	v, _, _, err := e.EvalTri(s, known)
	return v, err
}
