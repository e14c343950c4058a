package connectortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// Records is a system that gives and takes records, and what the suites need
// done behind the connector's back. It speaks SQL.
type Records struct {
	At     connector.Endpoint
	Schema string
	Quote  func(string) string // an identifier; nil is the standard's way
	// LongText is a type that holds 10 MB, "" is text.
	LongText string
	Exec     func(t testing.TB, sql ...string)
	Rows     func(t testing.TB, sql string) []string // the only column of each row, as text
	Kill     func(t testing.TB)                      // ends the sessions of At, wherever they stand
}

// fresh names a table that is not there yet.
func (r Records) fresh(what string) catalog.Name {
	return catalog.Name{Schema: r.Schema, Object: fmt.Sprintf("%s_%d", what, serial.Add(1))}
}

// sql is a name as the system writes it.
func (r Records) sql(name catalog.Name) string {
	if r.Quote == nil {
		return name.SQL()
	}
	return r.Quote(name.Schema) + "." + r.Quote(name.Object)
}

// fill inserts rows that are written as VALUES, many in one statement.
func (r Records) fill(t testing.TB, table catalog.Name, rows []string) {
	t.Helper()
	for len(rows) > 0 {
		n := min(len(rows), 1000)
		r.Exec(t, "INSERT INTO "+r.sql(table)+" VALUES "+strings.Join(rows[:n], ", "))
		rows = rows[n:]
	}
}

// open reads a query from its beginning, now.
func (r Records) open(t testing.TB, q connector.Query) connector.RecordReader {
	t.Helper()
	reader, err := capability[connector.RecordSource](t, r.At, "read records").ReadRecords(deadline(t), q, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(reader.Close(), reader.Close()); err != nil {
			t.Error(err)
		}
	})
	return reader
}

// read gives all records of a query as text, and its pages' ends.
func (r Records) read(t testing.TB, q connector.Query) (all []string, ends []end) {
	t.Helper()
	reader := r.open(t, q)
	defer reader.Close()
	for {
		p, err := reader.Next(deadline(t))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var size int64
		for _, rec := range p.Records {
			all = append(all, fmt.Sprint(rec.Key, rec.Slots))
			size += int64(rec.Size)
		}
		ends = append(ends, end{len(all), p.After})
		if len(p.Records) == 0 || len(p.Records) > 1000 || size != p.Bytes || reader.Count() != int64(len(all)) {
			t.Fatalf("a page of %d records, %d of %d bytes, the source counted %d of %d", len(p.Records), p.Bytes, size, reader.Count(), len(all))
		}
	}
	return all, ends
}

// end is a page's: records so far, and the place to read on from.
type end struct {
	records int
	after   []byte
}

// resume reads on from every place and wants what is left, each record once.
func (r Records) resume(t testing.TB, q connector.Query, least int) {
	t.Helper()
	all, ends := r.read(t, q)
	places := 0
	for _, e := range ends {
		if e.after == nil {
			continue
		}
		places++
		q.After = e.after
		rest, _ := r.read(t, q)
		if diff := cmp.Diff(all[e.records:], append([]string{}, rest...)); diff != "" {
			t.Fatalf("read on behind %d of %d records (-want +got):\n%.2000s", e.records, len(all), diff)
		}
	}
	if places < least {
		t.Errorf("%d of %d pages can be read on from, want %d and more", places, len(ends), least)
	}
}

