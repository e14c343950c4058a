package bulk

import (
	"fmt"

	"godwit/internal/catalog"
)

// standing is a table of the target that is filled as it is, nil when this
// copy makes it.
func (x *expansion) standing(n catalog.Name) *catalog.Table {
	t, ok := x.there.tables[n]
	if !ok || x.spec.Existing != Append && x.spec.Existing != Truncate {
		return nil
	}
	return &t
}

// format is that of a table's stream: the columns of one that stays decide too.
func (x *expansion) format(t catalog.Table) string {
	return catalog.Format(t, x.standing(t.Name), x.facts.Source, x.facts.Target)
}

// unfilled names the columns of a table that stays which must have values that
// the source does not have.
func unfilled(t, other catalog.Table) []string {
	copied := map[string]bool{}
	for _, n := range t.Copied() {
		copied[n] = true
	}
	var why []string
	for _, c := range other.Columns {
		if c.NotNull && !c.Default && !c.Generated && !copied[c.Name] {
			why = append(why, fmt.Sprintf("%s.%s is NOT NULL without a default, and the source has no values for it", t.Name, c.Name))
		}
	}
	return why
}
