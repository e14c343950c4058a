package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/rig/postgres/pgtest"
)

// replication is a flow whose tables are data: a table of the target names what
// is read, where it is staged and where it goes. All are staged at the same
// time, then the targets are filled in order, of those that were staged.
const replication = `inputs: {tenant: {type: int, default: 1}}
steps:
  - id: begin
    sql: {at: new, query: "insert into repl.log (what) values ('begin ' || :run.id) returning id"}
  - id: stage
    on_error: continue
    for_each: {at: new, query: queries/tables.sql, as: t, key: table_id, parallel: 4, with: {most: inputs.tenant * 100}}
    load:
      from: {at: "${t.source}", query: "${t.query}", with: {tenant: t.tenant}}
      entity: "${t.staging}"
      key: id
      to: {at: new, table: "${t.staging}", mode: merge}
  - id: targets
    for_each: {items: steps.stage.done, as: t, key: table_id}
    steps:
      - id: count
        sql: {at: new, query: "insert into repl.log (what) select 'stage ' || :t.table_id where :t.table_id::int > 0"}
      - id: fill
        load:
          from: {at: new, table: "${t.staging}"}
          process: "processes/${t.process}.yaml"
finally:
  - if: error == nil
    sql: {at: new, query: "insert into repl.log (what) values ('end')"}
`

// tables of the replication; the third one's source is missing at first.
const replicated = 6

func newReplication(t testing.TB, rows int) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create schema src")
	for i := 1; i <= replicated; i++ {
		pgtest.Exec(t, from, fmt.Sprintf(`create table src.t%[1]d (id int primary key, tenant int, word text);
			insert into src.t%[1]d select g, g %% 2, md5(g::text || %[1]d) from generate_series(1, %[2]d) g`, i, rows*i/replicated))
	}
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=200", "FROM=" + from, "TO=" + to}
	m.emptyReplication(t)
	for name, text := range map[string]string{
		"godwit.yaml":            "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n",
		"flows/replication.yaml": strings.Replace(replication, "inputs.tenant * 100}", `"inputs.tenant * 100"}`, 1),
		"queries/tables.sql":     "select * from repl.tables where table_id < :most order by table_id",
		"processes/plain.yaml":   "entity: \"${t.target}\"\nkey: \"${t.key}\"\nto: {at: new, table: \"${t.target}\", mode: \"${t.mode}\", key: \"${t.key}\"}\n",
	} {
		path := filepath.Join(filepath.Dir(m.ledger), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (m *move) emptyReplication(t testing.TB) {
	t.Helper()
	pgtest.Exec(t, m.to, `drop schema if exists repl cascade; drop schema if exists stage cascade; drop schema if exists target cascade; drop schema if exists godwit cascade;
		create schema repl; create schema stage; create schema target;
		create table repl.log (id int generated always as identity, what text);
		create table repl.tables (table_id int primary key, source text, query text, tenant int, staging text, target text, mode text, key text[], process text)`)
	for i := 1; i <= replicated; i++ {
		pgtest.Exec(t, m.to, fmt.Sprintf(`create table stage.t%[1]d (id int primary key, tenant int, word text); create table target.t%[1]d (id int primary key, tenant int, word text);
			insert into repl.tables values (%[1]d, 'old', 'select id, tenant, word from src.t%[1]d where tenant = :tenant', 1, 'stage.t%[1]d', 'target.t%[1]d', 'merge', '{id}', 'plain')`, i))
	}
	pgtest.Exec(t, m.from, "alter table if exists src.t3 rename to away")
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(m.ledger + end)
	}
}

func (m *move) mend(t testing.TB) {
	t.Helper()
	pgtest.Exec(t, m.from, "alter table if exists src.away rename to t3")
}

func (m *move) replicate(t testing.TB, env ...string) *process {
	t.Helper()
	return m.start(t, env, "run", "replication", "--ledger", m.ledger, "--yes", "--progress", "none")
}

// replicatedRight proves all targets but those left out against their sources.
func (m *move) replicatedRight(t testing.TB, without int) {
	t.Helper()
	for i := 1; i <= replicated; i++ {
		const sum = "select coalesce(sum(hashtextextended(t::text, 1)::numeric), 0)::text || ' ' || count(*) from "
		want := "0 0"
		if i != without {
			want = pgtest.Query[string](t, m.from, fmt.Sprintf(sum+"src.t%d t where tenant = 1", i))
		}
		for _, schema := range []string{"stage", "target"} {
			if got := pgtest.Query[string](t, m.to, fmt.Sprintf(sum+schema+".t%d t", i)); got != want {
				t.Errorf("%s.t%d: %s, want %s", schema, i, got, want)
			}
		}
	}
	m.checked(t)
}

// told is what the statements of the flow wrote: each exactly once.
func (m *move) told(t testing.TB, want ...string) {
	t.Helper()
	got := pgtest.Column[string](t, m.to, "select what from repl.log order by what")
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("statements ran: %v, want %v", got, want)
	}
}

