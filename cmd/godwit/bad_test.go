package main_test

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"

	gocmp "github.com/google/go-cmp/cmp"
)

// badInput is a load of records that are not as they should be.
type badInput struct {
	source string // system, with what is run there; or a file's name
	rows   string
	from   string // of the place; default is the table or the file
	mapped string // fields of the map; "" = no map
	keys   string // further keys of the load
	to     string // columns of the target
	mode   string // default is append
	exit   int
	says   []string // by the command
	loaded string   // rows of the target
	kept   []string // exceptions: key, outcome, field, value, why
	counts string   // of the accounts, where neither tells: "read applied equal superseded"
}

// badInputs are made when they are wanted: this program is started as godwit a thousand
// times, and some have 10 MB.
func badInputs() map[string]badInput {
	return map[string]badInput{
		"a map that is no YAML": {source: "rows.csv", rows: "id,n\n1,1\n", mapped: "id: {from: id", to: "id int", exit: 2, says: []string{"maps/m.yaml:", "flow.yaml"}},
		"a field that is not there": {source: "rows.csv", rows: "id,n\n1,1\n", mapped: "id: {from: id}\n  m: {from: nn}", to: "id int, m int", exit: 2,
			says: []string{`maps/m.yaml:3:6: the source has no field "nn"`, "n?"}},
		"a wrong type": {source: "rows.ndjson", rows: `{"id":1,"n":"x"}` + "\n" + `{"id":2,"n":[1]}` + "\n" + `{"id":3,"n":2}` + "\n" + `{"id":4,"n":true}` + "\n" + `{"id":5,"n":1.5}` + "\n",
			mapped: "id: {from: id, printable: true}\n  n: {from: n, printable: true}", to: "id int, n int", exit: 3, loaded: "3|2",
			kept: []string{`1 | rejected | n | "x" | is no whole number`, `2 | rejected | n | [1] | is a list, a whole number is wanted`, `4 | rejected | n | true | is a truth value, a whole number is wanted`, `5 | rejected | n | 1.5 | has digits behind the point, a whole number is wanted`}},
		"an expression that fails on one record": {source: "postgres", rows: "insert into old values (1, '5'), (2, '0'), (3, '2')", mapped: "id: {from: id}\n  n: {expr: '10 / int(doc.v)'}", to: "id int, n int", exit: 3, loaded: "1|2,3|5",
			kept: []string{`2 | rejected | n | doc.v is text, 1 character, #bb241055 | division by zero`}},
		"no key": {source: "rows.ndjson", rows: `{"id":1,"n":1}` + "\n" + `{"id":null,"n":2}` + "\n" + `{"n":3}` + "\n", to: "id int primary key, n int", mode: "merge", exit: 3, loaded: "1|1",
			kept: []string{`%m | rejected | id | null | is null, which the column may not be`, `%n | rejected | id | null | is null, which the column may not be`}},
		"a key twice, appended": {source: "rows.csv", rows: "id,n\n1,1\n2,2\n1,3\n", mapped: "id: {from: id, printable: true}\n  n: {from: n}", to: "id int primary key, n int", exit: 3, loaded: "1|1,2|2",
			kept: []string{`1 | dead | id | 1 | duplicate key value violates unique constraint "item_pkey"`}},
		"a key twice, merged":                 {source: "rows.csv", rows: "id,n\n1,1\n2,2\n1,3\n", to: "id int primary key, n int", mode: "merge", loaded: "1|3,2|2", counts: "3 3 0 0"},
		"an older version behind a newer one": {source: "rows.csv", rows: "id,n\n1,2\n2,1\n1,1\n", mapped: "id: {from: id}\n  n: {from: n, type: int}", keys: "version: n", to: "id int primary key, n int", mode: "merge", loaded: "1|2,2|1", counts: "3 2 0 1"},
		"invalid UTF-8 in CSV": {source: "rows.csv", rows: "id,v\n1,a\xffb\n2,ab\n", to: "id int, v text", exit: 3, loaded: "2|ab",
			kept: []string{`1 | rejected | v | text, 3 characters, #d578b52d | is not valid UTF-8`}},
		"invalid UTF-8 in JSON": {source: "rows.ndjson", rows: "{\"id\":1,\"v\":\"a\xffb\"}\n{\"id\":2,\"v\":\"ab\"}\n", to: "id int, v text", exit: 3, loaded: "2|ab",
			kept: []string{`rows.ndjson/1 | rejected |  | rows.ndjson, line 1, byte 0: text, 19 characters, #7e9a80ea | invalid UTF-8 in /v, after byte 14`}},
		"invalid UTF-8 in SQLite": {source: "sqlite", rows: "insert into old values (1, cast(x'61ff' as text)), (2, 'ab')", to: "id int, v text", exit: 3, loaded: "2|ab",
			kept: []string{`1 | rejected | v | text, 2 characters, #37d6b799 | is not valid UTF-8`}},
		"numbers beyond 2^53": {source: "rows.ndjson", rows: `{"id":1,"n":9007199254740993}` + "\n" + `{"id":2,"n":9223372036854775807}` + "\n" + `{"id":3,"n":9223372036854775808}` + "\n" + `{"id":4,"n":-9223372036854775809}` + "\n",
			mapped: "id: {from: id}\n  n: {from: n, printable: true}\n  d: {from: n}\n  j: {from: n}", to: "id int, n bigint, d numeric, j jsonb", exit: 3, loaded: "1|9007199254740993|9007199254740993|9007199254740993,2|9223372036854775807|9223372036854775807|9223372036854775807",
			kept: []string{`3 | rejected | n | 9223372036854775808 | is larger than any whole number there`, `4 | rejected | n | -9223372036854775809 | is larger than any whole number there`}},
		"more digits than a float keeps": {source: "rows.ndjson", rows: `{"id":1,"n":9007199254740993}` + "\n" + `{"id":2,"n":0.1}` + "\n" + `{"id":3,"n":0.12345678901234567890}` + "\n" + `{"id":4,"n":1e400}` + "\n",
			mapped: "id: {from: id}\n  n: {from: n, printable: true}", to: "id int, n float8", exit: 3, loaded: "2|0.1",
			kept: []string{`1 | rejected | n | 9007199254740993 | has more than the 15 digits that a float of 8 bytes keeps`, `3 | rejected | n | 0.12345678901234567890 | has more than the 15 digits that a float of 8 bytes keeps`, `4 | rejected | n | 1e400 | is no number that a float can hold`}},
		"more digits than the target keeps": {source: "rows.csv", rows: "id,n\n1,12.34\n2,12.345\n3,123456.7\n4,1e3\n", mapped: "id: {from: id}\n  n: {from: n, printable: true}", to: "id int, n numeric(6,2)", exit: 3, loaded: "1|12.34,4|1000.00",
			kept: []string{`2 | rejected | n | "12.345" | would be rounded to decimal(6,2)`, `3 | rejected | n | "123456.7" | has more digits before the point than decimal(6,2)`}},
		"minus zero":             {source: "rows.ndjson", rows: `{"id":1,"n":-0}` + "\n" + `{"id":2,"n":-0.0}` + "\n", mapped: "id: {from: id}\n  n: {from: n}\n  f: {from: n}\n  i: {from: n}\n  t: {from: n}\n  j: {from: n}", to: "id int, n numeric, f float8, i int, t text, j json", loaded: "1|0|-0|0|-0|-0,2|0.0|-0|0|-0.0|-0.0"},
		"NaN and infinity, kept": {source: "postgres", rows: "insert into old values (1, 'NaN'), (2, 'Infinity'), (3, '-Infinity'), (4, '1.5')", from: `query: "select id, v::float8 as v from old"`, to: "id int, v float8", loaded: "1|NaN,2|Infinity,3|-Infinity,4|1.5"},
		"NaN and infinity, refused": {source: "postgres", rows: "insert into old values (1, 'NaN'), (2, 'Infinity'), (3, '-Infinity'), (4, '1.5')", from: `query: "select id, v::float8 as v, v::numeric as n from old"`,
			mapped: "id: {from: id}\n  v: {from: v, printable: true}\n  j: {from: v}\n  n: {from: n}", to: "id int, v numeric, j jsonb, n numeric(4,1)", exit: 3, loaded: "4|1.5|1.5|1.5",
			kept: []string{`1 | rejected | v | NaN | is no finite number`, `2 | rejected | v | +Inf | is no finite number`, `3 | rejected | v | -Inf | is no finite number`}},
		"dates that do not exist": {source: "rows.csv", rows: "id,d\n1,2024-02-29\n2,2023-02-29\n3,2024-04-31\n4,2024-13-01\n5,0000-00-00\n6,\n7,2024-02-29T24:00:00\n", mapped: "id: {from: id}\n  d: {from: d, printable: true}", to: "id int, d date", exit: 3, loaded: "1|2024-02-29",
			kept: []string{`2 | rejected | d | "2023-02-29" | is no date or time that exists`, `3 | rejected | d | "2024-04-31" | is no date or time that exists`, `4 | rejected | d | "2024-13-01" | is no date or time that exists`, `5 | rejected | d | "0000-00-00" | is no date or time that exists`, `6 | rejected | d | "" | is a blank text, a time is wanted`, `7 | rejected | d | "2024-02-29T24:00:00" | is no date or time that exists`}},
		"clocks that are put forward and back": {source: "rows.csv", rows: "id,d\n1,2024-03-31 01:59\n2,2024-03-31 02:30\n3,2024-03-31 03:00\n4,2024-10-27 02:30\n5,2024-10-27 03:00\n",
			mapped: "id: {from: id}\n  d: {from: d, convert: {date: \"2006-01-02 15:04\", zone: Europe/Berlin}, printable: true}", to: "id int, d timestamptz", exit: 3, loaded: "1|2024-03-31 00:59:00+00,3|2024-03-31 01:00:00+00,4|2024-10-27 00:30:00+00,5|2024-10-27 02:00:00+00",
			kept: []string{`2 | rejected | d | "2024-03-31 02:30" | date: is a time that clocks in Europe/Berlin skip`}},
		"two documents in a line": {source: "rows.ndjson", rows: `{"id":1}{"id":2}` + "\n" + `{"id":3}` + "\n", to: "id int", exit: 3, loaded: "3",
			kept: []string{`rows.ndjson/1 | rejected |  | rows.ndjson, line 1, byte 0: text, 17 characters, #061e4034 | something stands behind the value, at byte 9`}},
		"two documents in a file": {source: "rows.json", rows: `{"id":1} {"id":2}`, to: "id int", exit: 3, loaded: "1",
			kept: []string{`rows.json/2 | rejected |  | rows.json, record 2, byte 8: text, 9 characters, #e80b7215 | the rest of the file is no JSON: something stands behind the document`}},
		"a list where a document is due": {source: "rows.ndjson", rows: "[1]\n{\"id\":3}\n7\n", to: "id int", exit: 3, loaded: "3",
			kept: []string{`rows.ndjson/1 | rejected |  | rows.ndjson, line 1, byte 0: text, 4 characters, #0660e7a0 | it is no document but another value`, `rows.ndjson/3 | rejected |  | rows.ndjson, line 3, byte 13: text, 2 characters, #32859983 | it is no document but another value`}},
		"names twice, in a file": {source: "rows.ndjson", rows: `{"id":1,"v":{"a":1,"a":2}}` + "\n" + `{"id":2,"id":3}` + "\n" + `{"id":4,"v":{}}` + "\n", to: "id int, v jsonb", exit: 3, loaded: "4|{}",
			kept: []string{`rows.ndjson/1 | rejected |  | rows.ndjson, line 1, byte 0: text, 27 characters, #9e951f01 | duplicate object member name in /v/a, after byte 19`, `rows.ndjson/2 | rejected |  | rows.ndjson, line 2, byte 27: text, 16 characters, #f4c441ff | duplicate object member name in /id, after byte 8`}},
		"names twice, in a column": {source: "postgres", rows: `insert into old values (1, '{"a":1,"a":2}'), (2, '{"a":[{"b":1,"b":1}]}'), (3, '{"a":1}')`, from: `query: "select id, v::json as v from old"`, to: "id int, v jsonb", exit: 3, loaded: `3|{"a": 1}`,
			kept: []string{`1 | rejected | v | text, 13 characters, #93e624d7 | duplicate object member name in /a, after byte 7`, `2 | rejected | v | text, 21 characters, #0e8f0ce6 | duplicate object member name in /a/0/b, after byte 13`}},
		"halves of surrogates, in a file": {source: "rows.ndjson", rows: `{"id":1,"v":"\ud83d"}` + "\n" + `{"id":2,"v":"\ude00\ud83d"}` + "\n" + `{"id":3,"v":"\ud83d\ude00"}` + "\n", to: "id int, v text", exit: 3, loaded: "3|😀",
			kept: []string{`rows.ndjson/1 | rejected |  | rows.ndjson, line 1, byte 0: text, 22 characters, #382c7b68 | invalid surrogate pair in string in /v, after byte 13`, `rows.ndjson/2 | rejected |  | rows.ndjson, line 2, byte 22: text, 28 characters, #4aa91bb1 | invalid surrogate pair in string in /v, after byte 13`}},
		"halves of surrogates, in a column": {source: "postgres", rows: `insert into old values (1, '"\ud83d"'), (2, '{"\ude00": 1}'), (3, '"\ud83d\ude00"')`, from: `query: "select id, v::json as v from old"`, to: "id int, v json", exit: 3, loaded: `3|"😀"`,
			kept: []string{`1 | rejected | v | text, 8 characters, #6c2fd79a | invalid surrogate pair in string, after byte 1`, `2 | rejected | v | text, 13 characters, #2881ba7f | invalid surrogate pair in string, after byte 2`}},
		"10 MB in a column": {source: "postgres", rows: "insert into old values (1, repeat('0123456789', 1048576)), (2, 'a')", mode: "merge", to: "id int primary key, v text",
			loaded: "1|" + strings.Repeat("0123456789", 1<<20) + ",2|a"},
		"10 MB in a line": {source: "rows.ndjson", rows: `{"id":1,"v":"` + strings.Repeat("0123456789", 1<<20) + `"}` + "\n" + `{"id":2,"v":"a"}` + "\n", from: "objects: rows.ndjson", mapped: "id: {from: id}\n  v: {from: v, expr: 'len(value)'}\n  w: {from: v}", to: "id int, v int, w text", loaded: "1|10485760|" + strings.Repeat("0123456789", 1<<20) + ",2|1|a"},
	}
}

