package main_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// proving is the flow that verifies what the load of orders has written.
func proving() string {
	return strings.NewReplacer("load:", "verify:", "      snapshot_lost: continue\n", "").Replace(orders)
}

// TestParityKilled kills a verification at its pages: the same command does it
// again, and nothing of the first attempt is told.
func TestParityKilled(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 5000)
	write(t, filepath.Dir(m.ledger), "flows/orders.yaml", orders+proving()[len("steps:\n"):])
	for _, point := range []string{"load.committed:2", "compare.page:1", "compare.page:3"} {
		m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
	}
	m.load(t).ends(t, 4) // the dead letters are missing
	m.loaded(t)
	dead := pgtest.Query[int](t, m.from, "select greatest(count(*) - 1, 0)::int from shop.orders where coalesce(state, '') <> 'x' and customer is not null and code = 'twice'")
	if n := m.events(t, "verify.table"); n != 2 {
		t.Errorf("%d tables were verified", n)
	}
	parts := pgtest.Query[int](t, m.from, `select coalesce(sum(jsonb_array_length(lines)), 0)::int from shop.orders where coalesce(state, '') <> 'x' and customer is not null and code = 'twice'
		and id > (select min(id) from shop.orders where code = 'twice' and state <> 'x' and customer is not null)`)
	if n := m.events(t, "verify.difference"); n != dead+parts || dead == 0 {
		t.Errorf("%d differences, want %d dead letters and %d parts of them", n, dead, parts)
	}
	m.checked(t)
}

// TestParityInterrupted stops a verification by a signal: nothing of it is
// told, and the same command does it from the start.
func TestParityInterrupted(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 5000)
	m.load(t).ends(t, 3)
	write(t, filepath.Dir(m.ledger), "flows/prove.yaml", proving())
	args := []string{"run", "prove", "--ledger", m.ledger, "--progress", "none"}
	p := m.start(t, []string{"GODWIT_STOP_AT=compare.page:2"}, args...)
	p.stopped(t)
	p.signal(t, syscall.SIGINT)
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 5)
	if n := m.events(t, "verify.table"); n != 0 {
		t.Errorf("%d tables were told before all was compared", n)
	}
	m.start(t, nil, args...).ends(t, 4)
	if n := m.events(t, "verify.table"); n != 2 {
		t.Errorf("%d tables were told", n)
	}
}

// TestParityRefused are targets that take no temporary tables: it is said in
// words what is missing, and nothing is called verified.
func TestParityRefused(t *testing.T) {
	t.Parallel()
	dir, from, to := newParity(t)
	role := pgtest.Login(t, to, "")
	pgtest.Exec(t, to, "do $$ begin execute format('revoke temporary on database %I from public, "+pgtest.Query[string](t, role, "select current_user::text")+"', current_database()); end $$")
	primary := pgtest.Server(t, postgres.Options{})
	there := pgtest.DatabaseOn(t, primary)
	pgtest.Exec(t, there, thingTarget)
	standby := pgtest.Standby(t, primary)
	name := pgtest.Query[string](t, there, "select current_database()::text")
	for url, want := range map[string]string{
		role:              "GRANT TEMPORARY ON DATABASE",
		standby.URL(name): "is a standby, which takes no temporary tables",
	} {
		write(t, dir, "godwit.yaml", "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n")
		if url == role {
			pgtest.Exec(t, to, "grant usage on schema shop to public; grant select on all tables in schema shop to public")
		}
		s := command(t, dir, []string{"FROM=" + from, "TO=" + url}, "run", "prove", "--new", "--progress", "none")
		if s.code != 1 || !strings.Contains(s.out+s.err, want) || strings.Contains(s.out, "equal") {
			t.Errorf("exit %d, want %q:\n%s%s", s.code, want, s.out, s.err)
		}
	}
}
