package mask

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// A filter tells fast where in a text a written needle may begin, by the first
// four bytes of all needles in all forms. It misses none. One place in some
// hundreds passes the table wrongly, and is refused by the set of the heads.
//
// With a hundred secrets it passes 580 to 680 MB of log lines, by what they have in
// common with the secrets by chance, and 390 to 460 MB of base64 a
// second, from 350 KiB, where Aho-Corasick over only eleven written forms of
// each, without line breaks, passes 320 and 160 MB with a table for every byte
// in every state, of 27 MiB, and 80 and 26 MB without. To test every third place
// only, for the beginnings at three offsets, was twice as fast in lines but not
// in base64, and needs three times the beginnings. Without the set, or with half
// of the table, it is slower by a tenth in base64.
type filter struct {
	table []byte // by hash of four bytes: bits by another hash of them
	shift uint
	heads heads     // what the four bytes are indeed
	one   [256]bool // the first bytes
	two   pairs     // the first two
}

// The table has so many entries for each beginning, within bounds: 256 KiB for a
// hundred secrets of a line.
const (
	sparsity = 32
	tableMin = 1 << 14
	tableMax = 1 << 23
)

func newFilter(list []needle) (f filter) {
	if len(list) == 0 {
		return f
	}
	all := make([]uint32, 0, 128*len(list))
	for _, x := range list {
		beginnings(x.text, func(head []byte) { all = append(all, binary.LittleEndian.Uint32(head)) })
	}
	slices.Sort(all)
	all = slices.Compact(all)
	f.heads = newHeads(all)
	log := bits.Len(uint(min(max(len(all)*sparsity, tableMin), tableMax) - 1))
	f.table, f.shift = make([]byte, 1<<log), uint(64-log)
	for _, h := range all {
		at, bit := f.hash(h)
		f.table[at] |= bit
		f.one[byte(h)] = true
		f.two.add(byte(h), byte(h>>8))
	}
	return f
}

// multiplier is 2^64 by the golden ratio.
const multiplier = 0x9e3779b97f4a7c15

func (f *filter) hash(head uint32) (at uint64, bit byte) {
	x := uint64(head) * multiplier
	return x >> f.shift, 1 << (x >> 32 & 7)
}

func (f *filter) has(head uint32) bool {
	at, bit := f.hash(head)
	return f.table[at]&bit != 0 && f.heads.has(head)
}

// passes reports whether a needle may begin at the beginning of the text, which
// may be short.
func (f *filter) passes(text []byte) bool {
	switch len(text) {
	case 0:
		return true
	case 1:
		return f.one[text[0]]
	case 2, 3:
		return f.two.has(text[0], text[1])
	}
	return f.has(binary.LittleEndian.Uint32(text))
}

// next returns the first place from the given one on where a needle may begin,
// or where too little is left of the text to tell fast.
func (f *filter) next(text []byte, from int) int {
	table, shift, mask := f.table, f.shift&63, uint64(len(f.table)-1)
	for ; from+8 <= len(text); from += 4 {
		x := binary.LittleEndian.Uint64(text[from:])
		// One test for four places.
		if table[uint64(uint32(x))*multiplier>>shift&mask]|
			table[uint64(uint32(x>>8))*multiplier>>shift&mask]|
			table[uint64(uint32(x>>16))*multiplier>>shift&mask]|
			table[uint64(uint32(x>>24))*multiplier>>shift&mask] == 0 {
			continue
		}
		for i := range 4 {
			if f.has(uint32(x >> (8 * i))) {
				return from + i
			}
		}
	}
	for from+headLength <= len(text) && !f.passes(text[from:]) {
		from++
	}
	return from
}
