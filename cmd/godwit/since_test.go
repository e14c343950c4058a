package main_test

import (
	"context"
	databases "database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/rig/mariadb/mariatest"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// newest are the figures of the newest run.
func (m *move) newest(t testing.TB) (a record.Account) {
	t.Helper()
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		steps, err := v.Sums(ctx, run.ID)
		if err != nil || len(steps) != 1 {
			t.Fatalf("%s has %d steps: %v", run.Name(), len(steps), err)
		}
		a = steps[0]
	})
	return a
}

// clockAt is a moment n minutes behind a certain one, as all systems write it.
func clockAt(n int) string {
	return "'" + time.Date(2026, 1, 31, 23, 0, 0, 0, time.UTC).Add(time.Duration(n)*time.Minute).Format("2006-01-02 15:04:05") + "'"
}

// systems make a database of a system: how it is called in godwit.yaml, and how
// a text is run there.
var systems = map[string]func(t testing.TB, dir string) (connection string, exec func(sql string)){
	"postgres": func(t testing.TB, _ string) (string, func(string)) {
		url := pgtest.Database(t)
		return fmt.Sprintf("postgres: {url: %q}", url), func(sql string) { pgtest.Exec(t, url, sql) }
	},
	"mysql": func(t testing.TB, _ string) (string, func(string)) {
		db := mariatest.New(t)
		return fmt.Sprintf("mysql: {url_secret: {command: [echo, %q]}}", db.URL()), func(sql string) { db.Exec(t, sql) }
	},
	"sqlite": func(t testing.TB, dir string) (string, func(string)) {
		db, err := databases.Open("sqlite", filepath.Join(dir, "old.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return "sqlite: {file: old.db}", func(sql string) {
			if _, err := db.ExecContext(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
	},
}

const asked = `query: "select * from item where (changed >= :since or :since is null)"`

// TestSince reads what changed, from every system and by every kind of column:
// equal values, late commits and nulls are read, what has not changed is not.
func TestSince(t *testing.T) {
	t.Parallel()
	number := func(n int) string { return strconv.Itoa(1_000_000 + n) }
	for name, c := range map[string]struct {
		system, column, from string
		value                func(minutes int) string
		overlap              string
	}{
		"moments":              {"postgres", "timestamptz", "table: public.item", clockAt, "10m"},
		"clocks, asked":        {"postgres", "timestamp", asked, clockAt, "10m"},
		"moments, not asked":   {"postgres", "timestamptz not null", `query: "select * from item"`, clockAt, "10m"},
		"numbers":              {"postgres", "bigint", "table: public.item", number, "10"},
		"decimals":             {"postgres", "numeric(20,2)", asked, number, "10"},
		"mysql clocks":         {"mysql", "datetime(6)", "table: item", clockAt, "10m"},
		"mysql moments, asked": {"mysql", "timestamp null", asked, clockAt, "10m"},
		"mysql decimals":       {"mysql", "decimal(30,2)", `query: "select * from item"`, number, "10"},
		"sqlite texts":         {"sqlite", "text", "table: item", clockAt, "10m"},
		"sqlite texts, asked":  {"sqlite", "timestamp", asked, clockAt, "10m"},
		"sqlite numbers":       {"sqlite", "integer", `query: "select * from item"`, number, "10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, "", pgtest.Database(t))
			m.env = []string{"GODWIT_RECORDS=200"}
			dir := filepath.Dir(m.ledger)
			connection, exec := systems[c.system](t, dir)
			write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", connection, m.to))
			flow := "steps:\n  - load:\n      from: {at: old, " + c.from + ", since: changed, overlap: " + c.overlap + "}\n      key: id\n" +
				"      map: maps/item.yaml\n      to: {at: new, table: public.item, mode: merge, key: id}\n"
			write(t, dir, "flows/orders.yaml", flow)
			write(t, dir, "maps/item.yaml", "fields:\n  id: {from: id}\n  name: {from: name}\n")
			pgtest.Exec(t, m.to, "create table item (id int primary key, name text)")
			exec("create table item (id int primary key, name varchar(40), changed " + c.column + ")")
			const same = 700
			var rows []string
			for i := range same {
				rows = append(rows, fmt.Sprintf("(%d, 'name %d', %s)", i, i, c.value(0)))
			}
			exec("insert into item values " + strings.Join(rows, ", "))
			expect := func(what string, read, applied int64, say string) {
				t.Helper()
				m.load(t).ends(t, 0).says(t, say)
				if a := m.newest(t); a.Read != read || a.Applied != applied || a.Equal != read-applied {
					t.Errorf("%s: read %d, applied %d, equal %d, want %d and %d", what, a.Read, a.Applied, a.Equal, read, applied)
				}
			}
			shown := strings.Trim(c.value(0), "'")
			expect("the first run", same, same, "no run of this step between these databases has ended before")
			exec(fmt.Sprintf("insert into item select id + %d, name, %s from item where id < 100", same, c.value(60)))
			exec(fmt.Sprintf("update item set name = 'late' where id >= %d and id < %d", same-50, same)) // their value stays
			expect("equal values", same+100, 150, "orders-1 has read up to "+shown)
			expect("nothing new", 100, 0, "the next run reads changed from ")
			exec(fmt.Sprintf("update item set name = 'within the overlap', changed = %s where id = 7", c.value(51)))
			expect("a late commit", 101, 1, "")
			if !strings.Contains(c.column, "not null") && c.from != asked {
				exec("update item set name = 'null', changed = null where id = 8")
				expect("a null", 102, 1, "")
				exec(fmt.Sprintf("update item set changed = %s where id = 8", c.value(0)))
			}
			if os.Getenv("GODWIT_SLOW") == "" && !strings.HasPrefix(c.from, "table:") {
				m.checked(t) // when everything is read is the same of all
				return
			}
			write(t, dir, "maps/item.yaml", "fields:\n  id: {from: id}\n  name: {from: name, convert: upper}\n")
			expect("another map", same+100, same+100, "everything: the map changed since orders-")
			m.start(t, nil, "run", "orders", "--full", "--ledger", m.ledger, "--progress", "none").ends(t, 0).says(t, "--full")
			if a := m.newest(t); a.Read != same+100 || a.Applied != 0 {
				t.Errorf("--full: %+v", a)
			}
			expect("behind all", 101, 0, "")
			m.checked(t)
		})
	}
}

// TestSinceKilled reads one part before a kill and the other one later: what
// changed in the first part meanwhile is not passed over, although the second
// one held higher values.
func TestSinceKilled(t *testing.T) {
	t.Parallel()
	for name, open := range systems {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, "", pgtest.Database(t))
			m.env = []string{"GODWIT_RECORDS=1000"}
			dir := filepath.Dir(m.ledger)
			connection, exec := open(t, dir)
			write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {%s}\n  new: {postgres: {url: %q}}\n", connection, m.to))
			write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: {at: old, query: \"select id, version from item\", since: version, overlap: 10}\n"+
				"      key: id\n      to: {at: new, table: public.item, mode: merge}\n")
			pgtest.Exec(t, m.to, "create table item (id int primary key, version bigint)")
			exec("create table item (id int primary key, version bigint)")
			var rows []string
			for i := range 5000 {
				rows = append(rows, fmt.Sprintf("(%d, %d)", i, 100+i%2))
			}
			exec("insert into item values " + strings.Join(rows, ", "))
			m.load(t, "GODWIT_KILL_AT=load.settled:1").ends(t, -1)
			exec("update item set version = 130 where id = 5")
			exec("insert into item values (9999, 1000)")
			m.load(t).ends(t, 0).says(t, "the next run reads version from 91")
			m.start(t, nil, "plan", "orders", "--ledger", m.ledger).ends(t, 0).says(t, "version from 91: orders-1 has read up to 101")
			m.load(t, "GODWIT_KILL_AT=watermark.noted:1").ends(t, -1)
			m.load(t).ends(t, 0).says(t, "the next run reads version from 990")
			if got := pgtest.Query[int](t, m.to, "select version from item where id = 5"); got != 130 {
				t.Errorf("what changed while the run was dead is %d", got)
			}
			m.load(t).ends(t, 0)
			if a := m.newest(t); a.Read != 1 || a.Equal != 1 {
				t.Errorf("read %d, equal %d", a.Read, a.Equal)
			}
			m.checked(t)
		})
	}
}

