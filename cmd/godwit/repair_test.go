package main_test

import (
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestRepairTouchesNothingElse brings tables to another snapshot when their
// triggers and foreign keys are there already: what would fire is refused by
// name, and rows of other tables stay as they are.
func TestRepairTouchesNothingElse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		login bool
		sql   string
		code  string
		says  string
	}{
		"cascade": {true, `create table s.child (id int primary key, of int references s.parent on delete cascade);
			insert into s.child select i, i from generate_series(1, 900) i`, "repair.triggers", "child_of_fkey"},
		"before insert": {true, `create function s.touch() returns trigger language plpgsql as $$ begin new.note := 'touched'; return new; end $$;
			create trigger touch before insert on s.parent for each row execute function s.touch()`, "repair.triggers", "trigger touch"},
		"always": {false, `create table s.audit (id int, what text);
			create function s.log() returns trigger language plpgsql as $$ begin insert into s.audit values (1, tg_op); return null; end $$;
			create trigger log after delete on s.parent for each row execute function s.log();
			alter table s.parent enable always trigger log`, "repair.triggers", "trigger log"},
		"kept off": {false, `create table s.child (id int primary key, of int references s.parent on delete cascade);
			insert into s.child select i, i from generate_series(1, 900) i;
			create function s.touch() returns trigger language plpgsql as $$ begin new.note := 'touched'; return new; end $$;
			create trigger touch before insert on s.parent for each row execute function s.touch()`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			pgtest.Exec(t, from, `create schema s; create table s.parent (id int primary key, note text);
				insert into s.parent select i, md5(i::text) from generate_series(1, 900) i;`+test.sql)
			m := newMove(t, from, to)
			if test.login {
				m.to = pgtest.Login(t, to, "")
				role := pgtest.Query[string](t, m.to, "select current_user::text")
				pgtest.Exec(t, from, `do $$ declare r record; begin
					create role `+role+`; alter schema s owner to `+role+`; alter schema public owner to `+role+`;
					for r in select oid::regclass as t from pg_class where relnamespace = 's'::regnamespace and relkind = 'r' loop
						execute format('alter table %s owner to `+role+`', r.t); end loop;
					for r in select oid::regprocedure as f from pg_proc where pronamespace = 's'::regnamespace loop
						execute format('alter function %s owner to `+role+`', r.f); end loop;
					end $$`)
			}
			at := "analyze.committed:1" // foreign keys are in
			if strings.Contains(test.sql, "trigger") {
				at = "define.committed:2" // triggers are, which come last
			}
			m.copy(t, "GODWIT_KILL_AT="+at).ends(t, -1)
			others := "select coalesce(sum(hashtext(x)), 0) from (select query_to_xml('select * from ' || oid::regclass, true, true, '')::text x " +
				"from pg_class where relnamespace = 's'::regnamespace and relkind = 'r' and relname <> 'parent') x"
			want := pgtest.Query[int64](t, to, others)
			pgtest.Exec(t, from, "update s.parent set note = 'changed' where id % 100 = 0")
			if test.code == "" {
				m.copy(t).ends(t, 0)
			} else {
				m.copy(t).ends(t, 1).says(t, test.code, "s.parent", test.says)
			}
			if got := pgtest.Query[int64](t, to, others); got != want {
				t.Errorf("other tables were changed: %d, were %d", got, want)
			}
			if n := pgtest.Query[int](t, to, "select count(*) from s.parent where note = 'touched'"); n > 0 {
				t.Errorf("%d rows were rewritten", n)
			}
		})
	}
}
