package story

import (
	"strings"

	"godwit/internal/connector"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
)

// changes are the lines of a report about rows that were at a target before.
func changes(st *chronicle.Story) []report.Change {
	var list []report.Change
	for _, c := range st.Changed {
		for _, t := range c.Tables {
			list = append(list, report.Change{Step: c.Step, Table: t.Table, What: "replaced", Rows: t.Rows,
				Inserted: t.Inserted, Updated: t.Updated, Deleted: t.Deleted})
		}
		if c.Gone == "" {
			continue
		}
		one := report.Change{Step: c.Step, Table: c.Table, What: "gone", Deleted: c.Removed.Rows + c.Removed.Parts, Why: untold(c)}
		if c.Gone == connector.GoneMark {
			one.Marked, one.Back, one.Deleted = c.Removed.Rows, c.Removed.Back, 0
		}
		list = append(list, one)
	}
	return list
}

// untold says why nothing was removed.
func untold(c chronicle.Changed) string {
	if c.Removed.Untold == 0 {
		return ""
	}
	return "nothing was removed: the keys of some records that were not loaded cannot be told, and their rows may be among those that seem gone"
}

// changed are the lines of the end summary about such rows.
func changed(st *chronicle.Story) []view.Note {
	var list []view.Note
	for _, c := range st.Changed {
		for _, t := range c.Tables {
			list = append(list, view.Note{Label: "replaced", N: t.Rows, Text: "rows of " + t.Table + ": " + view.Count(t.Inserted) + " inserted, " +
				view.Count(t.Updated) + " updated, " + view.Count(t.Rows-t.Inserted-t.Updated) + " as before; " + view.Count(t.Deleted) + " deleted"})
		}
		r := c.Removed
		switch {
		case c.Gone == "":
		case r.Untold > 0:
			list = append(list, view.Note{Label: "gone", Text: c.Table + ": " + untold(c)})
		case c.Gone == connector.GoneMark:
			list = append(list, view.Note{Label: "gone", N: r.Rows, Text: "rows of " + c.Table + " marked, " + view.Count(r.Back) + " back"})
		default:
			parts := []string{"rows of " + c.Table + " deleted"}
			if r.Parts > 0 {
				parts = append(parts, "with "+view.Plural(r.Parts, "row")+" of their parts")
			}
			list = append(list, view.Note{Label: "gone", N: r.Rows, Text: strings.Join(parts, ", ")})
		}
	}
	return list
}
