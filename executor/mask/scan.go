package mask

// work adds p to what is held, has scan find the secrets in it, and passes on
// the text before the place that scan returns.
func (w *Writer) work(p []byte, scan func(s *scratch, final bool) int, final bool) {
	s := scratches.Get().(*scratch)
	s.text = append(append(s.text[:0], w.held...), p...)
	s.out = s.out[:0]
	if hold := scan(s, final); hold > w.told {
		if len(s.out) == 0 {
			w.next(s.text[w.told:hold])
		} else {
			s.out = append(s.out, s.text[w.told:hold]...)
		}
		w.told = hold
	}
	if len(s.out) > 0 {
		w.next(s.out)
	}
	w.keep(s.text)
	scratches.Put(s)
}

// keep holds back what is needed of the text. What was not passed on begins
// within the context.
func (w *Writer) keep(text []byte) {
	from := max(0, w.anchor-context)
	w.held = append(w.held[:0], text[from:]...)
	w.anchor -= from
	w.told -= from
	w.masked -= from
}

// scan replaces the secrets and returns where the text begins that has to be
// held back. It leaves the anchor at the first place that is not decided.
func (w *Writer) scan(s *scratch, final bool) int {
	f := &w.m.filter
	at := w.anchor
	for at = f.next(s.text, at); at <= len(s.text); at = f.next(s.text, at+1) {
		if len(s.text)-at < headLength && (final || !f.passes(s.text[at:])) {
			continue // too short to be one
		}
		found := w.m.look(s.text, at, final, &s.decoding)
		w.take(s, &found)
		if found.more {
			w.anchor = at
			return w.hold(s, at, func(*finding) bool { return true })
		}
	}
	w.anchor = len(s.text)
	return w.anchor
}

// scanOn is scan for a stream that may not go on: it goes on where it may be
// that a secret begins, and lets harmless beginnings pass. The anchor stays.
func (w *Writer) scanOn(s *scratch) int {
	f := &w.m.filter
	for at := w.anchor; at <= len(s.text); at++ {
		if !f.passes(s.text[at:]) {
			continue
		}
		found := w.m.look(s.text, at, false, &s.decoding)
		w.take(s, &found)
		if found.more && w.tells(&found) {
			return w.hold(s, at, w.tells)
		}
	}
	return len(s.text)
}

// tells reports whether what may be the beginning of a secret shows too much of
// it. Behind another one it may be the next piece of that.
func (w *Writer) tells(f *finding) bool {
	return f.known > harmless || f.known > 0 && w.masked > 0 && f.from <= w.masked
}

// hold returns where the first secret begins that may be at text[at:], of those
// that count. One that is looked for further on may begin before, with a symbol
// of base64 and a line break.
func (w *Writer) hold(s *scratch, at int, counts func(*finding) bool) int {
	from := len(s.text)
	for last := min(at+context-run, len(s.text)); at <= last; at++ {
		if !w.m.filter.passes(s.text[at:]) {
			continue
		}
		found := w.m.look(s.text, at, false, &s.decoding)
		if found.more && counts(&found) {
			from = min(from, found.from)
		}
	}
	return from
}

// take replaces what was found.
func (w *Writer) take(s *scratch, found *finding) {
	if found.end == 0 {
		return
	}
	w.mark(s, found.start, found.end)
	if w.seen != nil {
		w.seen(found.secret)
	}
}

// mark replaces text[start:end], or what of it was not passed on yet.
func (w *Writer) mark(s *scratch, start, end int) {
	if end <= w.told {
		return
	}
	if touches := w.masked > 0 && start <= w.masked && w.told == w.masked; !touches {
		s.out = append(s.out, s.text[w.told:max(start, w.told)]...)
		s.out = append(s.out, Stars...)
	}
	w.told, w.masked = end, end
}
