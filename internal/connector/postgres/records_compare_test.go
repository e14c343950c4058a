package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// compared compares the records of a table with the rows of another one of the
// same shape.
func compared(t *testing.T, e *Endpoint, from, with catalog.Name, key []string) ([]connector.Unlike, *connector.Compared) {
	t.Helper()
	r, err := e.ReadRecords(patient(t), connector.Query{Table: from}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	into := connector.Into{Table: with, Key: key}
	for _, f := range r.Schema().Fields {
		into.Columns = append(into.Columns, f.Name)
	}
	c, err := e.CompareRecords(patient(t), connector.ModeMerge, []connector.Into{into}, []string{""})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var page []record.Mapped
	for _, rec := range drain(t, r) {
		page = append(page, record.Mapped{Record: rec, Rows: []record.Row{{Slots: rec.Slots}}})
	}
	unlike, err := c.Compare(patient(t), page)
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.Result(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return unlike, all
}

// TestCompareEveryType reads values of nearly every type there is and compares
// them with the rows that they are of: all are equal. With one value gone only
// that one is not.
func TestCompareEveryType(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	ensurePostgresRole(t, url)
	pgtest.Load(t, url, "data/pg-types/pg_types.sql")
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	e := endpoint(t, url)
	tables, columns := 0, 0
	for _, name := range pgtest.Column[string](t, url, "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1") {
		pgtest.Exec(t, url, fmt.Sprintf("alter table %s add godwit_key serial primary key", catalog.Quote(name)))
		table := public(name)
		unlike, all := compared(t, e, table, table, []string{"godwit_key"})
		rows := pgtest.Query[int64](t, url, "select count(*) from "+table.SQL())
		if got := all.Tables[0]; len(unlike) > 0 || got.Equal != rows || got.Changed+got.Missing+got.Extra > 0 {
			t.Errorf("%s: %d rows, %+v, first %+v", name, rows, got, slices.Concat(unlike, all.Extra))
		}
		if rows == 0 {
			continue
		}
		tables++
		pgtest.Exec(t, url, fmt.Sprintf("create table \"copy of %[2]s\" (like %[1]s including indexes); insert into \"copy of %[2]s\" select * from %[1]s", catalog.Quote(name), name))
		other := public("copy of " + name)
		for _, column := range pgtest.Column[string](t, url, `select attname::text from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and not attnotnull and attgenerated = '' and atttypid not in (select oid from pg_type where typnotnull)`, other.SQL()) {
			var n int64
			err := conn.QueryRow(t.Context(), fmt.Sprintf("update %[1]s set %[2]s = null where godwit_key = (select min(godwit_key) from %[1]s where %[2]s is not null) returning godwit_key", other.SQL(), catalog.Quote(column))).Scan(&n)
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			columns++
			unlike, _ := compared(t, e, table, other, []string{"godwit_key"})
			if len(unlike) != 1 || *unlike[0].Key[0] != fmt.Sprint(n) || len(unlike[0].Columns) != 1 || unlike[0].Columns[0].Name != column || unlike[0].Columns[0].Right != nil {
				t.Errorf("%s: %s of %d is null: %+v", name, column, n, unlike)
			}
			if _, err := conn.Exec(t.Context(), fmt.Sprintf("update %s c set %s = o.%[2]s from %s o where c.godwit_key = o.godwit_key and c.godwit_key = %d", other.SQL(), catalog.Quote(column), table.SQL(), n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if tables == 0 || columns < 40 {
		t.Errorf("%d tables, %d columns were compared", tables, columns)
	}
	t.Logf("%d tables, %d columns", tables, columns)
}
