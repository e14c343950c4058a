package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/internal/control/run"
	"godwit/internal/ledger"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// Items whose faults come and go: bad is what each breaks, as plain SQL finds it,
// and history is that for each run, with the items that it read.
const items = `create schema shop; create table shop.item (id int primary key, name text, price int, mail text, code text);
	create view shop.bad as select id, 'required' as rule, 'name' as field from shop.item where name is null
		union all select id, 'min', 'price' from shop.item where price < 0
		union all select id, 'match', 'mail' from shop.item where mail !~ '@'
		union all select id, 'cheap', 'price' from shop.item where price >= 0 and price > 900;
	create table shop.upto (id int); insert into shop.upto values (1000000);
	create table shop.history (run int, id int, rule text, field text); create index on shop.history (id, run); create table shop.read (run int, id int); create index on shop.read (id, run);
	insert into shop.item select i, case when i % 7 <> 0 then 'item ' || i end, case when i % 11 = 0 then -1 when i % 53 = 0 then 950 else i % 900 end,
		case when i % 5 = 0 then 'nobody' else 'a@b' end, 'c' || i from generate_series(1, ROWS) i`

// recurring is a project that loads items.
func recurring(t *testing.T, rows int) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, strings.Replace(items, "ROWS", fmt.Sprint(rows), 1))
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=500"}
	m.project(t, map[string]string{
		"flows/items.yaml": "steps:\n  - load: {from: {at: old, table: shop.item, where: \"id <= (select u.id from shop.upto u)\"}, map: maps/item.yaml, to: {at: new, table: shop.item, mode: merge}}\n",
		"maps/item.yaml": "owner: 'doc.id % 2 == 0 ? \"even\" : \"odd\"'\nfields:\n  id: {from: id}\n  name: {from: name, required: true, printable: true}\n  price: {from: price, min: 0, printable: true}\n" +
			"  mail: {from: mail, match: '@', severity: warn}\n  code: {from: code}\nrules:\n  cheap: {check: \"record.price == nil or record.price <= 900\", field: price, severity: warn}\n",
	})
	pgtest.Exec(t, to, `create schema shop; create table shop.item (id int primary key, name text not null, price int, mail text, code text)`)
	return m
}

// reads notes what run n finds of the items up to one.
func (m *move) reads(t *testing.T, n, upto int) {
	t.Helper()
	pgtest.Exec(t, m.from, fmt.Sprintf(`insert into shop.history select %d, b.* from shop.bad b where id <= %d; insert into shop.read select %d, id from shop.item where id <= %d`, n, upto, n, upto))
}

// listed are all issues of a run as the command tells them: key rule field state.
func (m *move) listed(t *testing.T, run string, flags ...string) []string {
	t.Helper()
	p := m.start(t, nil, append([]string{"issues", "list", run, "--each", "--limit", "0", "--json", "--ledger", m.ledger}, flags...)...).ends(t, 0)
	lines := bytes.Split(bytes.TrimSpace(p.said.Bytes()), []byte("\n"))
	var list struct {
		Issues []struct{ Key, Rule, Field, State string }
	}
	if err := json.Unmarshal(lines[len(lines)-1], &list); err != nil {
		t.Fatalf("%v: %s", err, p.said.String())
	}
	var all []string
	for _, i := range list.Issues {
		all = append(all, fmt.Sprint(i.Key, " ", i.Rule, " ", i.Field, " ", i.State))
	}
	slices.Sort(all)
	return all
}

// TestIssuesOverRunsForgotten breaks records again that an attempt had found mended
// when it died, before the ledger was told of their chunk.
func TestIssuesOverRunsForgotten(t *testing.T) {
	t.Parallel()
	m := recurring(t, 1200)
	m.reads(t, 1, 1_000_000)
	m.items(t, 1_000_000).ends(t, 3)
	pgtest.Exec(t, m.from, changes[0])
	m.items(t, 1_000_000, "GODWIT_KILL_AT=load.kept:1").ends(t, -1)
	pgtest.Exec(t, m.from, "update shop.item set name = null where id % 14 = 0")
	m.reads(t, 2, 1_000_000)
	m.items(t, 1_000_000).ends(t, 3)
	m.recurred(t, 1)
	m.recurred(t, 2)
	m.checked(t)
}

