package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector/connectortest"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
)

func snapshotOf(t testing.TB, e *Endpoint) *snapshot {
	t.Helper()
	sn, err := e.OpenSnapshot(patient(t), t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.CloseSnapshot(t.Name()) })
	return sn.(*snapshot)
}

func readerOf(t testing.TB, sn *snapshot) *reader {
	t.Helper()
	r, err := sn.Read(patient(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r.(*reader)
}

func loadOf(t testing.TB, e *Endpoint, marks ...record.MarkKey) *load {
	t.Helper()
	l, err := e.Begin(patient(t), marks)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*load)
}

// move relays a chunk, commits, and compares with what the target then holds.
func move(t testing.TB, from, to *Endpoint, c catalog.Chunk) record.Sum {
	t.Helper()
	l, r := loadOf(t, to), readerOf(t, snapshotOf(t, from))
	sum, rows, err := connectortest.Relay(patient(t), r, l, c)
	if err != nil {
		t.Fatalf("%s in %s: %v", c.Table, c.Format, err)
	}
	if err := errors.Join(l.Commit(patient(t), nil), l.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
	c.Table = c.Into
	if target := connectortest.SumOf(t, to, c); !target.Equal(sum) || target.Bytes != sum.Bytes || rows != sum.Rows {
		t.Errorf("%s in %s: read %d rows %v, wrote %d, target holds %d rows %v",
			c.Table, c.Format, sum.Rows, sum, rows, target.Rows, target)
	}
	return sum
}

func TestEveryTypePassesUnchanged(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	for _, url := range []string{from, to} {
		// Its rows name this role in aclitem values.
		pgtest.Exec(t, url, "do $$ begin create role postgres; exception when duplicate_object then end $$")
		pgtest.Load(t, url, "data/pg-types/pg_types.sql")
	}
	extra := `create schema odd;
		create type odd.mood as enum ('sad', 'so so'); create domain odd.short as varchar(3); create type odd.two as (a int, b text);
		create table odd."t a.b""l" ("c ""1" odd.mood, "select" odd.mood[], d odd.short, e odd.two, f odd.two[], g float8, h numeric,
			i char(5), j bytea, k timestamptz, l interval, m json, n xml, o tsrange, p regclass, q text, r float8[], s date)`
	rows := `insert into odd."t a.b""l" values
		('so so', '{sad,NULL}', 'x', '(1,"a,b")', '{"(1,x)",NULL}', '-0', 'NaN', 'a', '\x00ff5c0a', '4713-01-01 BC', '-1 mon +2 days', '{"a": 1.0, "a":2}', '<a> &amp;</a>', 'empty', 'pg_class', E'tab\t nl\n bs\\ \\N \\.', '{NaN,-Infinity,1e-307}', 'infinity'),
		(null, '{}', '', '(,)', '{}', 'NaN', '-Infinity', '', '', '-infinity', '1 year -1 sec', 'null', '', '[2000-01-01,)', null, '\.', null, '4713-01-01 BC')`
	pgtest.Exec(t, from, extra, rows)
	pgtest.Exec(t, to, extra)
	a, b := endpoint(t, from), endpoint(t, to)
	tables := append(pgtest.Column[string](t, from, "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"), `odd.t a.b"l`)
	if len(tables) < 20 {
		t.Fatalf("only %d tables", len(tables))
	}
	for _, table := range tables {
		name := public(table)
		if schema, object, ok := strings.Cut(table, "."); ok && schema == "odd" {
			name = catalog.Name{Schema: schema, Object: object}
		}
		for _, format := range []string{catalog.Text, catalog.Binary} {
			c := whole(t, from, name, format)
			if format == catalog.Binary && !hasBinary(t, from, name) {
				continue
			}
			pgtest.Exec(t, to, "truncate "+name.SQL())
			sum := move(t, a, b, c)
			if n := pgtest.Query[int64](t, from, "select count(*) from only "+name.SQL()); sum.Rows != n {
				t.Errorf("%s in %s: %d rows of %d", name, format, sum.Rows, n)
			}
		}
	}
}

// hasBinary leaves out what catalog.Format never asks for in binary: types
// without a binary form, arrays and composites of others' types.
func hasBinary(t testing.TB, url string, table catalog.Name) bool {
	t.Helper()
	return !pgtest.Query[bool](t, url, `
		select exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid
		where a.attrelid = $1::text::regclass and a.attnum > 0 and (t.typsend = 0 or t.oid >= 16384 or t.typname in ('aclitem', '_aclitem')))`, table.SQL())
}

func TestChunksTileWhileTheTableChanges(t *testing.T) {
	t.Parallel()
	from, _ := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table public.a (id int primary key, pad text)",
		"insert into a select i, repeat('x', i % 700) from generate_series(1, 20000) i")
	e := endpoint(t, from)
	c := whole(t, from, public("a"), catalog.Binary)
	sn := snapshotOf(t, e)

	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	started := make(chan struct{})
	writer.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			pgtest.Exec(t, from, fmt.Sprintf("update a set pad = 'changed %d' where id %% 97 = %d", i, i%97),
				fmt.Sprintf("delete from a where id = %d", i), fmt.Sprintf("insert into a values (%d, 'new')", 100000+i))
			if i == 3 {
				close(started)
			}
		}
	})
	<-started
	var parts record.Sum
	for at := int64(0); at < 1100; at += 100 {
		part := c
		if part.From, part.To = at, at+100; at == 1000 {
			part.To = 0
		}
		sum, err := readerOf(t, sn).CopyOut(patient(t), part, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		parts.Merge(sum)
	}
	all, err := readerOf(t, sn).CopyOut(patient(t), c, io.Discard)
	stop()
	writer.Wait()
	if err != nil || parts != all || all.Rows != 20000 {
		t.Errorf("chunks are %+v, the table %+v (%v)", parts, all, err)
	}
}

