package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"godwit/internal/ledger/store"
)

// TestWaitsOfOlderGroups: what stood behind another record of its group waits; an issue of
// anything else stays what it was.
func TestWaitsOfOlderGroups(t *testing.T) {
	t.Parallel()
	path := ofVersion(t, 15)
	var add []string
	for i, code := range []string{"group.blocked", "call.in-doubt"} {
		add = append(add, fmt.Sprintf(`INSERT INTO exception (id, run, step, entity, key, unit, chunk, outcome, cause, code, text, field, value, fields, refusal, attempts, mapping, first, last)
			VALUES (%d, 1, 's', 'e', 'k', 'u', 1, 'pending', 'c', '%s', '', '', '', '', '', 1, '', 1, 1)`, i+1, code),
			fmt.Sprintf(`INSERT INTO issue (id, run, exception, step, entity, key, rule, field, severity, text, value, hint, owner, first, last, origin, found)
			VALUES (%d, 1, %d, 's', 'e', 'k', 'group', 'group', 'error', '', '', '', '', 1, 1, 1, 1)`, i+1, i+1))
	}
	edit(t, path, add...)
	said := ""
	err := store.Each(context.Background(), reopen(t, path).View().Reader(), func(scan func(...any) error) error {
		return scan(&said)
	}, "SELECT group_concat(severity, ' ' ORDER BY id) FROM issue")
	if err != nil || said != "waits error" {
		t.Errorf("%q, %v", said, err)
	}
}
