package doctor

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/unit"
)

// Held is a table with the rows that it held before a copy.
type Held struct {
	Table catalog.Name `json:"table"`
	Rows  int64        `json:"rows"`
}

// Both are the tables with rows that both sides have, at the target also in
// partitions.
func Both(facts catalog.Facts) []catalog.Name {
	theirs := map[catalog.Name]bool{}
	for _, t := range facts.Source.Tables {
		theirs[t.Name] = t.Kind == catalog.Plain
	}
	var list []catalog.Name
	for _, t := range facts.Target.Tables {
		if theirs[t.Name] && (t.Kind == catalog.Plain || t.Kind == catalog.Partitioned) {
			list = append(list, t.Name)
		}
	}
	return list
}

// Counted counts, before anything is written, the rows that are added to: what
// holds rows of its own cannot be compared whole afterwards.
func Counted(ctx context.Context, open connector.Opener, n unit.Needs, facts catalog.Facts) ([]Held, error) {
	tables := Both(facts)
	if n.Existing != appends || len(tables) == 0 {
		return nil, nil
	}
	c, err := connector.Capable[connector.Counter](ctx, open, n.To, "count the rows that it holds")
	if err != nil {
		return nil, err
	}
	rows, err := c.Count(ctx, tables)
	var list []Held
	for _, t := range tables {
		if rows[t] > 0 {
			list = append(list, Held{t, rows[t]})
		}
	}
	return list, err
}
