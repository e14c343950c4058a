package ledgertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"godwit/internal/ledger"
	"godwit/internal/ledger/records"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

func everybody(string) bool { return true }
func nobody(string) bool    { return false }

// room is one transaction of a desk's run.
func (d *desk) room(do func(run int64, tx store.Tx) error) {
	d.Helper()
	if err := d.session.Room(context.Background(), "test", do); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) joins(p record.Place, unit, family string, living store.Living) (c calls.Claimant) {
	d.Helper()
	d.room(func(run int64, tx store.Tx) (err error) {
		c, err = records.Join(tx, p, run, d.session.Token(), unit, family, living)
		return err
	})
	return c
}

func (d *desk) claims(p record.Place, c calls.Claimant, key string) (by string, mine bool) {
	d.Helper()
	d.room(func(run int64, tx store.Tx) (err error) {
		by, mine, err = records.Claim(tx, p, run, c, key, everybody)
		return err
	})
	return by, mine
}

// noted notes requests, and gives what the claimant was refused.
func (d *desk) noted(p record.Place, c calls.Claimant, list ...calls.Sent) error {
	d.Helper()
	return d.notedAll(p, c, list...).Err
}

func (d *desk) notedAll(p record.Place, c calls.Claimant, list ...calls.Sent) calls.Noted {
	d.Helper()
	var noted []calls.Noted
	d.room(func(run int64, tx store.Tx) (err error) {
		noted, err = records.NoteAll(tx, run, p, []calls.Notes{{By: c, List: list}})
		return err
	})
	return noted[0]
}

// rows are what stands in a table, as texts.
func (d *desk) rows(query string, p record.Place) (all []string) {
	d.Helper()
	d.room(func(_ int64, tx store.Tx) error {
		return store.Each(context.Background(), tx, func(scan func(...any) error) error {
			var row string
			err := scan(&row)
			all = append(all, row)
			return err
		}, query, p.Entity, p.At, p.Env)
	})
	return all
}

const (
	rowsSent = `SELECT format('%s %s %s %d %d %s', key, call, element, hash, answered, kept) || iif(claimant = 0, ' free', '') FROM sent
		WHERE call <> '' AND place = (SELECT id FROM place WHERE entity = ? AND connection = ? AND env = ?) ORDER BY key, call, element`
	rowsNoted = `SELECT n.claimant || ' ' || n.n FROM noted n LEFT JOIN claimant c ON c.id = n.claimant
		WHERE c.id IS NULL OR c.place = (SELECT id FROM place WHERE entity = ? AND connection = ? AND env = ?)`
)

// requests are what is known of requests of records, by who only looks.
func (d *desk) requests(p record.Place, keys []string) string {
	d.Helper()
	return d.requestsTo(calls.Claimant{}, p, keys)
}