func TestTableWithoutColumns(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	for _, ddl := range []string{"create table public.none ()", "create table public.made (a int generated always as (1) stored)"} {
		pgtest.Exec(t, from, ddl)
		pgtest.Exec(t, to, ddl)
	}
	pgtest.Exec(t, from, "insert into none select from generate_series(1, 7)", "insert into made select from generate_series(1, 3)")
	a, b := endpoint(t, from), endpoint(t, to)
	for table, n := range map[string]int64{"none": 7, "made": 3} {
		if sum := move(t, a, b, whole(t, from, public(table), catalog.Text)); sum.Rows != n {
			t.Errorf("%s: %d rows, want %d", table, sum.Rows, n)
		}
	}
}

func TestLargeRowTakesLittleMemory(t *testing.T) {
	from, to := pgtest.Pair(t)
	const ddl = "create table public.big (id int, doc text); alter table public.big alter doc set storage external"
	pgtest.Exec(t, from, ddl, "insert into big select 1, repeat(md5('1'), 2293760)")
	pgtest.Exec(t, to, ddl)
	c := whole(t, from, public("big"), catalog.Text)
	a, b := endpoint(t, from), endpoint(t, to)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sum := move(t, a, b, c)
	runtime.ReadMemStats(&after)
	if sum.Bytes < 70<<20 {
		t.Fatalf("the row has %d bytes only", sum.Bytes)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("%d MiB were allocated on the way", used>>20)
	}
}

func TestServersRefusal(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	const canary = "row-content-4711"
	pgtest.Exec(t, from, "create table public.a (id int, t text)", "insert into a select 1, '"+canary+"' from generate_series(1, 2)")
	a, b := endpoint(t, from), endpoint(t, to)
	for _, test := range []struct {
		ddl, code string
		lines     map[string]string
	}{
		{"(id int constraint one primary key, t text)", "data.unique", map[string]string{"table": "public.a", "constraint": "one", "key": "id", "at": "COPY a, line 2"}},
		{"(id int, t text check (length(t) < 3))", "data.check", map[string]string{"table": "public.a", "constraint": "a_t_check", "at": "COPY a, line 1"}},
		{"(id int, t varchar(3))", "data.too-long", map[string]string{"at": "COPY a, line 1, column t"}},
		{"(id int, t int)", "data.syntax", map[string]string{"at": "COPY a, line 1, column t"}},
		{"(id int, t date)", "data.date", map[string]string{"at": "COPY a, line 1, column t"}},
		{"(id int, t text, more int not null)", "data.not-null", map[string]string{"table": "public.a", "column": "more", "at": "COPY a, line 1"}},
		{"(id int)", "object.missing", nil},
	} {
		pgtest.Exec(t, to, "drop table if exists public.a", "create table public.a "+test.ddl)
		l := loadOf(t, b)
		_, _, err := connectortest.Relay(patient(t), readerOf(t, snapshotOf(t, a)), l, whole(t, from, public("a"), catalog.Text))
		f := fault.Of(err)
		if f.Code != test.code {
			t.Errorf("%s: code %s, want %s (%v)", test.ddl, f.Code, test.code, err)
		}
		got := map[string]string{}
		for _, line := range f.Lines {
			got[line.Label] = line.Text
		}
		for label, want := range test.lines {
			if got[label] != want {
				t.Errorf("%s: %s is %q, want %q", test.ddl, label, got[label], want)
			}
		}
		if all := fmt.Sprintf("%v %+v", err, f); strings.Contains(all, canary) {
			t.Errorf("%s: the row's content shows: %s", test.ddl, all)
		}
		l.Close()
	}
}

