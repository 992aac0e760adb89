package mask

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// pieceMax is the longest text that is looked for at a time. It bounds the work
// at one place of the output and how much of it is held back.
const pieceMax = 128

// A needle is a secret, or a part of one, to be found.
type needle struct {
	text   string
	secret int // where it stands in the Masker's list
}

// needles are sorted by text.
type needles struct {
	list  []needle
	keys  []uint64 // the first bytes of each, see key
	pairs pairs    // the first two bytes of each
}

// pairs is a set of pairs of bytes.
type pairs [1 << 16 / 64]uint64

func (p *pairs) add(a, b byte)      { p[uint(a)<<2|uint(b)>>6] |= 1 << (b & 63) }
func (p *pairs) has(a, b byte) bool { return p[uint(a)<<2|uint(b)>>6]>>(b&63)&1 != 0 }

// keyLength is how many bytes are in a key: no needle has fewer.
const keyLength = MinLength

// key packs the first bytes of a text so that keys are in the order of texts.
func key(b []byte) uint64 {
	return uint64(b[0])<<40 | uint64(b[1])<<32 | uint64(b[2])<<24 | uint64(b[3])<<16 | uint64(b[4])<<8 | uint64(b[5])
}

// add takes the whole of a value and each of its lines. The white space around
// them is left out: it is no secret, and changes where text is indented.
func (n *needles) add(value string, secret int) {
	whole := strings.TrimSpace(value)
	n.addPieces(whole, secret)
	if strings.ContainsAny(whole, "\n\r") {
		for _, line := range strings.FieldsFunc(whole, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if line = strings.TrimSpace(line); len(line) >= MinLength {
				n.addPieces(line, secret)
			}
		}
	}
}

// addPieces adds a text in pieces of about the same length. None begins with
// white space: the end of every line would have to be held back for it. A piece
// may be a few letters and much white space, which is long enough to be told from
// other text; of the last one the end is not white space.
func (n *needles) addPieces(text string, secret int) {
	for len(text) > pieceMax {
		count := (len(text) + pieceMax - 1) / pieceMax
		at := cut(text, min(len(text)/count, pieceMax-1))
		n.list = append(n.list, needle{text[:at], secret})
		text = strings.TrimSpace(text[at:])
	}
	if len(text) >= MinLength {
		n.list = append(n.list, needle{text, secret})
	}
}

// cut returns where to end a piece of about the given length: behind a newline
// if one is near, and not within a character.
func cut(text string, at int) int {
	const near = pieceMax / 8
	if nl := strings.LastIndexByte(text[at-near:at], '\n'); nl >= 0 {
		return at - near + nl + 1
	}
	if text[at] == '\n' {
		return at + 1
	}
	for i := at; i > at-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			return i
		}
	}
	return at
}

// sort makes the needles ready for search. Of equal ones it keeps the one of
// the secret that was given first.
func (n *needles) sort() {
	slices.SortStableFunc(n.list, func(a, b needle) int { return cmp.Compare(a.text, b.text) })
	n.list = slices.CompactFunc(n.list, func(a, b needle) bool { return a.text == b.text })
	n.keys = make([]uint64, len(n.list))
	for i, x := range n.list {
		n.keys[i] = key([]byte(x.text[:keyLength]))
		n.pairs.add(x.text[0], x.text[1])
	}
}

// with returns the needles that begin as the bytes do, of which there must be
// keyLength.
func (n *needles) with(begin []byte) []needle {
	k := key(begin)
	from, found := slices.BinarySearch(n.keys, k)
	if !found {
		return nil
	}
	to := from + 1
	for to < len(n.keys) && n.keys[to] == k {
		to++
	}
	return n.list[from:to]
}

// any reports whether a needle begins with the bytes, fewer than keyLength, and
// goes on with a byte from low to high.
func (n *needles) any(begin []byte, low, high byte) bool {
	var least, most [keyLength]byte
	for i := copy(most[:], begin); i < keyLength; i++ {
		most[i] = 0xff
	}
	copy(least[:], begin)
	least[len(begin)], most[len(begin)] = low, high
	at, _ := slices.BinarySearch(n.keys, key(least[:]))
	return at < len(n.keys) && n.keys[at] <= key(most[:])
}
