package verify_test

import (
	"context"
	"strings"
	"testing"

	"godwit/internal/work/verify"
	"godwit/rig/postgres/pgtest"
	"godwit/rig/warehouse"

	"github.com/google/go-cmp/cmp"
)

// shop is what both sides hold before something is changed at one of them.
const shop = `
	create schema shop;
	create table shop.item (id int primary key, title text, note text, price numeric, at timestamptz, doc json, raw bytea, a text, b text,
		state text default 'new');
	insert into shop.item select i, 'title ' || i, case when i % 2 = 0 then '' end, 1.00, timestamptz '2026-01-01 00:00:00Z' + i * interval '1 us',
		'{"a": 1}', '\x00ff', 'secret left', 'secret right' from generate_series(1, 50) i;
	create index item_title on shop.item (title);
	create table shop.hit (page int, who text);
	insert into shop.hit values (1, 'anna'), (1, 'anna'), (2, null);
	create table shop.pair (a int, b int, primary key (a, b));
	insert into shop.pair values (1, 2), (3, 4);
	create sequence shop.number;
	select nextval('shop.number');`

func pairOfShops(t *testing.T) (from, to string) {
	t.Helper()
	from, to = pgtest.Pair(t)
	pgtest.Exec(t, from, shop)
	pgtest.Exec(t, to, shop)
	return from, to
}

// TestPlanted changes one thing at the target at a time. Each must be found and
// named by table, key and column, and nothing else must be.
func TestPlanted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sql, want string }{
		{"text", "update shop.item set title = 'title 8' where id = 7", "shop.item changed id=7.title"},
		{"NULL for empty", "update shop.item set note = null where id = 8", "shop.item changed id=8.note"},
		{"lost row", "delete from shop.item where id = 9", "shop.item missing id=9"},
		{"row of its own", "insert into shop.pair values (3, 5)", "shop.pair extra a=3,b=5"},
		{"duplicate without key", "insert into shop.hit values (1, 'anna')", "shop.hit extra "},
		{"lost duplicate", "delete from shop.hit where ctid = '(0,1)'", "shop.hit missing "},
		{"swapped columns", "update shop.item set a = b, b = a where id = 10", "shop.item changed id=10.a; shop.item changed id=10.b"},
		{"numeric scale", "update shop.item set price = 1.0 where id = 11", "shop.item changed id=11.price"},
		{"microsecond", "update shop.item set at = at + interval '1 us' where id = 12", "shop.item changed id=12.at"},
		{"JSON white space", `update shop.item set doc = '{"a":1}' where id = 13`, "shop.item changed id=13.doc"},
		{"bit of bytea", `update shop.item set raw = '\x01ff' where id = 14`, "shop.item changed id=14.raw"},
		{"sequence", "select nextval('shop.number')", "shop.number sequence "},
		{"sequence called", "select setval('shop.number', 1, false)", "shop.number sequence "},
		{"default", "alter table shop.item alter state set default 'old'", "shop.item definition .state"},
		{"index", "drop index shop.item_title", "shop.item_title definition "},
		{"index of its own", "create index more on shop.hit (page)", "shop.more extra definition "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from, to := pairOfShops(t)
			pgtest.Exec(t, to, c.sql)
			p, codes := run(t, from, to)
			if diff := cmp.Diff(c.want, strings.Join(p.told(), "; ")); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"verify.differs"}, codes); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
			for _, value := range []string{"secret", "anna", "title 7", "title 8"} {
				if text := p.text(t); strings.Contains(text, value) {
					t.Errorf("the value %q is told: %s", value, text)
				}
			}
		})
	}
}