// ReadRecords proves a RecordSource.
func ReadRecords(t *testing.T, r Records) {
	source := capability[connector.RecordSource](t, r.At, "read records")
	t.Run("a table without rows", func(t *testing.T) {
		table := r.fresh("none")
		r.Exec(t, "CREATE TABLE "+r.sql(table)+" (id bigint PRIMARY KEY)")
		q := connector.Query{Table: table, Key: []string{"id"}}
		if all, _ := r.read(t, q); len(all) > 0 {
			t.Errorf("%v is read", all)
		}
		if ranges, err := source.Split(deadline(t), q, 4); err != nil || len(ranges) != 1 {
			t.Errorf("ranges %v (%v), want one", ranges, err)
		}
	})
	t.Run("one key", func(t *testing.T) { oneKey(t, r, source) })
	t.Run("several keys, with nulls, more than once", func(t *testing.T) {
		table := r.fresh("loose")
		r.Exec(t, "CREATE TABLE "+r.sql(table)+" (a bigint, b varchar(20), n int)")
		var rows []string
		for i := range 3500 {
			a, b := fmt.Sprint(i/600), fmt.Sprintf("'b%d'", i/7)
			if i/600 == 4 {
				b = "NULL"
			}
			if i%50 == 0 {
				a = "NULL"
			}
			rows = append(rows, fmt.Sprintf("(%s, %s, %d)", a, b, i))
		}
		r.fill(t, table, rows)
		r.resume(t, connector.Query{Table: table, Key: []string{"a", "b", "n"}}, 2)
		// The same key on both sides of every place: only whole keys can be left behind.
		r.resume(t, connector.Query{SQL: "SELECT a, b FROM " + r.sql(table), Key: []string{"b", "a"}}, 1)
		r.resume(t, connector.Query{SQL: "SELECT * FROM " + r.sql(table) + " WHERE n < :n", Args: map[string]any{"n": int64(2000)}, Key: []string{"n"}}, 2)
		all, ends := r.read(t, connector.Query{Table: table})
		if len(all) != 3500 || ends[0].after != nil {
			t.Errorf("%d records without a key, a place behind the first page: %s", len(all), ends[0].after)
		}
	})
	t.Run("records of 10 MB", func(t *testing.T) {
		table := r.fresh("big")
		text := "text"
		if r.LongText != "" {
			text = r.LongText
		}
		r.Exec(t, "CREATE TABLE "+r.sql(table)+" (id bigint PRIMARY KEY, t "+text+")")
		for i := range 5 {
			r.Exec(t, fmt.Sprintf("INSERT INTO %s VALUES (%d, '%s')", r.sql(table), i+1, strings.Repeat(fmt.Sprintf("number %d, ", i), 1<<20)))
		}
		reader := r.open(t, connector.Query{Table: table, Key: []string{"id"}})
		for i := range 5 {
			p, err := reader.Next(deadline(t))
			if err != nil || len(p.Records) > 2 || p.Bytes < 10<<20 {
				t.Fatalf("page %d: %d records (%v)", i, len(p.Records), err)
			}
			if p.Records[0].Slots[0] == int64(5) {
				break
			}
		}
	})
	t.Run("records that grow", func(t *testing.T) { growingRecords(t, r) })
	t.Run("what cannot be read", func(t *testing.T) { refusedQueries(t, r, source) })
}

func oneKey(t *testing.T, r Records, source connector.RecordSource) {
	table := r.fresh("plain")
	r.Exec(t, "CREATE TABLE "+r.sql(table)+" (id bigint PRIMARY KEY, name varchar(20))")
	var rows []string
	for i := range 4200 {
		rows = append(rows, fmt.Sprintf("(%d, 'name %d')", i*i-1000, i))
	}
	r.fill(t, table, rows)
	q := connector.Query{Table: table, Key: []string{"id"}}
	if key, err := source.Key(deadline(t), q); err != nil || len(key) != 1 || key[0] != "id" {
		t.Errorf("key %v (%v)", key, err)
	}
	r.resume(t, q, 3)
	all, _ := r.read(t, q)
	for n := 1; n <= 8; n++ {
		ranges, err := source.Split(deadline(t), q, n)
		if err != nil || len(ranges) < 1 || len(ranges) > n {
			t.Fatalf("%d ranges instead of %d: %v", len(ranges), n, err)
		}
		var tiled []string
		for _, part := range ranges {
			records, _ := r.read(t, part)
			tiled = append(tiled, records...)
		}
		if diff := cmp.Diff(all, tiled); diff != "" {
			t.Fatalf("%d ranges do not tile (-want +got):\n%.2000s", n, diff)
		}
	}
	reader := r.open(t, q) // closed before its end
	if _, err := reader.Next(deadline(t)); err != nil {
		t.Error(err)
	}
}

func refusedQueries(t *testing.T, r Records, source connector.RecordSource) {
	t.Helper()
	table := r.fresh("few")
	r.Exec(t, "CREATE TABLE "+r.sql(table)+" (id bigint PRIMARY KEY)")
	for _, q := range []connector.Query{
		{SQL: "SELECT nothing FROM " + r.sql(table)},
		{SQL: "SELECT 1 AS a, 2 AS a"},
		{SQL: "SELECT 1 AS a WHERE 1 = :unknown"},
		{SQL: "SELECT 1 AS a", Key: []string{"b"}},
		{SQL: "SELECT FROM WHERE"},
		{SQL: "SELECT 1 AS a; DROP TABLE " + r.sql(table)},
		{SQL: "SELECT 1 AS a) q; DROP TABLE " + r.sql(table) + "; --"},
		{Table: table, Where: "id = 1; DROP TABLE " + r.sql(table)},
		{SQL: "DELETE FROM " + r.sql(table)},
	} {
		_, err := source.Describe(deadline(t), q)
		wantCode(t, err, fault.Config, "query.invalid")
	}
	r.Rows(t, "SELECT count(*) FROM "+r.sql(table))
}

// load is an open load of records.
type load struct {
	connector.Transaction
	connector.RecordLoad
}

