package main_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// oddSource are records that a load does not simply write: keys that stand twice, of
// several versions, and values that no row can hold.
const oddSource = `create schema shop;
	create table shop.twice (n int primary key, id int, v int, name text, parts jsonb);
	insert into shop.twice values (1, 1, 1, 'old', '[{"n": 1}, {"n": 9}]'), (2, 1, 2, 'new', '[{"n": 1}]'), (3, 2, 5, 'kept', '[]'), (4, 2, 4, 'older', '[{"n": 2}]'),
		(5, 3, 1, 'one', '[{"n": 3}]'), (6, 4, 1, 'gone', '[]'), (7, 4, 1, 'gone too', '[]');
	create table shop.host (id int primary key, name text, ip text, size text);
	insert into shop.host select i, 'host ' || i, '10.0.0.' || i, 'size ' || i from generate_series(1, 100) i;
	update shop.host set ip = 'nowhere' where id in (10, 20, 30); update shop.host set size = 'forbidden' where id = 40; update shop.host set name = null where id = 50;
	create table shop.net (n int primary key, net text, name text);
	insert into shop.net values (1, '10.0.0.0/8', 'a'), (2, 'nowhere', 'b')`

const oddTarget = `create schema shop;
	create table shop.twice (id int primary key, v int, name text);
	create table shop.piece (id int references shop.twice, n int, primary key (id, n));
	create table shop.once (id int primary key, name text, state text, n int, k0 text, o text);
	create domain shop.size as text not null check (value <> 'forbidden');
	create table shop.host (id int primary key, name text, ip inet, size shop.size);
	create table shop.net (net cidr primary key, name text)`

// oddSteps are the steps of a load and of its verification, by what they load.
var oddSteps = map[string]string{
	"twice": "{from: {at: old, table: shop.twice}, key: n, version: v, map: maps/twice.yaml, to: {at: new, table: shop.twice, mode: merge}}",
	"once":  "{from: {at: old, query: 'select n, id, name, 1 as state, 2 as k0, 3 as o from shop.twice where n < 3'}, key: n, map: maps/once.yaml, to: {at: new, table: shop.once}}",
	"host":  "{from: {at: old, table: shop.host}, map: maps/host.yaml, to: {at: new, table: shop.host, mode: merge}}",
	"net":   "{from: {at: old, table: shop.net}, map: maps/net.yaml, to: {at: new, table: shop.net, mode: merge}}",
}

func newOdd(t testing.TB) (dir, to string) {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, oddSource)
	pgtest.Exec(t, to, oddTarget)
	dir = t.TempDir()
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {postgres: {url: %q}}\n  new: {postgres: {url: %q}}\n", from, to))
	write(t, dir, "maps/twice.yaml", `fields: {id: {from: id}, v: {from: v}, name: {from: name, printable: true}}
rows: [{into: shop.piece, each: parts, key: [id, n], fields: {id: {expr: parent.id}, n: {from: n}}}]
`)
	write(t, dir, "maps/once.yaml", "fields: {id: {from: id}, name: {from: name, printable: true}, state: {from: state}, n: {const: 1}, k0: {from: k0}, o: {from: o}}\n")
	write(t, dir, "maps/host.yaml", "nulls: omit\nfields: {id: {from: id}, name: {from: name, printable: true}, ip: {from: ip}, size: {from: size}}\n")
	write(t, dir, "maps/net.yaml", "fields: {net: {from: net}, name: {from: name}}\n")
	for name, step := range oddSteps {
		write(t, dir, "flows/"+name+".yaml", "steps:\n  - load: "+step+"\n")
	}
	return dir, to
}

// loadAndProve loads and says what is not the same then, after something was
// planted.
func loadAndProve(t testing.TB, dir, to, what, planted string, loads, proves int) proof {
	t.Helper()
	command(t, dir, nil, "run", what, "--yes", "--progress", "none").ends(t, loads)
	if planted != "" {
		pgtest.Exec(t, to, planted)
	}
	write(t, dir, "flows/prove.yaml", "steps:\n  - verify: "+oddSteps[what]+"\n")
	return prove(t, dir, proves)
}

