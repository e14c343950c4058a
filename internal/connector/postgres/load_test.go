package postgres

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

func markOf(run byte, chunk int) record.MarkKey {
	return record.MarkKey{Run: strings.Repeat(fmt.Sprintf("%02x", run), 16), Unit: "copy/data/a/1", Chunk: chunk, Generation: 1, Attempt: 1}
}

func accountOf(k record.MarkKey) []record.Account {
	return []record.Account{{Chunk: k.Chunk, Generation: k.Generation}}
}

// TestMarkTableComesAndGoes has many loads and many runs' ends meet.
func TestMarkTableComesAndGoes(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	var all sync.WaitGroup
	for run := range 6 {
		e := endpoint(t, url)
		all.Go(func() {
			for chunk := range 5 {
				k := markOf(byte(run), chunk)
				l, err := e.Begin(patient(t), []record.MarkKey{k})
				if err != nil {
					t.Errorf("run %d: %v", run, err)
					return
				}
				if err := errors.Join(l.Commit(patient(t), accountOf(k)), l.Close()); err != nil {
					t.Errorf("run %d: %v", run, err)
				}
			}
			marks, err := e.Marks(patient(t), markOf(byte(run), 0).Run)
			if len(marks) != 5 || err != nil {
				t.Errorf("run %d has %d marks (%v), want 5", run, len(marks), err)
			}
			if err := e.DropMarks(patient(t), markOf(byte(run), 0).Run, "", nil); err != nil {
				t.Errorf("run %d: %v", run, err)
			}
		})
	}
	all.Wait()
	// Whoever came last may have met another's transaction.
	if err := endpoint(t, url).DropMarks(patient(t), markOf(0, 0).Run, "", nil); err != nil {
		t.Error(err)
	}
	if pgtest.Query[bool](t, url, "select exists (select from pg_namespace where nspname = 'godwit')") {
		t.Error("schema godwit is left")
	}
}

func TestMarksOfOthersStay(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	e := endpoint(t, url)
	mine, other := markOf(1, 1), markOf(2, 1)
	l := loadOf(t, e, mine)
	if err := errors.Join(l.Commit(patient(t), accountOf(mine)), l.Close()); err != nil {
		t.Fatal(err)
	}
	loadOf(t, e, other) // is at work
	if err := e.DropMarks(patient(t), mine.Run, "", nil); err != nil {
		t.Fatal(err)
	}
	if !pgtest.Query[bool](t, url, "select to_regclass('godwit.mark') is not null") {
		t.Error("the table of another's load is gone")
	}
}

func TestSecondAttemptWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	first, second := endpoint(t, url), endpoint(t, url)
	k := markOf(1, 1)
	l := loadOf(t, first, k)
	ctx := connector.WithLabel(patient(t), "second attempt")
	k2 := k
	k2.Attempt = 2
	done := make(chan error, 1)
	go func() {
		_, err := second.Begin(ctx, []record.MarkKey{k2})
		done <- err
	}()
	var waits []connector.Wait
	eventually(t, func() bool {
		var err error
		if waits, err = first.Waits(patient(t), "second attempt"); err != nil {
			t.Fatal(err)
		}
		return len(waits) == 1 && waits[0].Gate == "lock"
	})
	if w := waits[0]; !strings.Contains(w.Holder, fmt.Sprintf("pid %d,", l.s.conn.PgConn().PID())) || w.Since.IsZero() || len(w.Fix) != 1 {
		t.Errorf("wait is %+v", w)
	}
	if err := l.Commit(patient(t), accountOf(k)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; fault.CodeOf(err) != "mark.exists" {
		t.Errorf("second attempt: %v, want mark.exists", err)
	}
}

