package schema

import "strings"

// Closest returns the candidate that a misspelt word was most likely meant to
// be, or "". Case, _, - and spaces do not count; of equals the first wins.
func Closest(word string, candidates []string) string {
	plain := fold(word)
	if len(plain) == 0 || len(plain) > 80 {
		return ""
	}
	best, least := "", 1
	switch {
	case len(plain) >= 6:
		least = 2
	case len(plain) < 3:
		least = 0
	}
	for _, c := range candidates {
		if d := distance(plain, fold(c), least); d <= least {
			if d == 0 {
				return c
			}
			best, least = c, d-1
		}
	}
	return best
}

func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || r == ' ':
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// distance is the number of letters to insert, leave out, change or swap with
// the next to make one word of the other; anything over most is most+1.
func distance(a, b string, most int) int {
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	// Three rows of the usual table.
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
