package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/rig/built"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// slow guards what takes minutes; CI runs it.
func slow(t testing.TB) {
	t.Helper()
	if os.Getenv("GODWIT_SLOW") == "" {
		t.Skip("set GODWIT_SLOW=1")
	}
}

// binary is godwit with test points, built once per test process.
var binary = sync.OnceValues(func() (string, error) {
	return built.Program("godwit-points", "./cmd/godwit", "-tags", "points")
})

// move is one database copied to another by the command line.
type move struct {
	from, to string
	ledger   string
	env      []string // of every process
	flags    []string // of the copy
}

func newMove(t testing.TB, from, to string) *move {
	t.Helper()
	return &move{from: from, to: to, ledger: filepath.Join(t.TempDir(), "ledger.db"), env: []string{"GODWIT_CHUNK=131072"}}
}

// process is one run of the command.
type process struct {
	*exec.Cmd
	said  bytes.Buffer
	ended chan struct{}
}

// copy starts the command that does, or goes on with, the copy.
func (m *move) copy(t testing.TB, env ...string) *process {
	t.Helper()
	args := append([]string{"copy", "--from", m.from, "--to", m.to, "--ledger", m.ledger, "--yes", "--progress", "none"}, m.flags...)
	return m.start(t, env, args...)
}

func (m *move) start(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.Dir = filepath.Dir(m.ledger)
	p.Env = slices.Concat(os.Environ(), m.env, env)
	p.Stdout, p.Stderr = &p.said, &p.said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		if _ = p.Wait(); p.ProcessState.ExitCode() == -1 {
			diedAt(env)
		}
		close(p.ended)
	}()
	t.Cleanup(func() { _ = p.Process.Kill(); <-p.ended })
	return p
}

// exit waits for the end and gives its code, -1 when a signal ended it.
func (p *process) exit(t testing.TB) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(8 * time.Minute):
		_ = p.Process.Signal(syscall.SIGQUIT)
		<-p.ended
		t.Fatalf("%v did not end:\n%s", p.Args[1:], p.said.String())
	}
	return p.ProcessState.ExitCode()
}

// ends waits for the end and expects its code.
func (p *process) ends(t testing.TB, code int) *process {
	t.Helper()
	if got := p.exit(t); got != code {
		t.Fatalf("exit %d, want %d:\n%s", got, code, p.said.String())
	}
	return p
}

// says expects words in what was printed, wherever its lines were broken.
func (p *process) says(t testing.TB, words ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(p.said.String()), " ")
	for _, w := range words {
		if !strings.Contains(p.said.String(), w) && !strings.Contains(flat, w) {
			t.Errorf("%q is not said in:\n%s", w, p.said.String())
		}
	}
}

// eventually expects a yes.
func eventually(t testing.TB, what string, yes func() bool) {
	t.Helper()
	if !comes(yes) {
		t.Fatalf("not within %s: %s", patience, what)
	}
}

// patience is how long is waited for what comes by itself.
const patience = 3 * time.Minute

// comes asks until yes or too late, and for no more than a fifth of the time: what is
// asked after needs the machine.
func comes(yes func() bool) bool {
	for began := time.Now(); ; {
		asked := time.Now()
		if yes() {
			return true
		}
		if asked.Sub(began) > patience {
			return false
		}
		<-time.After(max(5*time.Millisecond, 4*time.Since(asked)))
	}
}

// state is what a database holds, table by table, by SQL that has nothing in
// common with the product's.
func state(t testing.TB, url string) map[string]string {
	t.Helper()
	tables := pgtest.Column[string](t, url, `
		select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'm') and c.relispopulated and n.nspname !~ '^pg_|^information_schema$'`)
	parts := []string{
		`select concat('sequence ', schemaname, '.', sequencename, '=', last_value) from pg_sequences`,
		`select concat('object ', loid, '=', md5(string_agg(data, '' order by pageno))) from pg_largeobject group by loid`,
		`select concat('schema ', nspname, '=') from pg_namespace where nspname !~ '^pg_|^information_schema$'`,
		`select concat('index ', indexrelid::regclass, '=', indisvalid, indisunique) from pg_index
			where indexrelid >= 16384 and indrelid::regclass::text !~ '^pg_toast'`,
		`select concat('constraint ', conrelid::regclass, ' ', conname, '=', convalidated) from pg_constraint where conrelid >= 16384`,
		`select concat('trigger ', tgrelid::regclass, ' ', tgname, '=', tgenabled) from pg_trigger where not tgisinternal`,
	}
	for _, table := range tables {
		parts = append(parts, fmt.Sprintf(`select concat('%s', '=', count(*), ' ', sum(hashtextextended(t::text, 1)::numeric), ' ',
			sum(hashtextextended(t::text, 2)::numeric)) from only %s t`, strings.ReplaceAll(table, "'", "''"), table))
	}
	all := map[string]string{}
	for _, line := range pgtest.Column[string](t, url, strings.Join(parts, " union all ")) {
		name, value, _ := strings.Cut(line, "=")
		all[name] = value
	}
	return all
}

// proved expects a target like the source was, closed accounts and nothing
// of ours left behind.
func (m *move) proved(t testing.TB, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, state(t, m.to)); diff != "" {
		t.Errorf("target (-want +got):\n%s", diff)
	}
	m.checked(t)
}

// checked expects that the ledger proves its accounts.
func (m *move) checked(t testing.TB) {
	t.Helper()
	check := m.start(t, nil, "ledger", "check", "--ledger", m.ledger)
	if code := check.exit(t); code != 0 {
		t.Errorf("ledger check: exit %d:\n%s", code, check.said.String())
	}
}