// TestIssuesOverRunsCancelled: a run that was cancelled closes nothing, the next
// one does.
func TestIssuesOverRunsCancelled(t *testing.T) {
	t.Parallel()
	m := recurring(t, 1200)
	m.reads(t, 1, 1_000_000)
	m.items(t, 1_000_000).ends(t, 3)
	pgtest.Exec(t, m.from, changes[0])
	m.items(t, 1_000_000, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	if closed := m.listed(t, "items-1", "--closed"); len(closed) == 0 {
		t.Error("nothing was closed: the test tests nothing")
	}
	m.start(t, nil, "cancel", "items-2", "--ledger", m.ledger).ends(t, 0)
	if closed := m.listed(t, "items-1", "--closed"); len(closed) > 0 {
		t.Errorf("closed by a cancelled run: %v", closed[:1])
	}
	m.items(t, 1_000_000).ends(t, 3)
	m.reads(t, 3, 1_000_000)
	m.recurred(t, 1)
}

// fine says in SQL that an issue h was mended in one of some runs.
func fine(runs string) string {
	return `exists (select from shop.read r where r.id = h.id and r.run ` + runs + ` and not exists (
		select from shop.history o where o.id = r.id and o.run = r.run and (o.rule, o.field) = (h.rule, h.field) or o.id = r.id and o.run = r.run and h.rule = 'cheap' and o.rule in ('required', 'min')))`
}

// tabled compares the table of issues in the user's database with what SQL finds
// over all runs: key, rule, field, status, in how many runs, and the last one.
func (m *move) tabled(t *testing.T) {
	t.Helper()
	want := strings.Split(pgtest.Query[string](t, m.from, `with last as (select id, rule, field, max(run) as run, count(*) as times from shop.history group by id, rule, field),
		told as (select h.*, (select max(run) from shop.history o where (o.id, o.rule, o.field) = (h.id, h.rule, h.field) and o.run < h.run) as before,
			(select min(r.run) from shop.read r where r.id = h.id and r.run > h.run) as next from last h)
		select coalesce(string_agg(line, ',' order by line collate "C"), '') from (select concat(id, ' ', rule, ' ', field, ' ', case
			when `+fine("> h.run")+` then 'fixed' when before is null then 'new' when `+fine("between before and h.run")+` then 'reopened' else 'still' end,
			' ', times) as line from told h) x`), ",")
	got := strings.Split(pgtest.Query[string](t, m.to, `select string_agg(line, ',' order by line collate "C") from (select concat(key, ' ', rule, ' ', field, ' ', status, ' ', times) as line from quality.issue) x`), ",")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("table of issues (-SQL +godwit):\n%s", d)
	}
	t.Logf("%d issues in the table", len(got))
}

// recurred compares what godwit says of the issues of run n, after as many runs as
// there are, with what SQL finds. A rule of the map's own is only asked of a record
// whose fields are sound, and so is only sure to be fulfilled by one that is loaded.
func (m *move) recurred(t *testing.T, n int) {
	t.Helper()
	text := pgtest.Query[string](t, m.from, fmt.Sprintf(`with told as (select h.*, (select max(run) from shop.history o where (o.id, o.rule, o.field) = (h.id, h.rule, h.field) and o.run < h.run) as before
			from shop.history h where h.run = %d)
		select coalesce(string_agg(line, ',' order by line collate "C"), '') from (select concat(id, ' ', rule, ' ', field, ' ', case
			when `+fine("> h.run")+` then 'closed' when before is null then 'new' when `+fine("between before and h.run")+` then 'reopened' else 'still' end) as line from told h) x`, n))
	want := strings.Split(text, ",")
	if d := cmp.Diff(want, m.listed(t, fmt.Sprint("items-", n), "--all")); d != "" {
		t.Errorf("issues of run %d (-SQL +godwit):\n%s", n, d)
	}
	states := map[string]int{}
	for _, line := range want {
		states[line[strings.LastIndexByte(line, ' ')+1:]]++
	}
	t.Logf("run %d: %v", n, states)
}

func (m *move) items(t *testing.T, upto int, env ...string) *process {
	t.Helper()
	pgtest.Exec(t, m.from, fmt.Sprint("update shop.upto set id = ", upto)) // no input: what other inputs load says nothing of these
	return m.start(t, env, "run", "items", "--ledger", m.ledger, "--yes", "--progress", "none")
}

// changes are what happens to the items between the runs.
var changes = []string{
	`update shop.item set name = 'mended' where id % 14 = 0; update shop.item set price = 5 where id % 33 = 0; update shop.item set mail = 'x@y' where id % 10 = 0;
		update shop.item set name = null where id % 17 = 0; delete from shop.item where id % 49 = 0; insert into shop.item values (100001, null, -5, 'none', 'n')`,
	`update shop.item set name = null where id % 28 = 0; update shop.item set price = -7 where id % 66 = 0; update shop.item set mail = 'none' where id % 20 = 0; update shop.item set price = 3 where id % 53 = 0`,
	`update shop.item set name = 'sound' || id where name is null and id % 3 = 0; update shop.item set price = 950 where id % 9 = 0`,
}

