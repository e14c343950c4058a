package ledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"godwit/internal/ledger/store"
)

// TestWaitsOfOlderGroups: what stood behind another record of its group waits; an issue of
// anything else stays what it was.
func TestWaitsOfOlderGroups(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	versions, err := filepath.Glob("sqlite/00*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var older []string
	for _, v := range versions[:15] {
		text, err := os.ReadFile(v)
		if err != nil {
			t.Fatal(err)
		}
		older = append(older, string(text))
	}
	edit(t, path, "PRAGMA journal_mode = wal", "PRAGMA application_id = 1734637428")
	edit(t, path, older...)
	add := []string{"PRAGMA user_version = 15", `INSERT INTO run (id, uid, flow, n, state, token, opened) VALUES (1, 'u', 'load', 1, 'done', 1, 1)`}
	for i, code := range []string{"group.blocked", "call.in-doubt"} {
		add = append(add, fmt.Sprintf(`INSERT INTO exception (id, run, step, entity, key, unit, chunk, outcome, cause, code, text, field, value, fields, refusal, attempts, mapping, first, last)
			VALUES (%d, 1, 's', 'e', 'k', 'u', 1, 'pending', 'c', '%s', '', '', '', '', '', 1, '', 1, 1)`, i+1, code),
			fmt.Sprintf(`INSERT INTO issue (id, run, exception, step, entity, key, rule, field, severity, text, value, hint, owner, first, last, origin, found)
			VALUES (%d, 1, %d, 's', 'e', 'k', 'group', 'group', 'error', '', '', '', '', 1, 1, 1, 1)`, i+1, i+1))
	}
	edit(t, path, add...)
	said := ""
	err = store.Each(context.Background(), reopen(t, path).View().Reader(), func(scan func(...any) error) error {
		return scan(&said)
	}, "SELECT group_concat(severity, ' ' ORDER BY id) FROM issue")
	if err != nil || said != "waits error" {
		t.Errorf("%q, %v", said, err)
	}
}
