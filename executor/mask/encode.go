package mask

// run is how long a line of hexadecimal or base64 is at least before it may go
// on in the next. An encoder breaks lines at 60 or more; were any length
// enough, the ends of most lines would have to be held back, for they could be
// the first characters of an encoded secret.
const run = 30

// context is how much before a place may matter there: a run, and behind it a
// line break and a symbol or two.
const context = run + breakMax + 3

// breaks are the ways to go on in the next line; the last is within JSON.
var breaks = []string{"\n", "\r\n", `\n`}

const breakMax = 2

// lineBreak returns the length of a line break at text[at:] that ends a long
// line of the given kind; 0 is none. Short is set where the text ends within.
func lineBreak(text []byte, at int, kind func(byte) bool) (n int, short bool) {
	if c := text[at]; c != '\n' && c != '\r' && c != '\\' {
		return 0, false
	}
	if at < run {
		return 0, false
	}
	for _, c := range text[at-run : at] {
		if !kind(c) {
			return 0, false
		}
	}
	t := text[at:]
	for _, b := range breaks {
		if len(t) >= len(b) && string(t[:len(b)]) == b {
			return len(b), false
		}
		short = short || string(t) == b[:min(len(t), len(b))]
	}
	return 0, short
}

// separators stand between the bytes in hexadecimal.
var separators = []string{" ", ":", "-"}

func hexLine(c byte) bool { return digit(c) < 16 || c == ' ' || c == ':' }

// hex decodes a byte in hexadecimal and what separates it from the one before.
func (d *decoding) hex() bool {
	at := d.at
	if d.n > 0 {
		n, short := lineBreak(d.text, at, hexLine)
		if short {
			return d.ends(0, 0xff)
		}
		at += n
		for _, s := range separators {
			t := d.text[at:]
			if len(t) >= len(s) && string(t[:len(s)]) == s {
				at += len(s)
				break
			}
			if len(t) < len(s) && string(t) == s[:len(t)] {
				return d.ends(0, 0xff)
			}
		}
	}
	t := d.text[at:]
	if len(t) == 0 {
		return d.ends(0, 0xff)
	}
	high := digit(t[0])
	switch {
	case high > 15:
		return false
	case len(t) == 1:
		return d.ends(byte(high<<4), byte(high<<4|15))
	}
	low := digit(t[1])
	return low < 16 && d.take(at+2-d.at, byte(high<<4|low))
}

// symbols are the values of the symbols of base64, of both alphabets.
var symbols = func() (s [256]int8) {
	for i := range s {
		s[i] = -1
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		s[c] = int8(i)
	}
	s['-'], s['_'] = 62, 63
	return s
}()

func base64Line(c byte) bool { return symbols[c] >= 0 }

// escapedSymbols are those that have to be escaped in URLs, and may in JSON.
var escapedSymbols = []struct {
	text  string
	value int8
}{{"%2B", 62}, {"%2b", 62}, {"%2F", 63}, {"%2f", 63}, {`\/`, 63}}

// symbolAt returns the value of the symbol at the beginning of t, and how long
// it is. A length of 0 is none; short means that it may become one.
func symbolAt(t []byte) (value int8, n int, short bool) {
	if v := symbols[t[0]]; v >= 0 {
		return v, 1, false
	}
	for _, e := range escapedSymbols {
		if len(t) >= len(e.text) && string(t[:len(e.text)]) == e.text {
			return e.value, len(e.text), false
		}
		short = short || string(t) == e.text[:min(len(t), len(e.text))]
	}
	return 0, 0, short
}

// symbolBefore returns the symbol that ends where t does.
func symbolBefore(t []byte) (value int8, n int) {
	for _, e := range escapedSymbols {
		if len(t) >= len(e.text) && string(t[len(t)-len(e.text):]) == e.text {
			return e.value, len(e.text)
		}
	}
	if len(t) > 0 && symbols[t[len(t)-1]] >= 0 {
		return symbols[t[len(t)-1]], 1
	}
	return 0, 0
}

// beginBase64 finds the bits of the first byte that are in the symbol before:
// four where one byte stands before it in its group of three, two where two do.
func (d *decoding) beginBase64(shift int) bool {
	d.bits, d.count = 0, 0
	if shift == 0 {
		return true
	}
	if d.from == len(d.text) {
		if n := unfinished(d.text); n > 0 {
			_, before := symbolBefore(d.text[:d.from-n])
			d.start = d.from - n - before
			d.ends(0, 0xff)
			return true
		}
	}
	at := d.from - breakBefore(d.text[:d.from])
	value, n := symbolBefore(d.text[:at])
	if n == 0 {
		return false
	}
	d.start = at - n
	d.count = uint(6 - 2*shift)
	d.bits = uint32(value) & (1<<d.count - 1)
	if d.from == len(d.text) {
		d.shortBits()
	}
	return true
}

// breakBefore returns the length of the line break that text ends with.
func breakBefore(text []byte) int {
	for _, b := range breaks {
		if at := len(text) - len(b); at >= 0 && string(text[at:]) == b {
			if n, _ := lineBreak(text, at, base64Line); n == len(b) {
				return n
			}
		}
	}
	return 0
}

// unfinished returns the length of what text ends with and may become a symbol
// or a line break.
func unfinished(text []byte) int {
	for n := min(2, len(text)); n > 0; n-- {
		at := len(text) - n
		if _, _, short := symbolAt(text[at:]); short {
			return n
		}
		if _, short := lineBreak(text, at, base64Line); short {
			return n
		}
	}
	return 0
}

// shortBits says which bytes may be next, given the bits there are of it.
func (d *decoding) shortBits() bool {
	low := byte(d.bits << (8 - d.count))
	return d.ends(low, low|byte(1<<(8-d.count)-1))
}

// base64 decodes the next byte.
func (d *decoding) base64() bool {
	at := d.at
	for d.count < 8 {
		if at == len(d.text) {
			return d.shortBits()
		}
		if at > d.from {
			n, short := lineBreak(d.text, at, base64Line)
			if at += n; short || at == len(d.text) {
				return d.shortBits()
			}
		}
		value, n, short := symbolAt(d.text[at:])
		if short {
			return d.shortBits()
		}
		if n == 0 {
			return false
		}
		d.bits, d.count, at = d.bits<<6|uint32(value), d.count+6, at+n
	}
	d.count -= 8
	b := byte(d.bits >> d.count)
	d.bits &= 1<<d.count - 1
	return d.take(at-d.at, b)
}

// padding returns where the = end that may stand behind a match of n bytes
// which ends at text[at:], and whether there might be more of them.
func padding(text []byte, at, n int) (end int, more bool) {
	for left := (3 - n%3) % 3; left > 0; left-- {
		switch {
		case at == len(text):
			return at, true
		case text[at] == '=':
			at++
		default:
			return at, false
		}
	}
	return at, false
}
