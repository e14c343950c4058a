package ledgertest

import (
	"context"
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

func oneOwner(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l)
	same(t, "token", int64(1), d.session.Token())
	if r := d.row(); r.Owner != "host:1" || time.Until(r.LeaseUntil) < 50*time.Second || time.Until(r.LeaseUntil) > time.Minute {
		t.Errorf("owner %q until %s", r.Owner, r.LeaseUntil)
	}
	_, err := l.Own(ctx, d.run, "host:2", time.Minute)
	code(t, err, fault.Conflict, "run.owned")
	if !strings.Contains(err.Error(), "host:1") || len(fault.Of(err).Lines) != 1 {
		t.Errorf("%v %v does not name the owner and its lease", err, fault.Of(err).Lines)
	}
	for range 2 {
		if err := d.session.Release(ctx); err != nil {
			t.Error(err)
		}
	}
	if r := d.row(); !r.LeaseUntil.IsZero() {
		t.Errorf("leased until %s after release", r.LeaseUntil)
	}
	next := own(t, l, d.run)
	same(t, "next token", int64(2), next.session.Token())
	events := next.load()
	same(t, "events", []string{unit.RunStarted, unit.RunResumed}, kinds(events))
	same(t, "resumed", string(unit.Body(unit.Resumed{Owner: "host:1"})), string(events[1].Body))
	_, err = d.turn(unit.Change{})
	code(t, err, fault.Conflict, "run.fenced")
}

func crashedOwner(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a", "b", "c")
	d.does("b", 1, account("b", 1, 1, 2))
	d.write(started("a", 1))
	d.loads("c", 1).loaded(1)
	if err := d.session.Renew(context.Background(), 0, nil); err != nil { // silent, not released
		t.Fatal(err)
	}
	next := own(t, l, d.run)
	events := next.load()
	same(t, "resumed", string(unit.Body(unit.Resumed{Owner: "host:1", Crashed: true, Progressed: []string{"c"}})), string(events[len(events)-1].Body))
	same(t, "c", 0, next.unit("c").Crashes) // it came on: its owner did not die of it
	a := next.unit("a")
	same(t, "a", []any{ledger.Ready, 1, 0, 1}, []any{a.State, a.Attempt, a.Tries, a.Crashes})
	same(t, "b", ledger.Done, next.unit("b").State)
	next.write(started("a", 2))
	next.sound()
}

// silentOwner lets an owner's lease end while it holds its lock, as a stopped
// process does.
func silentOwner(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l, "a")
	d.write(started("a", 1))
	fence, _, err := d.session.Claim(ctx, "a", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.session.Renew(ctx, 0, nil); err != nil {
		t.Fatal(err)
	}
	next := own(t, l, d.run)
	for name, refused := range map[string]error{
		"renew":  d.session.Renew(ctx, time.Minute, nil),
		"note":   d.session.Note(ctx, unit.Event{Kind: "setting"}),
		"freeze": d.session.Freeze(ctx, nil),
		"load":   func() error { _, err := d.session.Load(ctx, 0); return err }(),
		"claim":  func() error { _, _, err := d.session.Claim(ctx, "a", 1); return err }(),
		"turn": func() error {
			_, err := d.turn(unit.Change{Unit: "a", Fence: fence, Accounts: []record.Account{account("a", 1, 1, 1)},
				Events: []unit.Event{ended(unit.UnitDone, "a", 1, unit.Ended{})}})
			return err
		}(),
	} {
		t.Log(name)
		code(t, refused, fault.Conflict, "run.fenced")
	}
	// Its release gives nothing of the new owner's away.
	if err := d.session.Release(ctx); err != nil {
		t.Error(err)
	}
	_, err = l.Own(ctx, d.run, "host:3", time.Minute)
	code(t, err, fault.Conflict, "run.owned")
	next.does("a", 2, account("a", 1, 1, 1))
	next.sound()
}

func progress(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l)
	at := time.Now().UTC().Truncate(time.Millisecond)
	a := unit.Progress{Unit: "a", At: at, Done: 1, Total: 2, Rows: 3, Bytes: 4, Doing: "copy",
		Waits: []unit.Wait{{Gate: "lock", Text: "behind 12", Since: at, Holder: "12", Fix: []string{"end it"}}}}
	b, c := unit.Progress{Unit: "b", At: at}, unit.Progress{Unit: "c", At: at, Done: 9}
	for _, now := range [][]unit.Progress{{a, b}, {b, c}, nil, {a}} {
		if err := d.session.Renew(ctx, time.Minute, now); err != nil {
			t.Fatal(err)
		}
		got, err := l.View().Progress(ctx, d.run.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "progress", now, got)
	}
	if err := d.session.Release(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := l.View().Progress(ctx, d.run.ID)
	if err != nil || len(got) != 0 {
		t.Errorf("after release: %v, %v", got, err)
	}
}