func TestTargetWithoutRights(t *testing.T) {
	t.Parallel()
	super := pgtest.Database(t)
	e := endpoint(t, pgtest.Login(t, super, ""))
	l := loadOf(t, e, markOf(1, 1))
	if err := l.Exec(patient(t), "create table public.a (id int primary key); create table public.b (id int references public.a)"); err != nil {
		t.Fatal(err)
	}
	// TRUNCATE is refused for the key's sake: rows are deleted.
	if err := l.Empty(patient(t), connector.Part{Table: public("a"), Columns: []string{"id"}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Commit(patient(t), accountOf(markOf(1, 1))), l.Close()); err != nil {
		t.Fatal(err)
	}
	if *e.replica {
		t.Error("the role may set session_replication_role")
	}
	pgtest.Exec(t, super, "create table public.secret (id int)", "alter table public.a enable row level security; alter table public.a force row level security")
	r := readerOf(t, snapshotOf(t, e))
	_, err := r.CopyOut(patient(t), catalog.Chunk{Table: public("secret"), Columns: []string{"id"}}, io.Discard)
	if f := fault.Of(err); f.Kind != fault.Denied || f.Code != "right.missing" {
		t.Errorf("a table of others: %v (%s %s)", err, f.Kind, f.Code)
	}
	_, err = readerOf(t, snapshotOf(t, e)).CopyOut(patient(t), catalog.Chunk{Table: public("a"), Columns: []string{"id"}}, io.Discard)
	if f := fault.Of(err); f.Kind != fault.Denied {
		t.Errorf("rows hidden by a policy: %v (%s %s), want denied", err, f.Kind, f.Code)
	}
}

func TestTriggersAndKeysRest(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table public.a (id int, ref int)", "insert into a values (1, 99)")
	pgtest.Exec(t, to, "create table public.a (id int primary key, ref int references a)",
		"create function boom() returns trigger language plpgsql as $$ begin raise 'boom'; end $$",
		"create trigger boom before insert on public.a for each row execute function boom()")
	move(t, endpoint(t, from), endpoint(t, to), whole(t, from, public("a"), catalog.Binary))
}

func TestStatementThatEndsTheTransaction(t *testing.T) {
	t.Parallel()
	l := loadOf(t, endpoint(t, pgtest.Database(t)), markOf(1, 1))
	if err := l.Exec(patient(t), "commit"); err == nil {
		t.Error("nothing was said")
	}
	if err := l.Commit(patient(t), accountOf(markOf(1, 1))); err == nil {
		t.Error("committed again")
	}
}

func TestLargeObjects(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, to, "select lo_from_bytea(4711, 'something longer that was here before')")
	content := make([]byte, piece*2+17)
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]byte{content, {}, content[:piece]} {
		a, b := loadOf(t, endpoint(t, from)), loadOf(t, endpoint(t, to))
		if err := errors.Join(a.Blob(patient(t), 4711, bytes.NewReader(want)), a.Commit(patient(t), nil)); err != nil {
			t.Fatal(err)
		}
		e := endpoint(t, from)
		var read bytes.Buffer
		n, err := readerOf(t, snapshotOf(t, e)).Blob(patient(t), 4711, &read)
		e.CloseSnapshot(t.Name())
		if err != nil || n != int64(len(want)) || !bytes.Equal(read.Bytes(), want) {
			t.Fatalf("read %d bytes (%v), want %d", n, err, len(want))
		}
		if err := errors.Join(b.Blob(patient(t), 4711, &read), b.Commit(patient(t), nil)); err != nil {
			t.Fatal(err)
		}
		if got := pgtest.Query[[]byte](t, to, "select lo_get(4711)"); !bytes.Equal(got, want) {
			t.Errorf("%d bytes arrived, want %d", len(got), len(want))
		}
	}
}

func TestSequences(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	var names []catalog.Name
	var want []connector.SequenceValue
	var made []string
	for i := range 450 {
		n := catalog.Name{Schema: "public", Object: fmt.Sprintf(`s "%d"`, i)}
		made = append(made, fmt.Sprintf("create sequence %s minvalue -500 start %d; select setval('%s', %d, %t)", n.SQL(), -i, n.SQL(), -i, i%2 == 0))
		names, want = append(names, n), append(want, connector.SequenceValue{Name: n, Last: int64(-i), Called: i%2 == 0})
	}
	pgtest.Exec(t, from, made...)
	pgtest.Exec(t, to, `do $$ begin for i in 0..449 loop execute format('create sequence public.%I minvalue -500', 's "' || i || '"'); end loop; end $$`)
	got, err := readerOf(t, snapshotOf(t, endpoint(t, from))).Values(patient(t), names)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	l := loadOf(t, endpoint(t, to))
	if err := errors.Join(l.SetSequences(patient(t), got), l.Commit(patient(t), nil)); err != nil {
		t.Fatal(err)
	}
	got, err = readerOf(t, snapshotOf(t, endpoint(t, to))).Values(patient(t), names)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := loadOf(t, endpoint(t, to)).SetSequences(patient(t), []connector.SequenceValue{{Name: public("none")}}); fault.CodeOf(err) != "object.missing" {
		t.Errorf("a missing sequence: %v", err)
	}
}

