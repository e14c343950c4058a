// Package nearest finds the name that a word was most likely meant to be, for
// errors that say so.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// Name is the nearest one, empty when none is near: at most a third of the
// word, and never all of it, is different, or it is the beginning of just one
// name. Case counts for nothing.
func Name(word string, names []string) string {
	begun := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.HasPrefix(name, word) })
	if len(begun) == 1 && len(word) > 2 {
		return begun[0]
	}
	if near := Names(word, names, 1); near != nil {
		return near[0]
	}
	return ""
}

// Names are the nearest ones, at most so many, the nearest first; those that
// are as near as each other in the order of names.
func Names(word string, names []string, most int) []string {
	type found struct {
		name     string
		distance int
	}
	letters := len([]rune(word))
	var near []found
	for _, n := range names {
		if d := distance(word, n); d <= max(1, letters/3) && d < letters {
			near = append(near, found{n, d})
		}
	}
	slices.SortStableFunc(near, func(a, b found) int { return cmp.Compare(a.distance, b.distance) })
	var list []string
	for _, f := range near[:min(most, len(near))] {
		list = append(list, f.name)
	}
	return list
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
