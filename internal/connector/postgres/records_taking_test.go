package postgres

import (
	"fmt"
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
)

// eaters leave rows out without a word: of new rows those called gone, of rows
// that are there those called kept.
const eaters = `create function public.eat() returns trigger language plpgsql as $$ begin
	if tg_op = 'DELETE' then if old.t = 'kept' then return null; end if; return old; end if;
	if new.t = 'gone' then return null; end if;
	if tg_op = 'UPDATE' and old.t = 'kept' then return null; end if;
	return new; end $$`

func eating(table string) string {
	return fmt.Sprintf("create trigger eat before insert or update or delete on public.%s for each row execute function public.eat()", table)
}

// What a target leaves out is neither applied nor unchanged.
func TestRecordsNotTaken(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]bool{"by a loop": false, "by savepoints": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, eaters)
			for table, sql := range map[string]string{
				"a": "create table public.a (id int primary key, t text)",
				"p": "create table public.p (id int primary key, t text) partition by range (id); create table public.p1 partition of public.p for values from (0) to (100)",
			} {
				pgtest.Exec(t, url, sql, eating(map[string]string{"a": "a", "p": "p1"}[table]))
			}
			if plain { // triggers go on
				super := url
				url = pgtest.Login(t, super, "")
				pgtest.Exec(t, super, "revoke usage on language plpgsql from public", "grant all on all tables in schema public to public")
			}
			e := endpoint(t, url)
			for _, table := range []string{"a", "p"} {
				into := connector.Into{Table: public(table), Columns: []string{"id", "t"}, Key: []string{"id"}}
				const dead = "dead data.not-taken  GW001"
				same(t, table+", append", write(t, e, connector.ModeAppend, into, []any{int64(1), "x"}, []any{int64(2), "gone"}, []any{int64(3), "kept"}), "applied 1", dead, "applied 1")
				same(t, table+", merge", write(t, e, connector.ModeMerge, into, []any{int64(1), "y"}, []any{int64(2), "gone"}, []any{int64(3), "z"}, []any{int64(4), "new"}), "applied 1", dead, dead, "applied 1")
				same(t, table+", the same", write(t, e, connector.ModeMerge, into, []any{int64(1), "y"}, []any{int64(3), "kept"}, []any{int64(4), "new"}), "equal 0", "equal 0", "equal 0")
				same(t, table+", a key twice", write(t, e, connector.ModeMerge, into, []any{int64(5), "x"}, []any{int64(5), "gone"}, []any{int64(6), "gone"}), "applied 1", dead, dead)
				same(t, table, pgtest.Column[string](t, url, "select p::text from public."+table+" p order by 1"), "(1,y)", "(3,kept)", "(4,new)", "(5,x)")
			}
		})
	}
}

// A record whose part is left out leaves nothing behind; one whose part cannot
// be taken away stays as it was.
func TestPartsNotTaken(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, eaters, "create table public.a (id int primary key, t text)",
		"create table public.b (a int references public.a, n int, t text, primary key (a, n))", eating("b"))
	e := endpoint(t, url)
	into := []connector.Into{
		{Table: public("a"), Columns: []string{"id", "t"}, Key: []string{"id"}},
		{Table: public("b"), Columns: []string{"a", "n", "t"}, Key: []string{"a", "n"}, Parent: []string{"a"}},
	}
	of := func(id int64, text string, parts ...string) record.Mapped {
		m := record.Mapped{Rows: []record.Row{{Slots: []any{id, text}}}}
		for i, p := range parts {
			m.Rows = append(m.Rows, record.Row{Into: 1, Slots: []any{id, int64(i), p}})
		}
		return m
	}
	const dead = "dead data.not-taken  GW001"
	for _, mode := range []string{connector.ModeAppend, connector.ModeMerge} {
		pgtest.Exec(t, url, "alter table public.b disable trigger all; delete from public.b; delete from public.a; alter table public.b enable trigger all")
		same(t, mode, writePage(t, e, mode, into, of(1, "x", "p", "kept"), of(2, "x", "p", "gone"), of(3, "x")), "applied 3", dead, "applied 1")
		same(t, mode+": parts", pgtest.Column[string](t, url, "select b::text from public.b order by 1"), "(1,0,p)", "(1,1,kept)")
		same(t, mode+": rows", pgtest.Column[string](t, url, "select id::text from public.a order by 1"), "1", "3")
	}
	same(t, "fewer parts", writePage(t, e, connector.ModeMerge, into, of(1, "y", "p"), of(3, "y", "p")), dead, "applied 2")
	same(t, "rows", pgtest.Column[string](t, url, "select id || t from public.a order by 1"), "1x", "3y")
}

