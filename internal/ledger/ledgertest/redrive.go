package ledgertest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// broken is a finished run whose records 1, 2 (rejected), 3 and 4 are open.
func broken(t *testing.T, l *ledger.Ledger) *desk {
	t.Helper()
	d := begin(t, l, "a")
	u := d.loads("a", 1)
	u.loaded(1, dead("1"), rejected("2"))
	u.loaded(2, dead("3"), dead("4"))
	u.ends(unit.UnitDone)
	return d
}

func (d *desk) take(of *desk, f exception.Filter) int64 {
	d.Helper()
	n, err := d.session.Take(context.Background(), of.run, f)
	if err != nil {
		d.Fatal(err)
	}
	return n
}

func (d *desk) open(of *desk, after record.Rank, limit int) []record.Exception {
	d.Helper()
	page, err := d.session.Open(context.Background(), of.run, exception.Filter{}, after, limit)
	if err != nil {
		d.Fatal(err)
	}
	return page
}

// again is a chunk of a redrive: what became of exceptions of another run.
func (u *loading) again(n int, all ...record.Exception) error {
	a := account(u.id, 0, 1, int64(len(all)))
	a.Applied = 0
	for _, e := range all {
		a.Count(e.Outcome, 1)
	}
	return u.session.Prepare(context.Background(), u.id, u.fence, record.Chunk{Number: n, Account: a}, all, nil)
}

func became(e record.Exception, o record.Outcome) record.Exception {
	return record.Exception{ID: e.ID, Outcome: o, Mapping: "v2"}
}

// redriven is a chunk of a redrive, not prepared yet: of four records one is
// loaded, one rejected anew, one refused for another reason, one left.
func redriven(d, of *desk) (*loading, []record.Exception) {
	d.Helper()
	u := d.loads("r", 1)
	same(d.T, "taken", int64(4), d.take(of, exception.Filter{}))
	same(d.T, "taken again", int64(4), d.take(of, exception.Filter{}))
	first := d.open(of, record.Rank{}, 3)
	same(d.T, "first page", 3, len(first))
	same(d.T, "source", `{"id":"1"}`, string(first[0].Source))
	same(d.T, "issues", 3, len(first[1].Issues))
	same(d.T, "second page", "4", d.open(of, first[2].Rank(), 3)[0].Key)
	again := became(first[1], record.Rejected)
	again.Issues = []record.Issue{
		{Rule: "required", Field: "title", Severity: record.SeverityError, Text: "is missing"},
		{Rule: "set", Field: "kind", Severity: record.SeverityError, Text: "is unknown", Value: "x"},
	}
	refused := became(first[2], record.Dead)
	refused.Refusal = &record.Refusal{Code: "data.duplicate", Field: "id", Text: "duplicate key"}
	refused.Code, refused.Text, refused.Sent = "data.duplicate", "duplicate key", []byte(`["new"]`)
	return u, []record.Exception{became(first[0], record.Applied), again, refused}
}

// states are a run's issues with how they stand.
func (d *desk) states() string {
	d.Helper()
	all, err := d.look().Issues(context.Background(), d.run.ID, exception.IssueFilter{State: exception.All}, 0, 0)
	if err != nil {
		d.Fatal(err)
	}
	var words []string
	for _, i := range all {
		words = append(words, i.Rule+" "+i.State)
	}
	return strings.Join(words, ", ")
}

func (d *desk) whole(id int64) exception.Whole {
	d.Helper()
	w, err := d.look().One(context.Background(), d.run.ID, id)
	if err != nil {
		d.Fatal(err)
	}
	return w
}

// preparedRedrive changes nothing in the run that it is of.
func preparedRedrive(t *testing.T, l *ledger.Ledger) {
	of, d := broken(t, l), begin(t, l, "r")
	before := of.list(exception.Filter{})
	u, fate := redriven(d, of)
	for range 2 {
		if err := u.again(1, fate...); err != nil {
			t.Fatal(err)
		}
		same(t, "prepared", before, of.list(exception.Filter{}))
		same(t, "issues while prepared", "required new, range new, blank new", of.states())
		same(t, "redrives while prepared", 0, len(of.whole(fate[2].ID).Redrives))
		of.sound()
		u.discard(1)
		same(t, "discarded", before, of.list(exception.Filter{}))
		same(t, "issues when discarded", "required new, range new, blank new", of.states())
	}
	d.sound()
}

