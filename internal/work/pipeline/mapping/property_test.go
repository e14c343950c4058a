package mapping

import (
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"godwit/internal/record"
)

// odd are values that records may hold and maps do not expect.
var odd = []any{
	nil, record.Missing, true, int64(0), int64(math.MinInt64), int64(math.MaxInt64), math.NaN(), math.Inf(-1), 1e300, "", " ", "\x00", "\xff", "9007199254740993", "2024-02-30", "infinity",
	[]byte{0xff}, record.Decimal("1e400"), record.Decimal("NaN"), record.Decimal("-0"), record.Decimal("x"), time.Date(12024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-5, 1, 1, 0, 0, 0, 1, time.UTC),
	[]any{}, []any{nil, "x", record.Object{}}, record.Object{}, record.Object{"authors": "x"}, record.Object{"authors": []any{nil, int64(1), record.Object{"name": []any{}}}},
	record.Object{"authors": record.Object{}, "tags": record.Missing, "state": record.Object{}, "n": record.Decimal("1e9")},
	record.Object{"authors": []any{record.Object{"name": "x"}, record.Object{"name": "y", "skip": "no"}}, "n": math.NaN(), "isbn": []byte("x"), "region": int64(5)},
}

// TestAnyRecord: whatever a record holds, mapping ends with rows or with a
// reason, the same one each time, and leaves the record as it was.
func TestAnyRecord(t *testing.T) {
	t.Parallel()
	p := compiled(t, full(), books())
	r := rand.New(rand.NewPCG(3, 4))
	w, fresh := p.Worker(), 0
	for range 1500 {
		rec := &record.Record{Op: []record.Op{record.Create, record.Update, record.Delete}[r.IntN(3)], Slots: make([]any, 6)}
		for i := range rec.Slots {
			rec.Slots[i] = odd[r.IntN(len(odd))]
		}
		before, _ := record.EncodeValue(rec.Slots)
		m := w.Map(rec)
		after, _ := record.EncodeValue(rec.Slots)
		if string(before) != string(after) {
			t.Fatalf("the record was changed: %s\n%s", before, after)
		}
		errors := 0
		for _, i := range m.Issues {
			if i.Text == "" || i.Rule == "" || i.Severity == "" {
				t.Fatalf("%+v", i)
			}
			if i.Severity == record.SeverityError {
				errors++
			}
		}
		if m.Reject != (errors > 0) || (len(m.Rows) > 0) != (!m.Reject && m.Filtered == "") {
			t.Fatalf("%s: %+v", before, m)
		}
		if fresh++; fresh%50 == 0 {
			if again := p.Worker().Map(rec); !reflect.DeepEqual(brief(again.Issues), brief(m.Issues)) || len(again.Rows) != len(m.Rows) {
				t.Fatalf("%s: a used worker and a new one differ:\n%v\n%v", before, brief(m.Issues), brief(again.Issues))
			}
		}
		p.Explain(rec, true)
	}
}

// TestWorkersShareAProgram is for the race detector.
func TestWorkersShareAProgram(t *testing.T) {
	t.Parallel()
	p := compiled(t, full(), books())
	rec := &record.Record{Op: record.Create, Slots: []any{int64(7), "t", nil, record.Object{"n": int64(1), "authors": []any{record.Object{"name": "A"}}}, record.Decimal("1"), nil}}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			w := p.Worker()
			for range 200 {
				if m := w.Map(rec); m.Reject || m.Rows[0].Slots[6] != int64(3) {
					t.Error(m.Issues)
					return
				}
			}
		})
	}
	all.Wait()
}
