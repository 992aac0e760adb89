package output

// CaptureBytes is how much of a stream is kept in memory: half of it from the
// beginning, half from the end.
const CaptureBytes = 1 << 20

const captureHalf = CaptureBytes / 2

// A Capture keeps the beginning and the end of what is written to it. The zero
// Capture is empty and ready. It is used by one goroutine.
type Capture struct {
	head []byte
	tail []byte // a ring once it is full
	next int    // where the ring goes on
	lost int64  // bytes that fell out of the ring
}

// Write takes p, and never fails.
func (c *Capture) Write(p []byte) (int, error) {
	n := len(p)
	if room := captureHalf - len(c.head); room > 0 {
		room = min(room, len(p))
		c.head = append(c.head, p[:room]...)
		p = p[room:]
	}
	if room := captureHalf - len(c.tail); room > 0 {
		room = min(room, len(p))
		c.tail = append(c.tail, p[:room]...)
		p = p[room:]
	}
	c.lost += int64(len(p))
	if skip := len(p) - captureHalf; skip > 0 {
		c.next = (c.next + skip) % captureHalf
		p = p[skip:]
	}
	for len(p) > 0 {
		k := copy(c.tail[c.next:], p)
		c.next = (c.next + k) % captureHalf
		p = p[k:]
	}
	return n, nil
}

// Truncated reports whether bytes between the beginning and the end are missing.
func (c *Capture) Truncated() bool { return c.lost > 0 }

// String is what was kept: the beginning and, behind it, the end. Only
// [Capture.Truncated] tells whether something is missing between them.
func (c *Capture) String() string {
	if len(c.tail) == 0 {
		return string(c.head)
	}
	b := make([]byte, 0, len(c.head)+len(c.tail))
	b = append(b, c.head...)
	b = append(b, c.tail[c.next:]...)
	b = append(b, c.tail[:c.next]...)
	return string(b)
}
