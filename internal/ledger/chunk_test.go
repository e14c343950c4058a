package ledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// load is a unit that settles chunk by chunk, in the first attempt.
type load struct {
	testing.TB
	session *ledger.Session
	unit    string
	entity  string
	fence   int64
}

func loadOf(t testing.TB, s *ledger.Session, id, entity string) *load {
	t.Helper()
	l := &load{t, s, id, entity, s.Token()<<16 | 1}
	l.turn(unit.Change{Events: []unit.Event{
		{Kind: unit.UnitExpanded, Body: unit.Body(unit.Expanded{Units: []unit.Unit{{ID: id, Step: "load", Kind: "load", Entity: entity}}})},
		{Kind: unit.UnitStarted, Unit: id, Attempt: 1},
	}})
	return l
}

func (l *load) turn(c unit.Change) {
	l.Helper()
	if _, err := l.session.Turn(context.Background(), func([]unit.Event, time.Time) (unit.Change, error) { return c, nil }); err != nil {
		l.Fatal(err)
	}
}

// drafted is a chunk of ten records and so many dead ones.
func (l *load) drafted(n, dead int) (record.Chunk, []record.Exception) {
	a := record.Account{Step: "load", Entity: l.entity, Generation: 1, Read: int64(dead) + 10, Applied: 10, Dead: int64(dead), Bytes: 100}
	return record.Chunk{Number: n, After: []byte("here"), Account: a}, refusals(n, dead)
}

// refusals are dead records of 20 fields, about 600 bytes each.
func refusals(n, dead int) []record.Exception {
	all := make([]record.Exception, dead)
	for i := range all {
		var fields []string
		for f := range 20 {
			fields = append(fields, fmt.Sprintf(`"field_%02d":"value %d of %d"`, f, (i*7919+f*104729)%1000003, n))
		}
		source := []byte("{" + strings.Join(fields, ",") + "}")
		all[i] = record.Exception{Key: fmt.Sprint(n*100_000 + i), Outcome: record.Dead, Code: "data.too-long", Text: "value too long for type character varying(20)",
			Mapping: "5e10aa9b", Fields: []string{"field_03"}, Payload: record.Payload{Source: source, Sent: source},
			Refusal: &record.Refusal{Code: "data.too-long", Field: "field_03", Text: "value too long for type character varying(20)", State: "22001", Value: fmt.Sprint("value ", i%100)}}
	}
	return all
}

func (l *load) prepare(n, dead int) {
	l.Helper()
	c, exceptions := l.drafted(n, dead)
	if err := l.session.Prepare(context.Background(), l.unit, l.fence, c, exceptions, nil); err != nil {
		l.Fatal(err)
	}
}

func (l *load) settle(n int) {
	l.Helper()
	if err := l.session.Settle(context.Background(), l.unit, l.fence, n); err != nil {
		l.Fatal(err)
	}
}

func (l *load) chunk(n, dead int) {
	l.Helper()
	l.prepare(n, dead)
	l.settle(n)
}

func (l *load) chunks() []record.Chunk {
	l.Helper()
	chunks, err := l.session.Chunks(context.Background(), l.unit)
	if err != nil {
		l.Fatal(err)
	}
	return chunks
}

// done ends the unit with the accounts of its chunks.
func (l *load) done() {
	l.Helper()
	var c unit.Change
	var end unit.Ended
	for _, k := range l.chunks() {
		c.Accounts = append(c.Accounts, k.Account)
		end.Rows, end.Bytes = end.Rows+k.Account.Read, end.Bytes+k.Account.Bytes
	}
	c.Events = []unit.Event{{Kind: unit.UnitDone, Unit: l.unit, Attempt: 1, Body: unit.Body(end)}}
	l.turn(c)
}