// TestReplication plants an item that fails: the others are staged and go on to
// their targets. After it was mended the same run is gone on with: only what was
// not done is done.
func TestReplication(t *testing.T) {
	t.Parallel()
	m := newReplication(t, 1200)
	p := m.replicate(t).ends(t, 1)
	p.says(t, "src.t3")
	if m.replicatedRight(t, 3); t.Failed() {
		t.Fatal(p.said.String())
	}
	m.told(t, "begin replication-1", "stage 1", "stage 2", "stage 4", "stage 5", "stage 6")
	items := m.units(t, "load", "done")
	before := written(t, m.to, "stage.t1") + written(t, m.to, "target.t6")

	m.start(t, nil, "resume", "replication-1", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 1) // not mended yet
	m.replicatedRight(t, 3)
	m.mend(t)
	m.start(t, nil, "resume", "replication-1", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 0)
	m.replicatedRight(t, 0)
	m.told(t, "begin replication-1", "end", "stage 1", "stage 2", "stage 3", "stage 4", "stage 5", "stage 6")
	if got := m.units(t, "load", "done"); got != items+2 {
		t.Errorf("%d loads are done, want the two of the third table more than %d", got, items)
	}
	if after := written(t, m.to, "stage.t1") + written(t, m.to, "target.t6"); after != before {
		t.Errorf("%d rows of finished items were written again", after-before)
	}
	if n := m.events(t, "node.entered"); n == 0 {
		t.Error("no node was entered: the test tests nothing")
	}
}

// TestReplicationPoints kills the replication at every point that it passes, at
// its first, a middle and its last passage, and goes on.
func TestReplicationPoints(t *testing.T) {
	t.Parallel()
	m := newReplication(t, 600)
	m.mend(t)
	passed := filepath.Join(t.TempDir(), "points")
	m.replicate(t, "GODWIT_POINTS="+passed).ends(t, 0)
	m.replicatedRight(t, 0)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	for _, point := range own(points, "sql.committed", "load.committed") {
		for _, n := range []int{1, times[point]/2 + 1, times[point]} {
			if n > times[point] || os.Getenv("GODWIT_SLOW") == "" && n != times[point]/2+1 {
				continue
			}
			if point == "unit.after-settle" && n == times[point] {
				continue // the run is over: the same command begins another one
			}
			m.emptyReplication(t)
			m.mend(t)
			m.replicate(t, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
			m.replicate(t).ends(t, 0)
			m.replicatedRight(t, 0)
			m.told(t, "begin replication-1", "end", "stage 1", "stage 2", "stage 3", "stage 4", "stage 5", "stage 6")
			if t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
}

// TestReplicationTorture kills it by kill -9 at random moments until it ends;
// the third table is mended after the first kill.
func TestReplicationTorture(t *testing.T) {
	t.Parallel()
	kills, seed := torture(t, 6)
	random := rand.New(rand.NewPCG(seed, 1))
	m := newReplication(t, 3000)
	began := time.Now()
	m.replicate(t).ends(t, 1)
	full := time.Since(began)
	inside := 0
	for killed := 0; killed < kills; {
		m.emptyReplication(t)
		for mended := false; ; {
			p := m.replicate(t)
			if killed < kills {
				killed += kill(p, time.Duration(random.Float64()*float64(full)))
			}
			code := p.exit(t)
			if code == 0 && mended {
				break
			} else if code != -1 && code != 1 || code == 0 {
				t.Fatalf("exit %d:\n%s", code, p.said.String())
			}
			phase := m.phase(t)
			if phase == "after the end" && mended {
				break
			}
			if strings.Contains(phase, "[") {
				inside++
			}
			m.mend(t)
			mended = true
		}
		m.replicatedRight(t, 0)
		m.told(t, "begin replication-1", "end", "stage 1", "stage 2", "stage 3", "stage 4", "stage 5", "stage 6")
		if t.Failed() {
			t.Fatalf("after %d kills", killed)
		}
	}
	t.Logf("%d kills, %d of them inside items; undisturbed it takes %s", kills, inside, full.Round(time.Millisecond))
}

// TestSubflowPoints kills a run that runs a flow for each of some items, at every
// point that it passes, those of the called runs among them, and goes on with it.
func TestSubflowPoints(t *testing.T) {
	t.Parallel()
	m := newReplication(t, 600)
	m.mend(t)
	for name, text := range map[string]string{
		"flows/tables.yaml": `steps:
  - for_each: {at: new, query: queries/tables.sql, as: t, key: table_id, parallel: 3, with: {most: "100"}}
    flow: {name: table, inputs: {id: "${t.table_id}"}}
`,
		"flows/table.yaml": `inputs: {id: {type: int}}
steps:
  - load: {from: {at: old, table: "src.t${inputs.id}", where: "tenant = 1"}, to: {at: new, table: "stage.t${inputs.id}", mode: append}, snapshot_lost: continue}
  - sql: {at: new, query: "insert into repl.log values (default, 'table ' || :inputs.id::text)"}
`,
	} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(m.ledger), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start := func(env ...string) *process {
		return m.start(t, env, "run", "tables", "--ledger", m.ledger, "--yes", "--progress", "none")
	}
	right := func() {
		t.Helper()
		for i := 1; i <= replicated; i++ {
			const sum = "select coalesce(sum(hashtextextended(t::text, 1)::numeric), 0)::text || ' ' || count(*) from "
			want := pgtest.Query[string](t, m.from, fmt.Sprintf(sum+"src.t%d t where tenant = 1", i))
			if got := pgtest.Query[string](t, m.to, fmt.Sprintf(sum+"stage.t%d t", i)); got != want {
				t.Errorf("stage.t%d: %s, want %s", i, got, want)
			}
		}
		m.told(t, "table 1", "table 2", "table 3", "table 4", "table 5", "table 6")
		m.checked(t)
	}
	passed := filepath.Join(t.TempDir(), "points")
	start("GODWIT_POINTS="+passed).ends(t, 0)
	right()
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	if times["flow.started"] != replicated || times["flow.ended"] != replicated {
		t.Errorf("not every item has a run: %v", times)
	}
	for _, point := range own(points, "flow.") {
		m.emptyReplication(t)
		m.mend(t)
		start(fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, times[point]/2+1)).ends(t, -1)
		start().ends(t, 0)
		if right(); t.Failed() {
			t.Fatalf("killed at %s", point)
		}
	}
}