// Rows that a trigger writes into the partition that they belong to are there.
func TestRecordsThatATriggerSorts(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key, t text)", "create table public.a1 (primary key (id)) inherits (public.a)",
		"create function public.sort() returns trigger language plpgsql as $$ begin insert into public.a1 values (new.*); return null; end $$",
		"create trigger sort before insert on public.a for each row execute function public.sort()")
	into := connector.Into{Table: public("a"), Columns: []string{"id", "t"}, Key: []string{"id"}}
	e := endpoint(t, url)
	same(t, "new", write(t, e, connector.ModeMerge, into, []any{int64(1), "x"}, []any{int64(2), "y"}), "applied 1", "applied 1")
	same(t, "the same and another", write(t, e, connector.ModeMerge, into, []any{int64(1), "x"}, []any{int64(2), "z"}), "equal 0", "applied 1")
	same(t, "rows", pgtest.Column[string](t, url, "select id || t from public.a order by 1"), "1x", "2z")
}

// A trigger that is made while a load is under way is seen.
func TestTriggerMadeWhileLoading(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, eaters, "create table public.p (id int primary key, t text) partition by range (id)",
		"create table public.p1 partition of public.p for values from (0) to (100)", "create table public.p2 partition of public.p for values from (100) to (200)")
	into := []connector.Into{{Table: public("p"), Columns: []string{"id", "t"}, Key: []string{"id"}}}
	l, w, err := endpoint(t, url).BeginRecords(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	page := func(id int64, text string) []record.Mapped {
		return []record.Mapped{{Rows: []record.Row{{Slots: []any{id, text}}}}}
	}
	if _, err := w.WriteRecords(patient(t), connector.ModeMerge, into, page(1, "x")); err != nil {
		t.Fatal(err)
	}
	if err := l.Exec(patient(t), eating("p2")); err != nil { // others would wait for this transaction
		t.Fatal(err)
	}
	became, err := w.WriteRecords(patient(t), connector.ModeMerge, into, page(101, "gone"))
	if err != nil || became[0].Outcome != record.Dead || !strings.Contains(became[0].Refusal.Text, "trigger eat of p2") {
		t.Errorf("%+v %v", became, err)
	}
}

// Tables with rules are refused by name: INSERT would follow them and COPY not.
func TestRulesAreRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key, t text)", "create rule away as on insert to public.a do instead nothing",
		"create table public.b (id int primary key, t text)", "create rule also as on update to public.b do also delete from public.a")
	e := endpoint(t, url)
	for _, c := range []struct{ mode, table, rule string }{
		{connector.ModeAppend, "a", "away"}, {connector.ModeMerge, "a", "away"}, {connector.ModeMerge, "b", "also"}, {connector.ModeAppend, "b", ""},
	} {
		l, w, err := e.BeginRecords(patient(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.WriteRecords(patient(t), c.mode, []connector.Into{{Table: public(c.table), Columns: []string{"id", "t"}, Key: []string{"id"}}},
			[]record.Mapped{{Rows: []record.Row{{Slots: []any{int64(1), "x"}}}}})
		if c.rule == "" && err != nil || c.rule != "" && (fault.CodeOf(err) != "target.rules" || !strings.Contains(err.Error(), c.rule)) {
			t.Errorf("%s %s: %v", c.mode, c.table, err)
		}
		l.Close()
	}
	pgtest.Exec(t, url, "alter table public.a disable rule away")
	same(t, "disabled", write(t, e, connector.ModeAppend, connector.Into{Table: public("a"), Columns: []string{"id", "t"}}, []any{int64(1), "x"}), "applied 1")
}

// A table that became unlogged, or got an unlogged partition, after the load was
// planned is not written to: a crash would take its rows and leave the mark.
func TestLoggingChangedSinceThePlan(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.p (id int primary key, t text) partition by range (id)", "create unlogged table public.p1 partition of public.p for values from (0) to (100)")
	e := endpoint(t, url)
	for _, unlogged := range []bool{false, true} {
		k := markOf(9, 1)
		k.Unlogged = unlogged
		l, w, err := e.BeginRecords(patient(t), []record.MarkKey{k})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.WriteRecords(patient(t), connector.ModeAppend, []connector.Into{{Table: public("p"), Columns: []string{"id", "t"}}},
			[]record.Mapped{{Rows: []record.Row{{Slots: []any{int64(1), "x"}}}}})
		if code := fault.CodeOf(err); unlogged != (code == "") || !unlogged && code != "target.logging" {
			t.Errorf("a mark that is unlogged=%t: %v", unlogged, err)
		}
		l.Close()
	}
}
