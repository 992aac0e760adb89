package mask

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// A form is a way to write bytes as text.
//
// Reading and spelling go together: text is read in a form where it begins as
// the form spells the beginning of a needle, so a spelling that is not told is
// not found there.
type form struct {
	// unit decodes what the decoding has next, of which there is at least a
	// byte. False means that it is not in this form, or that the text ends.
	unit func(*decoding) bool
	// spell returns the ways to write a byte, or the symbol of base64 that it is.
	spell func(c byte) []string
	// wide returns the ways to write a character of several bytes as one; nil
	// where each byte is written by itself.
	wide func(c string, r rune) []string
	// chars says that an escape of two or three digits is a character, as in Python
	// and JavaScript, and not a byte, as in C, Go and shells. Such a form begins as
	// the one does that reads bytes.
	chars bool
	// between is what may stand between two bytes or symbols.
	between []string
	// shift is how many bytes, modulo 3, base64 has before the needle; -1 in
	// other forms.
	shift int
}

// The first form is plain text, which lookPlain reads; those up to lastEscape are
// the same where nothing is escaped.
const lastEscape = 10

var forms = [...]form{
	{spell: spellPlain, shift: -1},
	{unit: (*decoding).query, spell: spellQuery, shift: -1},
	{unit: (*decoding).path, spell: spellPath, shift: -1},
	{unit: (*decoding).escape, spell: spellEscape, wide: wideEscape, shift: -1},
	{unit: (*decoding).escapeTwice, spell: spellEscapeTwice, wide: wideEscapeTwice, shift: -1},
	{unit: (*decoding).escape, chars: true, shift: -1},
	{unit: (*decoding).escapeTwice, chars: true, shift: -1},
	{unit: (*decoding).shell, spell: spellShell, shift: -1},
	{unit: (*decoding).singleQuote, spell: spellQuote, shift: -1},
	{unit: (*decoding).doubleQuote, spell: spellQuote, shift: -1},
	{unit: (*decoding).reference, spell: spellReference, wide: wideReference, shift: -1},
	{unit: (*decoding).hex, spell: spellHex, between: betweenHex, shift: -1},
	{unit: (*decoding).base64, spell: spellBase64, between: breaks, shift: 0},
	{unit: (*decoding).base64, spell: spellBase64, between: breaks, shift: 1},
	{unit: (*decoding).base64, spell: spellBase64, between: breaks, shift: 2},
}

// betweenHex are the separators, and line breaks with one behind them.
var betweenHex = func() (all []string) {
	all = append(all, separators...)
	for _, b := range breaks {
		all = append(all, b, b+" ")
	}
	return all
}()

// ways are the different ways to write a byte, of each as much as there is room
// for: by the bytes left of a head.
type ways [headLength + 1][]string

func waysOf(all []string) (w ways) {
	for room := 1; room < len(w); room++ {
		for _, text := range all {
			if text = text[:min(len(text), room)]; !slices.Contains(w[room], text) {
				w[room] = append(w[room], text)
			}
		}
	}
	return w
}

// spellings are what the forms spell, by byte.
var spellings = sync.OnceValue(func() *[len(forms)][256]ways {
	all := new([len(forms)][256]ways)
	for i := range forms {
		for c := range 256 {
			if forms[i].spell != nil {
				all[i][c] = waysOf(forms[i].spell(byte(c)))
			}
		}
	}
	return all
})

// headLength is how much of the beginning of a written needle is told.
const headLength = 4

// beginnings calls yield with what text may begin with that holds the needle in any
// form. The slice is valid during the call.
func beginnings(needle string, yield func([]byte)) {
	all := spellings()
	for i := range forms {
		f := &forms[i]
		if f.chars {
			continue
		}
		s := speller{f, &all[i], yield}
		var head [4 * headLength]byte
		if 0 < i && i <= lastEscape && len(all[i]['a'][1]) == 1 && unescaped(needle[:headLength]) {
			continue // as in plain text
		}
		text := needle
		if f.shift >= 0 {
			// The bytes before do not matter: of all symbols but one, which is
			// left out, nothing is theirs.
			head := strings.Repeat("\x00", f.shift) + needle[:keyLength]
			text = base64.RawStdEncoding.EncodeToString([]byte(head))[(f.shift*8+5)/6:][:headLength]
		}
		s.spell(head[:0], text, true)
	}
}

func unescaped(s string) bool {
	for i := range len(s) {
		if !alphanumeric(s[i]) {
			return false
		}
	}
	return true
}

// A speller tells how needles may begin in one form.
type speller struct {
	form   *form
	single *[256]ways
	yield  func([]byte)
}

// spell goes on from head, which spells what was before rest. A line breaks no
// more than once in a head.
func (s *speller) spell(head []byte, rest string, unbroken bool) {
	s.write(head, rest, unbroken)
	if n := len(head); n == 0 || n >= headLength {
		return
	}
	for _, b := range s.form.between {
		if breaking := strings.ContainsAny(b, "\nn"); !breaking || unbroken {
			s.write(append(head, b...), rest, !breaking && unbroken)
		}
	}
}

