package bulk

import (
	"godwit/internal/catalog"
	"godwit/internal/fault"
)

// stays reports whether tables of the target are filled as they are.
func (c *Copy) stays() bool { return c.Existing == Append || c.Existing == Truncate }

// columns refuses tables of the target that cannot take the source's rows.
func (x *expansion) columns() error {
	if !x.spec.stays() {
		return nil
	}
	x.standing = x.facts.Standing()
	list := x.facts.Unfillable(x.spec.To)
	if len(list) == 0 {
		return nil
	}
	e := fault.New(fault.Config, "target.columns", "%d columns of tables that stay at %s do not take the source's rows", len(list), x.spec.To)
	for i, text := range list {
		if i == 5 {
			e = e.With("", "and %d more", len(list)-i)
			break
		}
		e = e.With("column", "%s", text)
	}
	return e.Hint("change the tables there, or existing: replace makes them as they are at the source")
}

// format is that of a table's stream: the columns of one that stays decide too.
func (x *expansion) format(t catalog.Table) string {
	return catalog.Format(t, x.standing[t.Name], x.facts.Source, x.facts.Target)
}
