package runbook

import (
	"bytes"
	"fmt"
	"sort"
	"unicode/utf8"
)

// A source is the text of a file and where its lines begin.
type source struct {
	file   string
	text   []byte // without a byte order mark
	starts []int  // offsets of the first byte of each line
	memo   struct{ line, col, offset int }
}

func newSource(file string, src []byte) *source {
	lines := 1 + bytes.Count(src, []byte("\n")) // or more, if some end with CR alone
	s := &source{file: file, text: bytes.TrimPrefix(src, []byte("\ufeff")), starts: make([]int, 1, lines)}
	// YAML ends lines like editors do: LF, CR LF, or a CR alone.
	for i := 0; i < len(s.text); i++ {
		n := bytes.IndexAny(s.text[i:], "\r\n")
		if n < 0 {
			break
		}
		i += n
		if s.text[i] == '\r' && i+1 < len(s.text) && s.text[i+1] == '\n' {
			i++
		}
		s.starts = append(s.starts, i+1)
	}
	return s
}

// line returns a line, from 1, without its end.
func (s *source) line(n int) []byte {
	if n < 1 || n > len(s.starts) {
		return nil
	}
	end := len(s.text)
	if n < len(s.starts) {
		end = s.starts[n]
	}
	return bytes.TrimRight(s.text[s.starts[n-1]:end], "\r\n")
}

// pos is a place in the file; one outside it is moved to the nearest inside. The
// column counts characters.
func (s *source) pos(line, col int) Pos {
	line = min(max(line, 1), len(s.starts))
	offset := s.offset(line, max(col, 1))
	return Pos{File: s.file, Line: line, Col: s.col(line, offset)}
}

// at is the place of a byte.
func (s *source) at(offset int) Pos {
	offset = min(max(offset, 0), len(s.text))
	line := sort.SearchInts(s.starts, offset+1)
	return Pos{File: s.file, Line: line, Col: s.col(line, offset)}
}

// col counts the characters before a byte of a line. It goes on from the last
// call where it can: many problems on one endless line are found in order.
func (s *source) col(line, offset int) int {
	from, col := s.starts[line-1], 1
	if s.memo.line == line && s.memo.offset <= offset {
		from, col = s.memo.offset, s.memo.col
	}
	if end := s.starts[line-1] + len(s.line(line)); offset > end {
		offset = end
	}
	if offset > from {
		col += utf8.RuneCount(s.text[from:offset])
	}
	s.memo.line, s.memo.col, s.memo.offset = line, col, max(offset, from)
	return col
}

// offset is the byte of a place, at most the end of the line.
func (s *source) offset(line, col int) int {
	if line < 1 || line > len(s.starts) {
		return len(s.text)
	}
	from, at := s.starts[line-1], 1
	if s.memo.line == line && s.memo.col <= col {
		from, at = s.memo.offset, s.memo.col
	}
	end := s.starts[line-1] + len(s.line(line))
	for ; at < col && from < end; at++ {
		_, n := utf8.DecodeRune(s.text[from:end])
		from += n
	}
	s.memo.line, s.memo.col, s.memo.offset = line, at, from
	return from
}

// checkBytes reports what must not be in a file whatever YAML makes of it; false
// if YAML could not read it.
func (c *checker) checkBytes() bool {
	text := c.src.text
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		c.add(Diagnostic{Rule: ruleEncoding, Pos: c.src.pos(1, 1),
			Message: "the file is encoded as UTF-16", Help: "save it as UTF-8"})
		return false
	}
	good := true
	for i := 0; i < len(text); {
		b := text[i]
		if b >= 0x20 && b < 0x7f || b == '\n' || b == '\t' || b == '\r' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			c.add(Diagnostic{Rule: ruleEncoding, Pos: c.src.at(i),
				Message: fmt.Sprintf("the byte 0x%02x is not valid UTF-8", b), Help: "save the file as UTF-8"})
			return false
		}
		if what := forbidden(r); what != "" {
			c.add(Diagnostic{Rule: ruleControl, Pos: c.src.at(i),
				Message: fmt.Sprintf("the file holds %s, U+%04X", what, r), Help: "remove it"})
			good = false
			if c.full() {
				return false
			}
		}
		i += n
	}
	return good
}

// forbidden says what is wrong with a character, or "". What a reviewer sees
// must be what runs, so characters that reorder or hide text are out as well.
func forbidden(r rune) string {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return ""
	case r < 0x20 || r >= 0x7f && r < 0xa0 && r != 0x85:
		return "a control character"
	case r == 0x85 || r == 0x2028 || r == 0x2029:
		return "a line separator that editors do not show"
	case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
		return "a character that reorders the text around it"
	case r == 0xfeff:
		return "a byte order mark inside the text"
	case r == 0xfffe || r == 0xffff:
		return "a code that is no character"
	}
	return ""
}
