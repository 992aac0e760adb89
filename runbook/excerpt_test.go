package runbook

import (
	"strings"
	"testing"
)

// The caret stands under the character that Col counts to.
func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		line      string
		col, end  int
		shown     string
		underline string
	}{
		{"abc: d", 6, 7, "abc: d", "     ^"},
		{"abc: def", 6, 9, "abc: def", "     ^~~"},
		{"\ta:\tno", 5, 7, "\ta:\tno", "\t  \t^~"},
		{"日本 語: no", 7, 9, "日本 語: no", "         ^~"},
		{"e\u0301é: no", 6, 8, "e\u0301é: no", "    ^~"},
		{"👍 x", 3, 4, "👍 x", "   ^"},
		{"👍", 1, 2, "👍", "^~"},
		{"a\x1b[31mb", 2, 3, `a\x1b[31mb`, " ^~~~"},
		{"\u202ea x", 3, 4, `\u202ea x`, "       ^"},
		{"a\xffb", 3, 4, `a\xffb`, "     ^"},
		{"abc", 4, 4, "abc", "   ^"},
		{"   ", 2, 2, "", ""},
	} {
		d := Diagnostic{Line: c.line, lineCol: c.col, Pos: Pos{"f", 1, c.col}, End: Pos{"f", 1, c.end}}
		shown, underline := d.Excerpt()
		if shown != c.shown || underline != c.underline {
			t.Errorf("%q at %d:\n%q\n%q\nwant\n%q\n%q", c.line, c.col, shown, underline, c.shown, c.underline)
		}
	}
}

// However long a line is, what is shown of it is short, holds the place, and
// points at it.
func TestExcerptOfALongLine(t *testing.T) {
	line := strings.Repeat("é", 5000) + "no" + strings.Repeat("x", 5000)
	s := newSource("f", []byte("a\n"+line))
	for _, col := range []int{1, 50, 5001, 9000, 10_002, 10_003} {
		p := s.pos(2, col)
		text, at := s.excerpt(p)
		runes := []rune(text)
		if len(runes) > windowWidth+2 || at < 1 || at > len(runes)+1 {
			t.Fatalf("column %d: %d characters, place %d", col, len(runes), at)
		}
		if col == 5001 && string(runes[at-1:at+1]) != "no" {
			t.Errorf("column %d points at %q", col, string(runes[at-1:at+1]))
		}
	}
}

func TestPositions(t *testing.T) {
	s := newSource("f", []byte("\ufeffaé\r\nb\rc\n\nd"))
	for i, want := range []string{"aé", "b", "c", "", "d"} {
		if got := string(s.line(i + 1)); got != want {
			t.Errorf("line %d: %q, want %q", i+1, got, want)
		}
	}
	for offset, want := range map[int]Pos{0: {"f", 1, 1}, 1: {"f", 1, 2}, 3: {"f", 1, 3}, 5: {"f", 2, 1}, 7: {"f", 3, 1}, 99: {"f", 5, 2}, -1: {"f", 1, 1}} {
		if got := s.at(offset); got != want {
			t.Errorf("byte %d: %v, want %v", offset, got, want)
		}
	}
	if got := s.pos(99, 99); got != (Pos{"f", 5, 2}) {
		t.Errorf("a place outside: %v", got)
	}
}