// TestBadInput: each kind of bad input is an issue or an error that names field
// and value; nothing is lost, and the accounts close.
func TestBadInput(t *testing.T) {
	t.Parallel()
	for name, c := range badInputs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, "", pgtest.Database(t))
			m.env = nil
			m.bad(t, c)
			p := m.load(t)
			p.ends(t, c.exit).says(t, c.says...)
			if c.exit == 2 {
				return
			}
			columns := []string{}
			for _, column := range strings.Split(strings.NewReplacer("(6,2)", "", "(4,1)", "").Replace(c.to), ", ") {
				name, _, _ := strings.Cut(column, " ")
				columns = append(columns, name)
			}
			row := "concat_ws('|', " + strings.Join(columns, ", ") + ")"
			if got := pgtest.Query[string](t, m.to, "select coalesce(string_agg("+row+", ',' order by id), '') from item"); got != c.loaded {
				t.Errorf("loaded %.300q, want %q", got, c.loaded)
			}
			var kept []string
			m.each(t, func(e record.Exception) {
				field, value := e.At()
				kept = append(kept, strings.Join([]string{e.Key, string(e.Outcome), field, value, cmp.Or(e.Text, "?")}, " | "))
			})
			slices.Sort(kept)
			if d := gocmp.Diff(c.kept, kept); d != "" {
				t.Errorf("kept aside (-want +got):\n%s", d)
			}
			a := m.newest(t)
			if got := fmt.Sprint(a.Read, a.Applied, a.Equal, a.Superseded); c.counts != "" && got != c.counts {
				t.Errorf("read, applied, equal, superseded: %s, want %s", got, c.counts)
			}
			if a.Rejected+a.Dead != int64(len(kept)) {
				t.Errorf("%d are kept, the account says %+v", len(kept), a)
			}
			m.checked(t)
		})
	}
}

