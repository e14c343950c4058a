package maps

import (
	"fmt"
	"strings"

	"godwit/internal/control/run"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// tested is a map with its cases.
type tested struct {
	Step  string      `json:"step,omitempty"`
	Map   string      `json:"map"`
	Cases []unit.Case `json:"cases"`
}

// results are the cases that were run.
type results struct{ maps []tested }

func (r results) value() any { return map[string]any{"maps": r.maps} }

func (r results) differ() bool {
	_, bad := r.count()
	return bad > 0
}

func (r results) count() (all, bad int) {
	for _, m := range r.maps {
		for _, c := range m.Cases {
			all++
			if len(c.Differs) > 0 {
				bad++
			}
		}
	}
	return all, bad
}

// Draw is view.Screen's.
func (r results) Draw(edge int) []string {
	var lines []string
	for _, m := range r.maps {
		head := m.Map
		if m.Step != "" {
			head = m.Step + "  " + head
		}
		lines = append(lines, head)
		for _, c := range m.Cases {
			word := "ok"
			if len(c.Differs) > 0 {
				word = "differs"
			}
			line := layout.Left("  "+word, 11) + c.Name
			if len(c.Differs) > 0 {
				line = layout.Aside(line, c.At, 79, edge)
			}
			lines = append(lines, line)
			for _, d := range c.Differs {
				lines = append(lines, layout.Wrap(strings.Repeat(" ", 11), d, 13, edge)...)
			}
		}
	}
	all, bad := r.count()
	end := view.Plural(all, "case") + ", all as expected."
	if bad > 0 {
		end = fmt.Sprintf("%s, %d not as expected.", view.Plural(all, "case"), bad)
	}
	return append(lines, "", end)
}

// explained are records with how they are mapped.
type explained struct{ list []run.Explained }

// Draw is view.Screen's.
func (e explained) Draw(edge int) []string {
	var lines []string
	for _, r := range e.list {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, "step "+r.Step+", key "+r.Key, "", "read")
		lines = append(lines, table(r.Source, edge)...)
		lines = append(lines, "", "mapped")
		lines = append(lines, table(r.Steps, edge)...)
		lines = append(lines, "")
		lines = append(lines, outcome(r, edge)...)
	}
	return lines
}

// table are values in columns; what they are of is said once.
func table(list []unit.Shown, edge int) []string {
	of, name := 0, 0
	for _, s := range list {
		of, name = max(of, layout.Width(s.Of)), max(name, layout.Width(s.Name))
	}
	if of > 0 {
		of += 2
	}
	var lines []string
	was := ""
	for _, s := range list {
		first := s.Of
		if first == was {
			first = ""
		}
		was = s.Of
		indent := 2 + of + name + 2
		lines = append(lines, layout.Wrap("  "+layout.Left(first, of)+layout.Left(s.Name, name+2), s.Value, indent, edge)...)
	}
	return lines
}

func outcome(r run.Explained, edge int) []string {
	var lines []string
	for _, i := range r.Issues {
		text := i.Severity + " " + strings.TrimSpace(i.Rule+" "+i.Field) + ": " + i.Text
		if i.Value != "" {
			text += ": " + i.Value
		}
		if i.Hint != "" {
			text += " (" + i.Hint + ")"
		}
		lines = append(lines, layout.Wrap("  ", text, 4, edge)...)
	}
	switch {
	case r.Filtered != "":
		return append(lines, "It is left out: filter "+r.Filtered+".")
	case r.Reject:
		return append([]string{"It is rejected:"}, lines...)
	}
	if len(lines) > 0 {
		lines = append([]string{"issues"}, append(lines, "")...)
	}
	lines = append(append(lines, "written"), table(r.Rows, edge)...)
	if len(r.Others) > 0 {
		lines = append(append(lines, ""), layout.Wrap("", "Not asked, since they compare all records: "+strings.Join(r.Others, ", ")+".", 0, edge)...)
	}
	return lines
}

// lineage are the fields of steps with what they are made of.
type lineage struct{ steps []run.Lineage }

// Draw is view.Screen's.
func (l lineage) Draw(edge int) []string {
	var lines []string
	for _, s := range l.steps {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		var made []unit.Shown
		for _, f := range s.Fields {
			of := strings.Join(f.Of, ", ")
			if of == "" {
				of = "nothing of the source"
			}
			made = append(made, unit.Shown{Name: f.Field, Value: of})
		}
		lines = append(append(lines, "step "+s.Step, "", "made of"), table(made, edge)...)
		unread := "every field of the source is read"
		if len(s.Unread) > 0 {
			unread = "not read: " + strings.Join(s.Unread, ", ")
		}
		lines = append(append(lines, ""), layout.Wrap("", unread, 2, edge)...)
	}
	return lines
}