// TestIssuesOverRuns loads the same items four times while their faults come and
// go, once only some of them: an issue closes when its record fulfils the rule,
// opens again when it breaks it again, and stays where the record was not read.
func TestIssuesOverRuns(t *testing.T) {
	t.Parallel()
	m := recurring(t, 3000)
	for n, upto := range []int{1_000_000, 1_000_000, 1500, 1_000_000} {
		if n > 0 {
			pgtest.Exec(t, m.from, changes[n-1])
		}
		m.reads(t, n+1, upto)
		m.items(t, upto).ends(t, 3)
		for of := 1; of <= n+1; of++ {
			m.recurred(t, of)
		}
	}
	m.checked(t)
}

// TestIssuesOverRunsKilled kills the second run at every named point: nothing is
// closed by rows that do not count, and all of it once they do.
func TestIssuesOverRunsKilled(t *testing.T) {
	t.Parallel()
	m := recurring(t, 2400)
	m.reads(t, 1, 1_000_000)
	m.items(t, 1_000_000).ends(t, 3)
	pgtest.Exec(t, m.from, changes[0])
	m.reads(t, 2, 1_000_000)
	saved := filepath.Join(t.TempDir(), "ledger")
	m.keep(t, saved)
	pgtest.Exec(t, m.to, `create schema saved; create table saved.item as select * from shop.item`)
	passed := filepath.Join(t.TempDir(), "points")
	m.items(t, 1_000_000, "GODWIT_POINTS="+passed).ends(t, 3)
	m.recurred(t, 1)
	m.recurred(t, 2)
	_, times := pointsIn(t, passed)
	for _, point := range shared(1, 2, "load.kept", "load.prepared", "load.committed", "load.settled") {
		for _, n := range []int{1, times[point]/2 + 1} {
			if n == 1 && os.Getenv("GODWIT_SLOW") == "" {
				continue
			}
			m.back(t, saved)
			pgtest.Exec(t, m.to, `truncate shop.item; insert into shop.item select * from saved.item; drop schema if exists godwit cascade`)
			m.items(t, 1_000_000, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
			if closed := m.listed(t, "items-1", "--closed"); (len(closed) > 0) != (n > 1 || point == "load.settled") {
				t.Errorf("killed at %s:%d: %d issues of run 1 are closed", point, n, len(closed))
			}
			m.items(t, 1_000_000).ends(t, 3)
			m.recurred(t, 1)
			m.recurred(t, 2)
			if m.checked(t); t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
}

// TestIssuesOverRunsUndone has the target lose a chunk whose records had closed
// issues, and the source one of those records: its issue is open again.
func TestIssuesOverRunsUndone(t *testing.T) {
	t.Parallel()
	m := recurring(t, 2400)
	m.reads(t, 1, 1_000_000)
	m.items(t, 1_000_000).ends(t, 3)
	pgtest.Exec(t, m.from, changes[0])
	m.items(t, 1_000_000, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	var unit, key string
	var n int
	m.look(t, func(ctx context.Context, v *ledger.View, _ ledger.Run) {
		rows, err := v.Reader().QueryContext(ctx, `SELECT p.unit, p.n, p.key FROM passed p JOIN chunk c USING (run, unit, n) WHERE c.state = 'settled' AND p.rule = 'required' ORDER BY n DESC LIMIT 1`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if !rows.Next() || rows.Scan(&unit, &n, &key) != nil {
			t.Fatal("no chunk closed anything")
		}
	})
	issue := key + " required name "
	if closed := m.listed(t, "items-1", "--closed", "--rule", "required", "--key", key); !slices.Equal(closed, []string{issue + "closed"}) {
		t.Errorf("before the loss: %v", closed)
	}
	pgtest.Exec(t, m.to, fmt.Sprintf(`delete from godwit.mark where unit = '%s' and chunk >= %d`, unit, n))
	pgtest.Exec(t, m.from, "delete from shop.item where id = "+key)
	m.reads(t, 2, 1_000_000)
	m.items(t, 1_000_000).ends(t, 3)
	if open := m.listed(t, "items-1", "--all", "--rule", "required", "--key", key); !slices.Equal(open, []string{issue + "new"}) {
		t.Errorf("after the loss: %v", open)
	}
	m.recurred(t, 1)
	m.recurred(t, 2)
	m.checked(t)
}

// TestIssueTable has the issues of all runs in a table of the target, brought up to
// date by whichever run gets to it: killed at its points, and with the table out of
// reach, which fails no load.
func TestIssueTable(t *testing.T) {
	t.Parallel()
	m := recurring(t, 2400)
	m.write(t, "godwit.yaml", "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n  people: {postgres: {url_secret: {env: PEOPLE}}}\n"+
		"issues: {at: people, table: quality.issue}\n")
	next := func(n int, code int, env ...string) *process {
		t.Helper()
		if n > 1 {
			pgtest.Exec(t, m.from, changes[n-2])
		}
		m.reads(t, n, 1_000_000)
		return m.items(t, 1_000_000, append([]string{"PEOPLE=" + m.to}, env...)...).ends(t, code)
	}
	next(1, 3)
	m.tabled(t)
	next(2, -1, "GODWIT_KILL_AT=issues.page:1") // the run is done
	m.start(t, []string{"PEOPLE=" + m.to}, "issues", "write", "items-2", "--ledger", m.ledger).ends(t, 0)
	m.tabled(t)
	m.start(t, []string{"PEOPLE=" + m.to}, "issues", "write", "items-1", "--ledger", m.ledger).ends(t, 0).says(t, "up to date")
	next(3, 3, "PEOPLE=postgres://nobody@127.0.0.1:1/none").says(t, "issues.unwritten")
	next(4, -1, "GODWIT_KILL_AT=issues.written:1")
	m.items(t, 1_000_000, "PEOPLE="+m.to).ends(t, 3)
	m.reads(t, 5, 1_000_000)
	m.tabled(t)
	m.start(t, []string{"PEOPLE=" + m.to}, "issues", "accept", "items-5", "--rule", "required", "--reason", "as they came", "--ledger", m.ledger).ends(t, 0)
	if n := pgtest.Query[int](t, m.to, "select count(*) from quality.issue where status = 'accepted' and rule = 'required'"); n != pgtest.Query[int](t, m.from, "select count(*) from shop.item where name is null") || n == 0 {
		t.Errorf("%d are accepted", n)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from pg_indexes where schemaname = 'quality'"); n != 4 {
		t.Errorf("%d indexes", n)
	}
	m.checked(t)
}

// TestLooksChangeNothing looks a thousand times: not a row of the ledger is
// another one afterwards.
func TestLooksChangeNothing(t *testing.T) {
	t.Parallel()
	m := recurring(t, 300)
	m.items(t, 1_000_000).ends(t, 3)
	pgtest.Exec(t, m.from, changes[0])
	m.items(t, 1_000_000).ends(t, 3)
	m.start(t, nil, "issues", "accept", "items-2", "--rule", "min", "--reason", "x", "--ledger", m.ledger).ends(t, 0)
	before := m.everything(t)
	for _, args := range [][]string{{"issues", "list", "items-1", "--all", "--each"}, {"issues", "list", "items-2"}, {"issues", "accept", "items-2", "--rule", "required", "--dry-run"},
		{"issues", "unaccept", "items-2", "--rule", "min", "--dry-run"}, {"issues", "export", "items-2", "--csv", filepath.Join(t.TempDir(), "csv")}, {"dead", "stats", "items-1"},
		{"dead", "list", "items-2"}, {"dead", "show", "items-1", "1", "--source"}, {"record", "item/7"}, {"report", "items-2", "--json"}, {"redrive", "items-2", "--dry-run"}, {"runs"}, {"status", "items-2"}} {
		m.start(t, nil, append(args, "--ledger", m.ledger)...).ends(t, 0)
	}
	l, err := ledger.Open(t.Context(), m.ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	runs := run.Runs{Ledger: l}
	all, err := runs.List(t.Context(), 0)
	for n := 0; n < 1000 && err == nil; n++ {
		of := all[n%2]
		if _, err = runs.Exceptions().List(t.Context(), of.ID, run.Filter{State: run.AllOnes}, 0, 20); err == nil && n%50 == 0 {
			_, err = runs.Left(t.Context(), of)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, m.everything(t)); d != "" {
		t.Errorf("looking changed something (-before +after):\n%s", d)
	}
}

// everything is a hash of the rows of each table of the ledger.
func (m *move) everything(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	m.look(t, func(ctx context.Context, v *ledger.View, _ ledger.Run) {
		names := texts(ctx, t, v, "SELECT name FROM sqlite_schema WHERE type = 'table'")
		for _, name := range names {
			all[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(texts(ctx, t, v, "SELECT * FROM "+name), "\n"))))
		}
	})
	return all
}

// texts are the rows of a question to the ledger.
func texts(ctx context.Context, t *testing.T, v *ledger.View, query string) []string {
	t.Helper()
	rows, err := v.Reader().QueryContext(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	var all []string
	for err == nil && rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err = rows.Scan(into...); err == nil && len(columns) == 1 {
			all = append(all, fmt.Sprint(values[0]))
		} else {
			all = append(all, fmt.Sprint(values))
		}
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// keep copies the ledger away, back puts it back.
func (m *move) keep(t *testing.T, to string) {
	t.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		copyFile(t, m.ledger+end, to+end)
	}
}

func (m *move) back(t *testing.T, from string) {
	t.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		copyFile(t, from+end, m.ledger+end)
	}
}

// copyFile copies a file, or removes the copy of one that is not there.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if errors.Is(err, os.ErrNotExist) {
		_ = os.Remove(to)
		return
	}
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