func owned(t testing.TB, l *ledger.Ledger, flow string) (ledger.Run, *ledger.Session) {
	t.Helper()
	run, err := l.Start(context.Background(), ledger.NewRun{Flow: flow})
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Own(context.Background(), run, "host:1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Release(context.Background()) })
	return run, s
}

// loaded is a run with two loads of one entity, and a redrive of it that has
// closed one exception and failed with another.
func loaded(t *testing.T, l *ledger.Ledger) (run, redrive ledger.Run) {
	t.Helper()
	ctx := context.Background()
	run, s := owned(t, l, "load")
	a, b := loadOf(t, s, "a", "film"), loadOf(t, s, "b", "film")
	a.chunk(1, 2)
	b.chunk(1, 0)
	a.chunk(2, 1)
	a.done()
	b.done()
	redrive, r := owned(t, l, "redrive")
	again := loadOf(t, r, "r", "film")
	if n, err := r.Take(ctx, run, exception.Filter{}); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	open, err := r.Open(ctx, run, exception.Filter{}, record.Rank{}, 2)
	if err != nil || len(open) != 2 {
		t.Fatal(open, err)
	}
	fate := []record.Exception{{ID: open[0].ID, Outcome: record.Applied}, {ID: open[1].ID, Outcome: record.Dead, Refusal: open[1].Refusal}}
	c := record.Chunk{Number: 1, Account: record.Account{Step: "load", Entity: "film", Generation: 1, Read: 2, Applied: 1, Dead: 1}}
	if err := r.Prepare(ctx, "r", again.fence, c, fate, nil); err != nil {
		t.Fatal(err)
	}
	again.settle(1)
	again.done()
	return run, redrive
}

func TestCheckFindsWhatIsPlantedInLoads(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, sql, found string }{
		{"nothing", "SELECT 1", ""},
		{"a chunk that is gone", "DELETE FROM chunk WHERE unit = 'a' AND n = 1", "unit a: chunk 2 follows chunk 0"},
		{"all chunks of a unit", "DELETE FROM chunk WHERE unit = 'a'", "exception 1 is of no chunk"},
		{"a chunk that is not settled", "UPDATE chunk SET state = 'prepared' WHERE unit = 'b'", "unit b: chunk 1 is not settled, but the unit is done"},
		{"a chunk dropped behind the unit's back", "UPDATE chunk SET state = 'dropped' WHERE unit = 'b'", "its chunks say 0 rows and 0 bytes, its end in the journal 10 and 100"},
		{"an account that is gone", "DELETE FROM account WHERE unit = 'b'", "unit b: chunk 1 is settled, but its account 2 is not there"},
		{"an account that closes with other numbers", "UPDATE account SET read = 9, applied = 9 WHERE unit = 'b'", "unit b: chunk 1 says other numbers than its account 2"},
		{"an account that does not count", "UPDATE account SET current = FALSE WHERE unit = 'b'", "unit b is done, but the account of its chunk 1 does not count"},
		{"an exception that is gone", "DELETE FROM exception WHERE id = 1", "says 2 rejected, dead and blocked records, but 1 exceptions and 0 that failed again are there"},
		{"an exception too many", "INSERT INTO exception SELECT 99, run, step, entity, key, unit, chunk, outcome, cause, code, text, field, value, fields, refusal, attempts, mapping, first, last, '', 0, 0, 0, `group`, turn FROM exception WHERE id = 3", "exception 99 is of no chunk"},
		{"what a discarded chunk left", "UPDATE chunk SET state = 'dropped' WHERE unit = 'a' AND n = 2", "unit a: chunk 2 was discarded, but 1 exceptions and 1 payloads of it are there"},
		{"an exception of another chunk", "UPDATE exception SET chunk = 3 WHERE id = 1", "was given 2 exceptions; 1 are there"},
		{"a payload that is gone", "DELETE FROM payload WHERE exception = 2", "was given 2 exceptions; 2 are there, 1 with payload"},
		{"closed by nobody", "UPDATE exception SET closed = 'applied by x-1', closed_by = 7 WHERE id = 3", "exception 3 is closed, applied by x-1, but 0 settled chunks did so"},
		{"open although it was loaded", "UPDATE exception SET closed = '', closed_by = 0 WHERE id = 1", "exception 1 is open, but 1 settled chunks of other runs loaded it"},
		{"loaded twice", "INSERT INTO attempt SELECT 99, exception, 1, 'b', 1, 'applied', at, said, NULL FROM attempt WHERE outcome = 'applied'", "exception 1 is closed, applied by redrive-1, but 2 settled chunks did so"},
		{"dismissed by nobody", "UPDATE exception SET closed = 'dismissed by x: y', closed_at = 5 WHERE id = 3", "exception 3 is closed, dismissed by x: y, but nothing in the journal did so"},
		{"chunks of nobody", "UPDATE chunk SET unit = 'x' WHERE unit = 'b'", "there are chunks of unit x, which is not in the journal"},
		{"the redrive's failure is gone", "DELETE FROM attempt WHERE outcome = 'dead'", "unit r: chunk 1 says 1 rejected, dead and blocked records, but 0 exceptions and 0 that failed again are there"},
		{"a number that was given to nobody", "DELETE FROM account WHERE unit = 'b'; DELETE FROM chunk WHERE unit = 'b'", "chunk 3 follows chunk 1: those between have no account"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			run, redrive := loaded(t, l)
			edit(t, l.Path(), test.sql)
			var said []string
			for _, r := range []ledger.Run{run, redrive} {
				breaches, err := l.Check(context.Background(), r)
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range breaches {
					said = append(said, b.What)
				}
			}
			if all := strings.Join(said, "\n"); test.found == "" && all != "" || !strings.Contains(all, test.found) {
				t.Errorf("found\n%s\nwant %q", all, test.found)
			}
		})
	}
}

