package mysql

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/connectortest"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/secret"
	"godwit/rig/mariadb/mariatest"

	"github.com/google/go-cmp/cmp"
)

func endpoint(t testing.TB) (*mariatest.Database, *Endpoint) {
	t.Helper()
	db := mariatest.New(t)
	s := &Settings{Host: "127.0.0.1", Port: db.Port, Database: db.Name, User: mariatest.User}
	s.Password.Value = secret.New(mariatest.Password)
	e, err := Open(t.Context(), "old", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(e.Close(), e.Close()); err != nil {
			t.Error(err)
		}
	})
	return db, e
}

func TestRecords(t *testing.T) {
	t.Parallel()
	db, e := endpoint(t)
	connectortest.ReadRecords(t, connectortest.Records{
		At: e, Schema: db.Name, Quote: quote, LongText: "longtext",
		Exec: func(t testing.TB, sql ...string) { t.Helper(); db.Exec(t, sql...) },
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
func read(t testing.TB, e *Endpoint, q connector.Query) (s *record.Schema, all []record.Record, places [][]byte, counts []int) {
	t.Helper()
	r, err := e.ReadRecords(t.Context(), q, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		p, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return r.Schema(), all, places, counts
		}
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, p.Records...); r.Count() != int64(len(all)) {
			t.Fatalf("count is %d after %d records", r.Count(), len(all))
		}
		if p.After != nil {
			places, counts = append(places, p.After), append(counts, len(all))
		}
	}
}

// TestValues reads a value of every type with its edges, from a table and from
// a statement.
func TestValues(t *testing.T) {
	t.Parallel()
	db, e := endpoint(t)
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	noon := time.Date(2024, 2, 29, 13, 14, 15, 123456000, time.UTC)
	db.Exec(t, "SET GLOBAL sql_mode = ''")
	for _, c := range []struct {
		native, sql string
		typ         string
		want        any
	}{
		{"int", "NULL", "int", nil},
		{"tinyint(1)", "2", "int", int64(2)},
		{"tinyint unsigned", "255", "int", int64(255)},
		{"bigint", "-9223372036854775808", "int", int64(math.MinInt64)},
		{"int unsigned", "4294967295", "int", int64(4294967295)},
		{"bigint unsigned", "18446744073709551615", "decimal(20,0)", record.Decimal("18446744073709551615")},
		{"bigint unsigned", "7", "decimal(20,0)", int64(7)},
		{"decimal(65,30)", "12345678901234567890123456789012345.123456789012345678901234567890", "decimal(65,30)", record.Decimal("12345678901234567890123456789012345.123456789012345678901234567890")},
		{"decimal(10,2)", "12.5", "decimal(10,2)", record.Decimal("12.50")},
		{"float", "16777217.5", "float", 1.6777218e7},
		{"float", "0.1", "float", 0.1},
		{"double", "0.1", "float", 0.1},
		{"bit(1)", "b'1'", "decimal(20,0)", int64(1)},
		{"bit(64)", "b'1000000000000000000000000000000000000000000000000000000000000001'", "decimal(20,0)", record.Decimal("9223372036854775809")},
		{"year", "2024", "int", int64(2024)},
		{"date", "'2024-02-29'", "date", day},
		{"date", "'0000-00-00'", "date", "0000-00-00"},
		{"date", "'2024-00-15'", "date", "2024-00-15"},
		{"datetime(6)", "'2024-02-29 13:14:15.123456'", "timestamp", noon},
		{"datetime", "'0000-00-00 00:00:00'", "timestamp", "0000-00-00 00:00:00"},
		{"timestamp(6) null", "'2024-02-29 13:14:15.123456'", "timestamptz", noon},
		{"time(1)", "'-838:59:59.5'", "time", "-838:59:59.5"},
		{"time(1)", "'13:14:15.5'", "time", "13:14:15.5"},
		{"char(4)", "'ab'", "text(4)", "ab"},
		{"varchar(10)", "'a\U0001f600'", "text(10)", "a\U0001f600"},
		{"varchar(10) charset latin1", "'\u00fc'", "text(10)", "\u00fc"},
		{"longtext", "''", "text", ""},
		{"varbinary(4)", "x'00ff'", "bytes", []byte{0, 255}},
		{"blob", "''", "bytes", []byte{}},
		{"enum('b','a')", "'a'", "enum('b','a')", "a"},
		{"set('b','a')", "'a,b'", "set('b','a')", "b,a"},
	} {
		db.Exec(t, "CREATE OR REPLACE TABLE v (v "+c.native+")", "SET time_zone = '+00:00'; INSERT INTO v VALUES ("+c.sql+")")
		for _, q := range []connector.Query{{Table: catalog.Name{Object: "v"}}, {SQL: "SELECT * FROM v LIMIT 10"}} {
			s, all, _, _ := read(t, e, q)
			if got := s.Fields[0].Type.String(); got != c.typ && q.SQL == "" {
				t.Errorf("%s: type %s, want %s", c.native, got, c.typ)
			}
			if diff := cmp.Diff(c.want, all[0].Slots[0]); diff != "" {
				t.Errorf("%s %s %s (-want +got):\n%s", c.native, c.sql, q.SQL, diff)
			}
			if _, err := record.Encode(s, all[0].Slots); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestOddKeys reads keys of every type, and such as are equal to the server
// only, from behind every place.
func TestOddKeys(t *testing.T) {
	t.Parallel()
	db, e := endpoint(t)
	db.Exec(t, `CREATE TABLE k (n int primary key, ci varchar(20) collate utf8mb4_general_ci, l1 varchar(20) charset latin1, e enum('z','b','a'), d decimal(30,10), u bigint unsigned,
		f float, b varbinary(10), at datetime(6), day date, s set('x','y'), bits bit(40), t time)`)
	var rows []string
	for i := range 3000 {
		rows = append(rows, fmt.Sprintf("(%d, '%s%d%s', '%c%d', %d, %d.%d, %d, %d/7, x'%04x', '2024-01-01 00:00:00.%06d', date_add('2024-01-01', interval %d day), %d, %d, '%02d:%02d:00')",
			i, []string{"a", "A", "á", "b"}[i%4], i/20, []string{"", " "}[i%2], 'ü', i/3, i%3+1, 12345678901234567+i/2, i%2, uint64(math.MaxInt64)+uint64(i/2), i/2, i, i/2, i/3, i%4, i/5, i/60%24, i%60))
	}
	for len(rows) > 0 {
		n := min(500, len(rows))
		db.Exec(t, "INSERT INTO k VALUES "+strings.Join(rows[:n], ", "))
		rows = rows[n:]
	}
	db.Exec(t, "UPDATE k SET ci = NULL, f = NULL, day = NULL WHERE n % 50 = 0")
	for _, key := range [][]string{{"n"}, {"ci"}, {"l1"}, {"e", "n"}, {"d"}, {"u"}, {"f"}, {"b"}, {"at"}, {"day"}, {"s", "u"}, {"bits"}, {"t", "day"}, {"ci", "f", "n"}} {
		for _, q := range []connector.Query{{Table: catalog.Name{Object: "k"}}, {SQL: "SELECT * FROM k"}} {
			q.Key = key
			_, all, places, counts := read(t, e, q)
			if len(all) != 3000 || len(places) < 2 {
				t.Fatalf("%v: %d records, %d places", key, len(all), len(places))
			}
			for i, after := range places {
				behind, upTo := q, q
				behind.After, upTo.Until = after, after
				_, rest, _, _ := read(t, e, behind)
				_, before, _, _ := read(t, e, upTo)
				if len(rest) != 3000-counts[i] || len(before) != counts[i] {
					t.Errorf("%v %s: %d records up to a place behind %d, %d behind it", key, after, len(before), counts[i], len(rest))
				}
			}
		}
	}
}

// TestOnePointInTime writes while records are read.
func TestOnePointInTime(t *testing.T) {
	t.Parallel()
	db, e := endpoint(t)
	db.Exec(t, "CREATE TABLE p (id int primary key)", "INSERT INTO p SELECT seq FROM seq_1_to_5000")
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
		db.Exec(t, "DELETE FROM p WHERE id > 4000", fmt.Sprintf("INSERT INTO p VALUES (%d)", 100000+n))
	}
	if n != 5000 {
		t.Errorf("%d records of 5000", n)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	_, e := endpoint(t)
	_, all, _, _ := read(t, e, connector.Query{SQL: "SELECT :a AS a, ':a\\':a' AS b, `:a` AS c, :x.y + 0 AS e # :no\n FROM (SELECT 1 AS `:a`) q -- :no\n /* :no */;",
		Args: map[string]any{"a": "it's", "x.y": record.Decimal("18446744073709551615"), "x": nil}})
	if diff := cmp.Diff([]any{"it's", ":a':a", int64(1), record.Decimal("18446744073709551615")}, all[0].Slots); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestZeroDates is what docs/operations.md says of them.
func TestZeroDates(t *testing.T) {
	t.Parallel()
	db, e := endpoint(t)
	db.Exec(t, "CREATE TABLE z (day date)", "SET sql_mode = ''; INSERT INTO z VALUES ('0000-00-00'), ('2024-02-29')")
	s, all, _, _ := read(t, e, connector.Query{SQL: "SELECT nullif(day, '0000-00-00') AS day FROM z ORDER BY day"})
	if s.Fields[0].Type.Kind != catalog.KindDate || all[0].Slots[0] != nil || all[1].Slots[0] != time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC) {
		t.Errorf("%v of type %s", all, s.Fields[0].Type)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	db, e := endpoint(t)
	db.Exec(t, "CREATE TABLE a (id int primary key, k int not null, unique (k))", "CREATE TABLE b (x int, k int not null, unique (x), unique (k))")
	q := connector.Query{SQL: "SELECT 1 AS a"}
	for want, change := range map[string]func(*Settings){
		"login.refused":      func(s *Settings) { s.Password.Value = secret.New("wrong-canary") },
		"connection.refused": func(s *Settings) { s.Port = 1 },
		"database.missing":   func(s *Settings) { s.Database = "none" },
	} {
		s := &Settings{Host: "127.0.0.1", Port: db.Port, Database: db.Name, User: mariatest.User}
		s.Password.Value = secret.New(mariatest.Password)
		change(s)
		wrong, err := Open(t.Context(), "wrong", s)
		if err != nil {
			t.Fatal(err)
		}
		defer wrong.Close()
		if _, err := wrong.Describe(t.Context(), q); fault.CodeOf(err) != want || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for table, want := range map[string]string{"a": "id", "b": "k"} {
		if key, err := e.Key(t.Context(), connector.Query{Table: catalog.Name{Object: table}}); err != nil || len(key) != 1 || key[0] != want {
			t.Errorf("%s: key %v (%v)", table, key, err)
		}
	}
	found, err := e.Inspect(t.Context(), catalog.Only(catalog.Name{Object: "a"}))
	if err != nil || found.System != "mysql" || len(found.Tables) != 1 || found.Name != db.Name || found.Tables[0].Rows < 0 {
		t.Errorf("%+v (%v)", found, err)
	}
}
