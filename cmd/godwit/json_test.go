package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"godwit/data"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// jsonCase is a text that a reader of JSON must accept, must reject, or may do
// either with.
type jsonCase struct {
	Name, Expect string
	Base64       []byte
}

// refused are texts that JSON allows and godwit keeps out by name: of two
// fields with one name it cannot tell which is meant, and PostgreSQL holds no
// U+0000.
var refused = map[string]string{
	"y_object_duplicated_key.json": "duplicate", "y_object_duplicated_key_and_value.json": "duplicate",
	"y_string_null_escape.json": "U+0000", "y_object_escaped_null_in_key.json": "U+0000",
}

func jsonCases(t testing.TB) []jsonCase {
	t.Helper()
	path, err := data.Path("json-parsing/cases.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []jsonCase
	for line := range bytes.Lines(b) {
		var c jsonCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) != 318 {
		t.Fatalf("%d cases", len(all))
	}
	return all
}

// TestJSONParsing reads each text as a field of a document, from lines, from
// arrays, and from columns of PostgreSQL: it is accepted or refused as it has
// to be, with a reason, and what is accepted is the same at the target.
func TestJSONParsing(t *testing.T) {
	t.Parallel()
	cases := jsonCases(t)
	m := newMove(t, pgtest.Database(t), pgtest.Database(t))
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.to, "create table lines (id int primary key, j json, b jsonb)", "create table arrays (like lines)", "create table columns (like lines)")
	pgtest.Exec(t, m.from, "create table doc (id int primary key, v json not null)")
	var lines bytes.Buffer
	where := map[string]int{} // the key of an exception to its case
	said, number := map[int]bool{}, 0
	for i, c := range cases {
		text := fmt.Sprintf(`{"id": %d, "v": %s}`, i, c.Base64)
		write(t, dir, "in/"+c.Name, "["+text+"]\n")
		if !bytes.ContainsRune(c.Base64, '\n') {
			lines.WriteString(text + "\n")
			number++
			where[fmt.Sprintf("%d", number)] = i
		}
	}
	write(t, dir, "in/lines.ndjson", lines.String())
	held := m.holdDocuments(t, cases)
	step := "  - {id: %[1]s, load: {from: {at: %[2]s}, key: id, map: maps/m.yaml, to: {at: new, table: public.%[1]s}}}\n"
	write(t, dir, "maps/m.yaml", "fields:\n  id: {from: id}\n  j: {from: v}\n  b: {from: v}\n")
	write(t, dir, "flows/orders.yaml", "steps:\n"+fmt.Sprintf(step, "lines", "in, objects: lines.ndjson")+
		fmt.Sprintf(step, "arrays", `in, objects: "[iny]_*.json"`)+fmt.Sprintf(step, "columns", "old, table: public.doc"))
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  in: {file: {dir: in}}\n  old: {postgres: {url: %q}}\n  new: {postgres: {url: %q}}\n", m.from, m.to))
	m.load(t).ends(t, 3)
	m.checked(t)

	kept := map[string]map[int]record.Exception{"lines": {}, "arrays": {}, "columns": {}}
	m.each(t, func(e record.Exception) {
		var i int
		switch name, n, _ := strings.Cut(e.Key, "/"); {
		case e.Step == "lines" && strings.HasSuffix(name, ".ndjson"):
			i = where[n]
		case e.Step == "arrays" && strings.HasSuffix(name, ".json"):
			for i = range cases {
				if cases[i].Name == strings.ReplaceAll(name, "%2B", "+") {
					break
				}
			}
		default:
			if _, err := fmt.Sscan(e.Key, &i); err != nil {
				t.Fatalf("an exception of %s has the key %q", e.Step, e.Key)
			}
		}
		kept[e.Step][i] = e
	})
	for table, exceptions := range kept {
		loaded := m.documents(t, table)
		for i, c := range cases {
			e, bad := exceptions[i]
			doc, good := loaded[i]
			there := table == "arrays" || table == "lines" && !bytes.ContainsRune(c.Base64, '\n') || table == "columns" && held[i]
			what := table + ", " + c.Name
			switch {
			case !there:
				if good || bad {
					t.Errorf("%s: nobody has it", what)
				}
			case good == bad && table != "arrays", !good && !bad:
				t.Errorf("%s: loaded %v, kept aside %v", what, good, bad)
			case c.Expect == "reject" && !bad:
				t.Errorf("%s was accepted: %s", what, c.Base64)
			case c.Expect == "accept" && !good && !strings.Contains(e.Text, refused[c.Name]), good && refused[c.Name] != "", !good && c.Expect == "accept" && refused[c.Name] == "":
				t.Errorf("%s, %s: %s", what, c.Base64, e.Text)
			case good && c.Expect != "reject":
				sameDocument(t, what, c.Base64, doc)
			}
			if bad && (len(e.Issues) == 0 && e.Refusal == nil || e.Text == "") {
				t.Errorf("%s: kept aside without a reason: %+v", what, e)
			}
			if field, value := e.At(); bad && table == "columns" && (field == "" || value == "") {
				t.Errorf("%s: no field or value is told: %+v", what, e)
			}
			said[i] = said[i] || good || bad
		}
	}
	if len(said) != len(cases) {
		t.Errorf("%d of %d texts were read", len(said), len(cases))
	}
	t.Logf("kept aside: %d of lines, %d of arrays, %d of %d columns", len(kept["lines"]), len(kept["arrays"]), len(kept["columns"]), len(held))
}

