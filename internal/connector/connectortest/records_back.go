package connectortest

import (
	"fmt"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/record"
)

// ReadBack proves a RowReader: what a target has filled itself is told of the rows
// that records have, in the transaction that wrote them.
func ReadBack(t *testing.T, r Records) {
	table := r.fresh("made")
	r.Exec(t, "CREATE TABLE "+table.SQL()+" (id int GENERATED ALWAYS AS IDENTITY (START WITH 100) PRIMARY KEY, a int, b varchar(8), price numeric(10,2) DEFAULT 1.50, UNIQUE (a, b))",
		"INSERT INTO "+table.SQL()+" (a, b) VALUES (9, 'there')")
	into := connector.Into{Table: table, Columns: []string{"a", "b"}, Key: []string{"a", "b"}}
	one := func(a, b any) record.Mapped { return mapped(row(0, a, b)) }
	page := []record.Mapped{one(int64(2), "x"), one(int64(1), "x"), one(int64(1), "y")}
	l := r.begin(t)
	back := func(columns []string, page ...record.Mapped) []string {
		t.Helper()
		reader, ok := l.RecordLoad.(connector.RowReader)
		if !ok {
			t.Fatalf("%T reads no rows back", l.RecordLoad)
		}
		rows, err := reader.ReadRows(deadline(t), into, columns, page)
		if err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(rows))
		for i, values := range rows {
			texts[i] = "none"
			if values != nil {
				texts[i] = fmt.Sprintf("%#v", values)
			}
		}
		return texts
	}
	wantTexts(t, "before", back([]string{"id"}, page...), "none", "none", "none")
	wantTexts(t, "became", l.page(t, connector.ModeMerge, []connector.Into{into}, page), "applied 1", "applied 1", "applied 1")
	// in the order of the records, by all of the key; what was there before, too
	wantTexts(t, "own", back([]string{"id"}, append(page, one(int64(9), "there"))...),
		"[]interface {}{101}", "[]interface {}{102}", "[]interface {}{103}", "[]interface {}{100}")
	wantTexts(t, "several columns", back([]string{"price", "a"}, page[1]), `[]interface {}{"1.50", 1}`)
	// a key that nobody has, or that is null, has no row; nor has a record without rows
	wantTexts(t, "none", back([]string{"id"}, one(int64(3), "x"), one(nil, "x"), one(int64(1), record.Missing), record.Mapped{Reject: true}, page[0]),
		"none", "none", "none", "none", "[]interface {}{101}")
	wantTexts(t, "no records", back([]string{"id"}))
	// what it reads is the transaction's own: it may still be rolled back
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "rows", r.all(t, table, "a", "b"), "9 there")
	l = r.begin(t)
	wantTexts(t, "afterwards", back([]string{"id"}, page[0], one(int64(9), "there")), "none", "[]interface {}{100}")
	if _, err := l.RecordLoad.(connector.RowReader).ReadRows(deadline(t), into, []string{"nobody"}, page); err == nil {
		t.Error("a column that is not there was read")
	}
}