// redrives settle what became of another run's exceptions, until the target
// loses it.
func redrives(t *testing.T, l *ledger.Ledger) {
	of, d := broken(t, l), begin(t, l, "r")
	u, fate := redriven(d, of)
	if err := u.again(1, fate...); err != nil {
		t.Fatal(err)
	}
	u.settle(1)
	u.settle(1)
	after := of.list(exception.Filter{})
	same(t, "open", "2 3 4", of.keys(exception.Filter{}))
	same(t, "closed", "1", of.keys(exception.Filter{State: exception.Closed}))
	same(t, "closed by", "applied by "+d.run.Name(), of.list(exception.Filter{State: exception.Closed})[0].Closed)
	same(t, "attempts", []int{2, 2, 1}, []int{after[0].Attempts, after[1].Attempts, after[2].Attempts})
	same(t, "new reason", "data.duplicate", after[1].Code)
	same(t, "new cause", record.Cause(fate[2]), after[1].Cause)
	same(t, "issues now", "required closed, range closed, blank closed, required still, set new", of.states())
	same(t, "no exceptions of its own", "", d.keys(exception.Filter{State: exception.All}))
	same(t, "its account", [3]int64{1, 3, 2}, d.counted())
	whole := of.whole(after[1].ID)
	same(t, "source kept", `{"id":"3"}`, string(whole.Source))
	same(t, "sent anew", `["new"]`, string(whole.Sent))
	same(t, "redrives", 1, len(whole.Redrives))
	same(t, "redrive", []string{d.run.Name(), "dead", "data.duplicate", d.run.Name()},
		[]string{whole.Redrives[0].Run, string(whole.Redrives[0].Outcome), whole.Redrives[0].Code, whole.Claimed})
	same(t, "left to do", "4", d.open(of, fate[2].Rank(), 9)[0].Key)
	u.ends(unit.UnitDone)
	d.sound()
	of.sound()
	d.write(unit.Event{Kind: unit.UnitUndone, Unit: "r"})
	u = d.loads("r", 2)
	u.discard(1)
	same(t, "open again", "1 2 3 4", of.keys(exception.Filter{}))
	same(t, "issues again, as they were", "required new, range new, blank new", of.states())
	of.sound()
	d.sound()
}

// twoRedrives never have the same exception in hand.
func twoRedrives(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	of := broken(t, l)
	a, b := begin(t, l, "r"), begin(t, l, "r")
	ua, ub := a.loads("r", 1), b.loads("r", 1)
	same(t, "a takes 1", int64(1), a.take(of, exception.Filter{Key: "1"}))
	same(t, "b takes the others", int64(3), b.take(of, exception.Filter{}))
	same(t, "a gets no more", int64(1), a.take(of, exception.Filter{}))
	open := b.open(of, record.Rank{}, 0)
	same(t, "b reads", 3, len(open))
	code(t, ua.again(1, became(open[0], record.Applied)), fault.Conflict, "exception.taken")
	code(t, ua.again(1, record.Exception{ID: 999, Outcome: record.Applied}), fault.Conflict, "exception.taken")
	if err := ub.again(1, became(open[0], record.Applied)); err != nil {
		t.Fatal(err)
	}
	// b falls silent with a chunk that its target may have.
	if err := b.session.Renew(ctx, 0, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "a takes what is left", int64(3), a.take(of, exception.Filter{}))
	ub.settle(1)
	code(t, ub.again(2, became(open[1], record.Applied)), fault.Conflict, "exception.taken")
	mine := a.open(of, record.Rank{}, 0)
	if err := ua.again(1, became(mine[0], record.Applied), became(mine[1], record.Equal), became(mine[2], record.Filtered)); err != nil {
		t.Fatal(err)
	}
	ua.settle(1)
	same(t, "open", "", of.keys(exception.Filter{}))
	var closed []string
	for _, e := range of.list(exception.Filter{State: exception.Closed}) {
		closed = append(closed, fmt.Sprint(e.Key, " ", e.Closed))
	}
	same(t, "closed", fmt.Sprintf("1 applied by %s, 2 applied by %s, 3 equal by %s, 4 filtered by %s",
		a.run.Name(), b.run.Name(), a.run.Name(), a.run.Name()), strings.Join(closed, ", "))
	code(t, ua.again(2, became(mine[0], record.Applied)), fault.Conflict, "exception.taken")
	of.sound()
	a.sound()
	b.sound()
	// A run that has ended holds nothing.
	of = broken(t, l)
	same(t, "a takes of another", int64(4), a.take(of, exception.Filter{}))
	a.write(unit.Event{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "stopped"})})
	c := begin(t, l, "r")
	same(t, "c takes what a had", int64(4), c.take(of, exception.Filter{}))
}