func (d *desk) requestsTo(by calls.Claimant, p record.Place, keys []string) string {
	d.Helper()
	found, err := records.Standings(context.Background(), d.ledger.View().Reader(), by, p, keys)
	if err != nil {
		d.Fatal(err)
	}
	var all []string
	for key, s := range found {
		for _, c := range s.Calls {
			all = append(all, fmt.Sprintf("%s %+v", key, c))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// twoPlaces are where the same is done: at the one a claimant is alone, at the other not.
type twoPlaces struct {
	*loading
	round        int
	alone, among record.Place
	log, rows    calls.Claimant
	keys         []string
	claimed      bool // a record at the place where it is alone
	other        *desk
}

// anything is a note that may be, of a record of the two.
func (w *twoPlaces) anything(r *rand.Rand) calls.Sent {
	s := calls.Sent{Key: w.keys[r.IntN(len(w.keys))], Call: []string{"create", "note"}[r.IntN(2)], Hash: r.Uint64()}
	if s.Call == "note" {
		s.Element = fmt.Sprint(r.IntN(3))
	}
	if s.Answered, s.Gone = r.IntN(3) == 0, false; !s.Answered {
		s.Gone = r.IntN(4) == 0
	}
	if r.IntN(2) == 0 {
		s.Kept = record.Object{"id": r.Int64(), "text": strings.Repeat("x", r.IntN(40))}
	}
	return s
}

// notes notes the same at both, and has claimed what it has to.
func (w *twoPlaces) notes(r *rand.Rand) {
	w.Helper()
	var list, claimed []calls.Sent
	for range 1 + r.IntN(8) {
		s := w.anything(r)
		list = append(list, s)
		s.Claimed = true
		claimed = append(claimed, s)
		w.claims(w.among, w.rows, s.Key)
		known := w.requests(w.alone, []string{s.Key}) != ""
		free := slices.ContainsFunc(w.desk.rows(rowsSent, w.alone), func(row string) bool { return strings.HasPrefix(row, s.Key) && strings.HasSuffix(row, " free") })
		if free || known && r.IntN(12) == 0 { // as the units do: what others have left, and what is in doubt
			w.claims(w.alone, w.log, s.Key)
			w.claimed = true
			w.alike("claimed")
			same(w.T, "what is told to who has claimed "+s.Key, w.requests(w.among, []string{s.Key}), w.requestsTo(w.log, w.alone, []string{s.Key}))
		}
	}
	if err := w.noted(w.alone, w.log, list...); err != nil {
		w.Fatal(err)
	}
	if err := w.noted(w.among, w.rows, claimed...); err != nil {
		w.Fatal(err)
	}
}

// over settles a chunk with what became of some records.
func (w *twoPlaces) over(r *rand.Rand, n int) {
	w.Helper()
	c := w.part(n)
	var list []record.State
	for _, key := range w.keys {
		switch r.IntN(3) {
		case 0:
			list = append(list, record.State{Key: key, Outcome: record.Applied, Hash: r.Uint64()})
		case 1:
			list = append(list, record.State{Key: key, Outcome: record.Dead})
		}
	}
	c.States = &record.States{Place: w.alone, Mapping: "0123456789abcdef00", By: w.log.ID, List: slices.Clone(list)}
	c.Stubs = []*record.States{{Place: w.among, Mapping: "0123456789abcdef00", By: w.rows.ID, List: slices.Clone(list)}}
	if err := w.session.Prepare(context.Background(), w.id, w.fence, c, nil, nil); err != nil {
		w.Fatal(err)
	}
	w.settle(n)
	if got := w.desk.rows(rowsNoted, w.alone); len(got) > 1 {
		w.Errorf("settled, the log has %v", got)
	}
}

func (w *twoPlaces) alike(when string) {
	w.Helper()
	same(w.T, fmt.Sprintf("round %d, %s", w.round, when), w.requests(w.among, w.keys), w.requests(w.alone, w.keys))
}

// gone ends the claimant that was alone in one of the ways that there are, with the
// other: all that it noted stands in sent.
func (w *twoPlaces) gone(way int) {
	w.Helper()
	switch way {
	case 0:
		w.room(func(_ int64, tx store.Tx) error { return records.Leave(tx, w.alone, w.log) })
	case 1: // the next attempt
		w.joins(w.alone, w.id, "mine", everybody)
	case 2: // it is killed, and another unit of its family comes
		w.joins(w.alone, "another", "mine", nobody)
	case 3: // another family
		if c := w.other.joins(w.alone, "theirs", "theirs", everybody); !c.Shared {
			w.Error("it is not told that others are there")
		}
		code(w.T, w.noted(w.alone, w.log, calls.Sent{Key: w.keys[0], Call: "create"}), "conflict", "call.shared")
	}
	if got := w.desk.rows(rowsNoted, w.alone); len(got) > 0 {
		w.Errorf("way %d: the log has %v", way, got)
	}
	same(w.T, fmt.Sprintf("round %d, way %d: rows", w.round, way), w.desk.rows(rowsSent, w.among), w.desk.rows(rowsSent, w.alone))
	w.alike(fmt.Sprint("way ", way))
	if way == 3 {
		if by, _ := w.claims(w.alone, w.log, w.keys[0]); by != "" {
			w.Errorf("its own record is %q's", by)
		}
	}
}

// notedRequests: what is noted of requests is the same whether it is in the log or in
// rows, whatever is noted and settled, and however its claimant ends.
func notedRequests(t *testing.T, l *ledger.Ledger) {
	r := rand.New(rand.NewPCG(15, 1))
	other := begin(t, l, "theirs")
	for round := range 24 {
		w := &twoPlaces{round: round, other: other, loading: begin(t, l, "a").loads("a", 1)}
		w.alone = record.Place{Entity: "asset", At: fmt.Sprint("alone ", round), Env: "prod"}
		w.among = record.Place{Entity: "asset", At: fmt.Sprint("among ", round), Env: "prod"}
		for i := range 8 {
			w.keys = append(w.keys, fmt.Sprint("K", i))
		}
		w.other.joins(w.among, "theirs", "theirs", everybody)
		w.log, w.rows = w.joins(w.alone, w.id, "mine", everybody), w.joins(w.among, w.id, "mine", everybody)
		if w.log.Shared || !w.rows.Shared {
			t.Fatal(w.log, w.rows)
		}
		for n := 1; n <= 1+round%3; n++ {
			for range r.IntN(8) {
				w.notes(r)
				w.alike("noted")
			}
			if got := w.desk.rows(rowsSent, w.alone); n == 1 && !w.claimed && len(got) > 0 {
				t.Errorf("alone, it has rows: %v", got)
			}
			w.over(r, n)
			w.alike("settled")
		}
		w.notes(r)
		w.gone(round % 4)
	}
}

// freed: of a record that a claimant is done with, and has said nothing of, another one
// finds what is known of its requests, and need not wait.
func freed(t *testing.T, l *ledger.Ledger) {
	d, other := begin(t, l, "mine"), begin(t, l, "theirs")
	p := record.Place{Entity: "asset", At: "freed", Env: "prod"}
	lost := d.joins(p, "before", "before", everybody)
	sent := calls.Sent{Key: "K", Call: "create", Hash: 7, Claimed: true}
	if err := d.noted(p, lost, sent); err != nil {
		t.Fatal(err)
	}
	d.room(func(_ int64, tx store.Tx) error { return records.Leave(tx, p, lost) })
	mine := d.joins(p, "mine", "mine", everybody)
	d.claims(p, mine, "K")
	theirs := other.joins(p, "theirs", "theirs", everybody)
	if by, _ := other.claims(p, theirs, "K"); by == "" {
		t.Error("it has what another one has claimed")
	}
	known := d.requests(p, []string{"K"})
	if err := d.noted(p, mine, calls.Freed("K")); err != nil {
		t.Fatal(err)
	}
	if by, _ := other.claims(p, theirs, "K"); by != "" {
		t.Errorf("it waits for %s, which is done with it", by)
	}
	same(t, "what is known of requests", known, d.requests(p, []string{"K"}))
}

// settledLate: a chunk that was prepared in time and is settled late, by one that was
// stopped in between, forgets what its own claimant noted, and nothing that those have
// noted who went on with its records meanwhile and were killed.
func settledLate(t *testing.T, l *ledger.Ledger) {
	u, other, third := begin(t, l, "a").loads("a", 1), begin(t, l, "theirs"), begin(t, l, "third")
	p := record.Place{Entity: "asset", At: "late", Env: "prod"}
	mine := u.joins(p, u.id, "mine", everybody)
	keys := []string{"applied", "dead", "untouched"}
	for _, key := range keys {
		if err := u.noted(p, mine, calls.Sent{Key: key, Call: "create", Hash: 7, Answered: true}); err != nil {
			t.Fatal(err)
		}
	}
	c := u.part(1)
	c.States = &record.States{Place: p, Mapping: "0123456789abcdef00", By: mine.ID, List: []record.State{
		{Key: "applied", Outcome: record.Applied, Hash: 7}, {Key: "dead", Outcome: record.Dead}, {Key: "untouched", Outcome: record.Applied, Hash: 7}}}
	if err := u.session.Prepare(context.Background(), u.id, u.fence, c, nil, nil); err != nil {
		t.Fatal(err)
	}
	theirs := other.joins(p, "theirs", "theirs", nobody)
	for _, key := range keys[:2] {
		other.claims(p, theirs, key)
		if err := other.noted(p, theirs, calls.Sent{Key: key, Call: "note", Hash: 8, Claimed: true}); err != nil {
			t.Fatal(err)
		}
	}
	third.joins(p, "third", "third", nobody)
	known := u.requests(p, keys[:2])
	u.settle(1)
	same(t, "what is known of requests of those taken over", known, u.requests(p, keys[:2]))
	same(t, "of the other one", "", u.requests(p, keys[2:]))
}
