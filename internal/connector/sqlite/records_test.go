package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/connectortest"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// file is a new database that the test writes by a connection of its own.
func file(t testing.TB) (*sql.DB, *Endpoint) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a ? b # c % d.db")
	e, err := Open("old", &Settings{File: path})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(e.Close(), e.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	exec(t, db, "PRAGMA journal_mode = wal")
	return db, e
}

func exec(t testing.TB, db *sql.DB, sql ...string) {
	t.Helper()
	for _, text := range sql {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%v in: %.200s", err, text)
		}
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	db, e := file(t)
	connectortest.ReadRecords(t, connectortest.Records{
		At: e, Schema: "main",
		Exec: func(t testing.TB, sql ...string) { t.Helper(); exec(t, db, sql...) },
		Rows: func(t testing.TB, sql string) []string {
			t.Helper()
			var text string
			if err := db.QueryRowContext(t.Context(), sql).Scan(&text); err != nil {
				t.Fatal(err)
			}
			return []string{text}
		},
	})
}

// read gives all records of a query and proves the count.
func read(t testing.TB, e *Endpoint, q connector.Query) (*record.Schema, []record.Record) {
	t.Helper()
	r, err := e.ReadRecords(t.Context(), q, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []record.Record
	for {
		p, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return r.Schema(), all
		}
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, p.Records...); r.Count() != int64(len(all)) {
			t.Fatalf("count is %d after %d records", r.Count(), len(all))
		}
	}
}

