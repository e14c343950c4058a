package ledgertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/records"
	"godwit/internal/record"
	"godwit/internal/unit"
)

var assets = record.Place{Entity: "asset", At: "new", Env: "prod"}

// kept is what a table keeps of a record.
func kept(id int64) []byte {
	b, err := record.Kept{record.CallRow: {"id": id}}.Bytes()
	if err != nil {
		panic(err)
	}
	return b
}

// states prepares a chunk that says how records stand: KEY=ID was applied, KEY-
// was rejected.
func (u *loading) states(n int, anew bool, said ...string) {
	u.Helper()
	c := u.part(n)
	c.States = &record.States{Place: assets, Mapping: "0123456789abcdef00", Anew: anew}
	for _, s := range said {
		one := record.State{Key: strings.TrimSuffix(s, "-"), Outcome: record.Rejected}
		if key, id, applied := strings.Cut(s, "="); applied {
			var v int64
			if _, err := fmt.Sscan(id, &v); err != nil {
				u.Fatal(err)
			}
			one = record.State{Key: key, Outcome: record.Applied, Hash: uint64(v) + 1<<63, Kept: kept(v)}
		}
		c.States.List = append(c.States.List, one)
	}
	if err := u.session.Prepare(context.Background(), u.id, u.fence, c, nil, nil); err != nil {
		u.Fatal(err)
	}
}

// standing is how some records stand: KEY STATE ATTEMPTS KEPT.
func (d *desk) standing(keys ...string) string {
	d.Helper()
	var all []string
	for _, key := range keys {
		list, err := records.Of(context.Background(), d.ledger.View().Reader(), assets.Entity, key)
		if err != nil {
			d.Fatal(err)
		}
		for _, s := range list {
			v, _ := s.Kept.Only()
			all = append(all, fmt.Sprintf("%s %s %d %v", key, s.State, s.Attempts, v))
		}
	}
	return strings.Join(all, ", ")
}

// known are the keys of which something is kept.
func (d *desk) known(keys ...string) int {
	d.Helper()
	found, err := records.Find(context.Background(), d.ledger.View().Reader(), assets, keys)
	if err != nil {
		d.Fatal(err)
	}
	return len(found)
}

