package config

import (
	"fmt"
	"strings"
)

// didYouMean is a hint if one of the words is near to the wrong one.
func didYouMean(wrong string, words []string) string {
	if near := nearest(wrong, words); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// nearest is the word that needs the fewest changes, at most one for every
// three letters and one more; "" if none is that near.
func nearest(wrong string, words []string) string {
	const longest = 40 // far longer than any key: nothing is near
	if wrong == "" || len(wrong) > longest {
		return ""
	}
	best, distance := "", len(wrong)/3+2
	for _, word := range words {
		// Equal but for letter case and dashes is nearest of all.
		d := Edits(plainWord(wrong), plainWord(word))
		if d < distance && d < max(len(word), 2) {
			best, distance = word, d
		}
	}
	return best
}

func plainWord(word string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(word))
}

// Edits counts the insertions, deletions, replacements and swaps of neighbours
// that make one word of the other. It counts bytes, and takes time for each of
// the one with each of the other: words, not texts.
func Edits(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