// holdDocuments puts the texts that the server takes into a column.
func (m *move) holdDocuments(t testing.TB, cases []jsonCase) map[int]bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), m.from)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	held := map[int]bool{}
	for i, c := range cases {
		if !utf8.Valid(c.Base64) || bytes.IndexByte(c.Base64, 0) >= 0 {
			continue
		}
		_, err := conn.Exec(t.Context(), "insert into doc values ($1, $2::text::json)", i, string(c.Base64))
		if held[i] = err == nil; !held[i] {
			delete(held, i)
		}
	}
	if len(held) < 90 {
		t.Fatalf("the server took %d texts", len(held))
	}
	return held
}

// each gives the newest run's exceptions whole.
func (m *move) each(t testing.TB, take func(record.Exception)) {
	t.Helper()
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		list, err := v.Exceptions().List(ctx, run.ID, exception.Filter{}, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			whole, err := v.Exceptions().One(ctx, run.ID, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			take(whole.Exception)
		}
	})
}

// documents are what a table holds: as json, which the server keeps as it was
// written, and as jsonb.
func (m *move) documents(t testing.TB, table string) map[int][2]string {
	t.Helper()
	all := map[int][2]string{}
	for _, row := range pgtest.Column[[]string](t, m.to, "select array[id::text, j::text, b::text] from "+table+" where j is not null and b is not null") {
		var id int
		if _, err := fmt.Sscan(row[0], &id); err != nil {
			t.Fatal(err)
		}
		all[id] = [2]string{row[1], row[2]}
	}
	for _, id := range pgtest.Column[int](t, m.to, "select id from "+table+" where j is null and b is null") {
		all[id] = [2]string{"null", "null"} // a null of JSON has become the column's
	}
	return all
}

// sameDocument compares what was loaded with what was written, by another
// reader than the product's: texts byte by byte, numbers in json as they were
// written, in jsonb by what they are worth.
func sameDocument(t testing.TB, what string, raw []byte, doc [2]string) {
	t.Helper()
	read := func(text []byte) any {
		d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%s: %q: %v", what, text, err)
		}
		return v
	}
	written := func(a, b json.Number) bool { return a == b }
	worth := func(a, b json.Number) bool {
		x, ok := new(big.Rat).SetString(string(a))
		y, fine := new(big.Rat).SetString(string(b))
		return ok && fine && x.Cmp(y) == 0
	}
	if !alike(read(raw), read([]byte(doc[0])), written) {
		t.Errorf("%s: %.300s was changed: %.300s", what, raw, doc[0])
	}
	if !alike(read(raw), read([]byte(doc[1])), worth) {
		t.Errorf("%s: %.300s was changed in jsonb: %.300s", what, raw, doc[1])
	}
}

