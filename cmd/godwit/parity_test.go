package main_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// things are rows of every kind of type; each has parts.
const things = `create schema shop;
	create table shop.thing (id int primary key, name text, note varchar(20), price numeric, total numeric(10,2), at timestamptz,
		day date, doc jsonb, tags text[], code char(5), flag bool, secret text, parts jsonb);
	insert into shop.thing select i, 'thing ' || i, case when i % 7 <> 0 then 'note ' || i end, i / 4.0, i / 3.0, '2024-05-01 10:00:00.123456+02'::timestamptz + i * interval '1 day',
		'2024-05-01'::date + i, jsonb_build_object('a', i, 'b', jsonb_build_array(1, 2)), array['x', null, 'y "' || i], 'c' || i % 9, i % 2 = 0, 'secret ' || i,
		(select jsonb_agg(jsonb_build_object('sku', 'sku ' || j, 'n', j)) from generate_series(1, i % 3) j) from generate_series(1, 3000) i`

const thingTarget = `create schema shop;
	create domain shop.filled as text not null;
	create table shop.thing (id int primary key, name shop.filled, note varchar(20), price numeric, total numeric(10,2), at timestamptz,
		day date, doc jsonb, tags text[], code char(5), flag bool, secret text, own int default 7);
	create table shop.part (thing_id int references shop.thing, n int, sku text, primary key (thing_id, n))`

const thingProcess = `key: id
map: maps/thing.yaml
to: {at: new, table: shop.thing, mode: merge}
`

const thingMap = `filter: {last: "doc.id == 3000"}
fields:
  id: {from: id, printable: true}
  name: {from: name, max: 20, printable: true}
  note: {from: note, printable: true}
  price: {from: price, max: 749, printable: true}
  total: {from: total, printable: true}
  at: {from: at, printable: true}
  day: {from: day, printable: true}
  doc: {from: doc, printable: true}
  tags: {from: tags, printable: true}
  code: {from: code, printable: true}
  flag: {from: flag}
  secret: {from: secret}
rows:
  - into: shop.part
    each: parts
    key: [thing_id, n]
    fields: {thing_id: {expr: parent.id}, n: {from: n}, sku: {from: sku, printable: true}}
`

// newParity is a project with a load and a flow that verifies it.
func newParity(t testing.TB) (dir, from, to string) {
	t.Helper()
	from, to = pgtest.Pair(t)
	pgtest.Exec(t, from, things)
	pgtest.Exec(t, to, thingTarget)
	dir = t.TempDir()
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {postgres: {url: %q}}\n  new: {postgres: {url: %q}}\n", from, to))
	write(t, dir, "processes/thing.yaml", thingProcess)
	write(t, dir, "maps/thing.yaml", thingMap)
	write(t, dir, "flows/things.yaml", "steps:\n  - load: {from: {at: old, table: shop.thing}, process: processes/thing.yaml}\n")
	write(t, dir, "flows/prove.yaml", "steps:\n  - verify: {from: {at: old, table: shop.thing}, process: processes/thing.yaml}\n")
	return dir, from, to
}

// unlike is a difference as --json tells it.
type unlike struct {
	Entity, What, Column, Left, Right string
	Key                               []string
}

func (u unlike) String() string {
	return strings.TrimSpace(strings.Join([]string{u.Entity, u.What, strings.Join(u.Key, ","), u.Column, u.Left, u.Right}, " "))
}

// proof is what a verification told in JSON.
type proof struct {
	unlike []string
	tables map[string]verified
}

type verified struct {
	Result                              string
	Rows, Others, Count, Missing, Extra int64
	Why                                 string
	Aside                               struct{ Read, Filtered, Rejected, Superseded, Left int64 }
}

// prove runs a flow that verifies and reads what it tells.
func prove(t testing.TB, dir string, code int, args ...string) proof {
	t.Helper()
	s := command(t, dir, nil, append([]string{"run", "prove", "--json", "--new"}, args...)...)
	if s.code != code {
		t.Fatalf("exit %d, want %d:\n%.3000s\n%s", s.code, code, s.out[max(0, len(s.out)-3000):], s.err)
	}
	p := told(t, s.out)
	if len(p.tables) == 0 {
		t.Fatalf("nothing was verified:\n%s%s", s.out, s.err)
	}
	return p
}

// told reads what a verification tells.
func told(t testing.TB, out string) proof {
	t.Helper()
	p := proof{tables: map[string]verified{}}
	for line := range strings.Lines(out) {
		var e struct {
			Type, Entity string
		}
		if json.Unmarshal([]byte(line), &e) != nil {
			continue
		}
		switch e.Type {
		case "verify.difference":
			var u unlike
			if err := json.Unmarshal([]byte(line), &u); err != nil {
				t.Fatal(err)
			}
			p.unlike = append(p.unlike, u.String())
		case "verify.table":
			var v verified
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatal(err)
			}
			p.tables[e.Entity] = v
		}
	}
	slices.Sort(p.unlike)
	return p
}

