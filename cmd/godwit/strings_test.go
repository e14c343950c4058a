package main_test

import (
	"context"
	databases "database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/data"
	"godwit/internal/ledger"
	"godwit/rig/mariadb/mariatest"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// naughty are texts that break programs: those of data/naughty-strings, and
// some that break the formats which they go through here.
func naughty(t testing.TB) []string {
	t.Helper()
	path, err := data.Path("naughty-strings/blns.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 500 {
		t.Fatalf("%d strings only", len(all))
	}
	return append(all, `\N`, `\.`, `\\N`, "a\tb", "a\nb", "a\r\nb", "a\rb", "\n", "\r", "\r\n", " ", "  a  ", "\ufeff", "\ufeffa", `"`, `""`, `a"b`, `,`, `,,`, `{}`, `[]`, `null`, `"null"`,
		`{"a":1}`, "{1,NULL}", `\x41`, "\x01\x02\x1f", "\x7f", "\u0085\u2028\u2029", "\uffff", "\U0010ffff", "e\u0301", "é", "ﬃ", "İi", "$${a}", "${a}", ":a", "?", "%s", "'; drop table t; --",
		strings.Repeat("é", 500), strings.Repeat("x", 1000))
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// textFiles are the strings as files of each format.
func textFiles(t testing.TB, dir string, all []string) {
	t.Helper()
	var bare, quoted, lines, list strings.Builder
	w := csv.NewWriter(&bare)
	quoted.WriteString("\"id\",\"t\"\r\n")
	if err := w.Write([]string{"id", "t"}); err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		// The library's writer leaves quotes away where it can; a lone CR it would change.
		if strings.ContainsRune(s, '\r') {
			w.Flush()
			bare.WriteString(fmt.Sprintf("%d,\"%s\"\n", i, strings.ReplaceAll(s, `"`, `""`)))
		} else if err := w.Write([]string{itoa(i), s}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&quoted, "\"%d\",\"%s\"\r\n", i, strings.ReplaceAll(s, `"`, `""`))
		line, err := json.Marshal(map[string]any{"id": i, "t": s})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
		if i > 0 {
			list.WriteString(",\n ")
		}
		list.Write(line)
	}
	w.Flush()
	write(t, dir, "in/bare.csv", bare.String())
	write(t, dir, "in/quoted.csv", quoted.String())
	write(t, dir, "in/lines.ndjson", lines.String())
	write(t, dir, "in/list.json", "[ "+list.String()+"]")
}

// textTables are the strings in a table of a server.
func textTables(t testing.TB, db *databases.DB, all []string, mark func(n int) string, columns ...string) {
	t.Helper()
	var names, marks []string
	for i, c := range columns {
		name, _, _ := strings.Cut(c, " ")
		names, marks = append(names, name), append(marks, mark(i+2))
	}
	if _, err := db.ExecContext(t.Context(), "create table text (id int primary key, "+strings.Join(columns, ", ")+")"); err != nil {
		t.Fatal(err)
	}
	insert := fmt.Sprintf("insert into text (id, %s) values (%s, %s)", strings.Join(names, ", "), mark(1), strings.Join(marks, ", "))
	for i, s := range all {
		args := []any{i}
		for range columns {
			args = append(args, s)
		}
		if _, err := db.ExecContext(t.Context(), insert, args...); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	}
}

// TestNaughtyStrings takes each string through every way that a text has, from
// every source, in every mode, with a map and without: what the target holds is
// what it was, byte for byte. As keys they stay as many as they were.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	all := naughty(t)
	question := func(int) string { return "?" }
	sources := map[string]struct {
		make func(t testing.TB, dir string) (connection string)
		from string
	}{
		"postgres": {from: "table: public.text", make: func(t testing.TB, _ string) string {
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table text (id int primary key, t text, v varchar(1000), j json, b jsonb)")
			pgtest.Column[int](t, url, `insert into text select n - 1, s, s, to_json(s), to_jsonb(s)
				from jsonb_array_elements_text($1::text::jsonb) with ordinality e (s, n) returning 1`, asJSON(t, all))
			return fmt.Sprintf("postgres: {url: %q}", url)
		}},
		"mysql": {from: "table: text", make: func(t testing.TB, _ string) string {
			db := mariatest.New(t)
			textTables(t, db.DB, all, question, "t longtext", "v varchar(1000)")
			return fmt.Sprintf("mysql: {url_secret: {command: [echo, %q]}}", db.URL())
		}},
		"sqlite": {from: "table: text", make: func(t testing.TB, dir string) string {
			db, err := databases.Open("sqlite", filepath.Join(dir, "old.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			textTables(t, db, all, question, "t text", "v any")
			return "sqlite: {file: old.db}"
		}},
		"csv":        {from: "objects: bare.csv"},
		"quoted csv": {from: "objects: quoted.csv"},
		"ndjson":     {from: "objects: lines.ndjson"},
		"json":       {from: "objects: list.json"},
	}
	for turn, name := range slices.Sorted(maps.Keys(sources)) {
		c := sources[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, "", pgtest.Database(t))
			dir := filepath.Dir(m.ledger)
			connection := "file: {dir: in}"
			if c.make == nil {
				textFiles(t, dir, all)
			} else {
				connection = c.make(t, dir)
			}
			write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", connection, m.to))
			m.texts(t, turn, name, c.from, all)
		})
	}
}

