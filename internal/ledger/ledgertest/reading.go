package ledgertest

import (
	"context"
	"fmt"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/loads"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// reads notes that a chunk of the unit has read records which earlier runs had left out.
func (u *loading) reads(n int, keys ...string) {
	u.Helper()
	var list []record.IssueID
	for _, key := range keys {
		list = append(list, record.IssueID{Key: key, Rule: record.RuleRead})
	}
	err := u.session.In(context.Background(), "read", func(run int64, change store.Change) error {
		return loads.Pass(change, loads.Chunk{Run: run, Unit: u.id, N: n, Origin: run, Step: step}, list)
	})
	if err != nil {
		u.Fatal(err)
	}
}

// over ends the run.
func (d *desk) over(outcome string) {
	d.Helper()
	d.write(unit.Event{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: outcome})})
}

// stands is how an exception stands to later runs.
func (d *desk) stands(id int64) string {
	d.Helper()
	older, by, err := exception.Read(context.Background(), d.ledger.View().Reader(), id)
	if err != nil {
		d.Fatal(err)
	}
	return fmt.Sprint(older, " ", by)
}

// readings: only a run that is over, and was done with what it had read, makes exceptions of
// earlier ones superseded, for good. Until then they are left to it.
func readings(t *testing.T, l *ledger.Ledger) {
	of := broken(t, l)
	id := of.list(exception.Filter{Key: "1"})[0].ID
	later := begin(t, l, "b")
	u, atWork := later.loads("b", 1), "false "+later.run.Name()
	same(t, "not read", "false ", of.stands(id))
	for _, ends := range []func(){func() { u.discard(1) }, func() { u.settle(1) }} {
		u.reads(1, "1")
		same(t, "read, in no chunk", "false ", of.stands(id))
		u.prepare(1)
		same(t, "prepared", atWork, of.stands(id))
		ends()
	}
	same(t, "settled", atWork, of.stands(id))
	list, others, err := of.look().AtWork(context.Background(), of.run.ID, exception.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "left to it", []exception.LaterRun{{Run: later.run.Name(), Records: 1, Alive: true}}, list)
	same(t, "others", int64(3), others)
	later.over("stopped")
	same(t, "stopped", atWork, of.stands(id))
	if list, _, err = of.look().AtWork(context.Background(), of.run.ID, exception.Filter{}); err != nil || len(list) != 1 || list[0].Alive {
		t.Errorf("stopped, it is %+v: %v", list, err)
	}
	later.over("failed")
	same(t, "failed", atWork, of.stands(id))
	later.over("cancelled")
	same(t, "cancelled before its step was done", "false ", of.stands(id))

	next := begin(t, l, "c")
	u = next.loads("c", 1)
	u.reads(1, "1", "2")
	u.loaded(1)
	u.ends(unit.UnitDone)
	same(t, "done, and not over", "false "+next.run.Name(), of.stands(id))
	next.over("cancelled")
	same(t, "cancelled behind its step", "true ", of.stands(id))
	of.sound()
	later.sound()
	next.sound()
}

// redriving has a redrive take and read what a run has left.
func redriving(t *testing.T, l *ledger.Ledger) (of, redrive *desk, u *loading, page []record.Exception) {
	of, redrive = broken(t, l), begin(t, l, "r")
	u = redrive.loads("r", 1)
	same(t, "taken", int64(4), redrive.take(of, exception.Filter{}))
	return of, redrive, u, redrive.open(of, record.Rank{}, 9)
}

// overtaken: what a later run reads behind a redrive's back is not written any more.
func overtaken(t *testing.T, l *ledger.Ledger) {
	of, d, u, page := redriving(t, l)
	later := begin(t, l, "b")
	b := later.loads("b", 1)
	b.reads(1, "1", "3")
	b.prepare(1)
	code(t, u.again(1, became(page[0], record.Applied), became(page[1], record.Applied)), fault.Conflict, "exception.taken")
	same(t, "read again", "2 4", keys(d.open(of, record.Rank{}, 9)))
	same(t, "taken by another", int64(0), begin(t, l).take(of, exception.Filter{}))
	b.settle(1)
	b.ends(unit.UnitDone)
	later.over("done")
	code(t, u.again(1, became(page[0], record.Applied)), fault.Conflict, "exception.taken")
	again := d.open(of, record.Rank{}, 9)
	same(t, "read once more", "1 2 3 4", keys(again))
	same(t, "older", []bool{true, false, true, false}, []bool{again[0].Older, again[1].Older, again[2].Older, again[3].Older})
	if err := u.again(1, became(page[0], record.Superseded), became(page[1], record.Applied)); err != nil {
		t.Fatal(err)
	}
	u.settle(1)
	same(t, "open", "3 4", of.keys(exception.Filter{}))
	of.sound()
	d.sound()
	later.sound()
}

// overtakes: a later run does not end with what it saw before a redrive wrote an older version.
func overtakes(t *testing.T, l *ledger.Ledger) {
	of, d, u, page := redriving(t, l)
	later := begin(t, l, "b")
	b := later.loads("b", 1)
	b.reads(1, "1", "3")
	if err := u.again(1, became(page[0], record.Applied)); err != nil {
		t.Fatal(err)
	}
	prepare := func() error {
		return b.session.Prepare(context.Background(), b.id, b.fence, b.part(1), nil, nil)
	}
	code(t, prepare(), fault.Conflict, "exception.taken")
	u.settle(1)
	if err := prepare(); err != nil {
		t.Error(err)
	}
	b.settle(1)
	of.sound()
	d.sound()
	later.sound()
}

func keys(page []record.Exception) (text string) {
	for i, e := range page {
		if i > 0 {
			text += " "
		}
		text += e.Key
	}
	return text
}
