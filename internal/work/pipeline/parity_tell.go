package pipeline

import (
	"cmp"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/unlike"
)

// mappedAgain is how a Proof of records was found out.
const mappedAgain = "mapped again"

// tell writes a proof for each table and names what differs. The fault is that
// of a verification of databases: people read one as the other.
func (c *comparing) tell(all *connector.Compared) (unit.Result, error) {
	load := &c.spec.Load
	replaced := map[int64]bool{}
	for _, n := range all.Replaced {
		replaced[n] = true
	}
	tell := unlike.Teller{From: load.From, To: load.To, Into: c.into, Tables: load.Tables, Note: c.report.Note}
	counts, first := struct {
		Equal       int `json:"equal"`
		Differs     int `json:"differs"`
		NotVerified int `json:"notVerified"`
	}{}, ""
	for i, to := range c.into {
		n := all.Tables[i]
		proof := unit.Proof{
			Entity: to.Table.String(), Of: c.spec.Entity, Result: unit.Equal, Method: mappedAgain,
			Rows: n.Equal + n.Changed + n.Missing, Same: n.Equal,
			Count: int(n.Changed + n.Missing + n.Extra), Missing: n.Missing, Extra: int(n.Extra),
		}
		if i == 0 {
			proof.Aside = &c.aside
		}
		switch {
		case proof.Count > 0:
			proof.Result, proof.Others = unit.Differs, n.Equal+n.Changed+n.Extra
			counts.Differs++
			first = cmp.Or(first, proof.Entity)
		case c.sent == 0 && c.aside.Rejected+c.aside.Left > 0: // nothing is not a proof
			proof.Result, proof.Why = unit.NotVerified, "no record was compared"
			counts.NotVerified++
		default:
			counts.Equal++
		}
		told := 0
		for _, u := range c.unlike[i] {
			if !replaced[u.Record] {
				tell.Row(u, c.shown[i])
				told++
			}
		}
		for _, u := range all.Extra {
			if u.Into == i && told < connector.MostUnlike {
				tell.Row(unlike.Row{Unlike: u}, c.shown[i])
				told++
			}
		}
		c.report.Note(unit.VerifyTable, proof)
	}
	res := unit.Result{Facts: encode(counts)}
	switch {
	case counts.NotVerified > 0:
		return res, fault.New(fault.Data, "verify.unreadable", "%s could not be verified: no record was compared", c.spec.Entity)
	case counts.Differs > 0:
		return res, fault.New(fault.Data, "verify.differs", "%d differ, first %s", counts.Differs, first)
	}
	return res, nil
}