// texts loads the strings in each mode, plain, mapped and with steps that
// convert, and compares. Sources take turns with that, without GODWIT_SLOW.
func (m *move) texts(t *testing.T, turn int, name, from string, all []string) {
	t.Helper()
	dir, flow, tables := filepath.Dir(m.ledger), "steps:\n", map[string]string{}
	// In documents they are the string, not what it looks like.
	write(t, dir, "maps/mapped.yaml", "fields:\n  id: {from: id}\n  t: {from: t}\n  v: {from: t}\n  j: {from: t}\n  b: {from: t}\n  doc.in.it: {from: t}\n")
	write(t, dir, "maps/converted.yaml", `fields:
  id: {from: id}
  t: {from: t, convert: [{replace: ["no such text is there", ""]}]}
  v: {from: t, convert: trim}
  b: {expr: '{"a": [doc.t, doc.t + doc.t]}'}
`)
	for i, mode := range []string{"append", "merge", "replace"} {
		for _, how := range shared(i+turn, 3, "plain", "mapped", "converted") {
			table := mode + "_" + how
			tables[table] = how
			flow += fmt.Sprintf("  - {id: %[1]s, load: {from: {at: old, %[2]s}, key: id, to: {at: new, table: public.%[1]s, mode: %[3]s, key: id}%[4]s}}\n",
				table, from, mode, map[string]string{"plain": "", "mapped": ", map: maps/mapped.yaml", "converted": ", map: maps/converted.yaml"}[how])
			pgtest.Exec(t, m.to, "create table "+table+" (id int primary key, t text, v varchar(1000), j json, b jsonb, doc jsonb)")
		}
	}
	write(t, dir, "flows/orders.yaml", flow)
	m.load(t).ends(t, 0)
	trimmed := make([]string, len(all))
	for i, s := range all {
		trimmed[i] = strings.TrimSpace(s)
	}
	for table, how := range tables {
		is := func(what string, want []string) {
			t.Helper()
			got := pgtest.Column[string](t, m.to, "select encode(convert_to("+what+", 'UTF8'), 'hex') from "+table+" order by id")
			for i := range got {
				b, err := hex.DecodeString(got[i])
				if err != nil {
					t.Fatal(err)
				}
				got[i] = string(b)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s, %s (-want +got):\n%.2000s", table, what, d)
			}
		}
		is("t", all)
		switch {
		case how == "converted":
			is("v", trimmed)
			is("b #>> '{a,0}'", all)
		case how == "mapped":
			is("v", all)
			is("j #>> '{}'", all)
			is("b #>> '{}'", all)
			is("doc #>> '{in,it}'", all)
		case name == "postgres":
			is("v", all)
			is("j #>> '{}'", all)
			is("b #>> '{}'", all)
		}
	}
	// What is there already is known as the same.
	steps := strings.SplitAfter(flow, "\n")
	write(t, dir, "flows/again.yaml", strings.Join(slices.DeleteFunc(steps, func(s string) bool { return strings.Contains(s, "id: append") }), ""))
	p := m.start(t, nil, "run", "again", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 0)
	for table := range tables {
		if strings.HasPrefix(table, "replace") {
			p.says(t, fmt.Sprintf("rows of public.%s: 0 inserted, 0 updated, %d as before; 0 deleted", table, len(all)))
		}
	}
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		sums, err := v.Sums(ctx, run.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range sums {
			if strings.HasPrefix(a.Step, "merge") && a.Equal != int64(len(all)) {
				t.Errorf("again: %+v", a)
			}
		}
	})
	m.checked(t)
}

