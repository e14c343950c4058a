package view

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/ui/layout"
)

// Results of a verified table. What was not verified is never shown as equal.
const (
	Equal       = "equal"
	Explained   = "explained"
	Differs     = "differs"
	NotVerified = "not verified"
)

// Verification is what a comparison of both sides found. Tables that are equal
// are counted only.
type Verification struct {
	Equal  int64
	Tables []Compared // all others
	Around []Compared // sequences, definitions and the like that are not equal
	Bytes  int64      // on both sides, 0 = not known
	Took   time.Duration
	Repair string // command, "" = nothing to repair
	Rows   int64  // that Repair would copy again
	Exit   int
	Copied bool // rows were copied before
}

// Compared is one table that is not simply equal.
type Compared struct {
	Table  string
	Result string // Explained, Differs, NotVerified
	Text   string // 90,114,220 rows on both sides, 2 rows differ
	Rows   []Difference
	More   int64    // rows that differ and are not listed
	Why    string   // what is known about the cause
	On     string   // connection where Fixes are run
	Fixes  []string // statements
}

// Difference is a row by its key. Values are shown as they were given: masked
// unless the flow calls the column printable.
type Difference struct {
	Key    string // id 7110332
	Values []Values
	Text   string // in the place of values: it is on one side only
}

// Values are a column on both sides.
type Values struct{ Column, Left, Right string }

func (v Verification) count(result string) int64 {
	var n int64
	for _, t := range v.Tables {
		if t.Result == result {
			n++
		}
	}
	return n
}

// Draw is Screen's.
func (v Verification) Draw(edge int) []string {
	parts := []string{Count(v.Equal) + " equal"}
	for _, result := range []string{Explained, Differs, NotVerified} {
		if n := v.count(result); n > 0 {
			parts = append(parts, Count(n)+" "+Either(n, result, strings.Replace(result, "differs", "differ", 1)))
		}
	}
	all := v.Equal + int64(len(v.Tables))
	if n := len(v.Around); n > 0 {
		parts = append(parts, "and "+Plural(n, "object")+" around them")
	}
	size := ""
	if v.Bytes > 0 {
		size = Size(v.Bytes) + " on both sides, "
	}
	lines := []string{layout.Aside(Plural(all, "table")+": "+strings.Join(parts, ", "), size+Span(v.Took), 67, edge), ""}
	for _, result := range []string{Differs, Explained, NotVerified} {
		label := result
		for _, t := range slices.Concat(v.Tables, v.Around) {
			if t.Result == result {
				lines = append(lines, t.lines(label, edge)...)
				label = ""
			}
		}
	}
	if len(v.Tables)+len(v.Around) > 0 {
		lines = append(lines, "")
	}
	exit := "exit " + strconv.Itoa(v.Exit)
	switch {
	case v.Repair != "":
		return append(lines, layout.Aside("repair "+Plural(v.Rows, "row")+": "+v.Repair, exit, 93, edge))
	case v.count(Differs) == 0 && v.count(NotVerified) == 0 && len(v.Around) == 0:
		return append(lines, layout.Aside("Nothing differs that the accounts do not explain.", exit, 93, edge))
	}
	text := "Nothing was changed at either side."
	if v.Copied {
		text = "What was copied stays as it is."
	}
	return append(lines, layout.Aside(text, exit, 93, edge))
}

func (t Compared) lines(label string, edge int) []string {
	const indent = 14
	pad := strings.Repeat(" ", indent)
	lines := layout.Wrap(layout.Left(label, indent), t.Table+": "+t.Text, indent, edge)
	var rows [][]string
	columns := []layout.Column{{Most: 40}, {}}
	for _, d := range t.Rows {
		row := []string{d.Key + " "}
		if d.Text != "" {
			row = append(row, d.Text)
		}
		for _, v := range d.Values {
			row = append(row, v.Column+" "+v.Left+" | "+v.Right)
		}
		for len(columns) < len(row) {
			columns = append(columns, layout.Column{})
		}
		rows = append(rows, row)
	}
	for i := range rows {
		for len(rows[i]) < len(columns) {
			rows[i] = append(rows[i], "")
		}
	}
	if len(rows) > 0 {
		for i := range columns[1:] {
			columns[i+1].Least = 25
		}
	}
	for _, l := range layout.Table(columns, rows) {
		lines = append(lines, layout.Cut(pad+"  "+l, edge))
	}
	if t.More > 0 {
		lines = append(lines, pad+"  + "+Count(t.More)+" more")
	}
	if t.Why != "" {
		lines = append(lines, layout.Wrap(pad, t.Why, indent, edge)...)
	}
	for i, fix := range t.Fixes {
		head := ""
		if i == 0 {
			head = "fix on " + t.On
		}
		lines = append(lines, layout.Labelled(head, fix, indent, 10)...)
	}
	return lines
}
