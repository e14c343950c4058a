package ledgertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// loading is an attempt at a unit that settles chunk by chunk.
type loading struct {
	*desk
	id      string
	attempt int
	fence   int64
}

// loads starts an attempt at a unit.
func (d *desk) loads(id string, attempt int) *loading {
	d.Helper()
	d.write(started(id, attempt))
	fence, _, err := d.session.Claim(context.Background(), id, attempt)
	if err != nil {
		d.Fatal(err)
	}
	return &loading{d, id, attempt, fence}
}

// part is the n-th chunk of a unit: ten records, so many of them dead.
func (u *loading) part(n int, dead ...record.Exception) record.Chunk {
	a := account(u.id, 0, 1, 10)
	a.Applied, a.Dead = 10-int64(len(dead)), int64(len(dead))
	return record.Chunk{Number: n, After: fmt.Append(nil, "after ", n), Account: a}
}

func (u *loading) prepare(n int, dead ...record.Exception) {
	u.Helper()
	if err := u.session.Prepare(context.Background(), u.id, u.fence, u.part(n, dead...), dead, nil); err != nil {
		u.Fatal(err)
	}
}

func (u *loading) settle(n int) {
	u.Helper()
	if err := u.session.Settle(context.Background(), u.id, u.fence, n); err != nil {
		u.Fatal(err)
	}
}

func (u *loading) discard(from int) {
	u.Helper()
	if err := u.session.Discard(context.Background(), u.id, u.fence, from); err != nil {
		u.Fatal(err)
	}
}

// loaded prepares and settles.
func (u *loading) loaded(n int, dead ...record.Exception) {
	u.Helper()
	u.prepare(n, dead...)
	u.settle(n)
}

func (u *loading) chunks() []record.Chunk {
	u.Helper()
	chunks, err := u.session.Chunks(context.Background(), u.id)
	if err != nil {
		u.Fatal(err)
	}
	return chunks
}

// ends settles the unit with the accounts of its chunks, as an executor does.
func (u *loading) ends(kind string) {
	u.Helper()
	c := unit.Change{Unit: u.id, Fence: u.fence}
	var end unit.Ended
	for _, k := range u.chunks() {
		c.Accounts = append(c.Accounts, k.Account)
		end.Rows, end.Bytes = end.Rows+k.Account.Read, end.Bytes+k.Account.Bytes
	}
	c.Events = []unit.Event{ended(kind, u.id, u.attempt, end)}
	if _, err := u.turn(c); err != nil {
		u.Fatal(err)
	}
}

// dead is a record that the target refused.
func dead(key string) record.Exception {
	return record.Exception{Key: key, Outcome: record.Dead, Code: "data.too-long", Text: "value too long for varchar(20)", Mapping: "v1",
		Refusal: &record.Refusal{Code: "data.too-long", Field: "title", Text: "value too long for varchar(20)", State: "22001", Value: "t" + key},
		Payload: record.Payload{Source: json.RawMessage(`{"id":"` + key + `"}`), Sent: json.RawMessage(`["` + key + `"]`)}}
}

// rejected is a record that breaks two rules, and one that only warns.
func rejected(key string) record.Exception {
	return record.Exception{Key: key, Outcome: record.Rejected, Code: "issue.required", Text: "is missing", Mapping: "v1", Fields: []string{"title", "year"},
		Issues: []record.Issue{
			{Rule: "required", Field: "title", Severity: record.SeverityError, Text: "is missing", Owner: "ann", Hint: "fill it"},
			{Rule: "range", Field: "year", Severity: record.SeverityError, Text: "is out of range", Value: "19"},
			{Rule: "blank", Field: "note", Severity: record.SeverityWarn, Text: "is blank"},
		}, Payload: record.Payload{Source: json.RawMessage(`{"id":"` + key + `","title":null}`)}}
}

func (d *desk) look() exception.Look { return d.ledger.View().Exceptions() }

func (d *desk) list(f exception.Filter) []record.Exception {
	d.Helper()
	all, err := d.look().List(context.Background(), d.run.ID, f, 0, 0)
	if err != nil {
		d.Fatal(err)
	}
	return all
}

// keys of the exceptions that a filter shows.
func (d *desk) keys(f exception.Filter) string {
	d.Helper()
	var keys []string
	for _, e := range d.list(f) {
		keys = append(keys, e.Key)
	}
	return strings.Join(keys, " ")
}

// counted are the sums of the accounts that count: chunks, read, dead.
func (d *desk) counted() [3]int64 {
	d.Helper()
	sums, err := d.ledger.View().Sums(context.Background(), d.run.ID)
	if err != nil {
		d.Fatal(err)
	}
	var n [3]int64
	for _, a := range sums {
		n = [3]int64{int64(a.Chunk), a.Read, a.Rejected + a.Dead}
	}
	return n
}

