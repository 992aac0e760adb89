package mask

import "math/bits"

// heads is a set of the first four bytes of written needles. Half of it is free,
// so that what is not in it is found out in a step or two.
type heads struct {
	slots []uint32 // by hash; 0: free
	shift uint
	zero  bool // four bytes of 0 are in it
}

// newHeads makes a set of different heads.
func newHeads(all []uint32) heads {
	log := bits.Len(uint(2*len(all) + 1))
	h := heads{slots: make([]uint32, 1<<log), shift: uint(64 - log)}
	for _, head := range all {
		if head == 0 {
			h.zero = true
			continue
		}
		at := h.first(head)
		for h.slots[at] != 0 {
			at = h.after(at)
		}
		h.slots[at] = head
	}
	return h
}

func (h *heads) first(head uint32) int { return int(uint64(head) * multiplier >> h.shift) }

func (h *heads) after(at int) int { return (at + 1) & (len(h.slots) - 1) }

func (h *heads) has(head uint32) bool {
	if head == 0 {
		return h.zero
	}
	for at := h.first(head); h.slots[at] != 0; at = h.after(at) {
		if h.slots[at] == head {
			return true
		}
	}
	return false
}
