// Package ledgertest holds what every ledger must do, whatever database it
// lives in. Start reading at Run.
package ledgertest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Run tests a ledger; open gives a fresh, empty one each time and closes it at
// the test's end.
func Run(t *testing.T, open func(*testing.T) *ledger.Ledger) {
	tests := []struct {
		name string
		test func(*testing.T, *ledger.Ledger)
	}{
		{"runs are numbered per flow", numbered},
		{"one open run per key", keyed},
		{"unfinished is the newest run of the key", unfinished},
		{"find names what is there", found},
		{"a run's row follows its journal", runRow},
		{"tails hold each event once", tails},
		{"a refused turn leaves nothing", refusedTurn},
		{"load inside a turn", loadInside},
		{"fences", fences},
		{"claim", claim},
		{"notes are not folded", notes},
		{"a unit's life", unitLife},
		{"events that do not fit are refused", misfits},
		{"settled units with facts", settledUnits},
		{"expanding twice adds nothing", expandTwice},
		{"many sessions at once", manySessions},
		{"one owner at a time", oneOwner},
		{"a dead owner's units are ready again", crashedOwner},
		{"a silent owner is fenced off", silentOwner},
		{"progress is overwritten", progress},
		{"current accounts", currentAccounts},
		{"an account twice is refused", accountTwice},
		{"totals", totals},
		{"actions", actions},
		{"what is decided about several runs", decided},
		{"twenty thousand units", manyUnits},
		{"a unit settles chunk by chunk", loadUnit},
		{"units of one entity at the same time", interleaved},
		{"chunks are fenced", fencedChunks},
		{"the watermark of the run that ends last", watermarks},
		{"chunks have an order", chunkOrder},
		{"an exception whole", wholeException},
		{"a prepared redrive changes nothing", preparedRedrive},
		{"a redrive closes exceptions", redrives},
		{"two redrives at the same time", twoRedrives},
		{"a redrive goes by the order of the source", inTurn},
		{"what later runs have read", readings},
		{"a redrive that is overtaken", overtaken},
		{"a redrive that overtakes", overtakes},
		{"records that are put right", patched},
		{"records that will not come", dismissed},
		{"large exceptions come in small pages", largePages},
		{"exceptions by filter", filters},
		{"exceptions by cause", causes},
		{"issues by group", issues},
		{"the story of a record", story},
		{"records stand as settled chunks say", settledRecords},
		{"records of a target that was emptied", anewRecords},
		{"records of another database or table are forgotten", anotherPlace},
		{"records without a settled chunk are found", strayRecords},
		{"blocked records are taken out by the run itself", blockedRecords},
		{"what is noted of requests in the log and in rows", notedRequests},
		{"what a claimant is done with is free", freed},
		{"an object is one record's", objects},
		{"a chunk that is settled late leaves what others noted", settledLate},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.test(t, open(t))
		})
	}
}

const step = "copy"

// desk is an owned run under test.
type desk struct {
	*testing.T
	ledger  *ledger.Ledger
	run     ledger.Run
	session *ledger.Session
}

func start(t *testing.T, l *ledger.Ledger, r ledger.NewRun) ledger.Run {
	t.Helper()
	run, err := l.Start(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func own(t *testing.T, l *ledger.Ledger, run ledger.Run) *desk {
	t.Helper()
	s, err := l.Own(context.Background(), run, "host:1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Release(context.Background()) })
	return &desk{t, l, run, s}
}

// begin starts and owns a run with some units of a kind.
func begin(t *testing.T, l *ledger.Ledger, ids ...string) *desk {
	t.Helper()
	d := own(t, l, start(t, l, ledger.NewRun{Flow: "copy"}))
	if len(ids) > 0 {
		d.write(expand(ids...))
	}
	return d
}

func (d *desk) turn(c unit.Change) ([]unit.Event, error) {
	return d.session.Turn(context.Background(), func([]unit.Event, time.Time) (unit.Change, error) { return c, nil })
}

func (d *desk) write(events ...unit.Event) []unit.Event {
	d.Helper()
	written, err := d.turn(unit.Change{Events: events})
	if err != nil {
		d.Fatal(err)
	}
	return written
}

func (d *desk) load() []unit.Event {
	d.Helper()
	events, err := d.session.Load(context.Background(), 0)
	if err != nil {
		d.Fatal(err)
	}
	return events
}

func (d *desk) units(f ledger.Filter) []ledger.Unit {
	d.Helper()
	units, err := d.ledger.View().Units(context.Background(), d.run.ID, f, 0)
	if err != nil {
		d.Fatal(err)
	}
	return units
}

func (d *desk) unit(id string) ledger.Unit {
	d.Helper()
	for _, u := range d.units(ledger.Filter{}) {
		if u.ID == id {
			return u
		}
	}
	d.Fatalf("no unit %s", id)
	return ledger.Unit{}
}

func (d *desk) row() ledger.Run {
	d.Helper()
	r, err := d.ledger.Find(context.Background(), d.run.Name())
	if err != nil {
		d.Fatal(err)
	}
	return r
}

// sound fails when the ledger's own check finds anything.
func (d *desk) sound() {
	d.Helper()
	breaches, err := d.ledger.Check(context.Background(), d.run)
	if err != nil {
		d.Fatal(err)
	}
	for _, b := range breaches {
		d.Errorf("check: %s %s: %s", b.Step, b.Entity, b.What)
	}
}

func expand(ids ...string) unit.Event {
	units := make([]unit.Unit, len(ids))
	for i, id := range ids {
		units[i] = unit.Unit{ID: id, Step: step, Kind: "data", Entity: "shop.orders", Class: "heap", Weight: 10}
	}
	return unit.Event{Kind: unit.UnitExpanded, Node: step, Body: unit.Body(unit.Expanded{Units: units})}
}

func started(id string, attempt int) unit.Event {
	return unit.Event{Kind: unit.UnitStarted, Node: step, Unit: id, Attempt: attempt}
}

func ended(kind, id string, attempt int, e unit.Ended) unit.Event {
	return unit.Event{Kind: kind, Node: step, Unit: id, Attempt: attempt, Body: unit.Body(e)}
}

// account of a chunk with so many rows, all applied.
func account(id string, chunk, generation int, rows int64) record.Account {
	var s record.Sum
	for range rows {
		s.Add([]byte("row"))
	}
	return record.Account{Step: step, Entity: "shop.orders", Chunk: chunk, Generation: generation, Unit: id,
		Read: rows, Applied: rows, Bytes: s.Bytes, Hash: s.Hash()}
}

// does starts a unit and settles it with an account.
func (d *desk) does(id string, attempt int, a record.Account) {
	d.Helper()
	d.write(started(id, attempt))
	fence, settled, err := d.session.Claim(context.Background(), id, attempt)
	if err != nil || settled {
		d.Fatal(err, settled)
	}
	_, err = d.turn(unit.Change{Unit: id, Fence: fence, Accounts: []record.Account{a},
		Events: []unit.Event{ended(unit.UnitDone, id, attempt, unit.Ended{Rows: a.Read, Bytes: a.Bytes})}})
	if err != nil {
		d.Fatal(err)
	}
}

func code(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("got %v [%s, %s], want a fault %s of kind %s", err, fault.KindOf(err), fault.CodeOf(err), code, kind)
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func kinds(events []unit.Event) []string {
	var all []string
	for _, e := range events {
		all = append(all, e.Kind)
	}
	return all
}
