package ledgertest

import (
	"context"
	"fmt"
	"testing"

	"godwit/internal/ledger"
	"godwit/internal/ledger/records"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// objects: what is noted as found is another record's when that has it, however it is known:
// by a settled chunk (of more records than are looked through at once), by a row, in the log,
// or since a moment. What a record has no more is free.
func objects(t *testing.T, l *ledger.Ledger) {
	u := begin(t, l, "a").loads("a", 1)
	p := record.Place{Entity: "asset", At: "objects", Env: "prod"}
	other := begin(t, l, "theirs")
	theirs := other.joins(p, "theirs", "mine", everybody)
	mine := u.joins(p, u.id, "mine", everybody)
	has := func(key string, id int) calls.Sent {
		return calls.Sent{Key: key, Call: "create", Hash: 7, Answered: true, Kept: record.Object{"id": int64(id), "version": int64(len(key))}}
	}
	note := func(by calls.Claimant, s calls.Sent) {
		t.Helper()
		if err := u.noted(p, by, s); err != nil {
			t.Fatal(err)
		}
	}
	settle := func(n int, list ...record.State) {
		t.Helper()
		c := u.part(n)
		c.States = &record.States{Place: p, Mapping: "0123456789abcdef00", By: mine.ID, List: list}
		if err := u.session.Prepare(context.Background(), u.id, u.fence, c, nil, nil); err != nil {
			t.Fatal(err)
		}
		u.settle(n)
	}
	const many = 4500
	var list []record.State
	for i := range many {
		list = append(list, record.State{Key: fmt.Sprintf("%06d", i), Outcome: record.Applied, Hash: 7, Kept: fmt.Appendf(nil, `{"create":{"id":%d,"version":1},"note[]":{"a":"1"}}`, i)})
	}
	note(mine, has("row", many+1))
	settle(1, append(list, record.State{Key: "row", Outcome: record.Dead})...) // its request stands in sent
	note(theirs, has("logged", many+2))
	steps := 0
	for more := true; more; steps++ {
		u.room(func(_ int64, tx store.Tx) (err error) {
			more, err = records.Watch(tx, p, calls.Object{Call: "create", Names: []string{"id"}})
			return err
		})
	}
	if steps < 3 {
		t.Errorf("%d records are looked through in %d steps", many, steps)
	}
	note(theirs, has("late", many+3))
	takes := func(key string, id int) string {
		t.Helper()
		s := has(key, id)
		s.Takes = true
		noted := u.notedAll(p, mine, calls.Sent{Key: "beside " + key, Call: "create"}, s)
		if noted.Err != nil || len(noted.Taken) > 1 || u.requests(p, []string{"beside " + key}) == "" {
			t.Fatalf("%+v, and what was noted beside it is %q", noted, u.requests(p, []string{"beside " + key}))
		}
		if known := u.requests(p, []string{key}) != ""; known != (len(noted.Taken) == 0) {
			t.Errorf("%s: noted %v, taken %+v", key, known, noted.Taken)
		}
		if len(noted.Taken) == 0 {
			return ""
		}
		return noted.Taken[0].By
	}
	for i, want := range []struct {
		id int
		by string
	}{{0, "000000"}, {1999, "001999"}, {2000, "002000"}, {many - 1, "004499"}, {many + 1, "row"}, {many + 2, "logged"}, {many + 3, "late"}, {many + 4, ""}} {
		if by := takes(fmt.Sprint("new", i), want.id); by != want.by {
			t.Errorf("%d is that of %q, want %q", want.id, by, want.by)
		}
	}
	if by := takes("more", many+4); by != "new7" {
		t.Errorf("what was just taken is that of %q", by)
	}
	settle(2, record.State{Key: "000000", Outcome: record.Applied, Kept: []byte{}}) // deleted
	if by := takes("heir", 0); by != "" {
		t.Errorf("what %s had is free", by)
	}
	if by := takes("another", 0); by != "heir" {
		t.Errorf("it is that of %q", by)
	}
}
