package pgtest_test

import (
	"context"
	"testing"

	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestDatabaseIsFreshAndGoes(t *testing.T) {
	t.Parallel()
	outer := pgtest.Database(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		url := pgtest.Database(t)
		name = pgtest.Query[string](t, url, "select current_database()")
		pgtest.Exec(t, url, "create table a (n int); insert into a values (1)",
			"select pg_create_logical_replication_slot('rig_slot', 'pgoutput')",
			"begin; insert into a values (2); prepare transaction 'left behind'")
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.Background()) })
	})
	if pgtest.Query[bool](t, outer, "select exists (select from pg_database where datname = $1)", name) {
		t.Errorf("database %s is still there", name)
	}
}

func TestPairIsTwoServers(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	const system = "select system_identifier from pg_control_system()"
	if a, b := pgtest.Query[int64](t, from, system), pgtest.Query[int64](t, to, system); a == b {
		t.Errorf("both are server %d", a)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	plain := pgtest.Login(t, url, "createdb createrole")
	pgtest.Exec(t, plain, "create table a (n int)", "create schema b")
	got := pgtest.Column[bool](t, plain, "select unnest(array[rolsuper, rolcreatedb, rolcreaterole]) from pg_roles where rolname = current_user")
	if diff := cmp.Diff([]bool{false, true, true}, got); diff != "" {
		t.Errorf("super, createdb, createrole (-want +got):\n%s", diff)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Load(t, url, "data/pagila/pagila.sql")
	if got := pgtest.Query[int](t, url, "select count(*) from film"); got != 1000 {
		t.Errorf("%d films, want 1000", got)
	}
}
