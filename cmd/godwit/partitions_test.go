package main_test

import (
	"fmt"
	"syscall"
	"testing"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// partsSQL makes a root with two partitions, of negative numbers and others.
func partsSQL(kinds ...string) string {
	return fmt.Sprintf(`create table big (id int, line text) partition by range (id);
		create %s table big_own partition of big for values from (minvalue) to (0);
		create %s table big_new partition of big for values from (0) to (maxvalue);`, kinds[0], kinds[1])
}

// TestAppendToUnloggedParts crashes the target amid a copy into partitions:
// that the root is logged says nothing of where the rows are.
func TestAppendToUnloggedParts(t *testing.T) {
	t.Parallel()
	from := pgtest.Database(t)
	pgtest.Exec(t, from, stageSQL("big", "", 9000), "analyze")
	server := pgtest.Server(t, postgres.Options{Name: "parts"})
	m := newMove(t, from, pgtest.DatabaseOn(t, server))
	pgtest.Exec(t, m.to, partsSQL("unlogged", "unlogged"))
	m.env = []string{"GODWIT_CHUNK=262144"}
	m.flags = []string{"--workers", "1", "--existing", "append", "--verify", "none"}
	p := m.copy(t, "GODWIT_STOP_AT=unit.before-settle@/data/:4")
	p.stopped(t)
	crash(t, server)
	if left := pgtest.Query[int](t, m.to, "select count(*) from big"); left > 0 {
		t.Fatalf("%d rows outlived the crash: the test tests nothing", left)
	}
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 0)
	if got := pgtest.Query[string](t, m.to, "select count(*) || ' ' || count(distinct id) from big"); got != "9000 9000" {
		t.Errorf("%s rows and numbers, want 9000 of each", got)
	}
	m.checked(t)
}

// TestAppendToParts adds to partitions that hold rows of their own: they are
// counted before. Partitions of both kinds are refused, as no one mark tells
// what a crash left of a chunk.
func TestAppendToParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to   string
		exit int
		says []string
	}{
		"logged": {partsSQL("", ""), 4, []string{"public.big: held 300 rows before the copy", "0 differ, 0 not read, 9,000 not verified", "definitions differs"}},
		"mixed":  {partsSQL("", "unlogged"), 2, []string{"target.unlike", "public.big has logged and unlogged partitions", "public.big_new"}},
		"foreign": {partsSQL("", "") + `drop table big_new; create extension file_fdw; create server files foreign data wrapper file_fdw;
			create foreign table far partition of big for values from (0) to (maxvalue) server files options (filename '/dev/null')`,
			2, []string{"target.unlike", "foreign table public.far"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			pgtest.Exec(t, from, stageSQL("big", "", 9000), "analyze")
			pgtest.Exec(t, to, c.to, "insert into big select -i, 'own' from generate_series(1, 300) i")
			m := newMove(t, from, to)
			m.flags = []string{"--existing", "append"}
			m.copy(t).ends(t, c.exit).says(t, c.says...)
			want := 300
			if c.exit == 4 {
				want += 9000
				m.checked(t)
			}
			if got := pgtest.Query[int](t, to, "select count(*) from only big_own") + pgtest.Query[int](t, to, "select count(*) from big where id > 0"); got != want {
				t.Errorf("%d rows, want %d", got, want)
			}
		})
	}
}
