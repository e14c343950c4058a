package chronicle

import (
	"godwit/internal/connector"
	"godwit/internal/ledger"
)

// Changed is what a unit did to rows that were at the target before: it
// published a table's new content, or removed rows whose key is gone.
type Changed struct {
	Step    string                `json:"-"`
	Tables  []connector.Published `json:"tables"`
	Gone    string                `json:"gone"` // delete or mark, "" of tables that were published
	Table   string                `json:"table"`
	Removed connector.Removed     `json:"removed"`
}

// changed adds what a unit says of such rows.
func (s *Story) changed(u ledger.Unit) {
	c, ok := Facts[Changed](u)
	if ok && u.State == ledger.Done && len(c.Tables)+len(c.Table) > 0 {
		c.Step = u.Step
		s.Changed = append(s.Changed, c)
	}
}