// TestValues reads values of all types of SQLite in columns of all kinds: what
// is not of the declared type stays what it is.
func TestValues(t *testing.T) {
	t.Parallel()
	db, e := file(t)
	exec(t, db, `CREATE TABLE v (id INTEGER PRIMARY KEY, i INTEGER, b BOOLEAN, d DECIMAL(10,2), r REAL, t VARCHAR(10), o BLOB, at DATETIME, n)`,
		`INSERT INTO v VALUES (1, 9223372036854775807, 1, 0.99, 0.1, 'a', x'00ff', '2024-02-29 13:14:15', 7),
			(2, 'many', 2, '12.50', 'x', 12, 'text', 1709212455, x''),
			(3, 1.5, 'yes', 'NaN', 1, '2024-01-01', 1, '0000-00-00', '2024-01-01 00:00:00'),
			(4, NULL, 0, 123456789012345678, -0.0, '', NULL, NULL, 'a' || char(0) || 'b')`)
	s, all := read(t, e, connector.Query{Table: catalog.Name{Schema: "main", Object: "v"}, Key: []string{"id"}})
	want := [][]any{
		{int64(1), int64(9223372036854775807), true, record.Decimal("0.99"), 0.1, "a", []byte{0, 255}, "2024-02-29 13:14:15", int64(7)},
		{int64(2), "many", int64(2), record.Decimal("12.5"), "x", "12", "text", int64(1709212455), []byte{}},
		{int64(3), 1.5, "yes", "NaN", 1.0, "2024-01-01", int64(1), "0000-00-00", "2024-01-01 00:00:00"},
		{int64(4), nil, false, int64(123456789012345678), 0.0, "", nil, nil, "a\x00b"},
	}
	for i, rec := range all {
		if diff := cmp.Diff(want[i], rec.Slots); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", i+1, diff)
		}
		if _, err := record.Encode(s, rec.Slots); err != nil {
			t.Error(err)
		}
	}
	var types []string
	for _, f := range s.Fields {
		types = append(types, f.Type.String())
	}
	if diff := cmp.Diff([]string{"int", "int", "bool", "decimal", "float", "text", "bytes", "text", "any"}, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// TestOddKeys reads keys of mixed types, and such as are equal to SQLite only,
// from behind every place.
func TestOddKeys(t *testing.T) {
	t.Parallel()
	db, e := file(t)
	exec(t, db, "CREATE TABLE k (a, b TEXT COLLATE NOCASE, c NUMERIC)")
	var rows []string
	for i := range 3000 {
		a := []string{"NULL", fmt.Sprint(i / 9), fmt.Sprintf("%d.0", i/9), fmt.Sprintf("%d.5", i/9), fmt.Sprintf("'t%d'", i/7), fmt.Sprintf("x'%04x'", i)}[i%6]
		rows = append(rows, fmt.Sprintf("(%s, '%s%d', %d.25)", a, []string{"a", "A", "b"}[i%3], i/30, i/2))
	}
	exec(t, db, "INSERT INTO k VALUES "+strings.Join(rows, ", "))
	for _, key := range [][]string{{"a"}, {"b"}, {"c"}, {"b", "a"}, {"a", "b", "c"}} {
		for _, q := range []connector.Query{{Table: catalog.Name{Object: "k"}}, {SQL: "SELECT a, b, c FROM k"}} {
			q.Key = key
			_, all := read(t, e, q)
			if len(all) != 3000 {
				t.Fatalf("%v: %d records", key, len(all))
			}
			places := resume(t, e, q, all)
			if places < 2 {
				t.Errorf("%v: %d places", key, places)
			}
		}
	}
}

func resume(t *testing.T, e *Endpoint, q connector.Query, all []record.Record) (places int) {
	r, err := e.ReadRecords(t.Context(), q, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for {
		p, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return places
		}
		if err != nil {
			t.Fatal(err)
		}
		if n += len(p.Records); p.After == nil {
			continue
		}
		places++
		behind, upTo := q, q
		behind.After, upTo.Until = p.After, p.After
		_, rest := read(t, e, behind)
		_, before := read(t, e, upTo)
		if len(rest) != len(all)-n || len(before) != n {
			t.Fatalf("%v: %d records up to a place behind %d, %d behind it, of %d", q.Key, len(before), n, len(rest), len(all))
		}
	}
}

// TestOnePointInTime writes while records are read.
func TestOnePointInTime(t *testing.T) {
	t.Parallel()
	db, e := file(t)
	exec(t, db, "CREATE TABLE p (id INTEGER PRIMARY KEY)", "INSERT INTO p WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 5000) SELECT n FROM i")
	r, err := e.ReadRecords(t.Context(), connector.Query{Table: catalog.Name{Object: "p"}, Key: []string{"id"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for {
		p, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n += len(p.Records)
		exec(t, db, "DELETE FROM p WHERE id > 4000", "INSERT INTO p VALUES (100000 + abs(random() % 1000000000))")
	}
	if n != 5000 {
		t.Errorf("%d records of 5000", n)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	_, e := file(t)
	_, all := read(t, e, connector.Query{SQL: `SELECT :a AS a, ':a' AS b, ":a" AS c, [a] AS d, :x.y AS e /* :no */ FROM (SELECT 1 AS [a], 2 AS ":a") -- :no
		;`, Args: map[string]any{"a": "it's", "x.y": record.Decimal("12345678901234567890"), "x": nil}})
	if diff := cmp.Diff([]any{"it's", ":a", int64(2), int64(1), 12345678901234567890.0}, all[0].Slots); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNotThere(t *testing.T) {
	t.Parallel()
	e, err := Open("old", &Settings{File: filepath.Join(t.TempDir(), "none.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Describe(t.Context(), connector.Query{SQL: "SELECT 1 AS a"}); fault.CodeOf(err) != "database.missing" {
		t.Error(err)
	}
	db, e := file(t)
	exec(t, db, "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT)")
	if _, err := e.Describe(t.Context(), connector.Query{Table: catalog.Name{Object: "b"}}); fault.KindOf(err) != fault.Config {
		t.Error(err)
	}
	found, err := e.Inspect(t.Context(), catalog.Selection{Include: []catalog.Pattern{}})
	if err != nil || found.System != "sqlite" || found.Version == "" {
		t.Errorf("%+v (%v)", found, err)
	}
}
