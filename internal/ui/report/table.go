package report

import (
	"strconv"
	"time"

	"godwit/internal/ui/view"
)

// Table is one list of the report, the same in HTML and CSV.
type Table struct {
	ID      string // also the CSV file's name
	Title   string
	Help    string // one sentence for people who see it the first time
	Columns []Column
	Rows    [][]Cell
	Foot    []Cell // sums
	Folded  bool   // opened by a click, because a chart says the same
}

// Column has a name and whether its cells are numbers.
type Column struct {
	Name    string
	Numbers bool
	Wide    bool // text that may break
}

// Cell is a value as people read it and, where that differs, as programs do.
type Cell struct {
	Text string
	Raw  string
	Mark string // good, warn, bad, hash, name
}

// Value is what stands in CSV.
func (c Cell) Value() string {
	if c.Raw != "" {
		return c.Raw
	}
	return c.Text
}

func text(s string) Cell { return Cell{Text: s} }
func name(s string) Cell { return Cell{Text: s, Mark: "name"} }
func hash(s string) Cell { return Cell{Text: s, Mark: "hash"} }
func number(n int64) Cell {
	return Cell{Text: view.Count(n), Raw: strconv.FormatInt(n, 10)}
}

func size(n int64) Cell { return Cell{Text: view.Size(n), Raw: strconv.FormatInt(n, 10)} }

func rate(perSecond float64) Cell {
	return Cell{Text: view.Rate(perSecond), Raw: strconv.FormatFloat(perSecond, 'f', 0, 64)}
}

func span(d time.Duration) Cell {
	return Cell{Text: view.Span(d), Raw: strconv.FormatFloat(d.Seconds(), 'f', 3, 64)}
}

func share(s float64) Cell {
	return Cell{Text: view.Percent(s), Raw: strconv.FormatFloat(s, 'f', 4, 64)}
}

// when shows a time of day in the zone; CSV has it whole, in UTC.
func (p page) when(t time.Time) Cell {
	if t.IsZero() {
		return Cell{}
	}
	return Cell{Text: view.Stamp(t.In(p.zone), p.Verdict.Started.In(p.zone)), Raw: t.UTC().Format(time.RFC3339Nano)}
}

func yes(closes bool) Cell {
	if closes {
		return Cell{Text: "yes", Mark: "good"}
	}
	return Cell{Text: "NO", Mark: "bad"}
}

// result is a proof's result as a word with a colour.
func result(r string) Cell {
	switch r {
	case Equal:
		return Cell{Text: "equal", Mark: "good"}
	case Explained:
		return Cell{Text: "explained", Mark: "good"}
	case Differs:
		return Cell{Text: "differs", Mark: "bad"}
	case NotVerified:
		return Cell{Text: "NOT VERIFIED", Raw: r, Mark: "warn"}
	}
	return Cell{Text: r, Mark: "warn"}
}

// bad is a count that should be zero.
func bad(n int64) Cell {
	c := number(n)
	if n > 0 {
		c.Mark = "bad"
	}
	return c
}
