package proxy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"godwit/rig/postgres/pgtest"
	"godwit/rig/proxy"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestPasses(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	p := proxy.New(t, url)
	want := pgtest.Query[string](t, url, "select current_database()")
	if got := pgtest.Query[string](t, p.URL(), "select current_database()"); got != want {
		t.Errorf("database %q, want %q", got, want)
	}
	// libpq asks for encryption first
	if got := len(pgtest.Query[string](t, p.URL()+"&sslmode=prefer", "select repeat('x', 1000000)")); got != 1000000 {
		t.Errorf("%d bytes, want 1000000", got)
	}
	var big bytes.Buffer
	conn := connect(t, p)
	if _, err := conn.PgConn().CopyTo(t.Context(), &big, "copy (select repeat('y', 500) from generate_series(1, 20000)) to stdout"); err != nil {
		t.Fatal(err)
	}
	if big.Len() != 20000*501 {
		t.Errorf("%d bytes copied, want %d", big.Len(), 20000*501)
	}
	if p.Accepted() < 3 || p.Cuts() != 0 || p.Passed() < 11000000 {
		t.Errorf("accepted %d, cut %d, passed %d", p.Accepted(), p.Cuts(), p.Passed())
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, pgtest.Database(t))
	conn := connect(t, p)
	if n := p.Cut(); n != 1 {
		t.Errorf("cut %d connections, want 1", n)
	}
	if _, err := conn.Exec(t.Context(), "select 1"); err == nil {
		t.Error("a cut connection answers")
	}
	connect(t, p)
}

func TestCutEvery(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, pgtest.Database(t))
	stop := p.CutEvery(20 * time.Millisecond)
	for p.Cuts() < 3 {
		conn, err := pgx.Connect(t.Context(), p.URL())
		if err != nil {
			continue
		}
		if _, err := conn.Exec(t.Context(), "select pg_sleep(60)"); err == nil {
			t.Fatal("a minute passed without a cut")
		}
	}
	stop()
	stop()
	connect(t, p)
}

func TestLostAnswer(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table a (n int)")
	p := proxy.New(t, url)
	conn := connect(t, p)
	told := p.CutWhen(proxy.Answer("COMMIT"))
	if _, err := conn.Exec(t.Context(), "begin; insert into a values (1); commit"); err == nil {
		t.Error("the answer arrived")
	}
	if m := <-told; m.Type != 'C' || string(m.Head) != "COMMIT\x00" {
		t.Errorf("cut at %+v", m)
	}
	if got := pgtest.Query[int](t, url, "select count(*) from a"); got != 1 {
		t.Errorf("%d rows, want 1: the commit happened", got)
	}
	connect(t, p) // once
}

func TestLostRequest(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table a (n int)")
	p := proxy.New(t, url)
	conn := connect(t, p)
	p.CutWhen(proxy.Request("INSERT"))
	if _, err := conn.Exec(t.Context(), "insert into a values ($1)", 1); err == nil {
		t.Error("the request arrived")
	}
	if got := pgtest.Query[int](t, url, "select count(*) from a"); got != 0 {
		t.Errorf("%d rows, want none", got)
	}
}

func TestCutAtMessage(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, pgtest.Database(t))
	conn := connect(t, p)
	told := p.CutAtMessage(proxy.Server, 4) // after a description and two rows
	if _, err := conn.PgConn().Exec(t.Context(), "select generate_series(1, 5)").ReadAll(); err == nil {
		t.Error("all messages arrived")
	}
	if m := <-told; m.Type != 'D' || m.Head[len(m.Head)-1] != '3' {
		t.Errorf("cut at %+v, want the third row", m)
	}
}

func TestStall(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, pgtest.Database(t))
	conn := connect(t, p)
	told := p.StallWhen(proxy.Request("select 7"))
	answer := make(chan error, 1)
	go func() {
		var n int
		answer <- conn.QueryRow(context.Background(), "select 7").Scan(&n)
	}()
	<-told
	select {
	case err := <-answer:
		t.Fatalf("answered while stalled: %v", err)
	default:
	}
	p.Resume()
	if err := <-answer; err != nil {
		t.Error(err)
	}
	p.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := pgx.Connect(ctx, p.URL()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("connect while stalled: %v", err)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, pgtest.Database(t))
	conn := connect(t, p)
	p.Refuse()
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("an old connection answers")
	}
	if _, err := pgx.Connect(t.Context(), p.URL()); err == nil {
		t.Error("a new connection is let in")
	}
	p.Resume()
	connect(t, p)
}

func TestCutAfterBytes(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, source(t, 1<<20))
	p.CutAfter(1 + 123456) // both ways
	got, err := io.ReadAll(dial(t, p))
	if len(got) != 123456 {
		t.Errorf("%d bytes arrived, want 123456", len(got))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("end of a cut connection: %v, want a reset", err)
	}
	if got, err = io.ReadAll(dial(t, p)); len(got) != 1<<20 || err != nil {
		t.Errorf("afterwards %d bytes, %v", len(got), err)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, source(t, 1<<20))
	p.Limit(4 << 20)
	start := time.Now()
	if got, err := io.ReadAll(dial(t, p)); len(got) != 1<<20 || err != nil {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if took := time.Since(start); took < 240*time.Millisecond {
		t.Errorf("1 MiB at 4 MiB/s took %s", took)
	}
}

func TestListenWrongAddress(t *testing.T) {
	t.Parallel()
	for _, upstream := range []string{"nowhere", "postgres://a:secret@host/db", "::"} {
		if p, err := proxy.Listen(t.Context(), upstream); err == nil {
			p.Close()
			t.Errorf("listens in front of %q", upstream)
		} else if bytes.Contains([]byte(err.Error()), []byte("secret")) {
			t.Errorf("the password shows: %v", err)
		}
	}
}

func connect(t *testing.T, p *proxy.Proxy) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func dial(t *testing.T, p *proxy.Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	return conn
}

// source is a server that sends n bytes to whoever connects.
func source(t *testing.T, n int) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				// Not before the client has connected for good: a reset that
				// comes earlier is a dial that fails.
				if _, err := conn.Read(make([]byte, 1)); err == nil {
					conn.Write(make([]byte, n))
				}
			}()
		}
	}()
	return listener.Addr().String()
}
