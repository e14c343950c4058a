package ledgertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

func tails(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l)
	var seen []string
	turn := func(events ...unit.Event) {
		t.Helper()
		written, err := d.session.Turn(ctx, func(tail []unit.Event, now time.Time) (unit.Change, error) {
			seen = append(seen, kinds(tail)...)
			if now.IsZero() || now.Location() != time.UTC || now != now.Truncate(time.Millisecond) {
				t.Errorf("now is %s", now)
			}
			return unit.Change{Events: events}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		last := int64(0)
		for _, e := range written {
			if e.Seq <= last || e.At.IsZero() {
				t.Errorf("written: %+v", e)
			}
			last = e.Seq
		}
		seen = append(seen, kinds(written)...)
	}
	turn(unit.Event{Kind: unit.NodeEntered, Node: step}, unit.Event{Kind: unit.NodeLeft, Node: step})
	if err := d.session.Note(ctx, unit.Event{Kind: unit.SnapshotOpened}); err != nil {
		t.Fatal(err)
	}
	turn()
	turn(unit.Event{Kind: unit.RunPaused})
	want := []string{unit.RunStarted, unit.NodeEntered, unit.NodeLeft, unit.RunPaused}
	same(t, "seen", want, seen)
	loaded := d.load()
	same(t, "loaded", want, kinds(loaded))
	turn()
	same(t, "seen after load", want, seen)
	after, err := d.session.Load(ctx, loaded[1].Seq)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "loaded after", want[2:], kinds(after))
	turn()
	same(t, "seen at the end", want, seen)
}