// TestPlantedObjects: a table, a sequence, a column that one side lacks.
func TestPlantedObjects(t *testing.T) {
	t.Parallel()
	from, to := pairOfShops(t)
	pgtest.Exec(t, from, "create table shop.only_here (id int)", "create sequence shop.only_number")
	pgtest.Exec(t, to, "create table shop.only_there (id int)", "alter table shop.pair add c int default 1",
		"alter table shop.hit drop who", "drop sequence shop.number")
	p, codes := run(t, from, to)
	for entity, why := range map[string]string{
		"shop.only_here": "the table is missing at to", "shop.only_there": "the table is not at from",
	} {
		if got := p.proofs[entity]; got.Result != verify.Differs || got.Why != why {
			t.Errorf("%s: %+v, want %q", entity, got, why)
		}
	}
	if got := p.proofs["shop.hit"]; got.Result == verify.Equal {
		t.Errorf("shop.hit lacks a column and is equal: %+v", got)
	}
	if got := p.proofs["shop.item"]; got.Result != verify.Equal {
		t.Errorf("shop.item: %+v, want equal", got)
	}
	for _, want := range []string{"shop.pair definition .c", "shop.hit definition .who", "shop.number sequence ", "shop.only_number sequence "} {
		if told := strings.Join(p.told(), "; "); !strings.Contains(told, want) {
			t.Errorf("%q is not among: %s", want, told)
		}
	}
	if diff := cmp.Diff([]string{"verify.differs", "verify.unreadable"}, codes); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

// TestUnreadable: what may not be read is never called equal, on either side,
// and hides nothing else.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"from", "to"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			from, to := pairOfShops(t)
			urls := map[string]*string{"from": &from, "to": &to}
			owner := *urls[side]
			login := pgtest.Login(t, owner, "")
			role := pgtest.Query[string](t, login, "select current_user::text")
			pgtest.Exec(t, owner, "grant usage on schema shop to "+role, "grant select on all tables in schema shop to "+role,
				"grant select on all sequences in schema shop to "+role, "revoke select on shop.item from "+role)
			*urls[side] = login
			p, codes := run(t, from, to)
			if got := p.proofs["shop.item"]; got.Result != verify.NotVerified || !strings.Contains(got.Why, side+": ") ||
				!strings.Contains(got.Why, "permission denied") {
				t.Errorf("shop.item: %+v, want not verified with the reason", got)
			}
			if got := p.proofs["definitions"]; got.Result != verify.NotVerified || got.Why == "" {
				t.Errorf("definitions: %+v, want not verified with the reason", got)
			}
			if got := p.proofs["shop.hit"]; got.Result != verify.Equal {
				t.Errorf("shop.hit: %+v, want equal", got)
			}
			if diff := cmp.Diff([]string{"verify.unreadable"}, codes); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
			pgtest.Exec(t, owner, "revoke all on all tables in schema shop from "+role,
				"revoke all on all sequences in schema shop from "+role, "revoke all on schema shop from "+role)
		})
	}
}

// TestEqual is the other side of TestPlanted: nothing is found in two
// warehouses that were made alike, whatever is in them.
func TestEqual(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	for _, url := range []string{from, to} {
		if err := warehouse.Generate(context.WithoutCancel(t.Context()), url, warehouse.Tiny); err != nil {
			t.Fatal(err)
		}
	}
	p, codes := run(t, from, to)
	if len(codes)+len(p.differences) > 0 || len(p.proofs) < 100 {
		t.Errorf("%d tables, codes %v, differences %+v", len(p.proofs), codes, p.differences)
	}
}

// TestGiven: an administrator's owner of the schema that every database has is
// no difference; one that was changed at the source is.
func TestGiven(t *testing.T) {
	t.Parallel()
	for side, want := range map[string]string{"from": "public definition ", "to": ""} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			pgtest.Login(t, map[string]string{"from": from, "to": to}[side], "") // gives it another owner
			p, _ := run(t, from, to)
			if diff := cmp.Diff(want, strings.Join(p.told(), "; ")); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// TestProgress reads one large table: how far it is is told while it is read,
// and in the end all of it is.
func TestProgress(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	for _, url := range []string{from, to} {
		pgtest.Exec(t, url, "create table large (id int primary key, line text)",
			"insert into large select i, repeat(md5(i::text), 10) from generate_series(1, 6000) i", "analyze")
	}
	p, codes := run(t, from, to)
	if len(codes) > 0 {
		t.Fatal(codes)
	}
	amid, end := 0, false
	for _, one := range p.progress {
		switch {
		case !strings.Contains(one.Unit, "/table/"):
		case one.Total < 1<<20 || one.Done > one.Total:
			t.Errorf("%d of %d", one.Done, one.Total)
		case one.Done < one.Total:
			amid++
		default:
			end = true
		}
	}
	if amid < 2 || !end {
		t.Errorf("told %d times amid the table, at its end %v: %v", amid, end, p.progress)
	}
}