// TestParityOdd verifies loads whose records are not all written.
func TestParityOdd(t *testing.T) {
	t.Parallel()
	dir, to := newOdd(t)
	p := loadAndProve(t, dir, to, "twice", "", 0, 0)
	if a := p.tables["shop.twice"]; a.Rows != 4 || a.Aside.Superseded != 3 || p.tables["shop.piece"].Rows != 2 {
		t.Errorf("of a key the latest of the highest version counts: %+v", p.tables)
	}
	told := func(what string, p proof, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, p.unlike); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	p = loadAndProve(t, dir, to, "twice", "insert into shop.piece values (1, 9); update shop.twice set name = 'kept?' where id = 2; delete from shop.piece where id = 3; delete from shop.twice where id in (3, 4)", 0, 4)
	told("twice", p,
		"shop.piece extra id=1,n=9", "shop.piece missing id=3,n=3",
		`shop.twice changed id=2 name "kept" "kept?"`, "shop.twice missing id=3", "shop.twice missing id=4")
	told("in append each record has to be there", loadAndProve(t, dir, to, "once", "", 3, 4), `shop.once changed id=1 name "new" "old"`)
	p = loadAndProve(t, dir, to, "host", "insert into shop.host values (20, 'host 20', null, ''); update shop.host set name = 'x' where id = 99; update shop.host set name = 'own' where id = 50", 3, 4)
	told("no row can hold it", p,
		"shop.host changed id=20 ip", `shop.host changed id=99 name "host 99" "x"`, "shop.host missing id=10", "shop.host missing id=30", "shop.host missing id=40")
	if h := p.tables["shop.host"]; h.Count != 5 || h.Missing != 3 || h.Extra != 0 {
		t.Errorf("host: %+v", h)
	}
	p = loadAndProve(t, dir, to, "net", "insert into shop.net values ('11.0.0.0/8')", 3, 4)
	told("a key that is none", p, "shop.net extra net=11.0.0.0/8", "shop.net missing  net")
}

// TestParityWhere verifies a table that two loads fill.
func TestParityWhere(t *testing.T) {
	t.Parallel()
	dir, _, to := newParity(t)
	command(t, dir, nil, "run", "things", "--yes", "--progress", "none").ends(t, 3)
	pgtest.Exec(t, to, "insert into shop.thing (id, name) values (10001, 'of others'); insert into shop.part values (10001, 1, 'of others')")
	verify := func(more string) {
		write(t, dir, "flows/prove.yaml", "steps:\n  - verify: {from: {at: old, table: shop.thing}, process: processes/thing.yaml"+more+"}\n")
	}
	verify("")
	if p := prove(t, dir, 4); len(p.unlike) != 2 {
		t.Errorf("without where: %q", p.unlike)
	}
	verify(", where: {shop.thing: 'id < 10000'}")
	prove(t, dir, 0)
	pgtest.Exec(t, to, "insert into shop.thing (id, name) values (9999, 'extra'); insert into shop.part values (9999, 1, 'extra')")
	if p := prove(t, dir, 4); strings.Join(p.unlike, "; ") != "shop.part extra thing_id=9999,n=1; shop.thing extra id=9999" {
		t.Errorf("with where: %q", p.unlike)
	}
	verify(", sample: 10%")
	p := prove(t, dir, 0)
	thing := p.tables["shop.thing"]
	if n := thing.Rows; n < 200 || n > 400 || n+thing.Aside.Left+thing.Aside.Rejected+thing.Aside.Filtered != 3000 {
		t.Errorf("sample: %+v", thing)
	}
	if again := prove(t, dir, 0); cmp.Diff(p, again, cmp.AllowUnexported(proof{})) != "" {
		t.Errorf("another sample: %+v, then %+v", p, again)
	}
	for text, want := range map[string]string{
		", where: {shop.nix: 'true'}":      "records of this process do not go into shop.nix, but into shop.thing, shop.part",
		", where: {shop.thing: 'nix > 3'}": `where of shop.thing: column "nix" does not exist`,
		", where: {shop.thing: 'true)) o; truncate shop.part; select * from (select * from shop.part where (true'}": "where of shop.thing: cannot insert multiple commands",
		", sample: 0%":                          "sample is a share of more than 0 %",
		", include: ['shop.*']":                 "include does not go with the other keys of this verify",
		", key: id, to: {at: new}, entity: nix": "process names a file, and keys of a process stand here too",
	} {
		verify(text)
		if s := command(t, dir, nil, "run", "prove", "--new", "--progress", "none"); s.code == 0 || s.code == 4 || !strings.Contains(s.out+s.err, want) {
			t.Errorf("%s: exit %d, want %q:\n%s%s", text, s.code, want, s.out, s.err)
		}
	}
	verify("")
	write(t, dir, "maps/thing.yaml", strings.Replace(thingMap, "max: 20", "max: 1", 1))
	if p := prove(t, dir, 4); p.tables["shop.thing"].Result != "differs" || p.tables["shop.thing"].Extra == 0 {
		t.Errorf("all rejected, and rows there: %+v", p.tables)
	}
	pgtest.Exec(t, to, "truncate shop.thing cascade")
	if p := prove(t, dir, 1); p.tables["shop.thing"].Result != "not_verified" || p.tables["shop.part"].Result != "not_verified" {
		t.Errorf("all rejected: %+v", p.tables)
	}
}
