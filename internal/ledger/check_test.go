package ledger_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// sound is a finished run: two entities, two chunks of the first, and an index.
func sound(t *testing.T, l *ledger.Ledger) ledger.Run {
	t.Helper()
	ctx := context.Background()
	run := newRun(t, l)
	s, err := l.Own(ctx, run, "host:1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	turn := func(c unit.Change) {
		t.Helper()
		if _, err := s.Turn(ctx, func([]unit.Event, time.Time) (unit.Change, error) { return c, nil }); err != nil {
			t.Fatal(err)
		}
	}
	units := []unit.Unit{
		{ID: "a1", Step: "copy", Kind: "data", Entity: "a"}, {ID: "a2", Step: "copy", Kind: "data", Entity: "a"},
		{ID: "b1", Step: "copy", Kind: "data", Entity: "b"}, {ID: "i", Step: "copy", Kind: "index", Entity: "a"},
	}
	turn(unit.Change{Events: []unit.Event{{Kind: unit.UnitExpanded, Body: unit.Body(unit.Expanded{Units: units})}}})
	for i, u := range units {
		c := unit.Change{Events: []unit.Event{{Kind: unit.UnitStarted, Unit: u.ID, Attempt: 1}, {Kind: unit.UnitDone, Unit: u.ID, Attempt: 1}}}
		if u.Kind == "data" {
			c.Events[1].Body = unit.Body(unit.Ended{Rows: 10, Bytes: 100})
			c.Accounts = []record.Account{{Step: "copy", Entity: u.Entity, Chunk: 1 + i%2, Generation: 1, Unit: u.ID, Read: 10, Applied: 10, Bytes: 100}}
		}
		turn(c)
	}
	turn(unit.Change{Events: []unit.Event{{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "done"})}}})
	if err := s.Release(ctx); err != nil {
		t.Fatal(err)
	}
	return run
}

func TestCheckFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, sql, found string }{
		{"nothing", "SELECT 1", ""},
		{"a lost row", "UPDATE account SET applied = 9 WHERE unit = 'a1'", "chunk 1 does not close: read 10, outcomes 9"},
		{"a lost row in the step", "UPDATE account SET applied = 9 WHERE unit = 'a1'", "the step does not close: read 30, outcomes 29"},
		{"pending that nothing blocks", "UPDATE account SET applied = 9, pending = 1 WHERE unit = 'a1'", "pending 1 of which 0 blocked"},
		{"a smaller account that closes", "UPDATE account SET applied = 9, read = 9 WHERE unit = 'a1'", "accounts say 9 rows"},
		{"other bytes", "UPDATE account SET bytes = 1 WHERE unit = 'a1'", "accounts say 10 rows and 1 bytes, its end in the journal 10 and 100"},
		{"a chunk that is gone", "DELETE FROM account WHERE unit = 'a1'", "chunk 2 follows chunk 0"},
		{"a unit without account", "DELETE FROM account WHERE unit = 'a2'", "unit a2 is done with 10 rows, but has no account"},
		{"a chunk that does not count", "UPDATE account SET current = 0 WHERE unit = 'b1'", "none of its 1 accounts counts"},
		{"two generations", "INSERT INTO account SELECT run, step, entity, chunk, 2, unit, 1, 0,0,0,0,0,0,0,0,0,0,0,0,NULL,0 FROM account WHERE unit = 'b1'", "chunk 1 counts twice: generations 1 and 2"},
		{"a repair beside a chunk", "INSERT INTO account SELECT run, step, entity, 0, 2, unit, 1, 0,0,0,0,0,0,0,0,0,0,0,0,NULL,0 FROM account WHERE unit = 'b1'", "counts beside generation 2 of the whole"},
		{"an account of nobody", "UPDATE account SET unit = 'x' WHERE unit = 'b1'", "is of unit x, which is not in the journal"},
		{"an account of an index that failed", "UPDATE event SET kind = 'unit.failed' WHERE unit = 'b1' AND kind = 'unit.done'", "its unit b1 is failed"},
		{"a unit's state", "UPDATE unit SET state = 'failed' WHERE id = 'i'", "index, entity \"a\", class \"\", weight 0, failed, attempt 1"},
		{"a unit's step", "UPDATE unit SET step = 'x' WHERE id = 'i'", "unit i: its row says step x"},
		{"a unit's attempt", "UPDATE unit SET attempt = 2 WHERE id = 'i'", "attempt 2"},
		{"a unit's time", "UPDATE unit SET ended = ended + 1 WHERE id = 'i'", "unit i: its row says"},
		{"a unit without journal", "UPDATE unit SET id = 'j' WHERE id = 'i'", "unit j is not in the journal"},
		{"a journal without unit", "DELETE FROM unit WHERE id = 'i'", "unit i of the journal has no row"},
		{"a lost event", "DELETE FROM event WHERE unit = 'i' AND kind = 'unit.started'", "unit i is ready in attempt 0"},
		{"a lost expansion", "DELETE FROM event WHERE kind = 'unit.expanded'", "unit a1 was never expanded"},
		{"a run's outcome", "UPDATE run SET outcome = 'failed'", "the run's row says ended failed exit 0, its journal ended done exit 0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			run := sound(t, l)
			edit(t, l.Path(), test.sql)
			breaches, err := l.Check(context.Background(), run)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, b := range breaches {
				if b.Run != "copy-1" {
					t.Errorf("run %q", b.Run)
				}
				said = append(said, b.What)
			}
			if all := strings.Join(said, "\n"); test.found == "" && all != "" || !strings.Contains(all, test.found) {
				t.Errorf("found\n%s\nwant %q", all, test.found)
			}
		})
	}
}