func refusedTurn(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a")
	before := d.load()
	boom := errors.New("boom")
	_, err := d.session.Turn(context.Background(), func([]unit.Event, time.Time) (unit.Change, error) {
		return unit.Change{Events: []unit.Event{started("a", 1)}}, boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	// The second event is refused; the first and the account go with it.
	_, err = d.turn(unit.Change{Events: []unit.Event{started("a", 1), started("b", 1)}, Accounts: []record.Account{account("a", 1, 1, 1)}})
	code(t, err, fault.Internal, "journal.order")
	same(t, "unit", ledger.Ready, d.unit("a").State)
	var tail []unit.Event
	if _, err = d.session.Turn(context.Background(), func(events []unit.Event, _ time.Time) (unit.Change, error) {
		tail = events
		return unit.Change{}, nil
	}); err != nil {
		t.Fatal(err)
	}
	same(t, "tail after a refused turn", before, tail)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err = d.session.Turn(over, func([]unit.Event, time.Time) (unit.Change, error) { return unit.Change{}, nil }); err != nil {
		code(t, err, fault.Cancelled, "run.cancelled")
	}
	d.sound()
}

func loadInside(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a")
	var inside []unit.Event
	_, err := d.session.Turn(context.Background(), func([]unit.Event, time.Time) (unit.Change, error) {
		var err error
		inside, err = d.session.Load(context.Background(), 0)
		return unit.Change{Events: []unit.Event{started("a", 1)}}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "loaded", []string{unit.RunStarted, unit.UnitExpanded}, kinds(inside))
	same(t, "all", []string{unit.RunStarted, unit.UnitExpanded, unit.UnitStarted}, kinds(d.load()))
}

func fences(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a")
	d.write(started("a", 1))
	first, _, err := d.session.Claim(context.Background(), "a", 1)
	if err != nil {
		t.Fatal(err)
	}
	d.write(ended(unit.UnitRetry, "a", 1, unit.Ended{}), started("a", 2))
	settle := func(fence int64, id string) error {
		_, err := d.turn(unit.Change{Unit: id, Fence: fence, Events: []unit.Event{ended(unit.UnitDone, "a", 2, unit.Ended{})}})
		return err
	}
	code(t, settle(first, "a"), fault.Conflict, "unit.fenced")
	second, _, err := d.session.Claim(context.Background(), "a", 2)
	if err != nil || second <= first {
		t.Fatal(first, second, err)
	}
	code(t, settle(second, "b"), fault.Conflict, "unit.fenced")
	if err := settle(second, "a"); err != nil {
		t.Fatal(err)
	}
	code(t, settle(second, "a"), fault.Conflict, "unit.fenced")
	d.sound()
}

func claim(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a")
	ask := func(attempt int) (bool, error) {
		_, settled, err := d.session.Claim(context.Background(), "a", attempt)
		return settled, err
	}
	_, err := ask(1)
	code(t, err, fault.Internal, "journal.order")
	d.write(started("a", 1))
	if settled, err := ask(1); settled || err != nil {
		t.Error(settled, err)
	}
	d.write(ended(unit.UnitRetry, "a", 1, unit.Ended{}))
	if settled, err := ask(1); !settled || err != nil {
		t.Error(settled, err)
	}
	d.write(started("a", 2), ended(unit.UnitDone, "a", 2, unit.Ended{}))
	for _, attempt := range []int{1, 2} {
		if settled, err := ask(attempt); !settled || err != nil {
			t.Error(attempt, settled, err)
		}
	}
	_, _, err = d.session.Claim(context.Background(), "b", 1)
	code(t, err, fault.Internal, "journal.order")
}

func notes(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l)
	if err := d.session.Note(ctx, unit.Event{Kind: unit.SnapshotOpened, Body: json.RawMessage(`{"id":"1"}`)}, unit.Event{Kind: "setting", Actor: "me", Reason: "why"}); err != nil {
		t.Fatal(err)
	}
	same(t, "folded", []string{unit.RunStarted}, kinds(d.load()))
	all, err := l.View().Events(ctx, d.run.ID, 1, 0)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	same(t, "noted", unit.Event{Seq: all[1].Seq, At: all[1].At, Kind: "setting", Actor: "me", Reason: "why"}, all[1])
	one, err := l.View().Events(ctx, d.run.ID, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "limited", all[:1], one)
	at, err := l.View().LastEventAt(ctx, d.run.ID)
	if err != nil || !at.Equal(all[1].At) {
		t.Errorf("last event at %s, %v", at, err)
	}
	code(t, d.session.Note(ctx, unit.Event{Kind: unit.RunPaused}), fault.Internal, "journal.order")
}

func unitLife(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a")
	full := fault.Fault{Kind: fault.Unavailable, Code: "x", Text: "gone", Next: []string{"wait"}}
	for _, c := range []struct {
		event                   unit.Event
		state                   string
		attempt, tries, crashes int
		ended, fault            bool
	}{
		{started("a", 1), ledger.Running, 1, 0, 0, false, false},
		{ended(unit.UnitRetry, "a", 1, unit.Ended{Fault: &full}), ledger.Retry, 1, 1, 0, true, true},
		{started("a", 2), ledger.Running, 2, 1, 0, false, true},
		{ended(unit.UnitYielded, "a", 2, unit.Ended{Position: json.RawMessage(`7`)}), ledger.Yielded, 2, 1, 0, true, false},
		{started("a", 3), ledger.Running, 3, 1, 0, false, false},
		{unit.Event{Kind: unit.RunResumed, Body: unit.Body(unit.Resumed{Crashed: true})}, ledger.Ready, 3, 1, 1, false, false},
		{started("a", 4), ledger.Running, 4, 1, 1, false, false},
		{unit.Event{Kind: unit.RunResumed}, ledger.Ready, 4, 1, 1, false, false},
		{ended(unit.UnitFailed, "a", 4, unit.Ended{}), ledger.Failed, 4, 1, 1, true, false},
		{started("a", 5), ledger.Running, 5, 1, 1, false, false},
		{ended(unit.UnitFailed, "a", 5, unit.Ended{Fault: &full}), ledger.Failed, 5, 2, 1, true, true},
		{started("a", 6), ledger.Running, 6, 2, 1, false, true},
		{ended(unit.UnitDone, "a", 6, unit.Ended{Facts: json.RawMessage(`{"f":1}`)}), ledger.Done, 6, 3, 0, true, false},
		{unit.Event{Kind: unit.UnitUndone, Unit: "a"}, ledger.Ready, 6, 3, 0, true, false},
		{started("a", 7), ledger.Running, 7, 3, 0, false, false},
		{ended(unit.UnitDone, "a", 7, unit.Ended{}), ledger.Done, 7, 4, 0, true, false},
		{started("a", 8), ledger.Running, 8, 4, 0, false, false}, // of a finally that runs again
	} {
		d.write(c.event)
		u := d.unit("a")
		got := []any{u.State, u.Attempt, u.Tries, u.Crashes, !u.Ended.IsZero(), u.Fault != nil}
		same(t, "after "+c.event.Kind, []any{c.state, c.attempt, c.tries, c.crashes, c.ended, c.fault}, got)
		if c.fault {
			same(t, "fault", full, *u.Fault)
		}
		d.sound()
	}
}

func misfits(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a", "b")
	d.write(started("a", 1))
	for _, e := range []unit.Event{
		started("a", 2),
		started("nowhere", 1),
		ended(unit.UnitDone, "a", 2, unit.Ended{}),
		ended(unit.UnitDone, "b", 1, unit.Ended{}),
		{Kind: unit.UnitUndone, Unit: "a"},
	} {
		_, err := d.turn(unit.Change{Events: []unit.Event{e}})
		code(t, err, fault.Internal, "journal.order")
	}
	_, err := d.turn(unit.Change{Events: []unit.Event{{Kind: unit.UnitExpanded, Body: json.RawMessage(`{"units":1}`)}}})
	code(t, err, fault.Internal, "journal.body")
	d.sound()
}

func settledUnits(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l)
	want := unit.Unit{ID: "copy/data/a/1", Step: step, Kind: "data", Entity: "a", Class: "heap", Weight: 3, Tags: []string{"t"},
		After: []string{"x"}, Uses: []string{"workers"}, MustRun: true, Spec: json.RawMessage(`{"table": "ä'\"\u0000"}`)}
	other := want
	other.ID, other.Kind = "copy/index/a/1", "index"
	open := want
	open.ID = "copy/data/b/1"
	d.write(unit.Event{Kind: unit.UnitExpanded, Body: unit.Body(unit.Expanded{Units: []unit.Unit{want, other, open}})})
	for _, u := range []unit.Unit{want, other} {
		d.write(started(u.ID, 1), ended(unit.UnitDone, u.ID, 1, unit.Ended{Facts: json.RawMessage(`{"lsn":"0/1"}`)}))
	}
	got, err := d.session.Settled(context.Background(), step, "data")
	if err != nil {
		t.Fatal(err)
	}
	want.Spec = got[0].Unit.Spec // encoding/json compacts it
	same(t, "settled", []unit.Settled{{Unit: want, Facts: json.RawMessage(`{"lsn":"0/1"}`)}}, got)
	same(t, "spec", "{\"table\":\"ä'\\\"\\u0000\"}", string(got[0].Unit.Spec))
}

// expandTwice grows a step by units of which some are there.
func expandTwice(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a")
	d.write(started("a", 1))
	d.write(expand("a", "b"))
	same(t, "a", ledger.Running, d.unit("a").State)
	same(t, "b", ledger.Ready, d.unit("b").State)
	d.write(unit.Event{Kind: unit.NodeEntered, Node: "load[p1]", Body: unit.Body(unit.Entered{Answer: true,
		Units: []unit.Unit{{ID: "c", Step: "load", Kind: "deliver"}}})})
	same(t, "c", "load[p1]", d.unit("c").Step) // the node's, with its item
	d.sound()
}

// manySessions writes to several runs from several goroutines each, some of
// them refused: turns share transactions and must not notice.
func manySessions(t *testing.T, l *ledger.Ledger) {
	const runs, workers, turns = 3, 4, 25
	var group sync.WaitGroup
	var desks []*desk
	for range runs {
		desks = append(desks, begin(t, l))
	}
	for _, d := range desks {
		folded := 0
		for w := range workers {
			group.Go(func() {
				for i := range turns {
					refuse := i%5 == 4
					_, err := d.session.Turn(context.Background(), func(tail []unit.Event, _ time.Time) (unit.Change, error) {
						folded += len(tail) // Turn promises one at a time
						c := unit.Change{Events: []unit.Event{{Kind: unit.NodeEntered, Node: fmt.Sprint(w, ".", i)}}}
						if refuse { // after its first event was written
							c.Events = append(c.Events, started("nowhere", 1))
						}
						return c, nil
					})
					if (err != nil) != refuse {
						t.Errorf("turn %d: %v", i, err)
					}
				}
			})
		}
	}
	group.Wait()
	for _, d := range desks {
		nodes := map[string]int{}
		for _, e := range d.load()[1:] {
			nodes[e.Node]++
		}
		if want := workers * turns * 4 / 5; len(nodes) != want {
			t.Errorf("%s has %d nodes, want %d", d.run.Name(), len(nodes), want)
		}
	}
}
