package postgres

import (
	"slices"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// troubles examines one side and returns what is not ok: "severity code object".
func troubles(t testing.TB, url, role string, facts catalog.Facts) ([]string, []connector.Finding) {
	t.Helper()
	all, err := endpoint(t, url).Examine(patient(t), role, facts)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	var found []connector.Finding
	for _, f := range all {
		if f.Code == "" || f.Text == "" {
			t.Errorf("finding without words: %+v", f)
		}
		if f.Severity != connector.Passes && f.Code != "schema.changes" {
			texts = append(texts, strings.TrimSpace(f.Severity+" "+f.Code+" "+f.Object))
			found = append(found, f)
		}
	}
	slices.Sort(texts)
	return texts, found
}

func TestExamineFindsNothing(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Load(t, from, "data/pagila/pagila.sql")
	db, all := define(t, from, catalog.Selection{})
	facts := catalog.Facts{Source: db, Target: inspected(t, to, catalog.Selection{}), Definitions: all}
	got, _ := troubles(t, from, "source", facts)
	if diff := cmp.Diff([]string(nil), got); diff != "" {
		t.Errorf("source (- want, + got):\n%s", diff)
	}
	got, _ = troubles(t, to, "target", facts)
	if diff := cmp.Diff([]string(nil), got); diff != "" {
		t.Errorf("target (- want, + got):\n%s", diff)
	}
}

// What is refused to a role that is no superuser is found, and goes away with
// the statements that are said to fix it.
func TestExamineFixes(t *testing.T) {
	t.Parallel()
	source := pgtest.Server(t, postgres.Options{})
	from := pgtest.DatabaseOn(t, source)
	to := pgtest.Database(t)
	pgtest.Exec(t, from, `create role "Odd ""owner"; create role reader; create role other; create schema s;
		create table s.t(i int primary key); alter table s.t owner to "Odd ""owner"; grant select on s.t to reader;
		create unlogged table s.u(i int); create policy p on s.t to other; create extension pg_trgm; create extension pg_buffercache;
		create table s.hidden(i int primary key); alter table s.hidden enable row level security; select lo_create(5); create sequence s.q;
		grant usage on schema s to other`)
	reader := pgtest.Login(t, from, "")
	pgtest.Exec(t, from, "grant pg_read_all_stats to reader; alter table s.hidden force row level security")
	db, all := define(t, from, catalog.Selection{})
	facts := catalog.Facts{Source: db, Target: inspected(t, to, catalog.Selection{}), Definitions: all}

	got, found := troubles(t, reader, "source", facts)
	want := []string{"blocks right.policies s.hidden", "blocks right.read large object 5", "warns table.keyless s.u", "warns table.unlogged s.u"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("source (- want, + got):\n%s", diff)
	}
	for _, f := range found {
		pgtest.Exec(t, from, f.Fixes...)
	}
	if got, _ = troubles(t, reader, "source", facts); len(got) != 2 {
		t.Errorf("still after the fixes: %v", got)
	}

	mover := pgtest.Login(t, to, "createdb createrole")
	pgtest.Exec(t, to, "revoke create on schema public from public; alter schema public owner to pg_database_owner; create schema s")
	got, found = troubles(t, mover, "target", facts)
	want = []string{
		"blocks extension.missing pg_buffercache", "blocks right.create s", "blocks role.missing Odd \"owner", "blocks role.missing other",
		"blocks role.missing reader", "warns right.replica", "warns right.statistics",
	}
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "blocks role.m") && !slices.Contains(want, s) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("target (- want, + got):\n%s", diff)
	}
	for range 2 { // a role that is made may then not be given objects yet
		for _, f := range found {
			if f.Severity == connector.Blocks || len(f.Fixes) > 0 {
				pgtest.Exec(t, to, f.Fixes...)
			}
		}
		_, found = troubles(t, mover, "target", facts)
	}
	if len(found) > 0 {
		t.Errorf("still after the fixes: %+v", found)
	}
	pgtest.Exec(t, to, `drop owned by "Odd ""owner", reader, other; drop role "Odd ""owner", reader, other`)
}

func TestExamineTarget(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{})
	from, to := pgtest.DatabaseOn(t, server), pgtest.DatabaseOn(t, server)
	source := inspected(t, from, catalog.Selection{})
	changed := *source
	changed.Number, changed.Settings = 990000, []catalog.Property{{Name: "server_encoding", Value: "UTF8"}, {Name: "lc_collate", Value: "xx_XX"}}
	target := inspected(t, to, catalog.Selection{})
	standby := pgtest.Standby(t, server)
	pgtest.Exec(t, server.URL("postgres"), "create database latin template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'")
	pgtest.Exec(t, to, "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$")
	spaced := catalog.Definition{Kind: "TABLE", SQL: "SET LOCAL default_tablespace = \"Fast\";\ncreate table t()"}
	for name, c := range map[string]struct {
		url   string
		facts catalog.Facts
		want  []string
	}{
		"same":      {from, catalog.Facts{Source: source, Target: source}, []string{"blocks target.same"}},
		"older":     {from, catalog.Facts{Source: &changed, Target: target}, []string{"blocks target.older", "warns target.collation"}},
		"read-only": {to, catalog.Facts{Source: source, Target: target}, []string{"blocks target.read-only"}},
		"standby":   {standby.URL("postgres"), catalog.Facts{}, []string{"blocks target.read-only"}},
		"encoding":  {server.URL("latin"), catalog.Facts{Source: source}, []string{"blocks target.encoding"}},
		"space":     {from, catalog.Facts{Definitions: []catalog.Definition{spaced}}, []string{"blocks tablespace.missing Fast"}},
	} {
		got, _ := troubles(t, c.url, "target", c.facts)
		for _, want := range c.want {
			if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }) {
				t.Errorf("%s: %v is not among %v", name, want, got)
			}
		}
		if name != "encoding" && len(got) != len(c.want) {
			t.Errorf("%s: %v instead of %v", name, got, c.want)
		}
	}
}
