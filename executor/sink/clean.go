package sink

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Escape makes text safe to print on one line: whatever a terminal would obey
// rather than show (control characters, newlines among them, and marks that
// change the direction of writing) is written as \x1b or \u202e. Tabs stay.
func Escape(s string) string {
	if plainPrefix(s) == len(s) {
		return s
	}
	return string(cleaner{}.append(nil, s))
}

// A cleaner writes text of steps in a form that cannot move the cursor, set a
// window title, answer a terminal query or hide what it says.
type cleaner struct {
	color bool // colours may pass
	tty   bool // drop whole control sequences and keep what a redrawn line showed last
}

const sgrReset = "\x1b[0m"

// append appends the clean form of one line to b.
func (c cleaner) append(b []byte, s string) []byte {
	if c.tty {
		s = lastRedraw(s)
	}
	colored := false
	for len(s) > 0 {
		n := plainPrefix(s)
		b = append(b, s[:n]...)
		if s = s[n:]; s == "" {
			break
		}
		if s[0] == 0x1b {
			if n := c.sequence(s); n > 0 {
				if c.color && isColor(s[:n]) {
					b = append(b, s[:n]...)
					colored = true
				}
				s = s[n:]
				continue
			}
		}
		r, n := utf8.DecodeRuneInString(s)
		b = appendRune(b, s[:n], r)
		s = s[n:]
	}
	if colored {
		b = append(b, sgrReset...)
	}
	return b
}

// sequence is the length of the control sequence at the start of s that is to
// leave the text as a whole; 0: there is none, and ESC is shown.
func (c cleaner) sequence(s string) int {
	n := sequenceLen(s)
	if c.tty || c.color && n > 0 && isColor(s[:n]) {
		return n
	}
	return 0
}

// lastRedraw is what stays visible of a line that a progress bar has drawn
// again and again, each time after a carriage return.
func lastRedraw(s string) string {
	s = strings.TrimRight(s, "\r")
	if i := strings.LastIndexByte(s, '\r'); i >= 0 {
		return s[i+1:]
	}
	return s
}

// plainPrefix is the length of the part of s that stands for itself: printable
// ASCII and tabs. It looks at eight bytes at a time, because nearly all output
// is nothing else and there may be gigabytes of it.
func plainPrefix(s string) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	i := 0
	for ; i+8 <= len(s); i += 8 {
		v := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		// A high bit stays where a byte is above 0x7e or below 0x20; a borrow may
		// also set it on a good byte, which only sends us to the exact loop.
		if (v|(v+ones)|(v-0x20*ones))&highs != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; (c < 0x20 && c != '\t') || c > 0x7e {
			break
		}
	}
	return i
}

// appendRune appends r, of which raw are the bytes, or shows what it is.
func appendRune(b []byte, raw string, r rune) []byte {
	const hex = "0123456789abcdef"
	switch {
	case r == utf8.RuneError && len(raw) == 1, r < 0x20 && r != '\t', r == 0x7f:
		switch raw[0] {
		case '\n':
			return append(b, `\n`...)
		case '\r':
			return append(b, `\r`...)
		}
		return append(b, '\\', 'x', hex[raw[0]>>4], hex[raw[0]&15])
	case deceives(r):
		return fmt.Appendf(b, `\u%04x`, r)
	}
	return append(b, raw...)
}

// deceives reports whether r is a character that terminals and log viewers obey
// rather than show: C1 controls (0x9b is another ESC [), marks that change the
// direction of writing, and the line separators.
func deceives(r rune) bool {
	switch {
	case r >= 0x80 && r <= 0x9f,
		r == 0x061c, r == 0x200e, r == 0x200f,
		r >= 0x2028 && r <= 0x202e,
		r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// sequenceLen is the length of the complete control sequence (ECMA-48) at the
// start of s, which begins with ESC; 0: it is not complete.
func sequenceLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '[': // CSI: parameters, intermediates, one final byte
		i := span(s, 2, 0x30, 0x3f)
		i = span(s, i, 0x20, 0x2f)
		if i < len(s) && s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
		return 0
	case ']', 'P', 'X', '^', '_': // OSC, DCS, SOS, PM, APC: text up to BEL or ST
		for i := 2; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
		}
		return 0
	}
	i := span(s, 1, 0x20, 0x2f)
	if i < len(s) && s[i] >= 0x30 && s[i] <= 0x7e {
		return i + 1
	}
	return 0
}

// span is the index after the run of bytes from lo to hi that starts at i.
func span(s string, i int, lo, hi byte) int {
	for i < len(s) && s[i] >= lo && s[i] <= hi {
		i++
	}
	return i
}

// isColor reports whether a complete control sequence does nothing but choose
// colours and weights. Blinking and concealed text are not among them.
func isColor(seq string) bool {
	if len(seq) < 3 || seq[1] != '[' || seq[len(seq)-1] != 'm' {
		return false
	}
	params := strings.FieldsFunc(seq[2:len(seq)-1], func(r rune) bool { return r == ';' || r == ':' })
	for i := 0; i < len(params); i++ {
		n, err := strconv.Atoi(params[i])
		switch {
		case err != nil || n > 107:
			return false
		case n == 5 || n == 6 || n == 8:
			return false
		case n == 38 || n == 48:
			more := extended(params[i+1:])
			if more == 0 {
				return false
			}
			i += more
		}
	}
	return true
}

// extended is how many parameters of an extended colour follow: 5;n or
// 2;r;g;b. They are no codes of their own. 0: it is none.
func extended(params []string) int {
	switch {
	case len(params) >= 2 && params[0] == "5":
		return 2
	case len(params) >= 4 && params[0] == "2":
		return 4
	}
	return 0
}

// Clean is one line of a step's output in a form that is safe to print: where
// terminal is set, as a terminal would have shown it, else with control
// sequences spelt out. Colours pass where color is set.
func Clean(line string, color, terminal bool) string {
	return string(cleaner{color: color, tty: terminal}.append(nil, line))
}
