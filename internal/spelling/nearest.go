// Package spelling finds the word that a person meant.
package spelling

import "strings"

const (
	// maxWord bounds the words that are looked at, in bytes: they are other
	// people's, and two are compared letter by letter.
	maxWord = 64
	// maxSlips is how many slips the wrong word may be away. More make another
	// word.
	maxSlips = 3
)

// Nearest returns the known word that a wrong one was meant to be: the same in
// another case or with other dashes, or one that is a few slips away, fewer
// than half of its letters. Of two that are as near, the first one of known.
// It returns nothing where none is near enough.
func Nearest(wrong string, known []string) string {
	if len(wrong) > maxWord {
		return ""
	}
	best, least := "", maxSlips+1
	for _, word := range known {
		distance := countSlips(plain(wrong), plain(word))
		if distance < least && 2*distance < max(len(wrong), len(word)) {
			best, least = word, distance
		}
	}
	return best
}

// plain makes the usual spellings of a word alike: poll-schedule, POLL_SCHEDULE.
func plain(word string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(word))
}

// countSlips counts the letters to change, add, leave out or swap with their
// neighbour to make one word of the other.
func countSlips(a, b string) int {
	row, above, before := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			change := above[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, row[j]+1, above[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		row, above, before = before, row, above
	}
	return above[len(b)]
}
