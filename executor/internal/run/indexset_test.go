package run

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestIndexSet(t *testing.T) {
	check(t, 10, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 63, 64, 65, 4095, 4096, 4097, 300_000}).Draw(t, "limit")
		s, model := newIndexSet(limit), map[int]bool{}
		for range rapid.IntRange(0, 200).Draw(t, "operations") {
			i := rapid.IntRange(0, limit-1).Draw(t, "i")
			if rapid.Bool().Draw(t, "add") {
				s.add(i)
				model[i] = true
			} else {
				s.remove(i)
				delete(model, i)
			}
			if s.has(i) != model[i] || s.size != len(model) {
				t.Fatalf("has(%d) = %t, size %d; want %t, %d", i, s.has(i), s.size, model[i], len(model))
			}
			if want := slices.Sorted(maps.Keys(model)); len(want) > 0 && s.min() != want[0] {
				t.Fatalf("min() = %d, want %d", s.min(), want[0])
			}
		}
		if want, got := slices.Sorted(maps.Keys(model)), slices.Collect(s.all); !slices.Equal(want, got) {
			t.Fatalf("all() = %v, want %v", got, want)
		}
	})
}
