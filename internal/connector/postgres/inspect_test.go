package postgres

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func inspected(t testing.TB, url string, sel catalog.Selection) *catalog.Database {
	t.Helper()
	db, err := endpoint(t, url).Inspect(patient(t), sel)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func name(schema, object string) catalog.Name { return catalog.Name{Schema: schema, Object: object} }

func TestInspectTables(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `
		create schema s;
		create table s.a(i int generated always as identity primary key, gone int, t varchar(7) not null, j int generated always as (i * 2) stored, unique (t));
		alter table s.a drop column gone;
		create table s.b(x int, y int not null, z int not null, unique (x), unique (y, z) deferrable); create unique index on s.b(z) where y > 1;
		create unique index on s.b((y + 1)); create unique index best on s.b(z, y) include (x);
		create table g(a int); create table f1(b text) inherits (g); create unlogged table f2() inherits (f1, s.b);
		create table p(i int) partition by list(i); create table p1 partition of p for values in (1);
		create materialized view m as select 1 as one; create temp table tmp(i int);
		create foreign data wrapper fdw; create server srv foreign data wrapper fdw; create foreign table ft(i int) server srv;
		create sequence free; create sequence taken; create table uses(i int default nextval('taken'));
		select lo_create(99);
		insert into s.a(t) select repeat('x', 6) || chr(i) from generate_series(200, 1199) i`, "analyze s.a",
		"create schema godwit; create table godwit.mark(i int)")
	db := inspected(t, url, catalog.Selection{})
	pub := func(object string) catalog.Name { return name("public", object) }
	col := func(name, typ string, oid uint32) catalog.Column {
		return catalog.Column{Name: name, Type: typ, TypeOID: oid}
	}
	must := func(c catalog.Column) catalog.Column { c.NotNull = true; return c }
	identity, computed := must(col("i", "integer", 23)), col("j", "integer", 23)
	identity.Identity, identity.Default, computed.Generated, computed.Default = true, true, true, true
	filled := col("i", "integer", 23)
	filled.Default = true
	abc := []catalog.Column{col("a", "integer", 23), col("b", "text", 25)}
	xyz := []catalog.Column{col("x", "integer", 23), must(col("y", "integer", 23)), must(col("z", "integer", 23))}
	ints := []catalog.Column{col("i", "integer", 23)}
	root := pub("p")
	want := []catalog.Table{
		{Name: pub("f1"), Kind: catalog.Plain, Columns: abc, Inherits: []catalog.Name{pub("g")}, Rows: -1},
		{Name: pub("f2"), Kind: catalog.Plain, Columns: append(abc[:2:2], xyz...), Inherits: []catalog.Name{pub("f1"), name("s", "b")}, Rows: -1, Unlogged: true},
		{Name: pub("ft"), Kind: catalog.Foreign, Columns: ints, Rows: -1},
		{Name: pub("g"), Kind: catalog.Plain, Columns: abc[:1], Rows: -1},
		{Name: pub("m"), Kind: catalog.MatView, Columns: []catalog.Column{col("one", "integer", 23)}, Rows: -1},
		{Name: pub("p"), Kind: catalog.Partitioned, Columns: ints, Rows: -1},
		{Name: pub("p1"), Kind: catalog.Plain, Columns: ints, Parent: &root, Rows: -1},
		{Name: pub("uses"), Kind: catalog.Plain, Columns: []catalog.Column{filled}, Rows: -1},
		{Name: name("s", "a"), Kind: catalog.Plain, Columns: []catalog.Column{identity, must(col("t", "character varying(7)", 1043)), computed}, Key: []string{"i"}, Rows: 1000},
		{Name: name("s", "b"), Kind: catalog.Plain, Columns: xyz, Key: []string{"z", "y"}, Rows: -1},
	}
	if diff := cmp.Diff(want, db.Tables, cmpopts.IgnoreFields(catalog.Table{}, "OID", "FileNode", "Blocks", "Bytes", "Owner")); diff != "" {
		t.Errorf("tables (- want, + got):\n%s", diff)
	}
	for _, table := range db.Tables {
		if stored := table.HasRows(); (table.FileNode != 0) != stored || table.OID == 0 || table.Owner == "" {
			t.Errorf("%s: file node %d, oid %d, owner %q", table.Name, table.FileNode, table.OID, table.Owner)
		}
		if table.Name == name("s", "a") && (table.Blocks == 0 || table.Bytes < table.Blocks*8192) {
			t.Errorf("%d blocks, %d bytes of 1000 rows", table.Blocks, table.Bytes)
		}
	}
	sequences := []catalog.Name{pub("free"), pub("taken"), name("s", "a_i_seq")}
	if diff := cmp.Diff(sequences, db.Sequences); diff != "" {
		t.Errorf("sequences (- want, + got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint32{99}, db.Blobs); diff != "" {
		t.Errorf("large objects (- want, + got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"public", "s"}, db.Schemas); diff != "" {
		t.Errorf("schemas (- want, + got):\n%s", diff)
	}
	others := []catalog.Object{{Kind: "FOREIGN DATA WRAPPER", Name: name("", "fdw")}, {Kind: "SERVER", Name: name("", "srv")}}
	if diff := cmp.Diff(others, db.Others); diff != "" {
		t.Errorf("others (- want, + got):\n%s", diff)
	}
	if again := inspected(t, url, catalog.Selection{}); again.ID != db.ID || db.ID == "" {
		t.Errorf("ID is %q, then %q", db.ID, again.ID)
	}
	if other := inspected(t, pgtest.Database(t), catalog.Selection{}); other.ID == db.ID {
		t.Errorf("two databases with ID %q", db.ID)
	}
}

func TestInspectSelection(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `create schema sales; create table sales.orders(i serial); create table sales.parts(i serial);
		create table sales.child() inherits (sales.parts); create schema empty`)
	db := inspected(t, url, selection(t, []string{"sales.o*"}, nil))
	if len(db.Tables) != 1 || len(db.LeftOut) != 2 || len(db.Sequences) != 1 {
		t.Errorf("tables %v, left out %v, sequences %v", db.Tables, db.LeftOut, db.Sequences)
	}
	inspected(t, url, selection(t, []string{"empty", "sales.*"}, nil))
	for _, c := range []struct {
		include, exclude []string
		code, hint       string
	}{
		{[]string{"sales.order"}, nil, "pattern.unmatched", "sales.orders"},
		{[]string{"sale"}, nil, "pattern.unmatched", "sales.*"},
		{[]string{"sales.*", "nothing"}, nil, "pattern.unmatched", ""},
		{nil, []string{"sales.parts"}, "selection.torn", ""},
	} {
		_, err := endpoint(t, url).Inspect(patient(t), selection(t, c.include, c.exclude))
		f := fault.Of(err)
		if f.Code != c.code || f.Kind != fault.Config || !strings.Contains(strings.Join(f.Next, " "), c.hint) {
			t.Errorf("%v, %v: %v, next %v", c.include, c.exclude, f, f.Next)
		}
	}
}

// Inspecting many tables costs a handful of queries.
func TestInspectIsQuick(t *testing.T) {
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "set synchronous_commit = off", `do $$ begin for i in 1..1000 loop
		execute format('create table t%s (id int primary key, a text, b text, c int check (c > 0), s serial)', i); end loop; end $$`)
	began := time.Now()
	db := inspected(t, url, catalog.Selection{})
	if took := time.Since(began); took > 5*time.Second || len(db.Tables) != 1000 {
		t.Errorf("%d tables in %v", len(db.Tables), took)
	} else {
		t.Logf("%d tables in %v", len(db.Tables), took)
	}
}
