package ledger_test

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/ledger"
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
