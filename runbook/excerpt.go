package runbook

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A longer source line is cut to a window around the place.
const (
	windowWidth  = 160
	windowBefore = 100
)

// excerpt returns the line of a place, or the window of it, and the column of the
// place there.
func (s *source) excerpt(p Pos) (line string, col int) {
	text := s.line(p.Line)
	if len(text) <= windowWidth {
		return string(text), p.Col
	}
	at := s.offset(p.Line, p.Col) - s.starts[p.Line-1]
	from := max(at-windowBefore, 0)
	to := min(from+windowWidth, len(text))
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	line, col = string(text[from:to]), 1+utf8.RuneCount(text[from:at])
	if from > 0 {
		line, col = "…"+line, col+1
	}
	if to < len(text) {
		line += "…"
	}
	return line, col
}

// Excerpt returns the source line as it may be shown on a terminal, and a line of
// the same width up to the place, with a caret under it. Both are empty where
// the line is.
func (d Diagnostic) Excerpt() (line, caret string) {
	if strings.TrimSpace(d.Line) == "" {
		return "", ""
	}
	var shown, under strings.Builder
	marks := 1
	if d.End.Line == d.Pos.Line && d.End.Col > d.Pos.Col {
		marks = d.End.Col - d.Pos.Col
	}
	col, placed := 0, false
	for rest := d.Line; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		text := visible(rest[:size])
		rest = rest[size:]
		col++
		shown.WriteString(text)
		switch {
		case col < d.lineCol && r == '\t':
			under.WriteByte('\t') // as wide as the tab above it, whatever that is
		case col < d.lineCol:
			under.WriteString(strings.Repeat(" ", displayWidth(text)))
		case col == d.lineCol:
			under.WriteByte('^')
			under.WriteString(strings.Repeat("~", max(displayWidth(text)-1, 0)))
			placed = true
		case col < d.lineCol+marks:
			under.WriteString(strings.Repeat("~", displayWidth(text)))
		}
	}
	if !placed {
		under.WriteByte('^') // behind the end of the line
	}
	return shown.String(), under.String()
}

// visible spells out characters that a terminal would obey or hide.
func visible(s string) string {
	clean := func(r rune) bool {
		return r != '\t' && r != utf8.RuneError && (forbidden(r) != "" || r == '\n' || r == '\r')
	}
	if strings.IndexFunc(s, clean) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !clean(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// displayWidth is how many columns a terminal gives a text.
func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.Is(wide, r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide are the blocks whose characters terminals give two columns: those that
// Unicode calls East Asian Wide or Fullwidth, and the emoji.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x231a, 0x231b, 1}, {0x23e9, 0x23ec, 1}, {0x2614, 0x2615, 1},
		{0x26a1, 0x26a1, 1}, {0x2705, 0x2705, 1}, {0x274c, 0x274c, 1}, {0x2753, 0x2757, 1},
		{0x2b50, 0x2b55, 5}, {0x2e80, 0x303e, 1}, {0x3041, 0xa4cf, 1}, {0xa960, 0xa97f, 1},
		{0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe30, 0xfe6f, 1}, {0xff00, 0xff60, 1}, {0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{
		{0x16fe0, 0x18aff, 1}, {0x1b000, 0x1b2ff, 1}, {0x1f004, 0x1f004, 1}, {0x1f0cf, 0x1f0cf, 1}, {0x1f18e, 0x1f19a, 1},
		{0x1f200, 0x1f320, 1}, {0x1f32d, 0x1f64f, 1}, {0x1f680, 0x1f6ff, 1},
		{0x1f7e0, 0x1f7eb, 1}, {0x1f90c, 0x1f9ff, 1}, {0x1fa70, 0x1faff, 1}, {0x20000, 0x3fffd, 1},
	},
}
