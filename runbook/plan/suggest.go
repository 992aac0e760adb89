package plan

import (
	"fmt"
	"slices"
)

// didYouMean suggests what a misspelt name may stand for, or lists what there
// is where that is little.
func didYouMean(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if n := len(known); n > 0 && n <= 8 {
		known = slices.Sorted(slices.Values(known))
		return "there is " + or(known)
	}
	return ""
}

// nearest returns the candidate that is most like name, if any is like it at
// all: about one edit for every three letters, and none in a single letter.
func nearest(name string, candidates []string) string {
	best, distance := "", (len(name)+1)/3+1
	for _, c := range candidates {
		if d := editDistance(name, c); d < distance || d == distance && best != "" && c < best {
			best, distance = c, d
		}
	}
	return best
}

// editDistance counts the letters to insert, drop, replace or swap to get from a
// to b.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 1 << 20
	}
	var rows [3][66]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