// TestRefusalEndsAWait proves that the server's error comes out although the
// source gives nothing more.
func TestRefusalEndsAWait(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key)")
	l := loadOf(t, endpoint(t, url))
	r, w := io.Pipe()
	go w.Write([]byte("d\x00\x00\x00\x06x\n")) // no integer; then silence
	// The server takes a buffer of rows before it looks at them.
	go func() {
		for range 1 << 14 {
			if _, err := w.Write([]byte("d\x00\x00\x00\x061\n")); err != nil {
				return
			}
		}
	}()
	_, err := l.CopyIn(patient(t), whole(t, url, public("a"), catalog.Text), r)
	if code := fault.CodeOf(err); code != "data.syntax" && code != "data.unique" {
		t.Errorf("error is %v (%s)", err, code)
	}
}

func TestCutInTheMiddle(t *testing.T) {
	t.Parallel()
	from, _ := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table public.a as select i, repeat('x', 500) as t from generate_series(1, 50000) i")
	r := readerOf(t, snapshotOf(t, endpoint(t, from)))
	cut := sync.OnceFunc(func() {
		pgtest.Exec(t, from, fmt.Sprintf("select pg_terminate_backend(%d, 10000)", r.s.conn.PgConn().PID()))
	})
	_, err := r.CopyOut(patient(t), whole(t, from, public("a"), catalog.Text), writing(func(b []byte) (int, error) {
		cut()
		return len(b), nil
	}))
	if f := fault.Of(err); f.Kind != fault.Unavailable {
		t.Errorf("error is %v (%s, %s), want unavailable", err, f.Kind, f.Code)
	}
}

type writing func([]byte) (int, error)

func (w writing) Write(b []byte) (int, error) { return w(b) }

func TestCancelWhileWaitingForALock(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int)")
	e := endpoint(t, url)
	holder := loadOf(t, e)
	if err := holder.Exec(t.Context(), "lock table public.a"); err != nil {
		t.Fatal(err)
	}
	r := readerOf(t, snapshotOf(t, e))
	ctx, cancel := context.WithCancel(patient(t))
	done := make(chan error, 1)
	go func() {
		_, err := r.CopyOut(ctx, catalog.Chunk{Table: public("a"), Columns: []string{"id"}, Format: catalog.Text}, io.Discard)
		done <- err
	}()
	waitingFor(t, url, r.s.conn.PgConn().PID())
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) { // the lock is still held
		t.Errorf("ended with %v", err)
	}
	// The backend is told, too: it does not wait on.
	eventually(t, func() bool {
		return pgtest.Query[int](t, url, fmt.Sprintf("select count(*) from pg_stat_activity where pid = %d", r.s.conn.PgConn().PID())) == 0
	})
}

// waitingFor returns when a backend waits for a lock.
func waitingFor(t *testing.T, url string, pid uint32) {
	t.Helper()
	eventually(t, func() bool {
		return pgtest.Query[int](t, url, fmt.Sprintf("select count(*) from pg_locks where pid = %d and not granted", pid)) > 0
	})
}

// eventually asks, each time by a login of its own, until the answer is yes.
func eventually(t testing.TB, yes func() bool) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); <-look.C {
		if yes() {
			return
		}
	}
	t.Fatal("it did not come about")
}

func BenchmarkCopyOut(b *testing.B) {
	url := pgtest.Database(b)
	pgtest.Exec(b, url, "create table public.a as select i::bigint as id, i % 1000 as n, 'row number ' || i as t, now() as at from generate_series(1, 500000) i")
	for _, format := range []string{catalog.Text, catalog.Binary} {
		b.Run(format, func(b *testing.B) {
			r := readerOf(b, snapshotOf(b, endpoint(b, url)))
			c := whole(b, url, public("a"), format)
			var size int64
			for b.Loop() {
				sum, err := r.CopyOut(b.Context(), c, &into{buffer: make([]byte, 256<<10)})
				if err != nil {
					b.Fatal(err)
				}
				size = sum.Bytes
			}
			b.SetBytes(size)
		})
	}
}

// into takes a stream as a ring of buffers does.
type into struct{ buffer []byte }

func (w *into) Write(b []byte) (int, error) { return len(b), nil }

func (w *into) ReadFrom(r io.Reader) (total int64, err error) {
	for {
		n, err := r.Read(w.buffer)
		total += int64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