// TestParity proves a load by its own process: equal after the load, and each
// planted difference is found by table, key and column, nothing else is.
func TestParity(t *testing.T) {
	t.Parallel()
	dir, from, to := newParity(t)
	if p := prove(t, dir, 4); p.tables["shop.thing"].Missing != 2996 || p.tables["shop.part"].Missing == 0 {
		t.Errorf("before the load: %+v", p.tables)
	}
	command(t, dir, nil, "run", "things", "--yes", "--progress", "none").ends(t, 3)
	p := prove(t, dir, 0)
	parts := pgtest.Query[int64](t, to, "select count(*) from shop.part")
	aside := verified{}.Aside
	aside.Read, aside.Filtered, aside.Rejected = 3000, 1, 3
	want := map[string]verified{"shop.thing": {Result: "equal", Rows: 2996, Aside: aside}, "shop.part": {Result: "equal", Rows: parts}}
	if diff := cmp.Diff(want, p.tables); diff != "" || p.unlike != nil {
		t.Errorf("after the load: %v (-want +got):\n%s", p.unlike, diff)
	}
	pgtest.Exec(t, to, `
		update shop.thing set name = 'thing 10 ' where id = 10;
		update shop.thing set note = null where id = 11;
		update shop.thing set note = '' where id = 14;
		update shop.thing set price = 3.750 where id = 15;
		update shop.thing set total = total + 0.01 where id = 16;
		update shop.thing set at = at + interval '1 microsecond' where id = 17;
		update shop.thing set day = day + 1, flag = not flag where id = 18;
		update shop.thing set doc = '{"a": 19, "b": [2, 1]}' where id = 19;
		update shop.thing set doc = '  { "b" : [1,2] , "a":20 }', code = 'c2   ', own = 8 where id = 20;
		update shop.thing set tags = array['x', 'NULL', 'y "21'] where id = 21;
		update shop.thing set secret = 'SECRET 22' where id = 22;
		delete from shop.part where thing_id = 23; delete from shop.thing where id = 24;
		delete from shop.part where thing_id = 25; delete from shop.thing where id = 25;
		insert into shop.thing (id, name) values (-1, 'extra'), (3000, 'filtered');
		insert into shop.part values (26, 3, 'extra'), (-1, 1, 'extra');
		update shop.part set sku = 'SKU 1' where thing_id = 28;`)
	p = prove(t, dir, 4)
	wanted := []string{
		`shop.part changed thing_id=28,n=1 sku "sku 1" "SKU 1"`,
		`shop.part extra thing_id=-1,n=1`, `shop.part extra thing_id=26,n=3`,
		`shop.part missing thing_id=23,n=1`, `shop.part missing thing_id=23,n=2`, `shop.part missing thing_id=25,n=1`,
		`shop.thing changed id=10 name "thing 10" "thing 10 "`,
		`shop.thing changed id=11 note "note 11" null`, `shop.thing changed id=14 note null ""`,
		`shop.thing changed id=15 price 3.7500000000000000 3.750`, `shop.thing changed id=16 total 5.33 5.34`,
		`shop.thing changed id=17 at 2024-05-18 08:00:00.123456+00 2024-05-18 08:00:00.123457+00`,
		`shop.thing changed id=18 day 2024-05-19 2024-05-20`, `shop.thing changed id=18 flag text, 4 characters, #hash text, 5 characters, #hash`,
		`shop.thing changed id=19 doc {"a": 19, "b": [1, 2]} {"a": 19, "b": [2, 1]}`,
		`shop.thing changed id=21 tags {x,NULL,"y \"21"} {x,"NULL","y \"21"}`,
		`shop.thing changed id=22 secret text, 9 characters, #hash text, 9 characters, #hash`,
		`shop.thing extra id=-1`, `shop.thing extra id=3000`,
		`shop.thing missing id=24`, `shop.thing missing id=25`,
	}
	for i := range p.unlike {
		p.unlike[i] = hashed.ReplaceAllString(p.unlike[i], "#hash")
	}
	slices.Sort(wanted)
	if diff := cmp.Diff(wanted, p.unlike); diff != "" {
		t.Errorf("planted (-want +told):\n%s", diff)
	}
	thing, part := p.tables["shop.thing"], p.tables["shop.part"]
	if thing.Count != 14 || thing.Missing != 2 || thing.Extra != 2 || thing.Others != 2996 || part.Count != 6 || part.Missing != 3 || part.Extra != 2 {
		t.Errorf("counted %+v", p.tables)
	}
	_ = from
}

var hashed = regexp.MustCompile(`#[0-9a-f]{8}`)