// alike compares documents, numbers as it is told.
func alike(a, b any, same func(a, b json.Number) bool) bool {
	switch a := a.(type) {
	case json.Number:
		n, ok := b.(json.Number)
		return ok && same(a, n)
	case []any:
		list, ok := b.([]any)
		return ok && slices.EqualFunc(a, list, func(x, y any) bool { return alike(x, y, same) })
	case map[string]any:
		object, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, object, func(x, y any) bool { return alike(x, y, same) })
	}
	return a == b
}

// TestNUL: the character U+0000, which PostgreSQL holds in no text, is an issue
// with field and value, from every source that can have it.
func TestNUL(t *testing.T) {
	t.Parallel()
	from := pgtest.Database(t)
	pgtest.Exec(t, from, `create table doc (id int primary key, v json); insert into doc values (1, '"a\u0000b"'), (2, '{"a\u0000b": 1}'), (3, '{"a": ["b\u0000"]}'), (4, '"ab"')`)
	m := newMove(t, from, pgtest.Database(t))
	dir := filepath.Dir(m.ledger)
	my, maria := systems["mysql"](t, dir)
	maria("create table doc (id int primary key, v text); insert into doc values (1, 'a\\0b'), (4, 'ab')")
	lite, sqlite := systems["sqlite"](t, dir)
	sqlite("create table doc (id int primary key, v text); insert into doc values (1, 'a' || char(0) || 'b'), (4, 'ab')")
	write(t, dir, "in/doc.csv", "id,v\n1,a\x00b\n2,\"\x00\"\n4,ab\n")
	write(t, dir, "in/doc.ndjson", `{"id": 1, "v": "a\u0000b"}`+"\n"+`{"id": 2, "v": {"a\u0000b": 1}}`+"\n"+`{"id": 4, "v": "ab"}`+"\n")
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  postgres: {postgres: {url: %q}}\n  mysql: {%s}\n  sqlite: {%s}\n  file: {file: {dir: in}}\n  new: {postgres: {url: %q}}\n", from, my, lite, m.to))
	flow := "steps:\n"
	for _, of := range []string{"postgres, table: public.doc", "mysql, table: doc", "sqlite, table: doc", "file, objects: doc.csv", "file, objects: doc.ndjson"} {
		for _, to := range []string{"text", "jsonb"} {
			from := of
			table := strings.NewReplacer(", ", "_", ": ", "_", ".", "_").Replace(of) + "_" + to
			pgtest.Exec(t, m.to, "create table "+table+" (id int primary key, v "+to+")")
			if strings.HasPrefix(of, "postgres") && to == "text" {
				from = `postgres, query: "select id, v #>> '{}' as v from doc where id = 4"` // the server itself makes no such text
			}
			flow += fmt.Sprintf("  - {id: %s, load: {from: {at: %s}, key: id, to: {at: new, table: public.%s, mode: merge}}}\n", table, from, table)
		}
	}
	write(t, dir, "flows/orders.yaml", flow)
	m.load(t).ends(t, 3)
	m.checked(t)
	seen := map[string]int{}
	m.each(t, func(e record.Exception) {
		seen[e.Step]++
		field, value := e.At()
		document := e.Step == "file_objects_doc_ndjson_text" && e.Key == "2" // is no text in any case
		if e.Outcome != record.Rejected || field != "v" || value == "" || !strings.Contains(e.Text, "U+0000") && !document {
			t.Errorf("%s %s: %s in %q, value %q: %s", e.Step, e.Key, e.Outcome, field, value, e.Text)
		}
	})
	if want := map[string]int{"postgres_table_public_doc_jsonb": 3, "mysql_table_doc_text": 1, "mysql_table_doc_jsonb": 1, "sqlite_table_doc_text": 1, "sqlite_table_doc_jsonb": 1,
		"file_objects_doc_csv_text": 2, "file_objects_doc_csv_jsonb": 2, "file_objects_doc_ndjson_text": 2, "file_objects_doc_ndjson_jsonb": 2}; !cmp.Equal(seen, want) {
		t.Errorf("kept aside:\n%s", cmp.Diff(want, seen))
	}
	for _, table := range pgtest.Column[string](t, m.to, "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace") {
		if got := pgtest.Query[string](t, m.to, "select string_agg(id::text, ' ') from "+table); got != "4" {
			t.Errorf("%s holds %s", table, got)
		}
	}
}