// TestSinceTorture changes rows, many of them with the same value, in
// transactions that commit late, while incremental runs follow each other and are
// killed. In the end nothing is missing, and what did not change is not read.
func TestSinceTorture(t *testing.T) {
	t.Parallel()
	kills, seed := torture(t, 6)
	random := rand.New(rand.NewPCG(seed, 2))
	from, to := pgtest.Pair(t)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=1000"}
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {postgres: {url: %q}}\n  new: {postgres: {url: %q}}\n", from, to))
	write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: {at: old, table: public.item, since: changed, overlap: 5s}\n      to: {at: new, table: public.item, mode: merge}\n")
	const table = "create table item (id int primary key, name text, changed timestamptz not null)"
	pgtest.Exec(t, to, table)
	pgtest.Exec(t, from, table+"; create index on item (changed)", "insert into item select i, 'first ' || i, now() from generate_series(1, 20000) i")
	began := time.Now()
	m.load(t).ends(t, 0)
	full := time.Since(began)

	var stop atomic.Bool
	wrote := make(chan int)
	for w := range 2 {
		go func() { // each a transaction after the other; their values are older than their commits
			n, random := 0, rand.New(rand.NewPCG(seed, uint64(w)))
			defer func() { wrote <- n }()
			conn, err := pgx.Connect(context.Background(), from)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(context.Background())
			for !stop.Load() {
				n++
				sql := fmt.Sprintf(`begin; update item set name = '%d/%d', changed = now() where id between %d and %d; select pg_sleep(%f);
					insert into item values (%d, 'new', now()); commit`, w, n, 10000*w+1, 10000*w+random.IntN(10000), random.Float64(), 100_000+2*n+w)
				if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	killed, ended, usual := 0, 0, full
	for killed < kills || ended < 3 {
		began, p := time.Now(), m.load(t)
		if killed < kills {
			killed += kill(p, time.Duration(random.Float64()*float64(usual)))
		}
		switch code := p.exit(t); code {
		case 0:
			ended++
			usual = time.Since(began)
		case -1:
		default:
			t.Fatalf("exit %d:\n%s", code, p.said.String())
		}
	}
	stop.Store(true)
	changes := <-wrote + <-wrote
	m.load(t).ends(t, 0) // goes on with what was killed last
	m.load(t).ends(t, 0)
	const sum = "select count(*) || ' ' || sum(hashtextextended(t::text, 1)::numeric) from item t"
	if want, got := pgtest.Query[string](t, from, sum), pgtest.Query[string](t, to, sum); want != got {
		t.Errorf("the target holds %s, want %s", got, want)
	}
	m.load(t).ends(t, 0)
	within := pgtest.Query[int64](t, from, "select count(*) from item where changed >= (select max(changed) from item) - interval '5 s'")
	if a := m.newest(t); a.Read != within || a.Written != 0 {
		t.Errorf("nothing changed: %d were read and %d written, %d lie within the overlap", a.Read, a.Written, within)
	}
	m.checked(t)
	t.Logf("%d transactions, %d kills, %d runs that ended; a first one takes %s", changes, killed, ended, full.Round(time.Millisecond))
}
