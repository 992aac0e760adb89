package sink

import (
	"fmt"
	"strings"
)

// Quote writes s as one word of a POSIX shell, so that a command line shown can
// be copied and run. Text with control characters takes the $'…' form, which
// shows them.
func Quote(s string) string {
	plain, controls := s != "", false
	for _, r := range s {
		switch {
		case r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfffd:
			plain, controls = false, true
		case !strings.ContainsRune("%+,-./:=@_", r) && !isWord(r):
			plain = false
		}
	}
	switch {
	case plain:
		return s
	case controls:
		return quoteControls(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func quoteControls(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// CommandLine is a program and its arguments as a shell would take them.
func CommandLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}
