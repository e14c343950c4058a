package view

import (
	"strings"
	"time"

	"godwit/internal/ui/layout"
	"godwit/internal/unit"
)

// Wait is a unit that stands still, with all that is known about it.
type Wait struct {
	Unit string // for people: sales.orders index orders_day_idx
	unit.Wait
}

// Looking is a look at both sides that stands still, before a run is open.
type Looking struct {
	unit.Wait
	Now time.Time
}

// Draw is Screen's.
func (l Looking) Draw(edge int) []string {
	return Wait{"looking", l.Wait}.lines(l.Now, false, edge)
}

// lines are the wait's rows in the block, without indentation.
func (w Wait) lines(now time.Time, others bool, edge int) []string {
	first := w.Unit + ": "
	if !w.Since.IsZero() {
		first += About(now.Sub(w.Since)) + " "
		if w.Gate != "lock" {
			first = strings.TrimSuffix(first, " ") + ", "
		} else {
			first += "for "
		}
	}
	first += w.Text
	if w.Gate == "lock" && w.On != "" {
		first += " on " + w.On
	}
	if left := w.Until.Sub(now); left > 0 && (w.Gate == "probe" || w.Gate == "approve") {
		first += ", at most " + About(left) + " more"
	} else if left > 0 {
		first += ", in " + About(left)
	}
	lines := []string{first}
	if w.Answer != "" {
		lines = append(lines, "last answer: "+w.Answer)
	}
	if w.Holder != "" {
		lines = append(lines, w.Holder)
	}
	if w.Statement != "" {
		lines = append(lines, "last statement: "+w.Statement)
	}
	for i, fix := range w.Fix {
		line := strings.Repeat(" ", len("to end it: ")) + fix
		if i == 0 {
			line = "to end it: " + fix
			if w.On != "" {
				line = "to end it, on " + w.On + ": " + fix
			}
		}
		if i == len(w.Fix)-1 && others && layout.Width(line)+len("     other units go on") <= edge {
			line += "     other units go on"
		}
		lines = append(lines, line)
	}
	for i, l := range lines {
		lines[i] = layout.Cut(l, edge)
	}
	return lines
}

// UnitName is a unit's id as people read it: copy/data/sales.event/203 is
// "sales.event 203", copy/index/sales.orders%2Fday_idx/1 is "sales.orders index
// day_idx", verify/table/sales.orders/1 is "verify sales.orders",
// move[north]/flow/all/1 is "flow move[north]".
func UnitName(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) != 4 {
		return id
	}
	kind, object, n := parts[1], unescape(parts[2]), parts[3]
	if kind == "data" {
		return object + " " + n
	}
	if kind == "flow" {
		return "flow " + unescape(parts[0]) // there is one for each item, and nothing else tells them apart
	}
	table, name, below := strings.Cut(object, "/")
	text := kind + " " + object
	switch {
	case below:
		text = table + " " + kind + " " + name
	case kind == "table", kind == "compare":
		text = "verify " + object
	case object == "all":
		text = kind
	}
	if n != "1" {
		text += " " + n
	}
	return text
}

// unescape undoes the %XX of unit.ID.
func unescape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := strings.IndexByte(hex, s[i+1]), strings.IndexByte(hex, s[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
