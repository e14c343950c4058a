package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// invoices is what a load of invoices with their lines and customers makes.
const invoices = `
	create table invoice (id int primary key, total numeric(10,2) not null, customer text not null, country text, first_track int, lines jsonb not null);
	create table line (invoice_id int references invoice, n int, track_id int not null, price numeric(10,2) not null, quantity int not null, primary key (invoice_id, n))`

const invoiceMap = `fields:
  id: {from: invoice_id}
  total: {from: total}
  customer: {expr: 'doc.customer.first_name + " " + doc.customer.last_name', required: true}
  country: {from: customer.country}
  first_track: {expr: 'len(doc.lines) > 0 ? doc.lines[0].track_id : nil'}
  lines:
    each: lines
    sort: line_id
    fields: {id: {from: line_id}, track: {from: track_id}, price: {from: unit_price}}
rows:
  - into: public.line
    each: lines
    key: [invoice_id, n]
    fields:
      invoice_id: {expr: parent.id}
      n: {from: line_id}
      track_id: {from: track_id}
      price: {from: unit_price, min: 0}
      quantity: {from: quantity}
`

// shop is a project that loads the invoices of a shop in which names stand as a
// system writes them.
func shop(t testing.TB, dir, connection, to, quote string, plain bool) {
	t.Helper()
	name := func(s string) string {
		if !plain {
			s = pascal(s)
		}
		return quote + s + quote
	}
	list := func(names string) string {
		var out []string
		for n := range strings.FieldsSeq(names) {
			out = append(out, name(n)+" as "+n)
		}
		return strings.Join(out, ", ")
	}
	ids := "in (:ids)"
	if quote == `"` && plain {
		ids = "= any(:ids)"
	}
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", connection, to))
	write(t, dir, "queries/invoices.sql", "select "+list("invoice_id total")+" from "+name("invoice"))
	write(t, dir, "queries/lines.sql", "select "+list("invoice_id unit_price quantity track_id")+", "+name("invoice_line_id")+" as line_id from "+name("invoice_line")+
		" where "+name("invoice_id")+" "+ids+" order by 5")
	write(t, dir, "queries/customers.sql", "select i."+name("invoice_id")+" as invoice_id, c."+name("first_name")+" as first_name, c."+name("last_name")+" as last_name, c."+name("country")+
		" as country from "+name("invoice")+" i join "+name("customer")+" c on c."+name("customer_id")+" = i."+name("customer_id")+" where i."+name("invoice_id")+" "+ids)
	write(t, dir, "maps/invoice.yaml", invoiceMap)
	write(t, dir, "flows/orders.yaml", `steps:
  - load:
      from:
        at: old
        query: queries/invoices.sql
        parts:
          lines: {query: queries/lines.sql, by: invoice_id}
          customer: {query: queries/customers.sql, by: invoice_id, one: true}
      key: invoice_id
      map: maps/invoice.yaml
      to: {at: new, table: public.invoice, mode: merge}
`)
}