// settledRecords: only what a settled chunk says counts, and a discarded one
// leaves the records as they were before.
func settledRecords(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a", "b")
	u := d.loads("a", 1)
	u.states(1, false, "1=11", "2=12", "3-", "2=22")
	same(t, "prepared", "", d.standing("1", "2", "3"))
	u.settle(1)
	u.settle(1)
	same(t, "settled, of two with one key the last", "1 applied 1 11, 2 applied 1 22, 3 rejected 1 <nil>", d.standing("1", "2", "3"))
	same(t, "known", 2, d.known("1", "2", "3", "4"))
	u.states(2, false, "2-", "3=13", "4=14")
	same(t, "prepared over others", "1 applied 1 11, 2 applied 1 22, 3 rejected 1 <nil>", d.standing("1", "2", "3", "4"))
	u.settle(2)
	same(t, "over others", "1 applied 1 11, 2 rejected 2 22, 3 applied 2 13, 4 applied 1 14", d.standing("1", "2", "3", "4"))
	u.discard(2)
	u.discard(2)
	same(t, "discarded", "1 applied 1 11, 2 applied 1 22, 3 rejected 1 <nil>", d.standing("1", "2", "3", "4"))
	u.states(2, false, "4=24")
	u.settle(2)
	u.ends(unit.UnitDone)
	d.sound()
	if err := d.session.Doubt(context.Background(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	same(t, "doubted", 0, d.known("1", "4"))
	d.write(unit.Event{Kind: unit.UnitUndone, Node: step, Unit: "a"})
	u = d.loads("a", 2)
	u.ends(unit.UnitDone)
	same(t, "done again", 2, d.known("1", "4"))
	o := d.loads("b", 1) // another unit speaks of a record that the first one spoke of
	o.states(1, false, "1=31", "5=35")
	o.settle(1)
	d.write(unit.Event{Kind: unit.UnitUndone, Node: step, Unit: "a"})
	u = d.loads("a", 3)
	u.discard(1)
	same(t, "what another one said stays", "1 applied 2 31, 5 applied 1 35", d.standing("1", "2", "3", "4", "5"))
	o.discard(1)
	same(t, "what was before is gone as well", "", d.standing("1", "2", "3", "4", "5"))
	d.sound()
}

// anewRecords: a chunk of a target that holds nothing else keeps nothing of what
// was there, and neither does one behind the floor.
func anewRecords(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a", "b")
	u := d.loads("a", 1)
	u.states(1, false, "1=11", "2=12", "3=13")
	u.settle(1)
	u.states(2, true, "1-")
	u.settle(2)
	same(t, "anew", "1 rejected 2 <nil>, 2 applied 1 12", d.standing("1", "2"))
	u.states(3, false, "3=13")
	u.settle(3)
	u.ends(unit.UnitDone)
	b := d.loads("b", 1)
	b.states(1, false, "1=21", "3-")
	b.settle(1)
	b.ends(unit.UnitDone)
	floor := func(units ...string) {
		t.Helper()
		err := d.session.In(context.Background(), "empty it", func(run int64, change func(string, ...any) error) error {
			return records.Floor(change, run, assets, units)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	floor("nobody")
	same(t, "the floor of no unit", 3, d.known("1", "2", "3"))
	floor("b")
	same(t, "of what was there before nothing is known", 1, d.known("1", "2"))
	floor("a", "b")
	same(t, "it only rises", 1, d.known("1", "2"))
	d.sound()
}

// anotherPlace: of what was told at another database, or before its table was made
// anew, nothing is known any more. A second table of the entity is no other one.
func anotherPlace(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a")
	u, n := d.loads("a", 1), 0
	tells := func(database, made, said string) {
		t.Helper()
		n++
		at := assets
		at.Database, at.Made = database, made
		c := u.part(n)
		key, _, _ := strings.Cut(said, "=")
		c.States = &record.States{Place: at, Mapping: "0123456789abcdef00", List: []record.State{{Key: key, Outcome: record.Applied, Hash: 1, Kept: kept(int64(n))}}}
		if err := u.session.Prepare(context.Background(), u.id, u.fence, c, nil, nil); err != nil {
			t.Fatal(err)
		}
		u.settle(n)
	}
	found := func(database string, keys ...string) int {
		t.Helper()
		at := assets
		at.Database = database
		found, err := records.Find(context.Background(), l.View().Reader(), at, keys)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	tells("", "", "0")
	tells("x", "1/1 s.t", "1")
	tells("x", "2/2 s.u v", "2")
	same(t, "all are of one place", 3, found("x", "0", "1", "2"))
	said, err := records.Find(context.Background(), l.View().Reader(), assets, []string{"0", "1", "2"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "each says where it went", "| 1/1 s.t| 2/2 s.u v", said["0"].Made+"| "+said["1"].Made+"| "+said["2"].Made)
	tells("x", "1/1,7/7 s.t", "6")
	same(t, "the table got a part", 3, found("x", "0", "1", "2"))
	same(t, "elsewhere nothing is known", 0, found("y", "0", "1", "2"))
	tells("x", "1/3,7/7 s.t", "3")
	same(t, "the table was emptied", 1, found("x", "0", "1", "2", "3"))
	tells("x", "2/4 s.u v", "4")
	same(t, "so was the other", 2, found("x", "0", "1", "2", "3", "4"))
	tells("y", "1/3,7/7 s.t", "5")
	same(t, "another database", 1, found("y", "0", "1", "2", "3", "4", "5"))
	same(t, "of the one before nothing is known", 0, found("x", "0", "1", "2", "3", "4", "5"))
	d.sound()
}

// strayRecords: what stands in the ledger without a settled chunk is found.
func strayRecords(t *testing.T, l *ledger.Ledger) {
	for what, sql := range map[string]string{
		"1 records stand as chunk 2 of a says, which is not settled":                 `UPDATE record SET chunk = 2 WHERE key = '1'`,
		"2 records stand as chunk 2 of a says, which is prepared":                    `UPDATE recorded SET written = 2 WHERE n = 2`,
		"chunk 1 of a is settled, but what it says about its records does not count": `UPDATE recorded SET written = -1 WHERE n = 1`,
	} {
		d := begin(t, l, "a")
		u := d.loads("a", 1)
		u.states(1, false, "1=11", "2=12")
		u.settle(1)
		u.states(2, false, "3=13")
		d.sound()
		err := d.session.In(context.Background(), "break it", func(run int64, change func(string, ...any) error) error {
			return change(strings.Replace(sql, "chunk = 2", fmt.Sprintf("chunk = (SELECT id FROM recorded WHERE run = %d AND n = 2)", run), 1) +
				map[bool]string{true: fmt.Sprintf(" AND run = %d", run)}[strings.Contains(sql, "recorded SET")])
		})
		if err != nil {
			t.Fatal(err)
		}
		breaches, err := d.ledger.Check(context.Background(), d.run)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, b := range breaches {
			found = found || b.What == what
		}
		if !found {
			t.Errorf("not found: %s, but %v", what, breaches)
		}
	}
}

// waits is a record that waits for another one.
func waits(key string) record.Exception {
	return record.Exception{Key: key, Outcome: record.Pending, Code: "record.blocked", Text: "waits for a record of asset", Mapping: "v1", Payload: record.Payload{Source: []byte(`{"id":1}`)}}
}

// blockedRecords: a chunk of the run itself takes records out of those that are
// blocked. It takes each once, and discarded it gives them back.
func blockedRecords(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l, "a", "b", "c")
	u := d.loads("a", 1)
	c := u.part(1)
	c.Account.Applied, c.Account.Pending, c.Account.Blocked = 7, 3, 3
	if err := d.session.Prepare(ctx, u.id, u.fence, c, []record.Exception{waits("1"), waits("2"), waits("3")}, nil); err != nil {
		t.Fatal(err)
	}
	blocked := func() int64 {
		n, err := d.look().Blocked(ctx, d.run.ID, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	same(t, "prepared", int64(0), blocked())
	u.settle(1)
	u.ends(unit.UnitDone)
	same(t, "settled", int64(3), blocked())
	d.sound()
	if n, err := d.session.Take(ctx, d.run, exception.Filter{Outcome: record.Pending}); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	all := d.list(exception.Filter{Outcome: record.Pending})
	became := func(i int, o record.Outcome) record.Exception {
		e := waits(all[i].Key)
		e.ID, e.Outcome = all[i].ID, o
		return e
	}
	takes := func(u *loading, n int, list ...record.Exception) error {
		a := record.Account{Step: step, Entity: "shop.orders", Generation: 1, Unit: u.id, Pending: -int64(len(list)), Blocked: -int64(len(list))}
		for _, e := range list {
			a.Count(e.Outcome, 1)
		}
		return d.session.Prepare(ctx, u.id, u.fence, record.Chunk{Number: n, Account: a}, list, nil)
	}
	b, other := d.loads("b", 1), d.loads("c", 1)
	if err := takes(b, 1, became(0, record.Applied), became(1, record.Rejected)); err != nil {
		t.Fatal(err)
	}
	code(t, takes(other, 1, became(0, record.Applied)), "conflict", "exception.taken")
	b.settle(1)
	same(t, "taken out", int64(1), blocked())
	code(t, takes(other, 1, became(1, record.Applied)), "conflict", "exception.taken") // it is rejected now, and counted so
	b.discard(1)
	same(t, "given back", int64(3), blocked())
	if err := takes(other, 1, became(0, record.Applied), became(1, record.Rejected), became(2, record.Applied)); err != nil {
		t.Fatal(err)
	}
	other.settle(1)
	b.ends(unit.UnitDone)
	other.ends(unit.UnitDone)
	same(t, "all", int64(0), blocked())
	d.write(unit.Event{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "done", Exit: 3})})
	d.sound()
	for what, sql := range map[string]string{
		"1 records are blocked, but the accounts say 0":                                   `UPDATE exception SET outcome = 'pending' WHERE outcome = 'rejected' AND run = ?`,
		"unit c: chunk 1 took 3 records out of those that are blocked, but tried 2 again": `DELETE FROM attempt WHERE id = (SELECT min(id) FROM attempt WHERE run = ?)`,
	} {
		err := d.session.In(ctx, "break it", func(run int64, change func(string, ...any) error) error { return change(sql, run) })
		if err != nil {
			t.Fatal(err)
		}
		breaches, err := d.ledger.Check(ctx, d.run)
		if err != nil || !slices.ContainsFunc(breaches, func(b ledger.Breach) bool { return b.What == what }) {
			t.Errorf("not found: %s, but %v %v", what, breaches, err)
		}
	}
}