func (r Records) begin(t testing.TB, marks ...record.MarkKey) load {
	t.Helper()
	l, w, err := capability[connector.RecordTarget](t, r.At, "take records").BeginRecords(deadline(t), marks)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(l.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	})
	return load{l, w}
}

// write writes pages in a load of their own and commits it. What became of the
// records is given as text: applied 2, dead data.check amount.
func (r Records) write(t testing.TB, mode string, into []connector.Into, page ...record.Mapped) []string {
	t.Helper()
	l := r.begin(t)
	became := l.page(t, mode, into, page)
	if err := errors.Join(l.Commit(deadline(t), nil), l.Close()); err != nil {
		t.Fatal(err)
	}
	return became
}

func (l load) page(t testing.TB, mode string, into []connector.Into, page []record.Mapped) []string {
	t.Helper()
	became, err := l.WriteRecords(deadline(t), mode, into, page)
	if err != nil {
		t.Fatal(err)
	}
	if len(became) != len(page) {
		t.Fatalf("%d outcomes for %d records", len(became), len(page))
	}
	texts := make([]string, len(became))
	for i, b := range became {
		texts[i] = string(b.Outcome)
		if b.Refusal != nil {
			texts[i] += " " + b.Refusal.Code + " " + b.Refusal.Field
		}
		if b.Rows > 0 {
			texts[i] += fmt.Sprint(" ", b.Rows)
		}
	}
	return texts
}

func mapped(rows ...record.Row) record.Mapped { return record.Mapped{Rows: rows} }

func row(into int, slots ...any) record.Row { return record.Row{Into: into, Slots: slots} }

func wantTexts(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// MarkedRecords proves that rows and marks are there together or not at all.
func MarkedRecords(t *testing.T, r Records) {
	into, page := r.items(t)
	k := key(t)
	writer := capability[connector.Writer](t, r.At, "write")
	t.Cleanup(func() {
		if err := writer.DropMarks(context.WithoutCancel(t.Context()), Run, "", nil); err != nil {
			t.Error(err)
		}
	})
	count := "SELECT CAST(count(*) AS text) FROM " + into[0].Table.SQL()
	l := r.begin(t, k)
	l.page(t, connector.ModeAppend, into, page)
	r.Kill(t)
	if _, err := l.WriteRecords(deadline(t), connector.ModeAppend, into, page); err == nil || fault.KindOf(err) == fault.Data {
		t.Errorf("written after the end of the session: %v", err)
	}
	if err := l.Commit(deadline(t), []record.Account{{Chunk: k.Chunk, Generation: 1}}); err == nil {
		t.Error("committed after the end of the session")
	}
	wantTexts(t, "after a kill", r.Rows(t, count), "0")
	if marks, err := writer.Marks(deadline(t), Run); err != nil || len(marks) != 0 {
		t.Errorf("marks after a kill: %v (%v)", marks, err)
	}
	l = r.begin(t, k)
	wantTexts(t, "page", l.page(t, connector.ModeAppend, into, page), "applied 3", "applied 1")
	if err := errors.Join(l.Commit(deadline(t), []record.Account{{Chunk: k.Chunk, Generation: 1, Read: 2, Applied: 2}}), l.Close()); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, "after the commit", r.Rows(t, count), "2")
	marks, err := writer.Marks(deadline(t), Run)
	if err != nil || len(marks) != 1 || marks[0].Applied != 2 {
		t.Errorf("marks after the commit: %v (%v)", marks, err)
	}
	_, _, err = capability[connector.RecordTarget](t, r.At, "take records").BeginRecords(deadline(t), []record.MarkKey{k})
	wantCode(t, err, fault.Conflict, "mark.exists")
}

// growingRecords are short at first and then long: no page may hold as many of
// them as of the short ones.
func growingRecords(t *testing.T, r Records) {
	table := r.fresh("growing")
	text := "text"
	if r.LongText != "" {
		text = r.LongText
	}
	r.Exec(t, "CREATE TABLE "+r.sql(table)+" (id bigint PRIMARY KEY, t "+text+")")
	rows := make([]string, 1300)
	for i := range rows {
		rows[i] = fmt.Sprintf("(%d, 'xxxxxxxxxx')", i+1)
	}
	r.fill(t, table, rows)
	for i := range 15 {
		r.fill(t, table, []string{fmt.Sprintf("(%d, '%s')", 1301+i, strings.Repeat("x", 1_000_000))})
	}
	q := connector.Query{Table: table, Key: []string{"id"}}
	r.resume(t, q, 2)
	for reader := r.open(t, q); ; {
		p, err := reader.Next(deadline(t))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || p.Bytes > 6<<20 {
			t.Fatalf("a page of %d bytes (%v)", p.Bytes, err)
		}
	}
}