// loadUnit is the life of a load: each step says what counts after it and
// which exceptions are shown.
func loadUnit(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a")
	u := d.loads("a", 1)
	for _, c := range []struct {
		name   string
		do     func()
		counts [3]int64
		keys   string
		states string // of the chunks
	}{
		{"prepare 1", func() { u.prepare(1, dead("1"), rejected("2")) }, [3]int64{}, "", "prepared1"},
		{"settle 1", func() { u.settle(1) }, [3]int64{1, 10, 2}, "1 2", "settled1"},
		{"settle 1 again", func() { u.settle(1) }, [3]int64{1, 10, 2}, "1 2", "settled1"},
		{"prepare 2", func() { u.prepare(2, dead("3")) }, [3]int64{1, 10, 2}, "1 2", "settled1 prepared2"},
		{"discard 2", func() { u.discard(2) }, [3]int64{1, 10, 2}, "1 2", "settled1"},
		{"discard 2 again", func() { u.discard(2) }, [3]int64{1, 10, 2}, "1 2", "settled1"},
		{"load 2 in other words", func() { u.loaded(2, dead("4")) }, [3]int64{2, 20, 3}, "1 2 4", "settled1 settled2"},
		{"yield", func() { u.ends(unit.UnitYielded); u = d.loads("a", 2) }, [3]int64{2, 20, 3}, "1 2 4", "settled1 settled2"},
		{"load 3", func() { u.loaded(3) }, [3]int64{3, 30, 3}, "1 2 4", "settled1 settled2 settled3"},
		{"retry", func() {
			d.write(ended(unit.UnitRetry, "a", 2, unit.Ended{}))
			u = d.loads("a", 3)
		}, [3]int64{3, 30, 3}, "1 2 4", "settled1 settled2 settled3"},
		{"lose 3 while at it", func() { u.discard(3) }, [3]int64{2, 20, 3}, "1 2 4", "settled1 settled2"},
		{"load 3 once more", func() { u.loaded(3, dead("5")) }, [3]int64{3, 30, 4}, "1 2 4 5", "settled1 settled2 settled3"},
		{"done", func() { u.ends(unit.UnitDone) }, [3]int64{3, 30, 4}, "1 2 4 5", "settled1 settled2 settled3"},
		{"undone", func() { d.write(unit.Event{Kind: unit.UnitUndone, Unit: "a"}) }, [3]int64{}, "1 2 4 5", "settled1 settled2 settled3"},
		{"lose 2", func() { u = d.loads("a", 4); u.discard(2) }, [3]int64{}, "1 2", "settled1"},
		{"find 1", func() { u.settle(1) }, [3]int64{1, 10, 2}, "1 2", "settled1"},
		{"all in one", func() { u.loaded(2, dead("4"), dead("5")) }, [3]int64{2, 20, 4}, "1 2 4 5", "settled1 settled2"},
		{"done again", func() { u.ends(unit.UnitDone) }, [3]int64{2, 20, 4}, "1 2 4 5", "settled1 settled2"},
	} {
		c.do()
		same(t, c.name+": counts", c.counts, d.counted())
		same(t, c.name+": exceptions", c.keys, d.keys(exception.Filter{}))
		var states []string
		for _, k := range u.chunks() {
			states = append(states, fmt.Sprint(k.State, k.Number))
		}
		same(t, c.name+": chunks", c.states, strings.Join(states, " "))
		d.sound()
	}
	last := u.chunks()[1]
	same(t, "a chunk", record.Chunk{Number: 2, State: record.Settled, After: []byte("after 2"), Account: last.Account}, last)
	same(t, "its account", [2]int64{10, 2}, [2]int64{last.Account.Read, last.Account.Dead})
}

// interleaved lets units of one entity work at the same time: numbers stay
// free of gaps whatever is discarded.
func interleaved(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a", "b")
	a, b := d.loads("a", 1), d.loads("b", 1)
	a.loaded(1)
	b.prepare(1, dead("b1"))
	a.prepare(2, dead("a2"))
	a.discard(2)
	b.settle(1)
	b.loaded(2)
	a.loaded(2, dead("a2"))
	d.sound()
	numbers := func(u *loading) (all []int) {
		for _, c := range u.chunks() {
			all = append(all, c.Account.Chunk)
		}
		return all
	}
	same(t, "a", []int{1, 3}, numbers(a))
	same(t, "b", []int{2, 4}, numbers(b))
	a.loaded(3)
	a.discard(3) // for good: what follows is in chunk 2 of the next attempt
	a.ends(unit.UnitDone)
	b.loaded(3)
	b.ends(unit.UnitDone)
	same(t, "b at the end", []int{2, 4, 6}, numbers(b))
	d.sound()
	same(t, "counts", [3]int64{5, 50, 2}, d.counted())
	list := d.list(exception.Filter{})
	same(t, "chunks of exceptions", [2]int{2, 3}, [2]int{list[0].Chunk, list[1].Chunk})
}

