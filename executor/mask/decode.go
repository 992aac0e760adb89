package mask

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// A decoding reads text from one place on in one form, as far as it is told to.
type decoding struct {
	text []byte
	from int // where it began
	at   int // where the next unit is
	out  [pieceMax + utf8.UTFMax]byte
	end  [pieceMax + utf8.UTFMax]int // of each byte of out: where the unit that it is from ends
	n    int                         // bytes of out

	chars bool // escapes of a few digits are characters

	over bool // there is no more to decode
	// short means that the text ends within a unit, or before one. The next
	// byte, if there is more text, is one from low to high.
	short     bool
	low, high byte

	bits  uint32 // base64: what is left of the last symbol
	count uint   // of bits
	start int    // where the symbol before begins that is part of it; elsewhere from
}

// reset makes d ready to read in form f from text[from:]. It reports false where
// that form cannot begin there.
func (d *decoding) reset(f *form, text []byte, from int) bool {
	d.text, d.from, d.at, d.start = text, from, from, from
	d.n, d.over, d.short, d.chars = 0, false, false, f.chars
	return f.shift < 0 || d.beginBase64(f.shift)
}

// fill decodes until there are n bytes. False means that there are fewer, and
// that there will be no more.
func (d *decoding) fill(f *form, n int) bool {
	for d.n < n && !d.over {
		if d.at == len(d.text) {
			d.ends(0, 0xff)
		}
		d.over = d.short || !f.unit(d)
	}
	return d.n >= n
}

// ends says that the text ends before the unit does, which stands for a byte
// from low to high.
func (d *decoding) ends(low, high byte) bool {
	if !d.short { // base64 knows more than fill
		d.short, d.low, d.high = true, low, high
	}
	return false
}

// take says that the next size bytes of text stand for these.
func (d *decoding) take(size int, meant ...byte) bool {
	d.at += size
	for _, b := range meant {
		d.out[d.n], d.end[d.n] = b, d.at
		d.n++
	}
	return true
}

func (d *decoding) takeRune(size int, r rune) bool {
	var b [utf8.UTFMax]byte
	return d.take(size, b[:utf8.EncodeRune(b[:], r)]...)
}

// rest is the text from the next unit on.
func (d *decoding) rest() []byte { return d.text[d.at:] }

func (d *decoding) plain() bool { return d.take(1, d.text[d.at]) }

func (d *decoding) query() bool { return d.percent(' ') }

func (d *decoding) path() bool { return d.percent('+') }

// percent decodes URLs. Whether + stands for a space depends on the part of it.
func (d *decoding) percent(plus byte) bool {
	t := d.rest()
	switch {
	case t[0] == '+':
		return d.take(1, plus)
	case t[0] != '%':
		return d.plain()
	case len(t) < 3:
		return d.ends(0, 0xff)
	}
	v, ok := number(t[1:3], 16)
	return ok && d.take(3, byte(v))
}

// escape decodes backslashes as JSON, Go, C, Python and bash's $'…' have them.
func (d *decoding) escape() bool {
	t := d.rest()
	if t[0] != '\\' {
		return d.plain()
	}
	if len(t) == 1 {
		return d.ends(0, 0xff)
	}
	switch c := t[1]; c {
	case 'x':
		return d.escaped(2, 2, 16)
	case 'u':
		return d.utf16()
	case 'U':
		return d.escaped(2, 8, 16)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		n := 1
		for n < 3 && 1+n < len(t) && '0' <= t[1+n] && t[1+n] <= '7' {
			n++
		}
		if n < 3 && 1+n == len(t) {
			return d.ends(0, 0xff)
		}
		return d.escaped(1, n, 8)
	default:
		if i := slices.Index(letters, c); i >= 0 {
			return d.take(2, controls[i])
		}
		return !alphanumeric(c) && d.take(2, c)
	}
}

// escapeTwice decodes JSON within JSON: what escape reads, with its backslashes
// and quotes escaped again.
func (d *decoding) escapeTwice() bool {
	t := d.rest()
	switch {
	case t[0] != '\\':
		return d.plain()
	case len(t) > 1 && t[1] != '\\':
		return d.escape() // what the inner JSON leaves and the outer does not
	case len(t) < 3:
		return d.ends(0, 0xff)
	case t[2] != '\\':
		d.at++ // of the two, one is left
		return d.escape()
	case len(t) < 4:
		return d.ends(0, 0xff)
	}
	return !alphanumeric(t[3]) && d.take(4, t[3])
}

