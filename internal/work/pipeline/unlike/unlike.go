// Package unlike tells people of rows that are not what records would make them.
// Start at Teller.
package unlike

import (
	"fmt"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Row is one that differs.
type Row struct {
	connector.Unlike
	Of string // key of its record
}

// Teller tells of the rows between two sides.
type Teller struct {
	From, To string // connections
	Into     []catalog.Into
	Tables   []catalog.TargetTable
	Note     func(kind string, body any)
}

// Row tells a row that is not the same, of a changed one each column.
func (t *Teller) Row(u Row, shown map[string]int) {
	to := t.Into[u.Into]
	from, at := t.From, t.To
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
		d.Text = fmt.Sprintf("record %s: %s takes no such value: %s", u.Of, at, r.Text)
		if r.Code == "" { // of what is read back by requests: nobody refused it
			d.Text = fmt.Sprintf("record %s: %s", u.Of, r.Text)
		}
		if u.Key == nil {
			d.Text = "not at " + at + ", " + d.Text
		} else if u.What == connector.RowMissing {
			d.Column, d.Text = "", "not at "+at+", "+d.Text
		}
		t.Note(unit.VerifyDiffers, d)
		return
	}
	switch u.What {
	case connector.RowMissing:
		d.Text = fmt.Sprintf("not at %s: record %s", at, u.Of)
	case connector.RowExtra:
		d.Text = "only at " + at
	default:
		for _, column := range u.Columns {
			_, open := shown[column.Name]
			d.Column = column.Name
			d.Left, d.Right = t.value(u.Into, column.Name, column.Left, open), t.value(u.Into, column.Name, column.Right, open)
			if d.Left == d.Right {
				d.Right = "another " + d.Right
			}
			d.Text = fmt.Sprintf("%s is %s at %s, %s at %s", d.Column, d.Left, from, d.Right, at)
			t.Note(unit.VerifyDiffers, d)
		}
		return
	}
	t.Note(unit.VerifyDiffers, d)
}

// value is the target's text of a value as people may see it.
func (t *Teller) value(into int, column string, text *string, open bool) string {
	if text == nil {
		return record.Show(nil, open)
	}
	var columns []catalog.TargetColumn // none: it is no table
	if into < len(t.Tables) {
		columns = t.Tables[into].Columns
	}
	i := slices.IndexFunc(columns, func(c catalog.TargetColumn) bool { return c.Name == column })
	var kind catalog.Kind
	if i >= 0 {
		kind = columns[i].Type.Kind
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
