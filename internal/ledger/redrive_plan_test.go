package ledger_test

import (
	"slices"
	"strings"
	"testing"

	"godwit/internal/ledger/exception"
)

// TestRedriveLooksUp: what is asked for each exception is looked up by its key or its
// number. By the turn or the range of a chunk that is a question of minutes for some
// ten thousand of them.
func TestRedriveLooksUp(t *testing.T) {
	t.Parallel()
	path := open(t).Path()
	for name, c := range map[string]struct {
		query string
		args  []any
		by    string // the index
	}{
		"read later":        {"SELECT count(*) FROM exception e WHERE e.run = ? AND NOT " + exception.AtWork, []any{1}, "SEARCH n USING INDEX exception_key (key=? AND entity=?)"},
		"about to be older": {exception.Overtakes, []any{1, "u", 1, 1, 1, "s", "e", "b", 1}, "SCAN d USING COVERING INDEX chunk_prepared"},
		"refused again":     {exception.StillIssues, []any{1, 1, 2}, "SEARCH i USING INDEX issue_exception (exception=? AND rowid>? AND rowid<?)"},
	} {
		if steps := plan(t, path, c.query, c.args...); !slices.ContainsFunc(steps, func(s string) bool { return strings.HasSuffix(s, c.by) }) {
			t.Errorf("%s: not by %q but\n%s", name, c.by, strings.Join(steps, "\n"))
		} else if slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, "exception_turn") }) {
			t.Errorf("%s: by the turns\n%s", name, strings.Join(steps, "\n"))
		}
	}
}
