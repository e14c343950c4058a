package ledger_test

import (
	"context"
	"path/filepath"
	"testing"

	"godwit/internal/ledger"
	"godwit/internal/ledger/ledgertest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, open)
}

// open opens a new ledger in a folder whose name is no friend of URIs.
func open(t *testing.T) *ledger.Ledger {
	t.Helper()
	return reopen(t, filepath.Join(t.TempDir(), "a b?c#d%41", ".godwit", "ledger.db"))
}

func reopen(t *testing.T, path string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}
