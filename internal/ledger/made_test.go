package ledger_test

import (
	"context"
	"testing"

	"godwit/internal/ledger/records"
	"godwit/internal/record"
)

// TestTablesOfOlderRecords: where an entity has one table, its records went there;
// of several nobody knows to which.
func TestTablesOfOlderRecords(t *testing.T) {
	t.Parallel()
	path := ofVersion(t, 11)
	edit(t, path,
		`INSERT INTO place (id, entity, connection, env, database, made) VALUES (1, 'one', 'new', '', 'x', '{"s.t u":"1/1"}'), (2, 'two', 'new', '', 'x', '{"s.t":"1/1","s.u":"2/2"}'), (3, 'api', 'new', '', 'x', '{"":""}')`,
		`INSERT INTO recorded (id, run, unit, n, place, mapping, anew, written, at) VALUES (1, 1, 'a', 1, 1, x'00', 0, 1, 1), (2, 1, 'b', 1, 2, x'00', 0, 1, 1), (3, 1, 'c', 1, 3, x'00', 0, 1, 1)`,
		`INSERT INTO record (place, key, state, attempts, hash, kept, chunk) VALUES (1, 'k', 0, 1, 1, '"id":1', 1), (2, 'k', 0, 1, 1, '"id":1', 2), (3, 'k', 0, 1, 1, '"id":1', 3)`)
	l := reopen(t, path)
	for entity, made := range map[string]string{"one": "1/1 s.t u", "two": "", "api": ""} {
		found, err := records.Find(context.Background(), l.View().Reader(), record.Place{Entity: entity, At: "new", Database: "x"}, []string{"k"})
		if err != nil {
			t.Fatal(err)
		}
		if got := found["k"]; got.Made != made || string(got.Kept) != `{"row":{"id":1}}` {
			t.Errorf("%s: %q of %q, want of %q", entity, got.Kept, got.Made, made)
		}
	}
}
