package connectortest

import (
	"context"
	"errors"
	"io"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// Copy proves Snapshots and Writer over a pair: what is read at a snapshot is
// what arrives, once, with its mark, or not at all.
func Copy(t *testing.T, p Pair) {
	for name, test := range map[string]func(*testing.T, Pair){
		"rows arrive with their mark":       arrive,
		"a snapshot stands still":           standStill,
		"a mark is set once":                once,
		"a later generation replaces":       regenerate,
		"nothing remains without a commit":  rollback,
		"a writer's error is passed on":     writerFails,
		"a reader's error is passed on":     readerFails,
		"the end of a context ends a copy":  cancelled,
		"emptied by buckets or altogether":  empty,
		"an account must stand by its mark": unaccounted,
	} {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}

func arrive(t *testing.T, p Pair) {
	ctx, c, k := deadline(t), p.Table(t, 1000), key(t)
	r, l := read(t, open(t, p.From, t.Name())), begin(t, p.To, k)
	sum, rows, err := Relay(ctx, r, l, c)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := l.Count(ctx, c.Into); sum.Rows != 1000 || rows != 1000 || n != 1000 || err != nil {
		t.Fatalf("read %d, written %d, counted %d (%v), want 1000", sum.Rows, rows, n, err)
	}
	account := record.Account{Chunk: k.Chunk, Generation: 1, Read: sum.Rows, Applied: rows, Bytes: sum.Bytes, Hash: sum.Hash()}
	if err := l.Commit(ctx, []record.Account{account}); err != nil {
		t.Fatal(err)
	}
	got := marks(t, p.To, k)
	if len(got) != 1 {
		t.Fatalf("%d marks, want 1", len(got))
	}
	want := record.Mark{MarkKey: k, Read: 1000, Applied: 1000, Bytes: sum.Bytes, Hash: sum.Hash(), At: got[0].At}
	if diff := cmp.Diff(want, got[0]); diff != "" || got[0].At.IsZero() {
		t.Errorf("mark (-want +got):\n%s", diff)
	}
	c.Table = c.Into
	if target := SumOf(t, p.To, c); !target.Equal(sum) {
		t.Errorf("target's sum is %v, source's %v", target, sum)
	}
	dropMarks(t, p.To, k)
}

// marks are those of one key's place.
func marks(t *testing.T, ep connector.Endpoint, k record.MarkKey) []record.Mark {
	t.Helper()
	all, err := capability[connector.Writer](t, ep, "write").Marks(deadline(t), Run)
	if err != nil {
		t.Fatal(err)
	}
	var some []record.Mark
	for _, m := range all {
		if m.Unit == k.Unit && m.Chunk == k.Chunk {
			some = append(some, m)
		}
	}
	return some
}

func dropMarks(t *testing.T, ep connector.Endpoint, k record.MarkKey) {
	t.Helper()
	if err := capability[connector.Writer](t, ep, "write").DropMarks(deadline(t), Run, ""); err != nil {
		t.Fatal(err)
	}
	if left := marks(t, ep, k); len(left) != 0 {
		t.Errorf("%d marks left", len(left))
	}
}

func standStill(t *testing.T, p Pair) {
	c := p.Table(t, 10)
	first := open(t, p.From, t.Name())
	p.Insert(t, c.Table, 5)
	second := open(t, p.From, t.Name())
	if first.ID() != second.ID() || first.ID() == "" || first.Position() == "" {
		t.Errorf("opened twice: %q at %q, then %q", first.ID(), first.Position(), second.ID())
	}
	for range 2 {
		sum, err := read(t, second).CopyOut(deadline(t), c, io.Discard)
		if err != nil || sum.Rows != 10 {
			t.Errorf("%d rows (%v) at the snapshot, want 10", sum.Rows, err)
		}
	}
	if other := open(t, p.From, t.Name()+" other"); other.ID() == first.ID() {
		t.Errorf("two snapshots have ID %s", other.ID())
	}
	if sum := SumOf(t, p.From, c); sum.Rows != 15 {
		t.Errorf("%d rows now, want 15", sum.Rows)
	}
}

func once(t *testing.T, p Pair) {
	ctx, k := deadline(t), key(t)
	if err := begin(t, p.To, k).Commit(ctx, []record.Account{{Chunk: k.Chunk, Generation: 1}}); err != nil {
		t.Fatal(err)
	}
	k.Attempt, k.Generation = 2, 2 // a later one must ask whether this one is done
	_, err := capability[connector.Writer](t, p.To, "write").Begin(ctx, []record.MarkKey{k})
	wantCode(t, err, fault.Conflict, "mark.exists")
	dropMarks(t, p.To, k)
}

func regenerate(t *testing.T, p Pair) {
	ctx, k := deadline(t), key(t)
	k.Over = true
	for k.Generation = 1; k.Generation <= 2; k.Generation++ {
		a := record.Account{Chunk: k.Chunk, Generation: k.Generation, Read: int64(k.Generation)}
		if err := begin(t, p.To, k).Commit(ctx, []record.Account{a}); err != nil {
			t.Fatal(err)
		}
	}
	if got := marks(t, p.To, k); len(got) != 1 || got[0].Generation != 2 || got[0].Read != 2 {
		t.Errorf("marks are %+v, want generation 2 alone", got)
	}
	dropMarks(t, p.To, k)
}

func rollback(t *testing.T, p Pair) {
	ctx, c, k := deadline(t), p.Table(t, 10), key(t)
	l := begin(t, p.To, k)
	if _, _, err := Relay(ctx, read(t, open(t, p.From, t.Name())), l, c); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	nothing(t, p, c, k)
}

func nothing(t *testing.T, p Pair, c catalog.Chunk, k record.MarkKey) {
	t.Helper()
	// Begin waits for a transaction that is just being rolled back.
	n, err := begin(t, p.To, k).Count(deadline(t), c.Into)
	if n != 0 || err != nil {
		t.Errorf("%d rows remain (%v)", n, err)
	}
	if m := marks(t, p.To, k); len(m) != 0 {
		t.Errorf("marks remain: %+v", m)
	}
}

var errOther = errors.New("the other end broke")

type brokenWriter struct{ room int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, errOther
	}
	return len(p), nil
}

func writerFails(t *testing.T, p Pair) {
	c := p.Table(t, 20000)
	_, err := read(t, open(t, p.From, t.Name())).CopyOut(deadline(t), c, &brokenWriter{room: 1000})
	if err != errOther {
		t.Errorf("error is %v, want the writer's own", err)
	}
}

func readerFails(t *testing.T, p Pair) {
	c, k := p.Table(t, 1), key(t)
	l := begin(t, p.To, k)
	r, w := io.Pipe()
	go w.CloseWithError(errOther)
	if _, err := l.CopyIn(deadline(t), c, r); err != errOther {
		t.Errorf("error is %v, want the reader's own", err)
	}
	if err := l.Commit(deadline(t), []record.Account{{Chunk: k.Chunk, Generation: 1}}); err == nil {
		t.Error("a broken load was committed")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	nothing(t, p, c, k)
}

func cancelled(t *testing.T, p Pair) {
	c, k := p.Table(t, 20000), key(t)
	ctx, cancel := context.WithCancel(deadline(t))
	l := begin(t, p.To, k)
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := l.CopyIn(ctx, c, out)
		done <- err
	}()
	// The first bytes are taken, more never come.
	if _, err := in.Write([]byte{'d', 0, 0, 0, 5}); err != nil {
		t.Fatal(err)
	}
	cancel()
	in.CloseWithError(context.Canceled)
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("copy in ended with %v, want the context's error", err)
	}
	ctx, cancel = context.WithCancel(deadline(t))
	_, err := read(t, open(t, p.From, t.Name())).CopyOut(ctx, c, writerFunc(func(b []byte) (int, error) {
		cancel()
		return len(b), nil
	}))
	wantCode(t, err, fault.Cancelled, "run.cancelled")
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	nothing(t, p, c, k)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func empty(t *testing.T, p Pair) {
	ctx, c := deadline(t), p.Table(t, 100)
	l := begin(t, p.To)
	if _, _, err := Relay(ctx, read(t, open(t, p.From, t.Name())), l, c); err != nil {
		t.Fatal(err)
	}
	part := connector.Part{Table: c.Into, Columns: c.Columns, Key: c.Key, Of: 4}
	if err := l.Empty(ctx, part, []int{0, 3}); err != nil {
		t.Fatal(err)
	}
	some, err := l.Count(ctx, c.Into)
	if some == 0 || some == 100 || err != nil {
		t.Errorf("%d rows (%v) remain of 100 when half of the buckets is emptied", some, err)
	}
	c.Of, c.Buckets = 4, []int{0, 3}
	sum, rows, err := Relay(ctx, read(t, open(t, p.From, t.Name())), l, c)
	if err != nil || sum.Rows != rows || some+rows != 100 {
		t.Errorf("%d rows (%v) filled these buckets again, %d were left of 100", rows, err, some)
	}
	if err := l.Empty(ctx, part, nil); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Count(ctx, c.Into); n != 0 || err != nil {
		t.Errorf("%d rows (%v) in an empty table", n, err)
	}
}

func unaccounted(t *testing.T, p Pair) {
	k := key(t)
	for _, accounts := range [][]record.Account{nil, {{Chunk: k.Chunk, Generation: 2}}, {{Chunk: k.Chunk, Generation: 1}, {Chunk: -1}}} {
		l := begin(t, p.To, k)
		if err := l.Commit(deadline(t), accounts); err == nil {
			t.Fatalf("committed with %+v for %+v", accounts, k)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if m := marks(t, p.To, k); len(m) != 0 {
		t.Errorf("marks remain: %+v", m)
	}
}
