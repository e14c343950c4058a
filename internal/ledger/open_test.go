package ledger_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
)

// edit changes a closed or open ledger's file behind its back.
func edit(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// ofVersion is the file of a ledger as a version of godwit made it, with one run.
func ofVersion(t *testing.T, version int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	edit(t, path, "PRAGMA journal_mode = wal", "PRAGMA application_id = 1734637428")
	for n := range version {
		text, err := os.ReadFile(fmt.Sprintf("sqlite/%04d.sql", n+1))
		if err != nil {
			t.Fatal(err)
		}
		edit(t, path, string(text))
	}
	edit(t, path, fmt.Sprintf("PRAGMA user_version = %d", version),
		`INSERT INTO run (id, uid, flow, n, state, token, opened) VALUES (1, 'u', 'load', 1, 'done', 1, 1)`)
	return path
}

func refusedOpen(t *testing.T, path string, kind fault.Kind, code string) {
	t.Helper()
	l, err := ledger.Open(context.Background(), path)
	if err == nil {
		_ = l.Close()
		t.Fatalf("opened, want %s", code)
	}
	f := fault.Of(err)
	if f.Kind != kind || f.Code != code || !strings.Contains(f.Text, path) || len(f.Next) == 0 {
		t.Errorf("got %+v, want %s of kind %s naming %s", f, code, kind, path)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	fresh := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "ledger.db")
		l, err := ledger.Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("a newer one", func(t *testing.T) {
		t.Parallel()
		path := fresh(t)
		edit(t, path, "PRAGMA user_version = 99")
		refusedOpen(t, path, fault.Config, "ledger.newer")
	})
	t.Run("another program's", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "firefox.db")
		edit(t, path, "CREATE TABLE cookies (a)")
		refusedOpen(t, path, fault.Config, "ledger.foreign")
	})
	t.Run("no database", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "ledger.db")
		if err := os.WriteFile(path, bytes.Repeat([]byte("not a database\n"), 500), 0o600); err != nil {
			t.Fatal(err)
		}
		refusedOpen(t, path, fault.Data, "ledger.damaged")
	})
	t.Run("a folder in its place", func(t *testing.T) {
		t.Parallel()
		refusedOpen(t, t.TempDir(), fault.Config, "ledger.denied")
	})
	t.Run("a file as its folder", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		refusedOpen(t, filepath.Join(path, "ledger.db"), fault.Config, "ledger.denied")
	})
}

// oldLedger is a ledger as godwit wrote it when its tables had version 1: a
// run whose unit left an account.
func oldLedger(t *testing.T) string {
	t.Helper()
	first, err := os.ReadFile("sqlite/0001.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	edit(t, path, "PRAGMA journal_mode = wal", "PRAGMA application_id = 1734637428", string(first), "PRAGMA user_version = 1",
		`INSERT INTO run (id, uid, flow, n, state, token, opened) VALUES (1, 'u', 'copy', 1, 'running', 1, 1)`,
		`INSERT INTO event (seq, run, at, kind, unit, attempt, body) VALUES
			(1, 1, 1, 'run.started', '', 0, ''),
			(2, 1, 1, 'unit.expanded', '', 0, '{"units":[{"id":"a","step":"load","kind":"load","entity":"film"}]}'),
			(3, 1, 1, 'unit.started', 'a', 1, ''),
			(4, 1, 1, 'unit.done', 'a', 1, '{"rows":5,"bytes":50}')`,
		`INSERT INTO unit (run, id, step, kind, entity, state, attempt, tries, started, ended, spec)
			VALUES (1, 'a', 'load', 'load', 'film', 'done', 1, 1, 1, 1, '{"id":"a","step":"load","kind":"load","entity":"film"}')`,
		`INSERT INTO account VALUES (1, 'load', 'film', 1, 1, 'a', TRUE, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 5, 50, NULL)`)
	return path
}

func TestOlderLedgerIsBroughtUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := oldLedger(t)
	for range 2 { // the second time there is nothing to do
		l := reopen(t, path)
		run, err := l.Find(ctx, "copy-1")
		if err != nil {
			t.Fatal(err)
		}
		if breaches, err := l.Check(ctx, run); err != nil || len(breaches) != 0 {
			t.Errorf("check: %v, %v", breaches, err)
		}
		accounts, err := l.View().Accounts(ctx, run.ID)
		if err != nil || len(accounts) != 1 || accounts[0].Read != 5 {
			t.Errorf("accounts: %v, %v", accounts, err)
		}
		if n, err := l.View().Exceptions().Count(ctx, run.ID, exception.Filter{}); err != nil || n.Records != 0 {
			t.Errorf("exceptions: %v, %v", n, err)
		}
	}
	// It goes on as one of this version, with numbers behind those it has.
	l := reopen(t, path)
	run, err := l.Find(ctx, "copy-1")
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Own(ctx, run, "host:1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release(ctx)
	load := loadOf(t, s, "b", "film")
	load.chunk(1, 2)
	if n := load.chunks()[0].Account.Chunk; n != 2 {
		t.Errorf("the new chunk's account has number %d", n)
	}
}

// Pages in the middle of the file are overwritten: whoever reads them is told.
func TestDamagedPages(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := ledger.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	run, err := l.Start(ctx, ledger.NewRun{Flow: "copy", Plan: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[len(b)/2:], bytes.Repeat([]byte{0x5a}, len(b)/4)) // inside the plan
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	l = reopen(t, path)
	if _, err := l.Check(ctx, run); fault.CodeOf(err) != "ledger.damaged" {
		t.Errorf("check: %v", err)
	}
	if _, err := l.Find(ctx, run.Name()); fault.CodeOf(err) != "ledger.damaged" {
		t.Errorf("find: %v", err)
	}
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	l := open(t)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Start(context.Background(), ledger.NewRun{Flow: "copy"}); err == nil {
		t.Error("started in a closed ledger")
	}
}

// plan is how SQLite answers a question.
func plan(t *testing.T, path, query string, args ...any) []string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}
