package source

import (
	"slices"
	"strings"
)

// Nearest is the name that text was most likely meant to be, empty when none
// is near: at most a third of it, and never all of it, is different, or it is
// the beginning of just one name.
func Nearest(text string, names []string) string {
	begun := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.HasPrefix(name, text) })
	if len(begun) == 1 && len(text) > 2 {
		return begun[0]
	}
	best, found := max(1, len([]rune(text))/3)+1, ""
	for _, name := range names {
		if d := distance(text, name); d < best && d < len([]rune(text)) {
			best, found = d, name
		}
	}
	return found
}

// distance is the number of letters to put in, take out, change or swap with
// their neighbour (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	if len(s) > 64 || len(t) > 64 {
		return max(len(s), len(t))
	}
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			change := 1
			if s[i-1] == t[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(s)][len(t)]
}
