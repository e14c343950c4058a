package postgres

import (
	"strings"
	"syscall"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// stood is how a table stands for a load that has just begun.
func stood(t *testing.T, e *Endpoint, table, column string) connector.Standing {
	t.Helper()
	tx, load, err := e.BeginRecords(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	all, err := load.(connector.RowWitness).Stands(patient(t), []connector.KnownBy{{Table: public("other")}, {Table: public(table), Column: column}})
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Made == "" || all[0].Readable || all[0].Database != all[1].Database {
		t.Errorf("another one stands as %+v", all[0])
	}
	return all[1]
}

// TestStands: keys of a table are worth nothing once its rows may have been taken away
// together, and stay what they are whatever else is done to it.
func TestStands(t *testing.T) {
	t.Parallel()
	for sql, same := range map[string]bool{
		"insert into public.a values (1)": true, "delete from public.a": true, "analyze public.a": true, "vacuum public.a": true, "create index on public.a (v)": true,
		"alter table public.a add column w text": true, "alter table public.a rename v to w": true,
		"truncate public.a": false, "truncate public.a restart identity": false, "vacuum full public.a": false,
		"drop table public.a; create table public.a (id int)": false, "drop table public.a": false,
		"alter table public.a rename to b; alter table public.other rename to a; create table public.other ()": false,
		"create table public.p2 partition of public.p for values from (10) to (20)":                            true,
		"alter table public.p1 detach partition public.p11":                                                    false,
		"truncate public.p11": false, "truncate public.p": false,
	} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table public.other (); create table public.a (id int, v text); create table public.p (id int) partition by range (id)",
				"create table public.p1 partition of public.p for values from (1) to (10) partition by range (id); create table public.p11 partition of public.p1 for values from (1) to (5)")
			table := "a"
			if strings.Contains(sql, "public.p") {
				table = "p"
			}
			e := endpoint(t, url)
			was := stood(t, e, table, "id")
			pgtest.Exec(t, url, strings.Split(sql, "; ")...)
			now := stood(t, e, table, "id")
			if !was.Readable || was.Made == "" || record.SameTable(was.Made, now.Made) != same {
				t.Errorf("%+v, then %+v", was, now)
			}
		})
	}
}

// TestStandsStill: nobody empties a table that was looked at before the transaction
// ends. Where rows may not be read, or not all, nobody says that one is gone.
func TestStandsStill(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.other (); create table public.a (id int, v text); create table public.safe (id int); alter table public.safe enable row level security")
	e := endpoint(t, url)
	tx, load, err := e.BeginRecords(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.(connector.RowWitness).Stands(patient(t), []connector.KnownBy{{Table: public("a"), Column: "id"}}); err != nil {
		t.Fatal(err)
	}
	empty := "do $$ begin set local lock_timeout = '50ms'; truncate public.a; exception when lock_not_available then create table public.waited (); end $$"
	pgtest.Exec(t, url, empty)
	if err := tx.Close(); err != nil {
		t.Fatal(err)
	}
	if pgtest.Query[*string](t, url, "select to_regclass('public.waited')::text") == nil {
		t.Error("a table was emptied under a load that had looked at it")
	}
	pgtest.Exec(t, url, "drop table public.waited", empty)
	if pgtest.Query[*string](t, url, "select to_regclass('public.waited')::text") != nil {
		t.Error("the lock outlives its transaction")
	}
	login := pgtest.Login(t, url, "")
	pgtest.Exec(t, url, "grant usage on schema public to public; grant select (id) on public.a to public; grant select on public.safe to public; grant create on database "+pgtest.Query[string](t, url, "select quote_ident(current_database())")+" to public",
		"alter table public.a owner to current_user; alter table public.safe owner to current_user")
	e = endpoint(t, login)
	for column, readable := range map[string]bool{"id": true, "v": false, "nobody": false} {
		if s := stood(t, e, "a", column); s.Readable != readable {
			t.Errorf("column %s: %+v", column, s)
		}
	}
	if s := stood(t, e, "safe", "id"); s.Readable {
		t.Errorf("rows may be hidden: %+v", s)
	}
	if s := stood(t, e, "nobody", "id"); s.Made != "" || s.Readable {
		t.Errorf("a table that is not there: %+v", s)
	}
}

// TestStandsAfterACrash: a crash empties what is unlogged and leaves its file node.
// A restart does not, and logged tables stay what they are.
func TestStandsAfterACrash(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{Name: "crashing"})
	url := server.URL("postgres")
	pgtest.Exec(t, url, "create table public.other (); create table public.a (id int); create unlogged table public.u (id int)")
	look := func() (a, u string) {
		e := endpoint(t, url)
		defer e.Close()
		return stood(t, e, "a", "id").Made, stood(t, e, "u", "id").Made
	}
	a, u := look()
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a2, u2 := look(); a2 != a || u2 != u {
		t.Errorf("restarted: %s %s, then %s %s", a, u, a2, u2)
	}
	for name, crash := range map[string]func(){
		"a backend": func() {
			c, err := pgx.Connect(patient(t), url)
			if err != nil {
				t.Fatal(err)
			}
			// What ends a session that nobody killed is the server, once it knows of the
			// crash: until then it lets new ones in.
			other, err := pgx.Connect(patient(t), url)
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(int(c.PgConn().PID()), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if err := other.PgConn().WaitForNotification(patient(t)); err == nil {
				t.Fatal("the session lives")
			}
			eventually(t, func() bool {
				c, err := pgx.Connect(patient(t), url)
				if err == nil {
					c.Close(patient(t))
				}
				return err == nil
			})
		},
		"the server": func() {
			if err := server.Crash(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := server.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		_, before := look()
		crash()
		if a2, u2 := look(); a2 != a || record.SameTable(before, u2) {
			t.Errorf("%s crashed: %s %s, then %s %s", name, a, before, a2, u2)
		}
	}
}
