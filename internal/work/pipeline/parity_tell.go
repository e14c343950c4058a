package pipeline

import (
	"cmp"
	"fmt"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/printable"
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
	shown := printable.Of(load.Map, load.Into)
	counts, first := struct {
		Equal       int `json:"equal"`
		Differs     int `json:"differs"`
		NotVerified int `json:"notVerified"`
	}{}, ""
	for i, to := range load.Into {
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
				c.differences(u, shown[i])
				told++
			}
		}
		for _, u := range all.Extra {
			if u.Into == i && told < connector.MostUnlike {
				c.differences(differing{Unlike: u}, shown[i])
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

// differences tells a row that is not the same, of a changed one each column.
func (c *comparing) differences(u differing, shown map[string]int) {
	to := c.spec.Load.Into[u.Into]
	from, at := c.spec.Load.From, c.spec.Load.To
	d := unit.Difference{Entity: to.Table.String(), What: u.What}
	for i, k := range u.Key {
		value := "NULL"
		if k != nil {
			value = *k
		}
		d.Key = append(d.Key, to.Key[i]+"="+value)
	}
	if r := u.Refusal; r != nil {
		d.Column = r.Field
		d.Text = fmt.Sprintf("record %s: %s takes no such value: %s", u.record, at, r.Text)
		if u.Key == nil {
			d.Text = "not at " + at + ", " + d.Text
		} else if u.What == connector.RowMissing {
			d.Column, d.Text = "", "not at "+at+", "+d.Text
		}
		c.report.Note(unit.VerifyDiffers, d)
		return
	}
	switch u.What {
	case connector.RowMissing:
		d.Text = fmt.Sprintf("not at %s: record %s", at, u.record)
	case connector.RowExtra:
		d.Text = "only at " + at
	default:
		for _, column := range u.Columns {
			_, open := shown[column.Name]
			d.Column = column.Name
			d.Left, d.Right = c.value(u.Into, column.Name, column.Left, open), c.value(u.Into, column.Name, column.Right, open)
			if d.Left == d.Right {
				d.Right = "another " + d.Right
			}
			d.Text = fmt.Sprintf("%s is %s at %s, %s at %s", d.Column, d.Left, from, d.Right, at)
			c.report.Note(unit.VerifyDiffers, d)
		}
		return
	}
	c.report.Note(unit.VerifyDiffers, d)
}

// value is the target's text of a value as people may see it.
func (c *comparing) value(into int, column string, text *string, open bool) string {
	if text == nil {
		return record.Show(nil, open)
	}
	t := c.spec.Load.Tables[into]
	i := slices.IndexFunc(t.Columns, func(c catalog.TargetColumn) bool { return c.Name == column })
	var kind catalog.Kind
	if i >= 0 {
		kind = t.Columns[i].Type.Kind
	}
	switch kind {
	case catalog.KindInt, catalog.KindDecimal, catalog.KindFloat:
		return record.Show(record.Decimal(*text), open)
	case catalog.KindText:
		return record.Show(*text, open)
	}
	if open { // as the server writes it: 2024-05-01 10:00:00+00, {a,b}, {"a": 1}
		return *text
	}
	return record.Show(*text, false)
}