// look reads the ledger; none of our processes needs to be gone for that.
func (m *move) look(t testing.TB, read func(context.Context, *ledger.View, ledger.Run)) {
	t.Helper()
	if _, err := os.Stat(m.ledger); errors.Is(err, os.ErrNotExist) {
		return
	}
	l, err := ledger.Open(t.Context(), m.ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	runs, err := l.Runs(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) == 0 {
		return
	}
	read(t.Context(), l.View(), slices.MaxFunc(runs, func(a, b ledger.Run) int { return int(a.ID - b.ID) }))
}

// phase says what was under way, by the kinds of the running units.
func (m *move) phase(t testing.TB) string {
	t.Helper()
	phase := "before the run"
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		if phase = "between units"; run.State == ledger.Ended && run.Outcome == "done" {
			phase = "after the end"
		}
		units, err := v.Units(ctx, run.ID, ledger.Filter{State: ledger.Running}, 0)
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[string]bool{}
		for _, u := range units {
			kinds[u.Step+"/"+u.Kind] = true
		}
		if len(kinds) > 0 {
			phase = strings.Join(slices.Sorted(maps.Keys(kinds)), "+")
		}
	})
	return phase
}

// units counts the newest run's units of a kind in a state.
func (m *move) units(t testing.TB, kind, state string) int {
	t.Helper()
	n := 0
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		units, err := v.Units(ctx, run.ID, ledger.Filter{Kind: kind, State: state}, 0)
		if err != nil {
			t.Fatal(err)
		}
		n = len(units)
	})
	return n
}

// events counts the newest run's events of a kind.
func (m *move) events(t testing.TB, kind string) int {
	t.Helper()
	n := 0
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		events, err := v.Events(ctx, run.ID, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == kind {
				n++
			}
		}
	})
	return n
}

// retarget points the move at a fresh database of the same server.
func (m *move) retarget(t testing.TB) {
	t.Helper()
	config, err := pgx.ParseConfig(m.to)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(m.to)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/postgres"
	name := pgx.Identifier{config.Database}.Sanitize()
	pgtest.Exec(t, u.String(), "drop database "+name+" with (force)")
	pgtest.Exec(t, u.String(), "create database "+name+pgtest.Quickly)
	m.ledger = filepath.Join(t.TempDir(), "ledger.db")
}

// fill makes a database in which everything a copy does has its place: keys
// across schemas, a keyless table with duplicates, an unlogged one, many small
// ones, a sequence, large objects, a view that is kept, a trigger. One thousand
// rows of scale are about 0.6 MB.
func fill(t testing.TB, url string, scale int) {
	t.Helper()
	pgtest.Exec(t, url, `
		create schema a; create schema b;
		create table a.event (id bigint primary key, at timestamptz not null, kind text not null, payload text);
		create table b.detail (id bigint primary key, event bigint not null, amount numeric(12,2), note text);
		create table b.log (at timestamp, line text);
		create unlogged table a.scratch (id int, line text);
		create sequence a.counter;
		create function b.stamp() returns trigger language plpgsql as $$ begin new.note := 'touched'; return new; end $$`,
		fmt.Sprintf(`insert into a.event select i, '2020-01-01Z'::timestamptz + i * interval '1 min', 'kind ' || i %% 7,
			repeat(md5(i::text), 8) from generate_series(1, %d) i`, scale*1000),
		fmt.Sprintf(`insert into b.detail select i, i, i / 7.0, md5(i::text) from generate_series(1, %d) i`, scale*1000),
		fmt.Sprintf(`insert into b.log select '2020-01-01'::timestamp + i %% 97 * interval '1 s', repeat(md5((i %% 97)::text), 5)
			from generate_series(1, %d) i`, scale*1000),
		fmt.Sprintf(`insert into a.scratch select i, repeat(md5(i::text), 3) from generate_series(1, %d) i`, scale*300),
		`do $$ begin for i in 1..12 loop
			execute format('create table b.small_%s (id int primary key, word text)', i);
			execute format('insert into b.small_%s select g, md5(g::text) from generate_series(1, %s) g', i, i * 3);
		end loop; end $$`,
		`alter table b.detail add foreign key (event) references a.event;
		 create index on b.detail (note); create index on a.event (at);
		 create materialized view b.summary as select kind, count(*) from a.event group by kind;
		 create unique index on b.summary (kind);
		 create trigger stamp before insert on b.detail for each row execute function b.stamp();
		 select setval('a.counter', 4711);
		 select lo_from_bytea(0, convert_to(repeat('large ', 50000), 'UTF8')), lo_from_bytea(0, 'small')`,
		"analyze")
}

func itoa(n int) string { return strconv.Itoa(n) }

// stall lets a standby have what its primary has now and nothing that comes
// later, while commits go on: the senders are stopped.
func stall(t testing.TB, primary, standby *postgres.Server) {
	t.Helper()
	caught := pgtest.Query[string](t, primary.URL("postgres"), "select pg_current_wal_lsn()::text")
	eventually(t, "the standby has it", func() bool {
		return pgtest.Query[bool](t, standby.URL("postgres"), "select pg_last_wal_replay_lsn() >= '"+caught+"'")
	})
	pgtest.Exec(t, standby.URL("postgres"), "select pg_wal_replay_pause()")
	for _, sender := range pgtest.Column[int](t, primary.URL("postgres"), "select pid from pg_stat_replication") {
		if err := syscall.Kill(sender, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Kill(sender, syscall.SIGCONT) })
	}
}