// TestNaughtyKeys reads and merges by keys that are such strings, page by page,
// with kills between: each is there once, and a second run finds all of them.
func TestNaughtyKeys(t *testing.T) {
	t.Parallel()
	all := naughty(t)
	slices.Sort(all)
	all = slices.Compact(all)
	for name, open := range map[string]func(t testing.TB, dir string) (connection string){
		"postgres": func(t testing.TB, _ string) string {
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table text (t text primary key, n int)")
			pgtest.Column[int](t, url, "insert into text select s, n - 1 from jsonb_array_elements_text($1::text::jsonb) with ordinality e (s, n) returning 1", asJSON(t, all))
			return fmt.Sprintf("postgres: {url: %q}", url)
		},
		"mysql": func(t testing.TB, _ string) string {
			db := mariatest.New(t)
			// Blanks at the end count, and case does.
			db.Exec(t, "create table text (t varchar(1000) character set utf8mb4 collate utf8mb4_nopad_bin not null, n int, unique key (t(700))) row_format=dynamic")
			insertKeys(t, db.DB, all)
			return fmt.Sprintf("mysql: {url_secret: {command: [echo, %q]}}", db.URL())
		},
		"sqlite": func(t testing.TB, dir string) string {
			db, err := databases.Open("sqlite", filepath.Join(dir, "old.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), "create table text (t text primary key not null, n int)"); err != nil {
				t.Fatal(err)
			}
			insertKeys(t, db, all)
			return "sqlite: {file: old.db}"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, "", pgtest.Database(t))
			dir := filepath.Dir(m.ledger)
			write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", open(t, dir), m.to))
			table := "text"
			if name == "postgres" {
				table = "public.text"
			}
			write(t, dir, "flows/orders.yaml", "steps:\n  - load: {from: {at: old, table: "+table+"}, key: t, to: {at: new, table: public.text, mode: merge, gone: delete}}\n")
			pgtest.Exec(t, m.to, "create table text (t text primary key, n int)")
			m.env = []string{"GODWIT_RECORDS=50"}
			for _, at := range []string{"load.written:1", "load.prepared:1", "load.committed:1"} {
				m.load(t, "GODWIT_KILL_AT="+at).ends(t, -1)
			}
			m.load(t).ends(t, 0)
			if d := cmp.Diff(all, pgtest.Column[string](t, m.to, "select t from text order by n")); d != "" {
				t.Errorf("(-want +got):\n%.2000s", d)
			}
			m.load(t).ends(t, 0)
			if a := m.newest(t); a.Read != int64(len(all)) || a.Equal != a.Read {
				t.Errorf("again: %+v", a)
			}
			m.checked(t)
		})
	}
}

func insertKeys(t testing.TB, db *databases.DB, all []string) {
	t.Helper()
	for i, s := range all {
		if _, err := db.ExecContext(t.Context(), "insert into text values (?, ?)", s, i); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	}
}
