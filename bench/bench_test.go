package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/rig/built"

	"github.com/jackc/pgx/v5"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const line = "42 (a (b) c) S 7 42 42 0 -1 4194560 100 0 0 0 150 50 25 5 20 0 1 0 1000 1 300"
	got, err := parseStat(line)
	if err != nil || got.parent != 7 || got.cpu < 2.29 || got.cpu > 2.31 {
		t.Errorf("%+v (%v), want parent 7 and 2.3 s", got, err)
	}
	if _, err := parseStat("42 nothing"); err == nil {
		t.Error("half a line is read")
	}
	own, err := look()
	if err != nil || own[os.Getpid()].parent != os.Getppid() {
		t.Errorf("this process is not found below %d (%v)", os.Getppid(), err)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	all := processes{10: {1, 1}, 11: {10, 2}, 12: {11, 4}, 20: {1, 8}, 21: {20, 16}}
	if cpu := all.cpu(10); cpu != 7 {
		t.Errorf("the tree has used %g s, want 7", cpu)
	}
}

// Seconds in which two units ran together count once.
func TestPhases(t *testing.T) {
	t.Parallel()
	p := sumPhases([]interval{{"small", 1000, 3000}, {"data", 2000, 5000}, {"data", 9000, 9500}, {"key", 4000, 4500}})
	want := map[string]phase{
		"small": {1, 2, 2}, "data": {2, 3.5, 3.5}, "= rows": {3, 5.5, 4.5}, "= definitions": {1, .5, .5}, "key": {1, .5, .5}, "= copy": {4, 6, 4.5},
	}
	for name, w := range want {
		if p[name] != w {
			t.Errorf("%s is %+v, want %+v", name, p[name], w)
		}
	}
	if len(p) != len(want) {
		t.Errorf("phases are %+v", p)
	}
}

func result1(wall, client, others float64, same string) *measured {
	return &measured{Readings: []reading{{Wall: wall, Client: client, Others: others, Same: same}, {Wall: 2 * wall, Client: client, Others: others, Same: same}}}
}

// A contender that failed, is missing or moved other rows gives no ratio; where
// others are busy the CPU decides.
func TestRatio(t *testing.T) {
	t.Parallel()
	wrong, missing := result1(1, 1, 0, "differs: a"), &measured{Missing: "x"}
	for _, m := range []*measured{wrong, missing, {}} {
		if m.bad() == "" {
			t.Errorf("%+v is taken for good", m)
		}
	}
	for name, c := range map[string]struct {
		a, b *measured
		want string
	}{
		"met":                 {result1(1, 9, 0, "same"), result1(2, 1, 0, "same"), "met"},
		"missed":              {result1(3, 1, 0, "same"), result1(2, 9, 0, "same"), "missed"},
		"others, CPU decides": {result1(3, 1, 2, "same"), result1(2, 9, 0, "same"), "met"},
		"missing":             {result1(1, 1, 0, "same"), nil, "not measured"},
	} {
		var r result
		r.walls("x", 0.9, c.a, c.b)
		if r.Goals[0].Verdict != c.want {
			t.Errorf("%s: %+v, want %s", name, r.Goals[0], c.want)
		}
	}
}

// The raw pipe and pg_restore move a small mixed set; what is changed then is found.
func TestContendersAndComparison(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	b, err := parse([]string{"-godwit", os.Args[0], "-parts", "mixed"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	b.work = t.TempDir()
	if b.both, err = startServers(ctx, ""); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.both.stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := b.both.makeMixed(ctx, "mixed", 0.0005, 30); err != nil {
		t.Fatal(err)
	}
	for _, c := range contenders() {
		if strings.HasPrefix(c.name, "godwit") || c.name == rawOnly || c.needs != "" {
			continue
		}
		r, err := b.once(ctx, c, "mixed", 0)
		if err != nil || r.Failed != "" || r.Same != "same" || r.Client <= 0 || r.Target <= 0 || r.WAL <= 0 {
			t.Fatalf("%s: %+v (%v)", c.name, r, err)
		}
	}
	for sql, want := range map[string]string{
		"update big.event_3 set note = 'x' where id = 7":               "big.event_3",
		"delete from s3.thing_13 where id = 1":                         "s3.thing_13",
		"drop table docs.document":                                     "docs.document",
		"drop index big.event_1_account_at_idx":                        "indexes",
		"alter table s9.thing_19 drop constraint thing_19_before_fkey": "constraints",
	} {
		if got := b.changed(ctx, t, sql); !strings.Contains(got, want) {
			t.Errorf("after %s the comparison says %q, want %s", sql, got, want)
		}
	}
}

// changed compares with a copy of a good clone that one statement changed.
func (b *bench) changed(ctx context.Context, t *testing.T, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(ctx, b.both.to.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, s := range []string{"drop database if exists broken", "create database broken template clone_1"} {
		if _, err := conn.Exec(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask(ctx, b.both.to.URL("broken"), sql); err != nil {
		t.Fatal(err)
	}
	said, err := b.both.compare(ctx, "mixed", "broken", false, true)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// TestRecords loads a few records of each set by godwit and by hand: both write
// the same, and what is bad is left out.
func TestRecords(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	b := smallBench(ctx, t, "records")
	list, _, err := b.recordContenders(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if set, byHand := strings.CutSuffix(c.name, ", by hand"); byHand {
			c.run = func(ctx context.Context, m *move, _ *client) error {
				if set == "1 to 18 rows" {
					set = "deep"
				}
				return hand(ctx, []string{set, m.from, m.to})
			}
		}
		if r, err := b.once(ctx, c, "records", 0); err != nil || r.Failed != "" || r.Same != "same" {
			t.Errorf("%s: %+v (%v)", c.name, r, err)
		}
	}
	if len(list) != 8 {
		t.Errorf("%d contenders, want 8", len(list))
	}
	var size int
	if err := ask(ctx, b.both.from.URL("records"), "select avg(length(doc::text))::int from r.doc", &size); err != nil || size < 1800 || size > 2400 {
		t.Errorf("documents of %d bytes (%v), 2 KB are told of", size, err)
	}
}

// TestMain makes the test binary do what the bench starts itself for.
func TestMain(m *testing.M) {
	ctx := context.Background()
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "receive":
		err = receive(ctx, os.Args[2])
	case len(os.Args) > 2 && os.Args[1] == "hand":
		err = hand(ctx, os.Args[2:])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestCalls gives a few records to an API by godwit and by hand: both send the same.
func TestCalls(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	b := smallBench(ctx, t, "calls")
	list, _, err := b.callContenders(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		r, err := b.once(ctx, c, "calls", 0)
		if err != nil || r.Failed != "" || r.Same != "same" || (r.Ledger > 0) == strings.HasSuffix(c.name, "by hand") {
			t.Errorf("%s: %+v (%v)", c.name, r, err)
		}
	}
	if len(list) != 5 {
		t.Errorf("%d contenders, want 5", len(list))
	}
}

var program = sync.OnceValues(func() (string, error) { return built.Program("godwit-plain", "./cmd/godwit") })

// smallBench is a bench of a part with few records.
func smallBench(ctx context.Context, t *testing.T, part string) *bench {
	t.Helper()
	godwit, err := program()
	if err != nil {
		t.Fatal(err)
	}
	b, err := parse([]string{"-godwit", godwit, "-parts", part, "-scale", "0.0001"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	b.work = t.TempDir()
	if b.both, err = startServers(ctx, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.both.stop(); err != nil {
			t.Error(err)
		}
	})
	return b
}
