package postgres

import (
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/rig/postgres/pgtest"
)

// What a query means is looked up now and what is read is of the snapshot: of
// what was redefined in between nothing is read.
func TestRecordsOfWhatWasRedefined(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		q    connector.Query
		sql  string
		code string // "" = read as ever
		said string
	}{
		"another table has its name": {connector.Query{Table: public("a")}, "alter table public.a rename to a_old; alter table public.a_next rename to a",
			"source.redefined", "public.a_next"},
		"so has one of a query": {connector.Query{SQL: "select v from public.a"}, "alter table public.a rename to a_old; alter table public.a_next rename to a",
			"source.redefined", "public.a_next"},
		"a schema has": {connector.Query{SQL: "select v from s.a"}, "alter schema s rename to s_old; alter schema s_next rename to s", "source.redefined", "s_next.a"},
		"a column was dropped and added": {connector.Query{SQL: "select id, v from public.a"}, "alter table public.a drop column v cascade; alter table public.a add column v text; update public.a set v = 'x'",
			"source.redefined", "v"},
		"a column was swapped":   {connector.Query{Table: public("a")}, "alter table public.a rename v to w; alter table public.a rename u to v; alter table public.a rename w to u", "source.redefined", "u"},
		"a column was added":     {connector.Query{Table: public("a")}, "alter table public.a add column w text", "source.redefined", "w"},
		"one that is not asked":  {connector.Query{SQL: "select id, v from public.a"}, "alter table public.a add column w text; create index on public.a (v)", "", ""},
		"a partition has gone":   {connector.Query{Table: public("p")}, "alter table public.p detach partition public.p1", "source.redefined", "public.p1"},
		"and one that is pruned": {connector.Query{SQL: "select * from public.p where id > 10"}, "alter table public.p detach partition public.p2", "source.redefined", "public.p2"},
		"an heir has gone":       {connector.Query{SQL: "select * from public.h"}, "alter table public.h1 no inherit public.h", "source.redefined", "public.h1"},
		"a view is another one":  {connector.Query{SQL: "select * from public.w"}, "create or replace view public.w as select id, v from public.a where id < 3", "source.redefined", "public.w"},
		"a table was truncated":  {connector.Query{SQL: "select * from public.h"}, "truncate public.h1", "source.changed", "public.h1"},
		"nothing happened":       {connector.Query{SQL: "select * from public.w join public.p using (id)"}, "insert into public.p values (3)", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table public.a (id int primary key, v text, u text)", "insert into public.a select i, i, -i from generate_series(1, 10) i",
				"create table public.a_next (like public.a including all)", "create schema s; create table s.a (v int); create schema s_next; create table s_next.a (v int)",
				"create table public.p (id int) partition by range (id)", "create table public.p1 partition of public.p for values from (1) to (10)",
				"create table public.p2 partition of public.p for values from (10) to (20)", "insert into public.p values (1), (12)",
				"create table public.h (id int); create table public.h1 () inherits (public.h); insert into public.h1 values (1)",
				"create view public.w as select id, v from public.a")
			e := endpoint(t, url)
			snapshotOf(t, e)
			pgtest.Exec(t, url, c.sql)
			r, err := e.ReadRecords(patient(t), c.q, t.Name())
			if err == nil {
				drain(t, r)
				r.Close()
			}
			if code := fault.CodeOf(err); code != c.code || c.said != "" && !strings.Contains(err.Error(), c.said) {
				t.Errorf("%v (%s), want %s %q", err, code, c.code, c.said)
			}
		})
	}
}