// A sequence that was restarted after the snapshot was inspected is not behind
// the rows that it shows, whichever way it counts.
func TestSequencesRestarted(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `create sequence public.up; create sequence public.down increment -1; create sequence public.on; create sequence public.unused;
		create sequence public.gone; select setval('up', 100), setval('down', -100), setval('on', 7)`)
	names := []catalog.Name{public("up"), public("down"), public("on"), public("unused"), public("later")}
	sn := snapshotOf(t, endpoint(t, url))
	look := readerOf(t, sn)
	pgtest.Exec(t, url, "drop sequence gone") // the snapshot sees it, nobody can read it
	if err := look.noteValues(patient(t), []catalog.Name{public("gone")}); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, url, "create sequence public.gone")
	if _, err := look.Inspect(patient(t), catalog.Selection{}); err != nil {
		t.Fatal(err)
	}
	look.Close()
	r := readerOf(t, sn)
	pgtest.Exec(t, url, "alter sequence up restart; alter sequence down restart; select nextval('on'), nextval('unused'); drop sequence gone; create sequence later")
	got, err := r.Values(patient(t), names)
	want := []connector.SequenceValue{
		{Name: names[0], Last: 100, Called: true}, {Name: names[1], Last: -100, Called: true}, {Name: names[2], Last: 8, Called: true},
		{Name: names[3], Last: 1, Called: true}, {Name: names[4], Last: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestBucketsOfOddTables(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	var wide []string
	for i := range 1600 {
		wide = append(wide, fmt.Sprintf("c%d int2 default 1", i))
	}
	pgtest.Exec(t, url, "create table public.wide ("+strings.Join(wide, ", ")+")", "insert into public.wide default values",
		"create table public.none ()", "insert into public.none select from generate_series(1, 3)",
		"create type public.mood as enum ('a', 'b'); create type public.two as (a int, b json)",
		"create table public.odd (a json, b xml, c point, d public.mood, e public.two[], f char(4))",
		"insert into public.odd values ('{}', '<a/>', '(1,2)', 'a', array[(1,'{}')::public.two], 'x'), (null, null, null, null, null, null), (null, null, null, null, null, null)")
	e := endpoint(t, url)
	for table, n := range map[string]int64{"wide": 1, "none": 3, "odd": 3} {
		c := whole(t, url, public(table), catalog.Text)
		p := connector.Part{Table: c.Table, Columns: c.Columns, Of: 7}
		r := readerOf(t, snapshotOf(t, e))
		buckets, err := r.Buckets(patient(t), p)
		if err != nil {
			t.Fatal(table, err)
		}
		var sum, rows int64
		for _, b := range buckets {
			sum += b.Rows
			for row, err := range r.Rows(patient(t), p, []int{b.N}) {
				if err != nil {
					t.Fatal(table, err)
				}
				if len(row.Values) != len(c.Columns) || row.Key != nil {
					t.Errorf("%s: %d values, key %v", table, len(row.Values), row.Key)
				}
				rows++
			}
			c.Of, c.Buckets = 7, append(c.Buckets, b.N)
		}
		copied, err := r.CopyOut(patient(t), c, io.Discard)
		if sum != n || rows != n || copied.Rows != n || err != nil {
			t.Errorf("%s: buckets hold %d rows, %d came, %d were copied (%v), want %d", table, sum, rows, copied.Rows, err, n)
		}
		r.Close()
	}
}

func TestWaitsNameTheRoot(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int)")
	e := endpoint(t, url)
	root, middle, last := loadOf(t, e), loadOf(t, e), loadOf(t, e)
	if err := root.Exec(patient(t), "set local application_name = 'psql'; lock table public.a in row exclusive mode"); err != nil {
		t.Fatal(err)
	}
	var blocked sync.WaitGroup
	blocked.Go(func() { middle.Exec(t.Context(), "lock table public.a in access exclusive mode") })
	waitingFor(t, url, middle.s.conn.PgConn().PID())
	blocked.Go(func() {
		last.Exec(t.Context(), "set local application_name = 'the last'; select count(*) from public.a")
	})
	waitingFor(t, url, last.s.conn.PgConn().PID())
	var waits []connector.Wait
	eventually(t, func() bool {
		var err error
		if waits, err = e.Waits(patient(t), "the last"); err != nil {
			t.Fatal(err)
		}
		return len(waits) == 1 && waits[0].Gate == "lock"
	})
	pid := root.s.conn.PgConn().PID()
	want := connector.Wait{Gate: "lock", Text: "AccessShareLock on public.a", Since: waits[0].Since, Holder: waits[0].Holder,
		Statement: "set local application_name = 'psql'; lock table public.a in row exclusive mode",
		Fix:       []string{fmt.Sprintf("SELECT pg_terminate_backend(%d);", pid)}}
	if diff := cmp.Diff(want, waits[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(waits[0].Holder, fmt.Sprintf("pid %d, user godwit, psql, idle in transaction since 2", pid)) {
		t.Errorf("holder is %q", waits[0].Holder)
	}
	pgtest.Exec(t, url, fmt.Sprintf("select pg_terminate_backend(pid, 10000) from unnest(array[%d, %d, %d]) pid", pid, middle.s.conn.PgConn().PID(), last.s.conn.PgConn().PID()))
	blocked.Wait()
}

func TestWaitsOfASlowSide(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table public.a as select i, repeat('x', 500) t from generate_series(1, 100000) i")
	pgtest.Exec(t, to, "create table public.a (i int, t text)")
	a, b := endpoint(t, from), endpoint(t, to)
	held, release := make(chan struct{}), make(chan struct{})
	hold := sync.OnceFunc(func() { close(held); <-release })
	r := readerOf(t, snapshotOf(t, a))
	c := whole(t, from, public("a"), catalog.Binary)
	l, err := b.Begin(connector.WithLabel(patient(t), "writer"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pipe, w := io.Pipe()
	done := make(chan error, 2)
	go func() {
		_, err := r.CopyOut(connector.WithLabel(t.Context(), "unused"), c, writing(func(p []byte) (int, error) {
			hold()
			return w.Write(p)
		}))
		done <- errors.Join(err, w.Close())
	}()
	go func() {
		_, err := l.CopyIn(t.Context(), c, pipe)
		done <- err
	}()
	<-held
	for label, gate := range map[string]string{"godwit": "writing", "writer": "reading"} {
		e := map[string]*Endpoint{"godwit": a, "writer": b}[label]
		eventually(t, func() bool {
			waits, err := e.Waits(patient(t), label)
			return err == nil && len(waits) == 1 && waits[0].Gate == gate
		})
	}
	close(release)
	if err := errors.Join(<-done, <-done); err != nil {
		t.Error(err)
	}
}

// TestDropMarksBesideOthers has a run take its marks away, again and again, beside
// others that have none any more: none fails for the table that it dropped while
// they waited for the lock.
func TestDropMarksBesideOthers(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	e, k := endpoint(t, url), markOf(0, 1)
	over := make(chan struct{})
	var others sync.WaitGroup
	for run := range 3 {
		e := endpoint(t, url)
		others.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if err := e.DropMarks(patient(t), markOf(byte(run+1), 1).Run, "", nil); err != nil {
					t.Errorf("run %d: %v", run+1, err)
					return
				}
			}
		})
	}
	for range 60 {
		l, err := e.Begin(patient(t), []record.MarkKey{k})
		if err == nil {
			err = errors.Join(l.Commit(patient(t), accountOf(k)), l.Close())
		}
		if err == nil {
			err = e.DropMarks(patient(t), k.Run, "", nil)
		}
		if err != nil {
			t.Errorf("%v", err)
			break
		}
	}
	close(over)
	others.Wait()
}

// TestMarksOfStepsSideBySide has steps of one run leave their marks and take them
// away at the same time: that the table was dropped with the last ones is no loss.
func TestMarksOfStepsSideBySide(t *testing.T) {
	t.Parallel()
	e := endpoint(t, pgtest.Database(t))
	var all sync.WaitGroup
	for n := range 3 {
		all.Go(func() {
			for round := range 40 {
				k, step := markOf(1, round), fmt.Sprintf("step[%d]", n)
				k.Unit = step + "/load/a/1"
				l, err := e.Begin(patient(t), []record.MarkKey{k})
				if err == nil {
					err = errors.Join(l.Commit(patient(t), accountOf(k)), l.Close())
				}
				if err == nil {
					_, err = e.Marks(patient(t), k.Run)
				}
				if err == nil {
					err = e.DropMarks(patient(t), k.Run, step, nil)
				}
				if err != nil {
					t.Errorf("%s: %v", step, err)
					return
				}
			}
		})
	}
	all.Wait()
}
