// Package sentrows is what a target was given of a record, as it is kept with a
// dead letter: rows with the tables and columns that they were for. Written as
// sent, it goes to the same tables as they are by then. Start at Encode.
package sentrows

import (
	"fmt"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/convert"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Encode writes the rows of a record in their stored form.
func Encode(into []catalog.Into, rows []record.Row) ([]byte, error) {
	tables := make([]any, len(into))
	for i, to := range into {
		columns := make([]any, len(to.Columns))
		for c, name := range to.Columns {
			columns[c] = name
		}
		tables[i] = record.Object{"table": to.Table.String(), "columns": columns}
	}
	list := make([]any, len(rows))
	for i, r := range rows {
		list[i] = []any{int64(r.Into), []any(r.Slots)}
	}
	return record.EncodeValue(record.Object{"into": tables, "rows": list})
}

// Decode reads it again. What godwits before this one kept has no columns: its
// fault has code redrive.as-sent.
func Decode(text []byte) ([]unit.SentTo, []record.Row, error) {
	v, err := record.DecodeValue(text)
	if err != nil {
		return nil, nil, damaged(err)
	}
	o, ok := v.(record.Object)
	if !ok {
		return nil, nil, fault.New(fault.Config, "redrive.as-sent", "what was sent was kept without its columns, by an older godwit").
			Hint("redrive without --as-sent maps the record again")
	}
	tables, err := tablesOf(o["into"])
	if err != nil {
		return nil, nil, damaged(err)
	}
	rows, err := rowsOf(o["rows"], tables)
	if err != nil {
		return nil, nil, damaged(err)
	}
	return tables, rows, nil
}

func damaged(err error) error {
	return fault.New(fault.Internal, "ledger.damaged", "what was sent cannot be read: %w", err)
}

func tablesOf(v any) (tables []unit.SentTo, err error) {
	list, _ := v.([]any)
	for _, one := range list {
		o, _ := one.(record.Object)
		text, _ := o["table"].(string)
		to := unit.SentTo{}
		if to.Table, err = catalog.ParseName(text); err != nil {
			return nil, err
		}
		columns, _ := o["columns"].([]any)
		for _, c := range columns {
			name, _ := c.(string)
			to.Columns = append(to.Columns, name)
		}
		tables = append(tables, to)
	}
	return tables, nil
}

func rowsOf(v any, tables []unit.SentTo) (rows []record.Row, err error) {
	list, _ := v.([]any)
	for _, one := range list {
		pair, _ := one.([]any)
		if len(pair) != 2 {
			return nil, fmt.Errorf("a row is not a table and its values")
		}
		into, ok := pair[0].(int64)
		slots, is := pair[1].([]any)
		if !ok || !is || into < 0 || int(into) >= len(tables) || len(slots) != len(tables[into].Columns) {
			return nil, fmt.Errorf("a row does not fit its table")
		}
		rows = append(rows, record.Row{Into: int(into), Slots: slots})
	}
	return rows, nil
}

// Into are the tables of today's flow with the columns that were sent. What
// cannot be written any more is a fault, code redrive.as-sent.
func Into(sent []unit.SentTo, into []catalog.Into, tables []catalog.TargetTable) ([]catalog.Into, error) {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Config, "redrive.as-sent", format, args...).Hint("redrive without --as-sent maps the records again")
	}
	if len(sent) != len(into) {
		return nil, refuse("the records were sent to %d tables, and the flow writes to %d now", len(sent), len(into))
	}
	list := slices.Clone(into)
	for i, to := range sent {
		if to.Table != into[i].Table {
			return nil, refuse("the records were sent to %s, and the flow writes to %s now", to.Table, into[i].Table)
		}
		for _, name := range to.Columns {
			at := slices.IndexFunc(tables[i].Columns, func(c catalog.TargetColumn) bool { return c.Name == name })
			if at < 0 {
				return nil, refuse("%s has no column %s any more: the records were sent with it", to.Table, name)
			}
			if tables[i].Columns[at].Generated {
				return nil, refuse("column %s of %s is computed by now: nobody may write it", name, to.Table)
			}
		}
		needed := slices.Concat(into[i].Key, into[i].Parent)
		if into[i].Version != "" {
			needed = append(needed, into[i].Version)
		}
		for _, name := range needed {
			if !slices.Contains(to.Columns, name) {
				return nil, refuse("rows of %s are told apart by %s now, and were sent without it", to.Table, name)
			}
		}
		for _, c := range tables[i].Columns {
			if c.NotNull && !c.Default && !c.Generated && !slices.Contains(to.Columns, c.Name) {
				return nil, refuse("%s wants a value for %s by now, and the rows were sent without it", to.Table, c.Name)
			}
		}
		list[i].Columns = to.Columns
	}
	return list, nil
}

// Same reports whether two records were sent to the same columns.
func Same(a, b []unit.SentTo) bool {
	return slices.EqualFunc(a, b, func(x, y unit.SentTo) bool { return x.Table == y.Table && slices.Equal(x.Columns, y.Columns) })
}

// Issues are the values that columns do not take as they are by now.
func Issues(rows []record.Row, into []catalog.Into, tables []catalog.TargetTable) (issues []record.Issue) {
	for _, r := range rows {
		for i, v := range r.Slots {
			if v == nil || v == record.Missing {
				continue
			}
			name := into[r.Into].Columns[i]
			at := slices.IndexFunc(tables[r.Into].Columns, func(c catalog.TargetColumn) bool { return c.Name == name })
			if at < 0 {
				continue
			}
			if why := takes(v, tables[r.Into].Columns[at].Type); why != nil {
				issues = append(issues, record.Issue{Rule: why.Rule, Field: name, Severity: record.SeverityError, Text: why.Text, Value: record.Show(v, false),
					Hint: "what was sent does not fit the column as it is now: redrive without --as-sent maps the record again"})
			}
		}
	}
	return issues
}

// takes says why a value is none of a column's type: it is written as it is.
func takes(v any, t catalog.Type) *convert.Reason {
	switch t.Kind {
	case catalog.KindJSON: // whatever has a form there; a text is a JSON string
		if _, err := record.EncodeJSON(v); err != nil {
			return &convert.Reason{Rule: "type", Text: err.Error()}
		}
		return nil
	case catalog.KindList:
		list, ok := v.([]any)
		if !ok || t.Of == nil {
			break
		}
		for _, e := range list {
			if e == nil {
				continue
			}
			if why := takes(e, *t.Of); why != nil {
				return why
			}
		}
		return nil
	}
	same, why := convert.To(t, t)(v)
	if why == nil && !alike(v, same) {
		why = &convert.Reason{Rule: "type", Text: "is " + convert.Name(v) + ", and the column is " + t.String()}
	}
	return why
}

// alike reports that a value is already what its column's type makes of it.
func alike(v, same any) bool {
	return fmt.Sprintf("%T %v", v, v) == fmt.Sprintf("%T %v", same, same)
}