// bad is the project of a case.
func (m *move) bad(t *testing.T, c badInput) {
	t.Helper()
	dir := filepath.Dir(m.ledger)
	connection, from := "file: {dir: in}", "objects: "+c.source
	if open, ok := systems[c.source]; ok {
		var exec func(string)
		connection, exec = open(t, dir)
		from = map[string]string{"postgres": "table: public.old"}[c.source]
		from = cmp.Or(from, "table: old")
		exec("create table old (id int primary key, v text)")
		exec(c.rows)
	} else {
		write(t, dir, "in/"+c.source, c.rows)
	}
	process := ""
	if c.mapped != "" {
		write(t, dir, "maps/m.yaml", "fields:\n  "+c.mapped+"\n")
		process = "      map: maps/m.yaml\n"
	}
	if c.keys != "" {
		process += "      " + c.keys + "\n"
	}
	write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: {at: old, "+cmp.Or(c.from, from)+"}\n      key: id\n"+process+"      to: {at: new, table: public.item, mode: "+cmp.Or(c.mode, "append")+"}\n")
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", connection, m.to))
	pgtest.Exec(t, m.to, "create table item ("+c.to+")", "do $$ begin execute format('alter database %I set timezone to ''UTC''', current_database()); end $$")
}

// TestAllBad: where every record is bad the load stops at its share; what was
// read has its reason, and the same command goes on once the map is mended.
func TestAllBad(t *testing.T) {
	t.Parallel()
	m := newMove(t, "", pgtest.Database(t))
	m.env = []string{"GODWIT_RECORDS=1000"}
	var rows strings.Builder
	rows.WriteString("id,n\n")
	for i := range 5000 {
		fmt.Fprintf(&rows, "%d,x%d\n", i, i)
	}
	m.bad(t, badInput{source: "rows.csv", rows: rows.String(), mapped: "id: {from: id}\n  n: {from: n, convert: number}", keys: "dead: {stop_at: 20%}", to: "id int, n int"})
	m.load(t).ends(t, 1).says(t, "records.too-many-bad", "stop_at is 20 %", "godwit dead stats orders-1")
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		steps, err := v.Sums(ctx, run.ID)
		if err != nil || len(steps) != 1 {
			t.Fatal(steps, err)
		}
		if a := steps[0]; a.Read < 1000 || a.Read > 3000 || a.Rejected != a.Read || !a.Closes() {
			t.Errorf("%+v", a)
		}
	})
	m.checked(t)
	if n := pgtest.Query[int](t, m.to, "select count(*) from item"); n != 0 {
		t.Errorf("%d rows are there", n)
	}
}
