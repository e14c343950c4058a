package watermark

import (
	"encoding/json"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
)

func at(text string) time.Time {
	v, err := time.Parse("2006-01-02 15:04:05.999999", text)
	if err != nil {
		panic(err)
	}
	return v
}

var (
	clock = catalog.Type{Kind: catalog.KindTimestamp}
	date  = catalog.Type{Kind: catalog.KindDate}
	whole = catalog.Type{Kind: catalog.KindInt, Length: 8}
	exact = catalog.Type{Kind: catalog.KindDecimal}
	text  = catalog.Type{Kind: catalog.KindText}
	loose = catalog.Type{Kind: catalog.KindOther, Native: anything}
)

func TestBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o       Overlap
		v, want any
		t       catalog.Type
	}{
		{Overlap{}, int64(7), int64(7), whole},
		{Overlap{}, "any text", "any text", text},
		{Overlap{By: 10}, int64(7), int64(-3), whole},
		{Overlap{By: 10}, record.Decimal("7.50"), record.Decimal("-2.5"), exact},
		{Overlap{By: 1}, record.Decimal("100000000000000000000"), record.Decimal("99999999999999999999"), exact},
		{Overlap{By: 1}, 2.5, 1.5, loose},
		{Overlap{For: time.Minute}, at("2026-01-01 00:00:30.5"), at("2025-12-31 23:59:30.5"), clock},
		{Overlap{For: 36 * time.Hour}, at("2026-01-10 00:00:00"), at("2026-01-08 00:00:00"), date},
		{Overlap{For: time.Minute}, "2026-01-01 00:00:30", "2025-12-31 23:59:30", text},
		{Overlap{For: 1500 * time.Millisecond}, "2026-01-01T00:00:01.25Z", "2025-12-31T23:59:59.75Z", text},
		{Overlap{For: 1500 * time.Millisecond}, "2026-01-01 00:00:02.0", "2026-01-01 00:00:00.5", text},
		{Overlap{For: 90 * time.Second}, "2026-01-01 00:02", "2026-01-01 00:00", text},
		{Overlap{For: time.Hour}, "2026-01-10", "2026-01-09", text},
	} {
		got, err := c.o.Back(c.v, c.t)
		if err != nil || got != c.want {
			t.Errorf("%v less %s: %v, want %v (%v)", c.v, c.o, got, c.want, err)
		}
	}
	for _, v := range []any{"31.01.2026", "2026-01-01 00:00:00,5", "2026-1-1"} {
		if got, err := (Overlap{For: time.Hour}).Back(v, text); fault.CodeOf(err) != "load.since" {
			t.Errorf("%v gave %v (%v)", v, got, err)
		}
	}
	if got, err := (Overlap{By: 10}).Back(int64(-1<<63+5), whole); err == nil {
		t.Errorf("below all numbers: %v", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o  Overlap
		t  catalog.Type
		ok bool
	}{
		{Overlap{For: 1}, clock, true}, {Overlap{For: 1}, date, true}, {Overlap{By: 1}, whole, true}, {Overlap{By: 1}, exact, true},
		{Overlap{For: 1}, text, true}, {Overlap{By: 1}, loose, true}, {Overlap{}, whole, true}, {Overlap{}, text, true},
		{Overlap{By: 1}, clock, false}, {Overlap{For: 1}, whole, false}, {Overlap{By: 1}, text, false},
		{Overlap{}, catalog.Type{Kind: catalog.KindUUID}, false}, {Overlap{}, catalog.Type{Kind: catalog.KindBool}, false},
		{Overlap{}, catalog.Type{Kind: catalog.KindOther, Native: "point"}, false},
	} {
		if err := c.o.Check("c", c.t); (err == nil) != c.ok {
			t.Errorf("%s of %s: %v", c.o, c.t, err)
		}
	}
	for v, want := range map[any]Overlap{"10m": {For: 10 * time.Minute}, "0s": {}, int64(0): {}, int64(5): {By: 5}} {
		var o Overlap
		if err := o.ReadPlain(v); err != nil || o != want {
			t.Errorf("%v: %+v (%v)", v, o, err)
		}
	}
	for _, v := range []any{"10", "-1m", int64(-1), record.Decimal("1.5"), true, nil} {
		if err := new(Overlap).ReadPlain(v); err == nil {
			t.Errorf("%v was taken", v)
		}
	}
}

// chunk is what one that read these values says.
func chunk(t *testing.T, point string, of catalog.Type, values ...any) []byte {
	t.Helper()
	c := Column{Slot: 1, Type: of}
	c.Take(nil) // broken
	for _, v := range values {
		c.Take([]any{"x", v})
	}
	b, err := c.Seen(point)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOver(t *testing.T) {
	t.Parallel()
	five, six, seven := at("2026-01-01 05:00:00"), at("2026-01-01 06:00:00"), at("2026-01-01 07:00:00")
	for name, c := range map[string]struct {
		begin  any
		chunks [][]byte
		want   any
	}{
		"nothing":                        {nil, nil, nil},
		"highest of a point":             {nil, [][]byte{chunk(t, "a", clock, five, seven), chunk(t, "a", clock, six)}, seven},
		"a part without values":          {nil, [][]byte{chunk(t, "a", clock, seven), chunk(t, "a", clock)}, seven},
		"lowest of several":              {five, [][]byte{chunk(t, "a", clock, six), chunk(t, "b", clock, seven)}, six},
		"a point without values":         {five, [][]byte{chunk(t, "a", clock, six), chunk(t, "b", clock)}, five},
		"only nulls":                     {five, [][]byte{chunk(t, "a", clock, nil, nil)}, five},
		"never back":                     {six, [][]byte{chunk(t, "a", clock, five)}, six},
		"what is no time":                {nil, [][]byte{chunk(t, "a", clock, "infinity", five, "0000-00-00")}, five},
		"numbers":                        {int64(9), [][]byte{chunk(t, "a", exact, int64(10), record.Decimal("10.5"), int64(9))}, record.Decimal("10.5")},
		"texts":                          {"b", [][]byte{chunk(t, "a", text, "c", "B")}, "c"},
		"texts of several points":        {"b", [][]byte{chunk(t, "a", text, "c"), chunk(t, "b", text, "d")}, "b"},
		"texts above numbers, as SQLite": {nil, [][]byte{chunk(t, "a", loose, "c", int64(5))}, "c"},
	} {
		got, err := Over(c.begin, c.chunks)
		if err != nil || got != c.want {
			t.Errorf("%s: %v, want %v (%v)", name, got, c.want, err)
		}
	}
	if _, err := Over(nil, [][]byte{json.RawMessage("{")}); fault.CodeOf(err) != "ledger.damaged" {
		t.Errorf("%v", err)
	}
}
