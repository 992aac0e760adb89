package mask

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

func escaped(text []byte) bool {
	for _, c := range text {
		if introducers[c] {
			return true
		}
	}
	return false
}

// look finds what begins at text[at:], or at a symbol of base64 before it. Final
// says that the text does not go on.
func (m *Masker) look(text []byte, at int, final bool, d *decoding) (f finding) {
	read := m.lookPlain(text, at, final, &f)
	first := 1
	if !escaped(text[at : at+read]) {
		first = lastEscape + 1 // the others would have read the same
	}
	for i := first; i < len(forms); i++ {
		form := &forms[i]
		if !d.reset(form, text, at) {
			continue
		}
		if d.fill(form, 2) && !m.needles.pairs.has(d.out[0], d.out[1]) {
			continue // the common case: another text with the same hash
		}
		if d.fill(form, keyLength) {
			for _, x := range m.needles.with(d.out[:keyLength]) {
				m.compare(x, form, final, d, &f)
			}
		} else if d.short && !final && m.needles.any(d.out[:d.n], d.low, d.high) {
			f.maybe(d.start, d.n)
		}
	}
	return f
}

// lookPlain is look for the first form, and returns how much it has read: a
// secret of one letter, again and again, must not take time for each of its
// bytes at each of its bytes.
func (m *Masker) lookPlain(text []byte, at int, final bool, f *finding) (read int) {
	t := text[at:]
	switch {
	case len(t) < keyLength:
		if !final && m.needles.any(t, 0, 0xff) {
			f.maybe(at, len(t))
		}
		return len(t)
	case !m.needles.pairs.has(t[0], t[1]):
		return 2
	}
	read = keyLength
	for _, x := range m.needles.with(t) {
		n := min(len(x.text), len(t))
		read = max(read, n)
		switch {
		case string(t[:n]) != x.text[:n]:
		case n == len(x.text):
			f.found(at, at+n, x.secret)
		case !final:
			f.maybe(at, n)
		}
	}
	return read
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