// TestParts puts invoices together with their lines and their customers, from
// every system, with kills on the way: the results are equal.
func TestParts(t *testing.T) {
	t.Parallel()
	right := chinookPostgres(t)
	queries := map[string]string{
		"invoices": `select json_build_array(i.invoice_id, i.total, c.first_name || ' ' || c.last_name, c.country, (select jsonb_agg(jsonb_build_object(
			'id', invoice_line_id, 'track', track_id, 'price', unit_price) order by invoice_line_id) from invoice_line l where l.invoice_id = i.invoice_id))::text
			from invoice i join customer c using (customer_id) order by i.invoice_id`,
		"lines": "select json_build_array(invoice_id, invoice_line_id, track_id, unit_price, quantity)::text from invoice_line order by invoice_line_id",
	}
	for name, c := range map[string]struct {
		connection func(testing.TB) string
		quote      string
	}{
		"postgres": {func(testing.TB) string { return fmt.Sprintf("postgres: {url: %q}", right) }, `"`},
		"mysql": {func(t testing.TB) string {
			return fmt.Sprintf("mysql: {url_secret: {command: [echo, %q]}}", chinookMySQL(t))
		}, "`"},
		"sqlite": {func(t testing.TB) string { return fmt.Sprintf("sqlite: {file: %q}", chinookSQLite(t)) }, `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, right, pgtest.Database(t))
			m.env = []string{"GODWIT_RECORDS=100", "GODWIT_BATCH=60"}
			pgtest.Exec(t, m.to, invoices)
			shop(t, filepath.Dir(m.ledger), c.connection(t), m.to, c.quote, name == "postgres")
			for _, point := range some("load.written:2", "load.prepared:1", "load.committed:1") {
				m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
			}
			m.load(t).ends(t, 0)
			for what, sql := range map[string]string{
				"invoices": "select json_build_array(id, total, customer, country, lines)::text from invoice order by id",
				"lines":    "select json_build_array(invoice_id, n, track_id, price, quantity)::text from line order by n",
			} {
				want, got := pgtest.Column[string](t, right, queries[what]), pgtest.Column[string](t, m.to, sql)
				if diff := cmp.Diff(want, got); diff != "" || len(got) < 400 {
					t.Errorf("%s: %d (-want +got):\n%.1500s", what, len(got), diff)
				}
			}
			m.load(t).ends(t, 0)
			if a := m.newest(t); a.Read != 412 || a.Equal != 412 || a.Written != 0 {
				t.Errorf("again: %+v", a)
			}
			m.checked(t)
		})
	}
}

// TestPartsWrong: a record with more rows than are due is rejected by name, one
// that the target refuses is kept with its parts, and a redrive loads it from the
// ledger alone.
func TestPartsWrong(t *testing.T) {
	t.Parallel()
	right := chinookPostgres(t)
	m := newMove(t, right, pgtest.Database(t))
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.to, invoices, "alter table invoice add check (id <> 7)")
	pgtest.Exec(t, right, "delete from invoice_line where invoice_id = 8")
	shop(t, dir, fmt.Sprintf("postgres: {url: %q}", right), m.to, `"`, true)
	customers := strings.Replace(read(t, dir, "queries/customers.sql"), `where i."invoice_id"`, `cross join generate_series(1, case i.invoice_id when 5 then 2 when 6 then 0 else 1 end) where i."invoice_id"`, 1)
	write(t, dir, "queries/customers.sql", customers)
	m.load(t).ends(t, 3)
	if got := pgtest.Column[int](t, m.to, "select g from generate_series(1, 412) g where not exists (select from invoice where id = g) order by g"); !cmp.Equal(got, []int{5, 6, 7}) {
		t.Errorf("not loaded: %v", got)
	}
	if got := pgtest.Query[string](t, m.to, "select lines::text || coalesce(first_track::text, 'none') from invoice where id = 8"); got != "[]none" {
		t.Errorf("without lines: %s", got)
	}
	for key, want := range map[string]string{
		"5": "the part has several rows, one is due", "6": "null beside", "7": "check",
	} {
		m.start(t, nil, "record", "invoice/"+key, "--ledger", m.ledger).ends(t, 0).says(t, want)
	}
	m.start(t, nil, "map", "explain", "orders", "5").ends(t, 0).says(t, "the part has several rows, one is due")
	m.start(t, nil, "map", "explain", "orders", "9", "--json").ends(t, 0).says(t, `"of":"public.line","name":"track_id"`)
	was := pgtest.Query[string](t, right, `select c.first_name || ' ' || c.last_name || ' ' || n || ' ' || n from invoice i join customer c using (customer_id),
		(select count(*) n from invoice_line where invoice_id = 7) l where i.invoice_id = 7`)
	// What is at the source now does not matter any more.
	pgtest.Exec(t, right, "truncate invoice_line, invoice")
	pgtest.Exec(t, m.to, "alter table invoice drop constraint invoice_id_check")
	kill := m.start(t, []string{"GODWIT_KILL_AT=load.prepared:1"}, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none")
	kill.ends(t, -1)
	m.start(t, nil, "resume", "redrive-1", "--ledger", m.ledger, "--progress", "none").ends(t, 3)
	const seven = "select %s || ' ' || (select count(*) from %s where invoice_id = 7) from invoice where %s = 7"
	if got := pgtest.Query[string](t, m.to, fmt.Sprintf(seven, "customer || ' ' || jsonb_array_length(lines)", "line", "id")); got != was {
		t.Errorf("loaded again: %s, want %s", got, was)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from invoice"); n != 410 {
		t.Errorf("%d invoices, want 410", n)
	}
	m.checked(t)
}

// TestPartsElsewhere takes the parts from other systems than the records, whose
// keys are of another type there.
func TestPartsElsewhere(t *testing.T) {
	t.Parallel()
	m := newMove(t, pgtest.Database(t), pgtest.Database(t))
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.from, "create table item (id numeric(10,2) primary key)", "insert into item select generate_series(1, 2500)")
	pgtest.Exec(t, m.to, "create table item (id int primary key, notes text, tag text)")
	connections := ""
	for _, name := range []string{"mysql", "sqlite"} {
		connection, exec := systems[name](t, dir)
		connections += "  " + name + ": {" + connection + "}\n"
		exec("create table note (item bigint, note varchar(40))")
		var rows []string
		for i := range 5000 {
			rows = append(rows, fmt.Sprintf("(%d, 'note %d')", i/2+1, i))
		}
		exec("insert into note values " + strings.Join(rows, ", "))
	}
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {postgres: {url: %q}}\n  new: {postgres: {url: %q}}\n%s", m.from, m.to, connections))
	write(t, dir, "maps/item.yaml", "fields:\n  id: {from: id}\n  notes: {expr: 'join(map(doc.notes, #.note), \" \")'}\n  tag: {from: tag.note}\n")
	write(t, dir, "flows/orders.yaml", `steps:
  - load:
      from:
        at: old
        table: public.item
        with: {least: inputs.least}
        parts:
          notes: {at: mysql, query: "select * from note where item in (:ids) and note >= :least", by: item}
          tag: {at: sqlite, query: "select item, max(note) as note from note where item in (:ids) group by item", by: item, one: true}
      map: maps/item.yaml
      to: {at: new, table: public.item}
inputs: {least: {type: text, default: note}}
`)
	m.load(t).ends(t, 0)
	if got := pgtest.Query[string](t, m.to, "select count(*) || ' ' || min(notes) || ' ' || max(tag) from item where notes like concat('%note ', 2 * id - 1, '%') and tag is not null"); got != "2500 note 0 note 1 note 999" {
		t.Errorf("the target holds %s", got)
	}
	m.checked(t)
}

// TestPartsFewSessions: units that hold a session each while they ask for parts
// do not wait for each other.
func TestPartsFewSessions(t *testing.T) {
	t.Parallel()
	m := newMove(t, pgtest.Database(t), "")
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.from, "create table item (id int primary key); create table note (item int, n int); create index on note (item); create schema made; create table made.item (id int primary key, notes int)",
		"insert into item select generate_series(1, 6000)", "insert into note select i, n from generate_series(1, 6000) i, generate_series(1, 3) n", "analyze")
	write(t, dir, "maps/item.yaml", "fields:\n  id: {from: id}\n  notes: {expr: 'len(doc.notes)'}\n")
	write(t, dir, "flows/orders.yaml", `steps:
  - load:
      from: {at: old, table: public.item, parts: {notes: {query: "select item, n from note where item = any(:ids)", by: item}}}
      workers: 4
      map: maps/item.yaml
      to: {at: new, table: made.item}
`)
	for connections, code := range map[int]int{3: 2, 4: 0, 5: 0} {
		write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {postgres: {url: %q, limit: {connections: %d}}}\n  new: {postgres: {url: %q}}\n", m.from, connections, m.from))
		p := m.load(t).ends(t, code)
		if code == 2 {
			p.says(t, "limit.connections", "needs a second one")
			continue
		}
		if got := pgtest.Query[string](t, m.from, "select count(*) || ' ' || sum(notes) from made.item"); got != "6000 18000" {
			t.Errorf("the target holds %s", got)
		}
		pgtest.Exec(t, m.from, "truncate made.item")
	}
	// Two steps side by side, with two sessions that may be lent.
	load := `{load: {from: {at: old, table: public.item, parts: {notes: {query: "select item, n from note where item = any(:ids)", by: item}}}, workers: 4, map: maps/item.yaml, to: {at: new, table: made.%s}}}`
	pgtest.Exec(t, m.from, "create table made.two (id int primary key, notes int)")
	write(t, dir, "flows/orders.yaml", "steps:\n  - parallel:\n    - "+fmt.Sprintf(load, "item")+"\n    - "+fmt.Sprintf(load, "two")+"\n")
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {postgres: {url: %q, limit: {connections: 4}}}\n  new: {postgres: {url: %q}}\n", m.from, m.from))
	m.load(t).ends(t, 0)
	if got := pgtest.Query[string](t, m.from, "select count(*) || ' ' || sum(i.notes + two.notes) from made.item i join made.two using (id)"); got != "6000 36000" {
		t.Errorf("the target holds %s", got)
	}
}

// TestPartsUnknown: rows of records that were not asked for, and columns that a
// part does not have, are refused by name.
func TestPartsUnknown(t *testing.T) {
	t.Parallel()
	right := chinookPostgres(t)
	m := newMove(t, right, pgtest.Database(t))
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.to, invoices)
	shop(t, dir, fmt.Sprintf("postgres: {url: %q}", right), m.to, `"`, true)
	for _, c := range []struct {
		what, file, from, to string
		code                 int
		says                 []string
	}{
		{"all rows", "queries/lines.sql", "= any(:ids)", "= any(:ids) or true", 1, []string{"load.unknown-part", "part lines gave a row whose invoice_id is"}},
		{"no ids", "queries/lines.sql", "= any(:ids)", "> 0", 2, []string{"part lines: its query does not name :ids", "flows/orders.yaml:7:18"}},
		{"of other systems", "queries/lines.sql", "= any(:ids)", "in (:ids)", 2, []string{"query.invalid", "= any(:ids)"}},
		{"another column", "maps/invoice.yaml", "from: unit_price, min: 0", "from: unit_prize, min: 0", 2, []string{"maps/invoice.yaml:19:14", "the rows of lines have no field \"unit_prize\"", "unit_price?"}},
		{"in an expression", "maps/invoice.yaml", "doc.customer.last_name", "doc.customer.lastname", 2, []string{"the rows of customer have no field \"lastname\"", "last_name?"}},
		{"no list", "maps/invoice.yaml", "from: customer.country", "from: lines.unit_price", 2, []string{`"lines" is a list of rows`, "lines[0].unit_price"}},
		{"no key", "flows/orders.yaml", "key: invoice_id", "key: [invoice_id, total]", 2, []string{"parts belong to records by a key of one column"}},
		{"by nothing", "flows/orders.yaml", "lines.sql, by: invoice_id", "lines.sql, by: invoice", 2, []string{`the rows of part lines have no column "invoice"`}},
	} {
		was := read(t, dir, c.file)
		write(t, dir, c.file, strings.Replace(was, c.from, c.to, 1))
		p := m.start(t, nil, "run", "orders", "--new", "--ledger", m.ledger, "--yes", "--progress", "none")
		if code := p.exit(t); code != c.code {
			t.Errorf("%s: exit %d:\n%s", c.what, code, p.said.String())
		}
		p.says(t, c.says...)
		write(t, dir, c.file, was)
	}
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
