package report

import (
	"slices"
	"strings"

	"godwit/internal/ui/view"
)

// Tally is what a verification compared: the one count that terminal, cards
// and titles show. Objects are what is around the tables: sequences,
// definitions, large objects.
type Tally struct {
	Equal, Explained, Differ, NotVerified int64 // tables
	Objects                               int64 // that differ
	Unread                                int64 // kinds of objects that could not be read
	Partly                                int64 // of Equal, tables of which not all records were compared
}

// ofRows are the differences that belong to a table.
var ofRows = []string{"missing", "extra", "changed", "count", "table", "sum"}

// Around reports whether a difference of this sort is an object around the
// tables.
func Around(what string) bool { return !slices.Contains(ofRows, what) }

// Tally counts a report's proofs.
func (r Report) Tally() Tally {
	var t Tally
	for _, p := range r.Proof {
		switch p.Result {
		case Equal:
			t.Equal++
			if p.Partly {
				t.Partly++
			}
		case Explained:
			t.Explained++
		case Differs:
			t.Differ++
		case NotVerified:
			t.NotVerified++
		}
	}
	for _, c := range r.Compared {
		if c.Result == NotVerified {
			t.Unread++
		}
	}
	for _, d := range r.Differences {
		if Around(d.What) {
			t.Objects++
		}
	}
	return t
}

// unproved reports whether nothing was compared.
func (r Report) unproved() bool { return len(r.Proof) == 0 && len(r.Compared) == 0 }

// Text is the tally in words: 24 tables equal, 3 differ, 3 objects differ.
func (t Tally) Text() string {
	parts := []string{view.Plural(t.Equal, "table") + " equal"}
	add := func(n int64, one, more string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, view.Count(n)+" "+more)
		}
	}
	add(t.Partly, "of them in part", "of them in part")
	add(t.Explained, "explained", "explained")
	add(t.Differ, "differs", "differ")
	add(t.NotVerified, "not verified", "not verified")
	add(t.Objects, "object differs", "objects differ")
	add(t.Unread, "kind of object not verified", "kinds of objects not verified")
	return strings.Join(parts, ", ")
}

// Why is what keeps a verification from being equal, in a headline.
func (t Tally) Why() string {
	var parts []string
	add := func(n int64, what string) {
		if n > 0 {
			parts = append(parts, view.Plural(n, what))
		}
	}
	add(t.Differ, "table")
	add(t.Objects, "object")
	differ := " differ"
	if t.Differ+t.Objects == 1 {
		differ = " differs"
	}
	text := strings.Join(parts, " and ")
	if text != "" {
		text += differ
	}
	if n := t.NotVerified + t.Unread; n > 0 {
		if text != "" {
			text += ", "
		}
		text += view.Count(n) + " could not be verified"
	}
	return text
}