// largePages: a page of exceptions ends where it has enough bytes.
func largePages(t *testing.T, l *ledger.Ledger) {
	of := begin(t, l, "a")
	u := of.loads("a", 1)
	var all []record.Exception
	for i := range 6 {
		e := dead(fmt.Sprint(i))
		e.Source = []byte(`"` + strings.Repeat("x", 3<<20) + `"`)
		all = append(all, e)
	}
	u.loaded(1, all...)
	d := begin(t, l, "r")
	d.take(of, exception.Filter{})
	var sizes []int
	for after := (record.Rank{}); ; {
		page := d.open(of, after, 1000)
		if len(page) == 0 {
			break
		}
		sizes = append(sizes, len(page))
		after = page[len(page)-1].Rank()
	}
	same(t, "pages", []int{2, 2, 2}, sizes)
}

// leftOut tells what a redrive of those that were rejected would not process to its end.
func leftOut(d, of *desk) {
	d.Helper()
	ctx := context.Background()
	up := func(f exception.Filter, steps ...string) string {
		d.Helper()
		held, err := of.look().HeldUp(ctx, of.run.ID, f, steps)
		if err != nil {
			d.Fatal(err)
		}
		return fmt.Sprint(held)
	}
	same(d.T, "held up by what is left out", "[{copy 2 1 w}]", up(exception.Filter{Outcome: record.Rejected}, step))
	same(d.T, "of another step", "[]", up(exception.Filter{Outcome: record.Rejected}, "other"))
	same(d.T, "when all are taken", "[]", up(exception.Filter{}, step))
	hands, err := of.look().InHand(ctx, of.run.ID, exception.Filter{})
	if err != nil {
		d.Fatal(err)
	}
	same(d.T, "in hand", []exception.InHand{{Run: d.run.Name(), Records: 3, Alive: true}}, hands)
}

// inTurn has a redrive read exceptions in the order of the source, whatever kind they
// are of and whichever was noted first, and tells who is ahead of those that it takes.
func inTurn(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	at := func(e record.Exception, group string, turn int64) record.Exception {
		e.Group, e.Turn = group, turn
		return e
	}
	of, d := begin(t, l, "a"), begin(t, l, "r")
	u := of.loads("a", 1)
	waits := at(dead("w"), "g", 1)
	waits.Code = "record.blocked"
	u.loaded(1, at(rejected("5"), "g", 5), at(rejected("2"), "g", 2), at(rejected("3"), "h", 3))
	u.loaded(2, at(dead("4"), "g", 4), at(dead("6"), "h", 6), dead("none"), waits)
	u.ends(unit.UnitDone)
	keys := func(list []record.Exception) string {
		var words []string
		for _, e := range list {
			words = append(words, e.Key)
		}
		return strings.Join(words, " ")
	}
	first, err := of.look().First(ctx, of.run.ID, exception.Filter{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the first three", "2 none w", of.keys(first)) // listed as they were noted
	ahead := func(what, want string) {
		t.Helper()
		found, err := of.look().Ahead(ctx, of.run.ID, d.run.ID, step, []string{"g", "h", "i"})
		if err != nil {
			t.Fatal(err)
		}
		same(t, what, want, fmt.Sprint(found["g"].Key, found["g"].Turn, " ", found["h"].Key, found["h"].Turn, " ", len(found)))
	}
	ahead("ahead of all", "w1 33 2")
	d.take(of, exception.Filter{Outcome: record.Rejected})
	ahead("ahead of what was rejected", "w1 66 2")
	same(t, "which are", "2 3 5", keys(d.open(of, record.Rank{}, 0)))
	leftOut(d, of)
	d.take(of, exception.Filter{})
	ahead("of all there is none", "0 0 0")
	var all []record.Exception
	for after := (record.Rank{}); ; after = all[len(all)-1].Rank() {
		page := d.open(of, after, 4)
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
	}
	same(t, "all", "none w 2 3 4 5 6", keys(all))
	same(t, "a page behind one", "4 5", keys(d.open(of, all[3].Rank(), 2)))
	holds := func(want bool, at record.Rank) {
		t.Helper()
		is, err := exception.Holds(ctx, l.Often(), of.run.UID, step, at)
		if err != nil || is != want {
			t.Errorf("%+v holds: %v, %v", at, is, err)
		}
	}
	holds(true, record.Rank{Turn: 5})
	holds(true, record.Rank{ID: all[5].ID})
	holds(true, record.Rank{Turn: 1}) // it waits for its parent
	holds(false, record.Rank{Turn: 7})
	again := d.loads("r", 1)
	if err := again.again(1, became(all[5], record.Applied)); err != nil {
		t.Fatal(err)
	}
	again.settle(1)
	holds(false, record.Rank{Turn: 5})
	holds(false, record.Rank{ID: all[5].ID})
}
