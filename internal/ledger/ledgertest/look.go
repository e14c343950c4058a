package ledgertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/record"
	"godwit/internal/unit"
)

func filters(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := broken(t, l)
	u := d.loads("a", 2)
	u.prepare(3, dead("hidden"))
	other := broken(t, l)
	same(t, "of the other run", "1 2 3 4", other.keys(exception.Filter{}))
	all := d.list(exception.Filter{})
	for _, c := range []struct {
		name string
		f    exception.Filter
		keys string
	}{
		{"all", exception.Filter{State: exception.All}, "1 2 3 4"},
		{"closed", exception.Filter{State: exception.Closed}, ""},
		{"ids", exception.Filter{IDs: []int64{all[0].ID, all[3].ID, 99}}, "1 4"},
		{"cause", exception.Filter{Cause: all[1].Cause}, "2"},
		{"code", exception.Filter{Code: "data.too-long"}, "1 3 4"},
		{"outcome", exception.Filter{Outcome: record.Rejected}, "2"},
		{"rule", exception.Filter{Rule: "range"}, "2"},
		{"rule and field", exception.Filter{Rule: "range", Field: "title"}, ""},
		{"rule, field, value", exception.Filter{Rule: "range", Field: "year", Value: "19"}, "2"},
		{"field of either", exception.Filter{Field: "title"}, "1 2 3 4"},
		{"value of a refusal", exception.Filter{Field: "title", Value: "t3"}, "3"},
		{"value of an issue", exception.Filter{Value: "19"}, "2"},
		{"key", exception.Filter{Key: "4"}, "4"},
		{"hidden", exception.Filter{Key: "hidden", State: exception.All}, ""},
		{"entity", exception.Filter{Entity: "shop.orders", Step: step, Key: "4"}, "4"},
		{"another entity", exception.Filter{Entity: "shop.lines"}, ""},
		{"since", exception.Filter{Since: all[0].Last}, "1 2 3 4"},
		{"since later", exception.Filter{Since: time.Now().Add(time.Hour)}, ""},
	} {
		same(t, c.name, c.keys, d.keys(c.f))
		n, err := d.look().Count(ctx, d.run.ID, c.f)
		if err != nil || n.Records != int64(len(d.list(c.f))) || n.Keys != n.Records {
			t.Errorf("%s: counted %+v, %v", c.name, n, err)
		}
	}
	page, err := d.look().List(ctx, d.run.ID, exception.Filter{}, all[0].ID, 2)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a page", all[1:3], page)
	revision, before := d.row().Revision, d.counted()
	for range 100 { // looking changes nothing
		d.list(exception.Filter{})
	}
	same(t, "after looking", all, d.list(exception.Filter{}))
	same(t, "revision", revision, d.row().Revision)
	same(t, "counts", before, d.counted())
}

func causes(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l, "a")
	u := d.loads("a", 1)
	var all []record.Exception
	for i := range 5 {
		e := dead(fmt.Sprint(i % 4)) // one key twice
		e.Refusal.Value = fmt.Sprint("v", i/3)
		e.Refusal.Text = fmt.Sprintf("value too long for varchar(%d)", i)
		all = append(all, e)
	}
	u.loaded(1, append(all, rejected("9"))...)
	u.prepare(2, dead("7"))
	got, err := d.look().Causes(ctx, d.run.ID, exception.Filter{}, 1)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	first := d.list(exception.Filter{})[0]
	same(t, "most frequent", exception.Cause{Cause: first.Cause, Code: "data.too-long", Text: first.Text, Outcome: record.Dead,
		Entity: "shop.orders", Entities: 1, Records: 5, Keys: 4, First: first.First, Last: first.Last,
		Top: []exception.Top{{Field: "title", Value: "v0", Records: 3}}}, got[0])
	same(t, "second", exception.Cause{Cause: record.Cause(rejected("")), Code: "issue.required", Text: "is missing", Outcome: record.Rejected,
		Entity: "shop.orders", Entities: 1, Records: 1, Keys: 1, First: first.First, Last: first.Last,
		Top: []exception.Top{{Field: "title", Records: 1}}}, got[1])
	one, err := d.look().Causes(ctx, d.run.ID, exception.Filter{Outcome: record.Rejected}, 0)
	if err != nil || len(one) != 1 || one[0].Top != nil {
		t.Errorf("filtered: %+v, %v", one, err)
	}
}

