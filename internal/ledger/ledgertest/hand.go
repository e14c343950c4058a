package ledgertest

import (
	"context"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/record"
	"godwit/internal/unit"
)

var ann = exception.Deed{Actor: "ann", Reason: "sold off"}

// handles does something to exceptions of a run.
func (d *desk) handles(l *ledger.Ledger, do func(exception.Hand) error) error {
	return l.Handle(context.Background(), []int64{d.run.ID}, func(hands []exception.Hand) error { return do(hands[0]) })
}

func (d *desk) dismiss(l *ledger.Ledger, f exception.Filter) (n int64) {
	d.Helper()
	err := d.handles(l, func(h exception.Hand) (err error) {
		n, err = h.Dismiss(f, ann)
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	return n
}

func (d *desk) patch(l *ledger.Ledger, all ...exception.Edit) error {
	return d.handles(l, func(h exception.Hand) error { return h.Patch(all, ann) })
}

func edit(e record.Exception, upon int64, source string) exception.Edit {
	return exception.Edit{Exception: e.ID, Upon: upon, Source: []byte(source), Changes: []exception.Change{{Field: "id", Before: "a", After: "b"}}}
}

// patched records are what a redrive reads; what was read first stays.
func patched(t *testing.T, l *ledger.Ledger) {
	of := broken(t, l)
	all := of.list(exception.Filter{})
	if err := of.patch(l, edit(all[0], 0, `{"id":"one"}`), edit(all[1], 0, `{"id":"two"}`)); err != nil {
		t.Fatal(err)
	}
	w := of.whole(all[0].ID)
	same(t, "as read", `{"id":"1"}`, string(w.Source))
	same(t, "patches", 1, len(w.Patches))
	same(t, "patch", []string{"ann", "sold off", "b", `{"id":"one"}`}, []string{w.Patches[0].Actor, w.Patches[0].Reason, w.Patches[0].Changes[0].After, string(w.Patches[0].Source)})
	// All or none, and not over another's.
	code(t, of.patch(l, edit(all[2], 0, `{}`), edit(all[0], 0, `{}`)), fault.Conflict, "exception.taken")
	same(t, "none of them", 0, len(of.whole(all[2].ID).Patches))
	if err := of.patch(l, edit(all[0], w.Patches[0].ID, `{"id":"uno"}`)); err != nil {
		t.Fatal(err)
	}
	d := begin(t, l, "r")
	u := d.loads("r", 1)
	d.take(of, exception.Filter{})
	page := d.open(of, record.Rank{}, 9)
	same(t, "as put right", []string{`{"id":"uno"}`, `{"id":"two"}`, `{"id":"3"}`}, []string{string(page[0].Source), string(page[1].Source), string(page[2].Source)})
	// In hand it is not changed.
	code(t, of.patch(l, edit(all[3], 0, `{}`)), fault.Conflict, "exception.taken")
	same(t, "dismissed in hand", int64(0), of.dismiss(l, exception.Filter{}))
	if err := u.again(1, became(page[0], record.Applied), became(page[1], record.Filtered)); err != nil {
		t.Fatal(err)
	}
	u.settle(1)
	if err := d.session.Renew(context.Background(), 0, nil); err != nil {
		t.Fatal(err)
	}
	code(t, of.patch(l, edit(page[0], 9, `{}`)), fault.Conflict, "exception.taken") // it is closed
	if err := of.patch(l, edit(all[3], 0, `{"id":"four"}`)); err != nil {
		t.Error(err)
	}
	of.sound()
	d.sound()
	// With their records patches are gone, too.
	of.write(unit.Event{Kind: unit.UnitUndone, Unit: "a"})
	again := of.loads("a", 2)
	again.discard(1)
	for _, e := range all {
		left, err := of.look().Patches(context.Background(), e.ID)
		if err != nil || len(left) > 0 {
			t.Errorf("exception %d: %d patches are left, %v", e.ID, len(left), err)
		}
	}
}

// dismissed records are open no more, until that is taken back.
func dismissed(t *testing.T, l *ledger.Ledger) {
	of := broken(t, l)
	states := of.states()
	same(t, "dismissed", int64(1), of.dismiss(l, exception.Filter{Key: "2"}))
	same(t, "again", int64(0), of.dismiss(l, exception.Filter{Key: "2"}))
	same(t, "open", "1 3 4", of.keys(exception.Filter{}))
	same(t, "closed", "dismissed by ann: sold off", of.list(exception.Filter{State: exception.Closed})[0].Closed)
	same(t, "its issues", "required closed, range closed, blank closed", of.states())
	d := begin(t, l, "r")
	same(t, "taken", int64(3), d.take(of, exception.Filter{}))
	of.sound()
	n := int64(0)
	reopen := func(f exception.Filter) {
		t.Helper()
		if err := of.handles(l, func(h exception.Hand) (err error) {
			n, err = h.Reopen(f, ann)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	reopen(exception.Filter{Key: "1"})
	same(t, "nothing to reopen", int64(0), n)
	reopen(exception.Filter{})
	same(t, "reopened", int64(1), n)
	same(t, "open again", "1 2 3 4", of.keys(exception.Filter{}))
	same(t, "issues again, as they were", states, of.states())
	events, err := l.View().Events(context.Background(), of.run.ID, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var deeds []string
	for _, e := range events {
		if e.Actor == "ann" {
			deeds = append(deeds, e.Kind+" "+e.Reason)
		}
	}
	same(t, "journal", []string{"dead.dismissed sold off", "dead.reopened sold off"}, deeds)
	of.sound()
	d.sound()
}
