package postgres

import (
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
)

// roleWith is a login whose role has settings of its own, with its name.
func roleWith(t *testing.T, super string, is string, settings ...string) (url, role string) {
	t.Helper()
	url = pgtest.Login(t, super, "")
	role = pgtest.Query[string](t, url, "select current_user::text")
	pgtest.Exec(t, super, "grant all on all tables in schema public to "+role, "alter role "+role+" "+is)
	for _, s := range settings {
		pgtest.Exec(t, super, "alter role "+role+" set "+s)
	}
	return url, role
}

// Settings of a role that make the server give fewer rows are not in force.
func TestRoleThatFindsFewer(t *testing.T) {
	t.Parallel()
	super := pgtest.Database(t)
	pgtest.Exec(t, super, "create table public.a (id int primary key, doc jsonb)", "insert into public.a select i, '{\"k\": 1}' from generate_series(1, 20000) i",
		"create index on public.a using gin (doc)", "analyze public.a")
	url, _ := roleWith(t, super, "superuser", "gin_fuzzy_search_limit = 500", "enable_seqscan = off", "enable_indexscan = off", "zero_damaged_pages = on", "ignore_checksum_failure = on")
	e := endpoint(t, url)
	r, err := e.ReadRecords(patient(t), connector.Query{Table: public("a"), Where: `doc @> '{"k": 1}'`, Key: []string{"id"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := len(drain(t, r)); n != 20000 {
		t.Errorf("%d records", n)
	}
	s, err := e.session(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for _, name := range []string{"zero_damaged_pages", "ignore_checksum_failure"} {
		if v := s.conn.PgConn().Exec(patient(t), "show "+name); true {
			if all, err := v.ReadAll(); err != nil || string(all[0].Rows[0][0]) != "off" {
				t.Errorf("%s is %s (%v)", name, all[0].Rows[0][0], err)
			}
		}
	}
}

// A role for which foreign keys and triggers rest is as everybody else while
// records are written; one that may not be so is refused by name.
func TestRoleThatReplicates(t *testing.T) {
	t.Parallel()
	super := pgtest.Database(t)
	pgtest.Exec(t, super, "create table public.p (id int primary key)", "create table public.a (id int primary key, p int references public.p)")
	url, _ := roleWith(t, super, "superuser", "session_replication_role = replica")
	into := connector.Into{Table: public("a"), Columns: []string{"id", "p"}, Key: []string{"id"}}
	same(t, "an orphan", write(t, endpoint(t, url), connector.ModeAppend, into, []any{int64(1), int64(1)}), "dead data.foreign-key p 23503")
	url, role := roleWith(t, super, "nosuperuser", "session_replication_role = replica")
	_, _, err := endpoint(t, url).BeginRecords(patient(t), nil)
	if fault.CodeOf(err) != "right.missing" || !strings.Contains(strings.Join(fault.Of(err).Next, " "), role) {
		t.Errorf("%v", err)
	}
}

// Operators that stand before the server's own would be used in its conditions.
func TestRoleWithOperatorsOfItsOwn(t *testing.T) {
	t.Parallel()
	super := pgtest.Database(t)
	pgtest.Exec(t, super, "create table public.a (id int primary key, v text)", "insert into public.a select i, i from generate_series(1, 10) i",
		"create type public.two as (a int, b int)", "create function public.same(a public.two, b public.two) returns bool language sql immutable as 'select true'",
		"create operator public.= (leftarg = public.two, rightarg = public.two, function = public.same)")
	url, role := roleWith(t, super, "nosuperuser", "search_path = public, pg_catalog")
	q := connector.Query{Table: public("a"), Where: "v is not null", Key: []string{"id"}, After: []byte(`["3"]`)}
	into := []connector.Into{{Table: public("a"), Columns: []string{"id", "v"}, Key: []string{"id"}}}
	read := func() error {
		r, err := endpoint(t, url).ReadRecords(patient(t), q, "")
		if err != nil {
			return err
		}
		defer r.Close()
		if n := len(drain(t, r)); n != 7 {
			t.Errorf("%d records behind the third of 10", n)
		}
		return nil
	}
	if err := read(); err != nil {
		t.Errorf("operators of types of its own: %v", err)
	}
	pgtest.Exec(t, super, "create function public.never(a int, b int) returns bool language sql immutable as 'select $1 operator(pg_catalog.>) 8'",
		"create operator public.> (leftarg = int, rightarg = int, function = public.never)")
	_, describes := endpoint(t, url).Describe(patient(t), q)
	l, w, writes := endpoint(t, url).BeginRecords(patient(t), nil)
	if writes == nil {
		_, writes = w.WriteRecords(patient(t), connector.ModeMerge, into, []record.Mapped{{Rows: []record.Row{{Slots: []any{int64(1), "x"}}}}})
		l.Close()
	}
	for what, err := range map[string]error{"read": read(), "describe": describes, "write": writes} {
		f := fault.Of(err)
		if f.Code != "login.search-path" || !strings.Contains(f.Text, "public.>") || !strings.Contains(strings.Join(f.Next, " "), role) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
