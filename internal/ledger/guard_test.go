package ledger_test

import (
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/guard"
	"godwit/internal/ledger/store"
	"godwit/internal/unit"
)

// TestGuard goes through who may be at a guard, who holds it, and who is the last.
func TestGuard(t *testing.T) {
	t.Parallel()
	l := open(t)
	a, b := newRun(t, l), newRun(t, l)
	key := unit.GuardKey{Place: "http x", Env: "prod", Name: "mail", At: "target"}
	living := map[string]bool{a.Name(): true, b.Name(): true}
	alive := func(name string) bool { return living[name] }
	in := func(do func(tx store.Tx) error) error { return l.Room(t.Context(), "test", do) }
	claim := func(run ledger.Run) (g unit.Guard, err error) {
		return g, in(func(tx store.Tx) error {
			g, err = guard.Claim(tx, run.ID, "s/open/all/1", key, []byte("{}"), alive)
			return err
		})
	}
	leave := func(run ledger.Run, id int64) (last bool, err error) {
		return last, in(func(tx store.Tx) error {
			_, last, err = guard.Leave(tx, run.ID, "s/open/all/1", id, alive)
			return err
		})
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	code := func(err error, want string) {
		t.Helper()
		if fault.CodeOf(err) != want {
			t.Fatalf("%v, want %s", err, want)
		}
	}
	g, err := claim(a)
	must(err)
	_, err = claim(b) // a is at work with it
	code(err, "settings.busy")
	set := []unit.Setting{{Original: []byte(`{"on":true}`), Set: []byte(`{"on":false}`)}}
	must(in(func(tx store.Tx) error { return guard.Save(tx, a.ID, g.ID, set) }))
	code(in(func(tx store.Tx) error { return guard.Save(tx, b.ID, g.ID, set) }), "settings.busy")
	living[a.Name()] = false // killed: b may, and a's words of before count no more
	g, err = claim(b)
	must(err)
	if len(g.Settings) != 1 || len(g.Holders) != 2 || string(g.Settings[0].Original) != `{"on":true}` {
		t.Fatalf("%+v", g)
	}
	set[0].Changed = set[0].Set
	code(in(func(tx store.Tx) error { return guard.Changed(tx, a.ID, g.ID, set) }), "settings.busy")
	must(in(func(tx store.Tx) error { return guard.Changed(tx, b.ID, g.ID, set) }))
	if last, err := leave(b, g.ID); last || err != nil { // a still holds it
		t.Fatal(last, err)
	}
	code(in(func(tx store.Tx) error { _, err := guard.Seize(tx, g.ID, alive); return err }), "settings.held")
	last, err := leave(a, g.ID)
	must(err)
	all, err := guard.Open(l.View().Reader())
	must(err)
	if !last || len(all) != 1 || all[0].Settings[0].Changed != nil {
		t.Fatalf("last %v, %+v", last, all)
	}
	// a is cancelled in the middle: nobody puts it back by itself any more.
	s, err := l.Own(t.Context(), a, "host:1", time.Minute)
	must(err)
	_, err = s.Turn(t.Context(), func([]unit.Event, time.Time) (unit.Change, error) {
		return unit.Change{Events: []unit.Event{{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "cancelled", Exit: 1})}}}, nil
	})
	must(err)
	must(in(func(tx store.Tx) error { _, err := guard.Seize(tx, g.ID, alive); return err }))
	must(in(func(tx store.Tx) error { return guard.Close(tx, guard.Nobody, g.ID, "restored", "me", "") }))
	if all, err = guard.Open(l.View().Reader()); err != nil || len(all) > 0 {
		t.Fatal(all, err)
	}
	code(in(func(tx store.Tx) error { _, err := guard.Seize(tx, g.ID, alive); return err }), "settings.unknown")
	if again, err := claim(b); err != nil || again.ID == g.ID || len(again.Settings) > 0 {
		t.Fatal(again, err)
	}
}