// write goes on with the next character, or ends.
func (s *speller) write(head []byte, rest string, unbroken bool) {
	room := headLength - len(head)
	if room <= 0 {
		s.yield(head[:headLength])
		return
	}
	next, n := s.single[rest[0]][room], 1
	if s.form.wide != nil && rest[0] >= utf8.RuneSelf {
		if r, size := utf8.DecodeRuneInString(rest); size > 1 {
			next, n = waysOf(s.form.wide(rest[:size], r))[room], size
		}
	}
	for _, w := range next {
		s.spell(append(head, w...), rest[n:], unbroken)
	}
}

// also returns the byte itself, unless it is one that has to be escaped, and the
// other ways to write it.
func also(c byte, escape string, ways ...string) []string {
	if strings.IndexByte(escape, c) >= 0 {
		return ways
	}
	return append(ways, string([]byte{c}))
}

func spellPlain(c byte) []string { return also(c, "") }

func spellQuery(c byte) []string { return spellPercent(c, "+") }

func spellPath(c byte) []string { return spellPercent(c, "%20") }

func spellPercent(c byte, space string) []string {
	if c == ' ' {
		return also(c, "", "%20", space)
	}
	return also(c, "%", fmt.Sprintf("%%%02x", c), fmt.Sprintf("%%%02X", c))
}

// spellEscape needs no upper-case \u: only the first two digits are in a head.
func spellEscape(c byte) []string {
	var ways []string
	for _, format := range []string{`\u%04x`, `\U%08x`, `\x%02x`, `\x%02X`, `\%03o`, `\%o`} {
		ways = append(ways, fmt.Sprintf(format, c))
	}
	for i := range controls {
		if c == controls[i] {
			ways = append(ways, `\`+string(letters[i]))
		}
	}
	if ' ' <= c && c <= '~' && !alphanumeric(c) {
		ways = append(ways, `\`+string(c))
	}
	return also(c, `\`, ways...)
}

func wideEscape(c string, r rune) []string {
	ways := []string{c, fmt.Sprintf(`\U%08x`, r), fmt.Sprintf(`\U%08X`, r)}
	for _, format := range []string{`\u%04x`, `\u%04X`} {
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			ways = append(ways, fmt.Sprintf(format+format, high, low))
		} else {
			ways = append(ways, fmt.Sprintf(format, r))
		}
	}
	if r <= 0xff {
		ways = append(ways, fmt.Sprintf(`\x%02x`, r), fmt.Sprintf(`\x%02X`, r), fmt.Sprintf(`\%03o`, r))
	}
	for _, format := range []string{`\x%02x`, `\x%02X`, `\%03o`} {
		each := strings.Repeat(format, len(c))
		bytes := make([]any, len(c))
		for i := range bytes {
			bytes[i] = c[i]
		}
		ways = append(ways, fmt.Sprintf(each, bytes...))
	}
	return ways
}

func spellEscapeTwice(c byte) []string { return escapeAgain(spellEscape(c)) }

func wideEscapeTwice(c string, r rune) []string { return escapeAgain(wideEscape(c, r)) }

// escapeAgain adds to the ways those with backslashes and quotes escaped.
func escapeAgain(ways []string) []string {
	for _, w := range ways {
		if again := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w); again != w {
			ways = append(ways, again)
		}
	}
	return ways
}

func spellShell(c byte) []string {
	if alphanumeric(c) {
		return also(c, "")
	}
	return also(c, "", `\`+string([]byte{c}))
}

func spellQuote(c byte) (ways []string) {
	for _, q := range quotes {
		if c == q[0] {
			ways = append(ways, q)
		}
	}
	return also(c, "", ways...)
}

func spellReference(c byte) (ways []string) {
	for name, char := range entities {
		if c == char {
			ways = append(ways, "&"+name+";")
		}
	}
	return also(c, "", append(ways, references(rune(c))...)...)
}

func wideReference(c string, r rune) []string { return append(references(r), c) }

// references are the character references with a number. Some encoders put
// zeros before it.
func references(r rune) (ways []string) {
	for _, zeros := range []string{"", "0", "00"} {
		for _, format := range []string{"&#%s%d;", "&#x%s%x;", "&#x%s%X;", "&#X%s%X;"} {
			ways = append(ways, fmt.Sprintf(format, zeros, r))
		}
	}
	return ways
}

func spellHex(c byte) []string {
	return []string{fmt.Sprintf("%02x", c), fmt.Sprintf("%02X", c)}
}

func spellBase64(symbol byte) []string {
	ways := also(symbol, "")
	for _, e := range escapedSymbols {
		if e.value == symbols[symbol] {
			ways = append(ways, e.text)
		}
	}
	switch symbol {
	case '+':
		ways = append(ways, "-")
	case '/':
		ways = append(ways, "_")
	}
	return ways
}