// letters stand behind a backslash for controls.
var (
	letters  = []byte(`abtnvfreE`)
	controls = []byte("\a\b\t\n\v\f\r\x1b\x1b")
)

// escaped decodes a number of so many digits. One of eight is a character, of
// fewer a byte, or, as the form has it, a character too.
func (d *decoding) escaped(skip, digits, base int) bool {
	t := d.rest()
	if len(t) < skip+digits {
		return d.ends(0, 0xff)
	}
	v, ok := number(t[skip:skip+digits], base)
	switch {
	case !ok:
		return false
	case digits == 8 || d.chars && v >= utf8.RuneSelf && v <= 0xff:
		return v <= utf8.MaxRune && d.takeRune(skip+digits, rune(v))
	}
	return v <= 0xff && d.take(skip+digits, byte(v))
}

// utf16 decodes \u and four digits, and a second time where the first are a
// half of a character, which within JSON within JSON has two backslashes.
func (d *decoding) utf16() bool {
	t := d.rest()
	if len(t) < 6 {
		return d.ends(0, 0xff)
	}
	v, ok := number(t[2:6], 16)
	if !ok || !utf16.IsSurrogate(rune(v)) {
		return ok && d.takeRune(6, rune(v))
	}
	at := 6
	for at < min(len(t), 8) && t[at] == '\\' {
		at++
	}
	if len(t) < at+5 {
		return d.ends(0, 0xff)
	}
	low, ok := number(t[at+1:at+5], 16)
	r := utf16.DecodeRune(rune(v), rune(low))
	return ok && at > 6 && t[at] == 'u' && r != utf8.RuneError && d.takeRune(at+5, r)
}

// shell decodes the backslashes of bash's printf %q, and those within double
// quotes, where one before a letter is itself.
func (d *decoding) shell() bool {
	t := d.rest()
	switch {
	case t[0] != '\\':
		return d.plain()
	case len(t) == 1:
		return d.ends(0, 0xff)
	case alphanumeric(t[1]):
		return d.plain()
	}
	return d.take(2, t[1])
}

// quotes are the ways to have a quote within quotes of that kind.
var quotes = []string{`'\''`, `'"'"'`, `''`, `""`}

func (d *decoding) singleQuote() bool { return d.quote('\'') }

func (d *decoding) doubleQuote() bool { return d.quote('"') }

// quote decodes text that was put between quotes.
func (d *decoding) quote(mark byte) bool {
	t := d.rest()
	if t[0] != mark {
		return d.plain()
	}
	short := false
	for _, q := range quotes {
		if q[0] != mark {
			continue
		}
		if len(t) >= len(q) && string(t[:len(q)]) == q {
			return d.take(len(q), mark)
		}
		short = short || len(t) < len(q) && string(t) == q[:len(t)]
	}
	if short {
		return d.ends(0, 0xff)
	}
	return d.plain()
}

// entities are the character references that have a name.
var entities = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// entityMax is how long a character reference is at most: &#x0010ffff;
const entityMax = 12

// reference decodes the character references of XML and HTML.
func (d *decoding) reference() bool {
	t := d.rest()
	if t[0] != '&' {
		return d.plain()
	}
	end := slices.Index(t[:min(len(t), entityMax)], ';')
	if end < 0 {
		if len(t) < entityMax {
			return d.ends(0, 0xff)
		}
		return d.plain()
	}
	name := t[1:end]
	if c, ok := entities[string(name)]; ok {
		return d.take(end+1, c)
	}
	var v uint32
	ok := false
	switch {
	case len(name) > 2 && name[0] == '#' && name[1]|0x20 == 'x':
		v, ok = number(name[2:], 16)
	case len(name) > 1 && name[0] == '#':
		v, ok = number(name[1:], 10)
	}
	if !ok || v > utf8.MaxRune {
		return d.plain()
	}
	return d.takeRune(end+1, rune(v))
}

// number reads digits.
func number(digits []byte, base int) (v uint32, ok bool) {
	for _, c := range digits {
		x := digit(c)
		if x >= base {
			return 0, false
		}
		v = v*uint32(base) + uint32(x)
	}
	return v, true
}

// digit returns the value of a digit, and more than any base for what is none.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return 0xff
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