// Every question about exceptions is answered through an index: no table is
// read from end to end, however many runs there are.
func TestLookingScansNothing(t *testing.T) {
	t.Parallel()
	l := open(t)
	loaded(t, l)
	for _, c := range []struct {
		f     exception.Filter
		index string // by which a page is found
	}{
		{exception.Filter{State: exception.All}, "exception_run (run=? AND rowid>?)"},
		{exception.Filter{}, "exception_run (run=? AND rowid>?)"},
		{exception.Filter{Cause: "c"}, "exception_cause (run=? AND cause=? AND rowid>?)"},
		{exception.Filter{Entity: "e"}, "exception_entity (run=? AND entity=? AND rowid>?)"},
		{exception.Filter{Key: "k"}, "exception_key (key=?"},
		{exception.Filter{Key: "k", Entity: "e"}, "exception_key (key=? AND entity=?"},
		{exception.Filter{Rule: "r"}, "issue_rule (run=? AND rule=?)"},
		{exception.Filter{Rule: "r", Field: "f"}, "issue_rule (run=? AND rule=? AND field=?)"},
		{exception.Filter{Field: "f", Code: "c"}, "issue_exception (exception=?)"},
		{exception.Filter{IDs: []int64{1, 2}}, "exception"},
	} {
		where, args := c.f.Where(1)
		for i, query := range []string{
			"SELECT * FROM exception e" + where + " AND e.id > 5 ORDER BY e.id LIMIT 10",
			"SELECT e.cause, count(*) FROM exception e" + where + " GROUP BY e.cause",
		} {
			steps := plan(t, l.Path(), query, args...)
			for _, step := range steps {
				if strings.HasPrefix(step, "SCAN e") || strings.HasPrefix(step, "SCAN i") || step == "SCAN p" {
					t.Errorf("%+v: %s", c.f, step)
				}
			}
			if all := strings.Join(steps, "\n"); i == 0 && !strings.Contains(all, c.index) {
				t.Errorf("%+v is not found by %s:\n%s", c.f, c.index, all)
			}
		}
	}
}

func fileSize(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// BenchmarkChunk prepares and settles chunks with so many dead records each.
func BenchmarkChunk(b *testing.B) {
	for _, dead := range []int{0, 100, 10_000} {
		b.Run(fmt.Sprintf("exceptions=%d", dead), func(b *testing.B) {
			l, err := ledger.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
			if err != nil {
				b.Fatal(err)
			}
			_, s := owned(b, l, "load")
			u := loadOf(b, s, "a", "film")
			before := fileSize(b, l.Path())
			var settling time.Duration
			n := 0
			for b.Loop() {
				n++
				b.StopTimer()
				c, exceptions := u.drafted(n, dead)
				b.StartTimer()
				if err := s.Prepare(b.Context(), "a", u.fence, c, exceptions, nil); err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				u.settle(n)
				settling += time.Since(began)
			}
			b.ReportMetric(float64(settling.Microseconds())/float64(n), "settle-us")
			if err := l.Close(); err != nil { // and the log is in the file
				b.Fatal(err)
			}
			if dead > 0 {
				b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(n*dead), "us/exception")
				b.ReportMetric(float64(fileSize(b, l.Path())-before)/float64(n*dead), "B/exception")
			}
		})
	}
}