func fencedChunks(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l, "a", "b")
	u := d.loads("a", 1)
	u.prepare(1)
	code := "unit.fenced"
	refused := func(name string, s *ledger.Session, id string, fence int64) {
		t.Helper()
		for what, err := range map[string]error{
			"prepare": s.Prepare(ctx, id, fence, u.part(2), nil, nil),
			"settle":  s.Settle(ctx, id, fence, 1),
			"discard": s.Discard(ctx, id, fence, 1),
		} {
			if fault.CodeOf(err) != code || fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
	}
	refused("a unit that does not run", d.session, "b", u.fence)
	refused("no fence", d.session, "a", 0)
	d.write(ended(unit.UnitRetry, "a", 1, unit.Ended{}))
	refused("an attempt that has ended", d.session, "a", u.fence)
	before := u.fence
	u = d.loads("a", 2)
	refused("the attempt before", d.session, "a", before)
	code = "run.fenced" // another owner has the run
	if err := d.session.Renew(ctx, 0, nil); err != nil {
		t.Fatal(err)
	}
	next := own(t, l, d.run)
	refused("the owner before", d.session, "a", u.fence)
	again := next.loads("a", 3)
	same(t, "chunk", record.Prepared, again.chunks()[0].State)
	again.settle(1)
	again.ends(unit.UnitDone)
	next.sound()
}

func chunkOrder(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l, "a")
	u := d.loads("a", 1)
	code(t, u.session.Settle(ctx, "a", u.fence, 1), fault.Internal, "chunk.order")
	code(t, u.session.Prepare(ctx, "a", u.fence, u.part(2), nil, nil), fault.Internal, "chunk.order")
	u.prepare(1)
	code(t, u.session.Prepare(ctx, "a", u.fence, u.part(1), nil, nil), fault.Internal, "chunk.order")
	code(t, u.session.Prepare(ctx, "a", u.fence, u.part(2), nil, nil), fault.Internal, "chunk.order")
	u.settle(1)
	code(t, u.session.Prepare(ctx, "a", u.fence, u.part(2), []record.Exception{dead("1")}, nil), fault.Internal, "account.open")
	code(t, u.session.Prepare(ctx, "a", u.fence, u.part(2, dead("1")), nil, nil), fault.Internal, "account.open")
	code(t, u.session.Prepare(ctx, "a", u.fence, u.part(2), []record.Exception{{Outcome: record.Applied}}, nil), fault.Internal, "account.open")
	u.discard(1)
	code(t, u.session.Settle(ctx, "a", u.fence, 1), fault.Internal, "chunk.order")
	same(t, "chunks", 0, len(u.chunks()))
}

// wholeException reads back all that was written, 10 MB of payload too.
func wholeException(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l, "a")
	u := d.loads("a", 1)
	large := rejected("large")
	large.Source = json.RawMessage(`"` + strings.Repeat("0123456789abcdef", 10<<20/16) + `"`)
	small := dead("small")
	u.loaded(1, large, small)
	list := d.list(exception.Filter{})
	for i, want := range []record.Exception{large, small} {
		got, err := d.look().One(ctx, d.run.ID, list[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		want.ID, want.Step, want.Entity, want.Unit, want.Chunk, want.Attempts = list[i].ID, step, "shop.orders", "a", 1, 1
		want.Cause, want.First, want.Last = record.Cause(want), got.First, got.Last
		if !bytes.Equal(want.Source, got.Source) || !bytes.Equal(want.Sent, got.Sent) {
			t.Errorf("%s: other payloads of %d and %d bytes", want.Key, len(got.Source), len(got.Sent))
		}
		want.Source, want.Sent, got.Source, got.Sent = nil, nil, nil, nil
		if diff := cmp.Diff(exception.Whole{Exception: want, Run: d.run.Name()}, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%.2000s", want.Key, diff)
		}
		if got.First.IsZero() || got.First != got.Last {
			t.Errorf("first %s, last %s", got.First, got.Last)
		}
		same(t, "in a list", want, list[i])
	}
	_, err := d.look().One(ctx, d.run.ID, 99)
	code(t, err, fault.Config, "exception.unknown")
	u.prepare(2, dead("hidden"))
	_, err = d.look().One(ctx, d.run.ID, list[1].ID+1)
	code(t, err, fault.Config, "exception.unknown")
}
