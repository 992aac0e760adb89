package runbook

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// within is the place of a part of a node's text, given in bytes of the text.
// Quotes, escapes, indentation and folded lines make the text in the file
// another one; what they leave alone is the order of the characters that are
// not blank, and by that the place is found.
func (r *report) within(n *node, offset, length int) (start, end Pos) {
	text := n.Value
	offset = min(max(offset, 0), len(text))
	last := min(offset+max(length, 1), len(text))
	for offset < last && isBlank(text[offset]) {
		offset++
	}
	for last > offset && isBlank(text[last-1]) {
		last--
	}
	reader := r.reader(n)
	if offset == last { // nothing is there: point behind what comes before
		reader.skip(solid(text[:offset]))
		at := r.src.at(reader.behind)
		return at, at
	}
	reader.skip(solid(text[:offset]))
	reader.next()
	from := reader.at
	reader.skip(solid(text[offset:last]) - 1)
	start, end = r.src.at(from), r.src.at(reader.behind)
	if end.Line != start.Line {
		end = start
	}
	return start, end
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// solid counts the characters of s that are not blank.
func solid(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if !isBlank(s[i]) && utf8.RuneStart(s[i]) {
			n++
		}
	}
	return n
}

// A scalarReader goes through the characters of a scalar, in the file, that are
// not blank.
type scalarReader struct {
	text   []byte
	style  yaml.Style
	at     int // where the last one begins
	behind int // where the next one is looked for
}

func (r *report) reader(n *node) *scalarReader {
	s := &scalarReader{text: r.src.text, style: n.Style}
	s.behind = r.src.offset(n.Line, n.Column)
	// An anchor or a tag comes first, and is where the parser says the node is.
	for s.behind < len(s.text) && (n.Anchor != "" && s.text[s.behind] == '&' || n.Style&yaml.TaggedStyle != 0 && s.text[s.behind] == '!') {
		for s.behind < len(s.text) && !isBlank(s.text[s.behind]) {
			s.behind++
		}
		for s.behind < len(s.text) && isBlank(s.text[s.behind]) {
			s.behind++
		}
	}
	switch {
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		s.behind++
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		for s.behind < len(s.text) && s.text[s.behind] != '\n' && s.text[s.behind] != '\r' {
			s.behind++
		}
	}
	s.at = s.behind
	return s
}

func (s *scalarReader) skip(n int) {
	for range n {
		s.next()
	}
}

// next goes on to the next character that is not blank.
func (s *scalarReader) next() {
	for s.behind < len(s.text) {
		s.at = s.behind
		b := s.text[s.at]
		switch {
		case isBlank(b):
			s.behind++
			continue
		case b == '\\' && s.style&yaml.DoubleQuotedStyle != 0 && s.at+1 < len(s.text):
			letter := s.text[s.at+1]
			s.behind += 2 + map[byte]int{'x': 2, 'u': 4, 'U': 8}[letter]
			if strings.IndexByte("ntr \t\n\r", letter) >= 0 || s.blankEscape() {
				continue
			}
		case b == '\'' && s.style&yaml.SingleQuotedStyle != 0:
			s.behind += 2
		default:
			_, size := utf8.DecodeRune(s.text[s.at:])
			s.behind += size
		}
		s.behind = min(s.behind, len(s.text))
		return
	}
}

// blankEscape reports whether the escape sequence with digits that was just read
// stands for a blank.
func (s *scalarReader) blankEscape() bool {
	end := min(s.behind, len(s.text))
	if end-s.at < 4 {
		return false
	}
	var code rune
	if _, err := fmt.Sscanf(string(s.text[s.at+2:end]), "%x", &code); err != nil {
		return false
	}
	return code < 0x80 && isBlank(byte(code))
}

// part reports a problem in a part of a scalar's text.
func (r *report) part(n *node, offset, length int, d Diagnostic) {
	d.Pos, d.End = r.within(n, offset, length)
	if d.Severity == Error {
		r.flagged[n] = true
	}
	r.add(d)
}
