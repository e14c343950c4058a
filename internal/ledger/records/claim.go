package records

import (
	"database/sql"
	"slices"

	"godwit/internal/fault"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// Join makes a unit a claimant of a place. Those of a family share no record, so they
// need not claim any; as soon as somebody of another family comes, all have to. Of
// claimants that nobody is behind any more nothing is left. To join anew is another
// claimant: what the first one had is free.
func Join(tx store.Tx, p record.Place, run, token int64, id, family string, living store.Living) (c calls.Claimant, err error) {
	at := []any{p.Entity, p.At, p.Env}
	if err := tx.Change(ensurePlace, at...); err != nil {
		return c, err
	}
	if err := expel(tx, `c.place = `+placeID+` AND c.run = ? AND c.unit = ?`, append(slices.Clone(at), run, id)...); err != nil {
		return c, err
	}
	all, err := claimants(tx, `c.place = `+placeID, at...)
	if err != nil {
		return c, err
	}
	for _, other := range all {
		switch {
		case !other.alive(living):
			err = expel(tx, `c.id = ?`, other.id)
		case other.family != family:
			c.Shared = true
		}
		if err != nil {
			return c, err
		}
	}
	if err := unlog(tx, `c.place = `+placeID+` AND c.family <> ?`, append(slices.Clone(at), family)...); err != nil {
		return c, err
	}
	for _, one := range []struct {
		text string
		args []any
	}{
		{`UPDATE place SET joined = joined + (family <> ?), family = ? WHERE id = ` + placeID, append([]any{family, family}, at...)},
		{`INSERT INTO claimant (place, run, token, unit, family, since) VALUES (` + placeID + `, ?, ?, ?, ?, ?)`, append(slices.Clone(at), run, token, id, family, tx.Now.UnixMilli())},
		{`DELETE FROM sent WHERE place = ` + placeID + ` AND call = '' AND claimant NOT IN (SELECT id FROM claimant)`, at},
	} {
		if err := tx.Change(one.text, one.args...); err != nil {
			return c, err
		}
	}
	mine, err := scan(tx.Query, func(r *sql.Rows, c *calls.Claimant) error { return r.Scan(&c.ID, &c.Joined, &c.Watched) },
		`SELECT c.id, p.joined, EXISTS (SELECT 1 FROM watched w WHERE w.place = p.id) FROM claimant c JOIN place p ON p.id = c.place WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND c.run = ? AND c.unit = ?`, append(at, run, id)...)
	if err == nil && len(mine) == 1 {
		c.ID, c.Joined, c.Watched = mine[0].ID, mine[0].Joined, mine[0].Watched
	}
	return c, err
}

// claimant is a row of the table, with its run.
type claimant struct {
	id, token, owner int64
	family, run      string
}

// alive reports whether somebody is behind it: the process that joined owns the run.
func (c claimant) alive(living store.Living) bool { return c.token == c.owner && living(c.run) }

func claimants(tx store.Tx, where string, args ...any) ([]claimant, error) {
	return scan(tx.Query, func(r *sql.Rows, c *claimant) error {
		return r.Scan(&c.id, &c.token, &c.family, &c.owner, &c.run)
	}, `SELECT c.id, c.token, c.family, r.token, r.flow || '-' || r.n FROM claimant c JOIN run r ON r.id = c.run WHERE `+where, args...)
}

// expel ends claimants; where is about c. What they were about to send is free, as
// something in doubt.
func expel(tx store.Tx, where string, args ...any) error {
	if err := unlog(tx, where, args...); err != nil {
		return err
	}
	return tx.Change(`DELETE FROM claimant AS c WHERE `+where, args...)
}

// Leave ends a claimant that is over. It may be called twice.
func Leave(tx store.Tx, p record.Place, c calls.Claimant) error {
	if err := tx.Change(`DELETE FROM sent WHERE place = `+placeID+` AND call = '' AND claimant = ?`, p.Entity, p.At, p.Env, c.ID); err != nil {
		return err
	}
	return expel(tx, `c.id = ?`, c.ID)
}

// Claim makes a claimant the one that is at work with a record; by is the run that is,
// when it is another one. Mine: it was its own before.
func Claim(tx store.Tx, p record.Place, run int64, c calls.Claimant, key string, living store.Living) (by string, mine bool, err error) {
	if _, err := admit(tx, p, c, false); err != nil {
		return "", false, err
	}
	if err := unlog(tx, `c.id = ?`, c.ID); err != nil { // what it has noted of the record itself is among it
		return "", false, err
	}
	at := []any{p.Entity, p.At, p.Env, key}
	owners, err := scan(tx.Query, func(r *sql.Rows, id *int64) error { return r.Scan(id) },
		`SELECT DISTINCT claimant FROM sent WHERE place = `+placeID+` AND key = ?`, at...)
	if err != nil || len(owners) == 1 && owners[0] == c.ID {
		return "", err == nil, err
	}
	for _, id := range owners {
		if id == c.ID || id == 0 {
			continue
		}
		others, err := claimants(tx, `c.id = ?`, id)
		if err != nil {
			return "", false, err
		}
		for _, other := range others {
			if other.alive(living) {
				return other.run, false, nil
			}
			if err := expel(tx, `c.id = ?`, other.id); err != nil { // it is stopped, say: it must not go on as if nothing were
				return "", false, err
			}
		}
	}
	if err := tx.Change(`UPDATE sent SET claimant = ? WHERE place = `+placeID+` AND key = ?`, append([]any{c.ID}, at...)...); err != nil {
		return "", false, err
	}
	return "", false, tx.Change(`INSERT INTO sent (place, key, call, element, database, run, hash, answered, at, claimant)
		VALUES (`+placeID+`, ?, '', '', ?, ?, 0, TRUE, ?, ?) ON CONFLICT DO NOTHING`, append(at, p.Database, run, tx.Now.UnixMilli(), c.ID)...)
}

// admit reports whether a claimant is alone: nobody but its family was there when it
// joined, nor has come since. It fails when a claimant is none any more, code
// call.expelled, or, of one that has claimed nothing (loose), when others have come
// since, code call.shared: who knows how its records stand has to look again.
func admit(tx store.Tx, p record.Place, c calls.Claimant, loose bool) (alone bool, err error) {
	joined, err := scan(tx.Query, func(r *sql.Rows, n *int64) error { return r.Scan(n) },
		`SELECT p.joined FROM claimant c JOIN place p ON p.id = c.place WHERE c.id = ?`, c.ID)
	switch {
	case err != nil:
		return false, err
	case len(joined) == 0:
		return false, fault.New(fault.Conflict, "call.expelled", "others have gone on with records of %s at %s, since this run did not answer", p.Entity, p.At).
			Hint("the step is tried again by itself; it makes the calls that are still to be made")
	case loose && joined[0] != c.Joined:
		return false, fault.New(fault.Conflict, "call.shared", "another load of %s into %s has begun", p.Entity, p.At)
	}
	return !c.Shared && joined[0] == c.Joined, nil
}

// NoteAll notes requests of several claimants. What a claimant is refused, see admit,
// is told by its place in the list; nothing of it is noted.
func NoteAll(tx store.Tx, run int64, p record.Place, list []calls.Notes) (noted []calls.Noted, err error) {
	noted = make([]calls.Noted, len(list))
	whose := watch{tx: tx, place: p}
	for i, n := range list {
		alone, err := admit(tx, p, n.By, n.Loose())
		if fault.KindOf(err) == fault.Conflict {
			noted[i].Err = err
			continue
		}
		if err == nil {
			n.List, noted[i].Taken, err = whose.give(n.List)
		}
		if err == nil {
			err = noteOne(tx, run, p, n, alone)
		}
		if err != nil {
			return nil, err
		}
	}
	return noted, nil
}

func noteOne(tx store.Tx, run int64, p record.Place, n calls.Notes, alone bool) error {
	switch {
	case len(n.List) == 0:
		return nil
	case !alone:
		return Note(tx.Change, run, n.By.ID, p, n.List, tx.Now)
	}
	data, err := packNotes(n.List)
	if err != nil {
		return err
	}
	return log(tx.Change, n.By.ID, p.Database, tx.Now, data)
}

// delivered reports whether nothing of a record is to be sent any more.
func delivered(s record.State) bool { return s.Outcome == record.Applied || s.Outcome == record.Equal }

// finished forgets what a claimant noted, or took over, of records that have come to
// their end, and frees the others: who comes next may go on with them. What others have
// noted since, as when the claimant was stopped and expelled, is of later requests: those
// may be in doubt.
func finished(tx store.Tx, by, place int64, states []record.State) error {
	if by == 0 {
		return nil
	}
	if err := trim(tx, by, states); err != nil {
		return err
	}
	some, err := scan(tx.Query, func(r *sql.Rows, n *int) error { return r.Scan(n) }, `SELECT 1 FROM sent WHERE place = ? LIMIT 1`, place)
	if err != nil || len(some) == 0 {
		return err
	}
	var done, open []string
	for _, s := range states {
		if delivered(s) {
			done = append(done, s.Key)
		} else {
			open = append(open, s.Key)
		}
	}
	change := func(text string, keys []string) error {
		for args := range listed(keys) {
			if err := tx.Change(text+among, slices.Concat([]any{place, by}, args)...); err != nil {
				return err
			}
		}
		return nil
	}
	const own = ` WHERE place = ? AND claimant = ?`
	if err := change(`DELETE FROM sent`+own, done); err != nil {
		return err
	}
	if err := change(`DELETE FROM sent`+own+` AND call = ''`, open); err != nil {
		return err
	}
	return change(`UPDATE sent SET claimant = 0`+own, open)
}
