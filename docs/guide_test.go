package docs_test

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	applied = regexp.MustCompile(`^# runbook apply((?: \S+)*)$`)
	prints  = regexp.MustCompile(`(?m)^# prints: (.*)$`)
	named   = regexp.MustCompile(`^# ([a-z]+\.[a-z]+)$`)
)

// TestGuide: every runbook of guide.md is valid and does what it says: it is
// applied with the flags in its first line, ends with the exit code there, and
// prints what its comments say. A block that begins with the name of a file is
// that file, for those below it.
func TestGuide(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	others := map[string]string{}
	count := 0
	p := readPage(t, "docs/guide.md")
	for _, b := range p.blocks {
		if b.lang != "yaml" && b.lang != "text" {
			continue
		}
		if m := link.FindStringSubmatch(b.lead); m != nil && strings.HasSuffix(m[1], ".yaml") {
			if b.text != read(t, filepath.Join("docs", m[1])) {
				t.Errorf("%s: the block is not %s as it is", p.at(b.line), m[1])
			}
			continue
		}
		first, _, _ := strings.Cut(b.text, "\n")
		if m := named.FindStringSubmatch(first); m != nil {
			others[m[1]] = b.text
			continue
		}
		first, exits, _ := strings.Cut(first, ": exit code ")
		m := applied.FindStringSubmatch(first)
		if m == nil {
			t.Errorf("%s: the block does not say how it is run", p.at(b.line))
			continue
		}
		count++
		dir := t.TempDir()
		others["guide.yaml"] = b.text
		for name, text := range others {
			put(t, filepath.Join(dir, name), text, 0o600)
		}
		want, _ := strconv.Atoi(exits)
		out, errs, code := runbookIn(t, dir, "", append([]string{"apply", "guide.yaml"}, strings.Fields(m[1])...)...)
		if code != want {
			t.Errorf("%s: exit code %d, want %d\n%s%s", p.at(b.line), code, want, out, errs)
		}
		for _, m := range prints.FindAllStringSubmatch(b.text, -1) {
			if !strings.Contains(out+errs, m[1]) {
				t.Errorf("%s: it does not print %q but\n%s%s", p.at(b.line), m[1], out, errs)
			}
		}
	}
	if count < 10 {
		t.Errorf("only %d runbooks were found to run", count)
	}
}
