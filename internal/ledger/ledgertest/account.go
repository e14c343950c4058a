package ledgertest

import (
	"context"
	"fmt"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// currentAccounts writes accounts one after the other and looks which count.
func currentAccounts(t *testing.T, l *ledger.Ledger) {
	type cg [2]int // chunk, generation
	for name, c := range map[string]struct{ write, current []cg }{
		"chunks":                       {[]cg{{1, 1}, {2, 1}, {3, 1}}, []cg{{1, 1}, {2, 1}, {3, 1}}},
		"a repeated chunk":             {[]cg{{1, 1}, {2, 1}, {1, 2}}, []cg{{1, 2}, {2, 1}}},
		"a repair":                     {[]cg{{1, 1}, {2, 1}, {0, 2}}, []cg{{0, 2}}},
		"a second repair":              {[]cg{{1, 1}, {0, 2}, {0, 3}}, []cg{{0, 3}}},
		"late ones after a repair":     {[]cg{{1, 1}, {0, 2}, {2, 1}}, []cg{{0, 2}}},
		"late ones after a repetition": {[]cg{{1, 2}, {1, 1}}, []cg{{1, 2}}},
	} {
		d := begin(t, l)
		for i, w := range c.write {
			id := fmt.Sprint("u", i)
			d.write(expand(id))
			d.does(id, 1, account(id, w[0], w[1], 5))
		}
		all, err := l.View().Accounts(context.Background(), d.run.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, name+": written", len(c.write), len(all))
		var current []cg
		for _, a := range all {
			if a.Current {
				current = append(current, cg{a.Chunk, a.Generation})
			}
		}
		same(t, name, c.current, current)
		d.sound()
	}
}

func accountTwice(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a", "b")
	d.does("a", 1, account("a", 1, 1, 5))
	d.write(started("b", 1))
	_, err := d.turn(unit.Change{Accounts: []record.Account{account("b", 1, 1, 5)}})
	code(t, err, fault.Internal, "account.twice")
	// What the target lost is written again under the same name.
	d.write(unit.Event{Kind: unit.UnitUndone, Unit: "a"})
	all, err := l.View().Accounts(context.Background(), d.run.ID)
	if err != nil || len(all) != 1 || all[0].Current {
		t.Fatalf("after undone: %+v, %v", all, err)
	}
	d.does("a", 2, account("a", 1, 1, 6))
	all, err = l.View().Accounts(context.Background(), d.run.ID)
	if err != nil || len(all) != 1 || !all[0].Current || all[0].Read != 6 {
		t.Fatalf("after doing it again: %+v, %v", all, err)
	}
	// A unit that is done again finds what it did.
	d.does("a", 3, account("a", 1, 1, 6))
	d.write(ended(unit.UnitFailed, "b", 1, unit.Ended{}))
	d.sound()
	current, err := l.View().Current(context.Background(), d.run.ID, step, "shop.orders")
	if err != nil || len(current) != 1 || current[0].Read != 6 {
		t.Errorf("current: %+v, %v", current, err)
	}
	if none, err := l.View().Current(context.Background(), d.run.ID, "", "shop.lines"); err != nil || len(none) != 0 {
		t.Errorf("of another entity: %+v, %v", none, err)
	}
	one, err := l.View().Unit(context.Background(), d.run.ID, "a")
	if err != nil || one.Attempt != 3 {
		t.Errorf("unit: %+v, %v", one, err)
	}
	_, err = l.View().Unit(context.Background(), d.run.ID, "z")
	code(t, err, fault.Config, "unit.unknown")
}

func totals(t *testing.T, l *ledger.Ledger) {
	d := begin(t, l, "a", "b", "c", "d")
	d.does("a", 1, account("a", 1, 1, 5))
	d.does("b", 1, account("b", 2, 1, 7))
	d.does("c", 1, account("c", 2, 2, 8))
	other := record.Account{Step: step, Entity: "shop.lines", Chunk: 1, Generation: 1, Unit: "d", Read: 40, Applied: 3, Equal: 4,
		Superseded: 5, Redelivered: 6, Filtered: 7, Rejected: 8, Dead: 5, Pending: 2, Blocked: 2, Written: 9, Bytes: 10, Adopted: 1}
	d.does("d", 1, other)
	got, err := l.View().Totals(context.Background(), d.run.ID)
	if err != nil {
		t.Fatal(err)
	}
	orders := account("", 2, 0, 13)
	orders.Current, other.Current, other.Generation, other.Unit = true, true, 0, ""
	same(t, "totals", []record.Account{other, orders}, got)
	d.sound()
	sums, err := l.View().Sums(context.Background(), d.run.ID)
	if err != nil {
		t.Fatal(err)
	}
	sum := orders.Plus(other)
	sum.Entity, sum.Hash, sum.Chunk = "", nil, 3
	same(t, "sums", []record.Account{sum}, sums)
	counts, err := l.View().Counts(context.Background(), d.run.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "counts", []ledger.Count{{Step: step, Kind: "data", Class: "heap", State: ledger.Done, Units: 4, Weight: 40}}, counts)
	accounts, err := l.View().Accounts(context.Background(), d.run.ID)
	if err != nil || len(accounts) != 4 {
		t.Fatal(accounts, err)
	}
	other.Generation, other.Unit = 1, "d"
	same(t, "account", other, accounts[0])
}

func actions(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l)
	pause, err := l.Ask(ctx, d.run, ledger.Action{Verb: "pause", Actor: "ann", Reason: "lunch", Revision: d.row().Revision})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Ask(ctx, d.run, ledger.Action{Verb: "cancel", Actor: "bob", Revision: d.run.Revision})
	code(t, err, fault.Conflict, "run.changed")
	tune, err := l.Ask(ctx, d.run, ledger.Action{Verb: "tune", Body: []byte(`{"workers":3}`)})
	if err != nil {
		t.Fatal(err)
	}
	pending := func() []string {
		t.Helper()
		all, err := d.session.Asked(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var verbs []string
		for _, a := range all {
			verbs = append(verbs, a.Verb+string(a.Body)+a.Actor)
		}
		return verbs
	}
	same(t, "asked", []string{"pauseann", `tune{"workers":3}`}, pending())
	for range 2 {
		if err := d.session.Accept(ctx, pause); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "accepted", []string{"pauseann", `tune{"workers":3}`}, pending())
	if err := d.session.InEffect(ctx, pause); err != nil {
		t.Fatal(err)
	}
	if err := d.session.Withdraw(ctx, tune); err != nil {
		t.Fatal(err)
	}
	same(t, "pending", []string(nil), pending())
	all, err := l.View().Actions(ctx, d.run.ID)
	if err != nil || len(all) != 2 || all[0].Accepted.IsZero() || all[0].InEffect.IsZero() || !all[0].Cancelled.IsZero() ||
		all[1].Cancelled.IsZero() || !all[1].InEffect.IsZero() {
		t.Errorf("actions: %+v, %v", all, err)
	}
	same(t, "folded", []string{unit.RunStarted}, kinds(d.load()))
}

// decided: what is decided about several runs is in effect for all of them or for none,
// and where it changes nothing nothing is kept.
func decided(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	a, b, c := begin(t, l), begin(t, l), begin(t, l)
	runs := []int64{a.run.ID, b.run.ID, c.run.ID}
	decide := func(last string) (int64, error) {
		return l.Decide(ctx, runs, ledger.Action{Verb: "say", Actor: "ann"}, func(run, action int64) (string, []any) {
			switch run {
			case a.run.ID:
				return `UPDATE run SET flow = flow WHERE ? < ?`, []any{0, action}
			case b.run.ID:
				return `UPDATE run SET flow = flow WHERE ? > ?`, []any{0, action}
			}
			return last, []any{run}
		})
	}
	verbs := func() (n []int) {
		for _, d := range []*desk{a, b, c} {
			all, err := l.View().Actions(ctx, d.run.ID)
			if err != nil {
				t.Fatal(err)
			}
			if n = append(n, len(all)); len(all) > 0 && all[0].InEffect.IsZero() {
				t.Errorf("it is not in effect: %+v", all)
			}
			d.sound()
		}
		return n
	}
	if _, err := decide(`UPDATE run SET state = NULL WHERE id = ?`); err == nil {
		t.Error("the last one came through")
	}
	same(t, "refused for the last", []int{0, 0, 0}, verbs())
	if n, err := decide(`UPDATE run SET flow = flow WHERE id = ?`); err != nil || n != 4 {
		t.Errorf("%d rows, %v", n, err)
	}
	same(t, "said", []int{1, 0, 1}, verbs())
}

func manyUnits(t *testing.T, l *ledger.Ledger) {
	const n, split = 20_000, 2_000
	d := begin(t, l)
	var expansions []unit.Event
	for i := 0; i < n; i += split {
		ids := make([]string, split)
		for j := range ids {
			ids[j] = fmt.Sprintf("copy/data/t%05d/1", i+j)
		}
		expansions = append(expansions, expand(ids...))
	}
	d.write(expansions...)
	counts, err := l.View().Counts(context.Background(), d.run.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "counts", []ledger.Count{{Step: step, Kind: "data", Class: "heap", State: ledger.Ready, Units: n, Weight: 10 * n}}, counts)
	d.does("copy/data/t19999/1", 1, account("copy/data/t19999/1", 1, 1, 1))
	same(t, "done", 1, len(d.units(ledger.Filter{State: ledger.Done, Kind: "data", Step: step, Entity: "shop.orders"})))
	same(t, "loaded", len(expansions)+3, len(d.load()))
	d.sound()
}
