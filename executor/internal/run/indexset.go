package run

import "math/bits"

// An indexSet is a set of small integers that knows its smallest member. It
// takes the place of a priority queue: a node's priority is its index, and a
// node may leave from anywhere in the queue.
//
// levels[0] has one bit for each integer; a bit of the level above says that a
// word of the level below is not zero.
type indexSet struct {
	levels [][]uint64
	size   int
}

func newIndexSet(limit int) indexSet {
	var s indexSet
	for words := limit; ; {
		words = (words + 63) / 64
		s.levels = append(s.levels, make([]uint64, max(words, 1)))
		if words <= 1 {
			return s
		}
	}
}

func (s *indexSet) has(i int) bool { return s.levels[0][i>>6]&(1<<(i&63)) != 0 }

func (s *indexSet) add(i int) {
	if s.has(i) {
		return
	}
	s.size++
	for _, level := range s.levels {
		word := &level[i>>6]
		empty := *word == 0
		*word |= 1 << (i & 63)
		if !empty {
			return
		}
		i >>= 6
	}
}

func (s *indexSet) remove(i int) {
	if !s.has(i) {
		return
	}
	s.size--
	for _, level := range s.levels {
		word := &level[i>>6]
		*word &^= 1 << (i & 63)
		if *word != 0 {
			return
		}
		i >>= 6
	}
}

// min is the smallest member of a set that is not empty.
func (s *indexSet) min() int {
	i := 0
	for k := len(s.levels) - 1; k >= 0; k-- {
		i = i<<6 | bits.TrailingZeros64(s.levels[k][i])
	}
	return i
}

// all yields the members in order. The set may lose members meanwhile.
func (s *indexSet) all(yield func(int) bool) {
	for w := range s.levels[0] {
		for word := s.levels[0][w]; word != 0; word &= word - 1 {
			if !yield(w<<6 | bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}
