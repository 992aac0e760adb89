package mask

import "slices"

// A finding is what a text has at one place.
type finding struct {
	start, end int // of the longest needle; end is 0 where there is none
	secret     int

	more  bool // with more text there may be a needle, or a longer one
	from  int  // where that begins
	known int  // how many bytes of it are there
}

func (f *finding) found(start, end, secret int) {
	if f.end == 0 || start < f.start {
		f.start = start
	}
	if end > f.end {
		f.end, f.secret = end, secret
	}
}

func (f *finding) maybe(from, known int) {
	if !f.more || from < f.from {
		f.from = from
	}
	f.more, f.known = true, max(f.known, known)
}

// introducers are the bytes that make a form differ from plain text.
var introducers = [256]bool{'%': true, '+': true, '\\': true, '\'': true, '"': true, '&': true}

// look finds what begins at text[at:], or at a symbol of base64 before it. Final
// says that the text does not go on.
func (m *Masker) look(text []byte, at int, final bool, d *decoding) (f finding) {
	escapes := true
	for i := range forms {
		form := &forms[i]
		if 0 < i && i <= lastEscape && !escapes || !d.reset(form, text, at) {
			continue
		}
		var list []needle
		if d.fill(form, 2) && !m.needles.pairs.has(d.out[0], d.out[1]) {
			// The common case: it was another text with the same hash.
		} else if d.fill(form, keyLength) {
			list = m.needles.with(d.out[:keyLength])
		} else if d.short && !final && m.needles.any(d.out[:d.n], d.low, d.high) {
			f.maybe(d.start, d.n)
		}
		for _, x := range list {
			m.compare(x, form, final, d, &f)
		}
		if i == 0 && len(list) == 0 {
			escapes = slices.ContainsFunc(text[at:min(at+keyLength, len(text))], func(c byte) bool { return introducers[c] })
		}
	}
	return f
}

// compare looks for one needle, whose first bytes are there.
func (m *Masker) compare(x needle, form *form, final bool, d *decoding, f *finding) {
	d.fill(form, len(x.text))
	n := min(d.n, len(x.text))
	if string(d.out[:n]) != x.text[:n] {
		return
	}
	if n < len(x.text) {
		if next := x.text[n]; d.short && !final && d.low <= next && next <= d.high {
			f.maybe(d.start, n)
		}
		return
	}
	end := d.end[n-1]
	if form.shift >= 0 {
		var more bool
		if end, more = padding(d.text, end, form.shift+n); more && !final {
			f.maybe(d.start, n)
		}
	}
	f.found(d.start, end, x.secret)
}
