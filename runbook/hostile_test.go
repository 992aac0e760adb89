package runbook

import (
	"fmt"
	"math/rand"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostile are inputs that take parsers down: deep, wide, repeated, random.
func hostile() map[string]string {
	n := 1 << 20
	if raceEnabled {
		n >>= 2
	}
	repeat := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, format, i, i)
		}
		return b.String()
	}
	random := rand.New(rand.NewSource(1))
	from := func(alphabet string) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[random.Intn(len(alphabet))]
		}
		return string(b)
	}
	noise := make([]byte, n)
	random.Read(noise)
	indented := func(line string) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString(strings.Repeat(" ", i) + line)
		}
		return b.String()
	}
	bomb := "a0: &a0 [x]\n"
	for i := 1; i < 60; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	deepAlias := "a0: &a0 [x]\n"
	for i := 1; i < 1000; i++ {
		deepAlias += fmt.Sprintf("a%d: &a%d [*a%d]\n", i, i, i-1)
	}
	return map[string]string{
		"noise": string(noise), "text": from(" !\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_`abcxyz{|}~\n"), "yaml": from("[]{},:-?#&*!|>'\"%@` \n\tab"), "yaml 2": from("[,:-? \na#"),
		"brackets": repeat("[", n), "spaced brackets": repeat("[ ", n), "braces": repeat("{", n), "dashes": repeat("- ", n), "questions": repeat("? ", n),
		"pairs": repeat("[a: ", n), "maps": repeat("{a: ", n), "bracket lines": repeat("[\n", n), "quoted brackets": repeat("[\"", n),
		"deep map": indented("a:\n"), "deep list": indented("-\n"), "closed": strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"bomb": bomb, "deep alias": deepAlias, "own alias": "a: &a [*a]\n", "anchors": numbered(n, "- &a%d x\n- *a%d\n"), "unknown alias": repeat("- *a\n", n),
		"merge bomb": strings.ReplaceAll(bomb, "[*", "[<<: *"), "anchored keys": numbered(n, "&k%d k%d: x\n"),
		"keys": numbered(n, "k%d: v%d\n"), "same key": repeat("k: v\n", n), "flow keys": "{" + numbered(n, "k%d: v%d, ") + "}", "empty keys": repeat("?\n", n), "null keys": repeat(": \n", n),
		"directives": numbered(n, "%%TAG !a%d! x%d\n") + "---\na\n", "documents": repeat("---\n", n), "document ends": repeat("...\n", n),
		"commas": "[" + repeat(",", n) + "]", "items": "[" + repeat("a,", n) + "]", "lists": "[" + repeat("[],", n) + "]", "no": "[" + repeat("no,", n) + "]", "no lines": "steps:\n" + repeat("- no\n", n),
		"comments": "a: b\n" + repeat("# x\n", n), "item comments": repeat("- a # x\n", n), "comment gaps": repeat("- a\n# x\n\n", n),
		"plain": "a: " + repeat("x", n), "plain lines": "a: " + repeat("x\n  ", n), "quoted": "a: \"" + repeat("x", n) + "\"", "escapes": "a: \"" + repeat("\\n", n) + "\"", "controls": "a: \"" + repeat("\\e", n) + "\"", "raw controls": repeat("\x01", n),
		"open quote": "a: '" + repeat("x\n", n), "quotes": repeat("'", n), "literal": "a: |\n" + repeat("  x\n", n), "folded": "a: >\n" + repeat("  x\n\n", n),
		"spaces": repeat(" ", n), "lines": repeat("\n", n), "tabs": repeat("\t", n), "returns": repeat("\r", n), "colons": repeat(":", n), "stars": repeat("*a ", n), "bars": repeat("- |\n", n),
		"tag": "a: !" + repeat("x", n), "tags": repeat("- !a b\n", n), "anchor": "a: &" + repeat("x", n), "expressions": "a: \"" + repeat("${{", n) + "\"", "expression items": "[" + repeat("\"${{\",", n) + "]", "escaped expressions": "a: \"" + repeat("$${{", n) + "\"",
		"bare steps": "version: 1\nsteps:\n" + repeat("- \n", n), "no commands": "version: 1\nsteps:\n" + repeat("- {id: a}\n", n), "unknown": "version: 1\nsteps:\n" + numbered(n, "- {id: a%d, exec: [x], depends_on: [step%d]}\n"), "misspelt": "version: 1\nsteps:\n" + numbered(n, "- {id: a%d, exce: [x%d]}\n"),
		"number": "version: " + repeat("1", n), "sixties": "a: " + repeat("1:", n) + "1", "zeros": "version: 0" + repeat("0", n), "exponent": "version: 1e" + repeat("9", 1000), "wide": "a: \"" + repeat("日", n) + "\"\nb: no\n",
	}
}

// raceEnabled: the race detector makes everything many times slower.
var raceEnabled bool

// Every input is answered in time, within bounds, without a panic, and with
// places that are in the file.
func TestHostile(t *testing.T) {
	for name, src := range hostile() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime(t)
			_, ds := Parse("x.yaml", []byte(src), Options{})
			text := ds.Error()
			took := cpuTime(t) - start
			runtime.ReadMemStats(&after)
			if !ds.Errors() {
				t.Errorf("accepted")
			}
			// Generous, for slow machines: what the test is for takes minutes
			// and gigabytes.
			if took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 512 {
				t.Errorf("allocated %d MiB", mib)
			}
			if len(text) > 4<<20 || len(ds) > maxShown+1 {
				t.Errorf("%d diagnostics of %d bytes", len(ds), len(text))
			}
			checkPlaces(t, []byte(src), ds)
			t.Logf("%v, %d MiB, %d: %s", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, len(ds), shorten(strings.SplitN(text, "\n", 2)[0]))
		})
	}
}

// cpuTime is what this process has used; unlike the clock it does not count what
// others do on the machine.
func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// checkPlaces: every place is in the file, and they are in order.
func checkPlaces(t *testing.T, src []byte, ds Diagnostics) {
	t.Helper()
	s := newSource("", src)
	if len(ds) > 0 {
		s.file = ds[0].Pos.File
	}
	for i, d := range ds {
		if d.Pos.Line < 1 || d.Pos.Line > len(s.starts) || d.Pos.Col < 1 || d.Pos != s.pos(d.Pos.Line, d.Pos.Col) {
			t.Fatalf("the place %v is not in the file", d.Pos)
		}
		if before(d.End, d.Pos) {
			t.Fatalf("%v ends before it begins, at %v", d.Pos, d.End)
		}
		if i > 0 && before(d.Pos, ds[i-1].Pos) {
			t.Fatalf("%v comes after %v", d.Pos, ds[i-1].Pos)
		}
		if d.Message == "" || d.Rule == "" || strings.Contains(d.Message, "yaml:") {
			t.Fatalf("a bad message: %q [%s]", d.Message, d.Rule)
		}
	}
}
