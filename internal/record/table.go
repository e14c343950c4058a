package record

import (
	"slices"
	"strings"
)

// Remembered is what is kept of a record beyond its run.
type Remembered struct {
	Kept []byte // Kept.Bytes; empty: it waits itself
	By   string // who told of it last: the run's uid, a blank, and the unit
	Made string // Place.Made of what was told of it last, "" is not known
}

// Table is the name of the table that a Place.Made is of, as people write it, and
// what that table was; both are "" when it is not known.
func Table(made string) (name, was string) {
	was, name, known := strings.Cut(made, " ")
	if !known {
		return "", ""
	}
	return name, was
}

// SameTable reports whether a table is still the one that it was, by what the target
// called it then and calls it now. One of several parts is the same as long as all that
// it had are: what came to it since took nothing away.
func SameTable(was, is string) bool {
	parts := strings.Split(is, ",")
	for p := range strings.SplitSeq(was, ",") {
		if !slices.Contains(parts, p) {
			return false
		}
	}
	return true
}