// issues of exceptions and of records that were loaded.
func issues(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	d := begin(t, l, "a")
	u := d.loads("a", 1)
	blank := record.Issue{Rule: "blank", Field: "note", Severity: record.SeverityWarn, Text: "is blank", Owner: "bob"}
	warnings := []record.Warning{{Key: "5", Issue: blank}, {Key: "6", Issue: blank}, {Key: "6", Issue: blank}}
	bad := []record.Exception{rejected("1"), rejected("2")}
	if err := u.session.Prepare(ctx, "a", u.fence, u.part(1, bad...), bad, warnings); err != nil {
		t.Fatal(err)
	}
	groups := func(f exception.IssueFilter) (words []string) {
		t.Helper()
		all, err := d.look().IssueGroups(ctx, d.run.ID, f, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range all {
			words = append(words, fmt.Sprintf("%s %s %q %s %s: %d of %d", g.Rule, g.Field, g.Value, g.Severity, g.Owner, g.Issues, g.Keys))
		}
		return words
	}
	same(t, "prepared", []string(nil), groups(exception.IssueFilter{State: exception.All}))
	u.settle(1)
	same(t, "groups", []string{`blank note "" warn bob: 3 of 2`, `blank note "" warn : 2 of 2`, `range year "19" error : 2 of 2`,
		`required title "" error ann: 2 of 2`}, groups(exception.IssueFilter{}))
	same(t, "of bob", []string{`blank note "" warn bob: 3 of 2`}, groups(exception.IssueFilter{Owner: "bob"}))
	same(t, "errors of a field", []string{`range year "19" error : 2 of 2`}, groups(exception.IssueFilter{Severity: record.SeverityError, Field: "year"}))
	same(t, "of a key", 1, len(groups(exception.IssueFilter{Key: "5"})))
	same(t, "closed", 0, len(groups(exception.IssueFilter{State: exception.Closed})))
	list, err := d.look().Issues(ctx, d.run.ID, exception.IssueFilter{Rule: "blank", Owner: "bob"}, 0, 1)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	same(t, "an issue", exception.Issue{Issue: blank, ID: list[0].ID, Run: d.run.Name(), Step: step, Entity: "shop.orders", Key: "5",
		State: "new", First: list[0].First, Last: list[0].First}, list[0])
	u.ends(unit.UnitDone)
	d.sound()
	d.write(unit.Event{Kind: unit.UnitUndone, Unit: "a"})
	u = d.loads("a", 2)
	u.discard(1)
	same(t, "discarded", 0, len(groups(exception.IssueFilter{State: exception.All})))
}

// story is all that is known about one record, over all runs.
func story(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	first, second := broken(t, l), broken(t, l)
	u := second.loads("a", 2)
	u.prepare(3, dead("1"))
	d := begin(t, l, "r")
	d.take(first, exception.Filter{Key: "1"})
	r := d.loads("r", 1)
	if err := r.again(1, became(d.open(first, record.Rank{}, 0)[0], record.Applied)); err != nil {
		t.Fatal(err)
	}
	r.settle(1)
	all, err := first.look().Of(ctx, "shop.orders", "1")
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	same(t, "first", []string{first.run.Name(), "applied by " + d.run.Name(), d.run.Name(), "applied"},
		[]string{all[0].Run, all[0].Closed, all[0].Redrives[0].Run, string(all[0].Redrives[0].Outcome)})
	same(t, "second", []string{second.run.Name(), ""}, []string{all[1].Run, all[1].Closed})
	if all[0].ClosedAt.IsZero() || !all[1].ClosedAt.IsZero() {
		t.Errorf("closed at %s and %s", all[0].ClosedAt, all[1].ClosedAt)
	}
	found, err := first.look().IssuesOf(ctx, "shop.orders", "2")
	if err != nil || len(found) != 6 || found[0].Run != first.run.Name() || found[5].Run != second.run.Name() {
		t.Errorf("issues: %+v, %v", found, err)
	}
	for _, place := range [][2]string{{"shop.orders", "0"}, {"shop.lines", "1"}, {"shop.orders", ""}} {
		if none, err := first.look().Of(ctx, place[0], place[1]); err != nil || len(none) != 0 {
			t.Errorf("%v: %v, %v", place, none, err)
		}
	}
}
