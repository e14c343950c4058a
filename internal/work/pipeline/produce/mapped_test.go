package produce

import (
	"math"
	"testing"
	"time"

	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// TestMapped: a mapped record is written as the object of its columns is, so what was
// delivered by an earlier version is unchanged; and comes out as it was.
func TestMapped(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC)
	values := []any{nil, true, int64(9007199254740993), 0.5, math.Inf(1), "ü\x00", "\xff", record.Decimal("1.50"), record.Decimal("7"), []byte("b"), at,
		record.Missing, []any{int64(1), record.Missing}, record.Object{"$int": "1"}}
	for _, columns := range [][]string{{"b", "a", "c"}, {"$int"}, {"z", "$a", "\xff"}, {"a.b", "a", "ä"}, {}} {
		m := newMapped(columns)
		for n := range values {
			slots, object := make([]any, len(columns)), record.Object{}
			for i, name := range columns {
				slots[i] = values[(n+i)%len(values)]
				if slots[i] != record.Missing {
					object[name] = slots[i]
				}
			}
			got, err := m.append([]byte("x"), slots)
			want, other := record.EncodeValue(object)
			if err != nil || other != nil || string(got) != "x"+string(want) {
				t.Errorf("%q: %s, %v; want %s, %v", columns, got, err, want, other)
			}
			text := (&calls.Texts{Key: "k", Group: "g", Hash: 7, Record: got[1:], Doc: []byte("{}"), Source: []byte("s"), Exception: 3, Turn: 1 << 60}).Append(nil)
			item, err := calls.DecodeItem(text)
			if err != nil || item.Key != "k" || item.Group != "g" || item.Hash != 7 || string(item.Source) != "s" || item.Exception != 3 || item.Turn != 1<<60 || item.Gap || item.Size != len(text) {
				t.Fatalf("%+v %v", item, err)
			}
			back, doc, err := item.Open()
			if err != nil || len(doc) != 0 {
				t.Fatal(doc, err)
			}
			if again, err := record.EncodeValue(back); err != nil || string(again) != string(want) {
				t.Errorf("%s comes out as %s, %v", want, again, err)
			}
			for cut := range text {
				if _, err := calls.DecodeItem(text[:cut]); err == nil {
					t.Errorf("%d of %d bytes are read", cut, len(text))
				}
			}
		}
	}
}
