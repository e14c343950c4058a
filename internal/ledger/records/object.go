package records

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// watchedAtOnce is how many records are looked through in one transaction: others wait
// for it.
const watchedAtOnce = 2000

// Watch begins to know which record has which object of a call, or goes on with that: a
// part of the records at a time, as long as there are more.
func Watch(tx store.Tx, p record.Place, o calls.Object) (more bool, err error) {
	w := watch{tx: tx, place: p}
	type far struct {
		upto  string
		whole bool
	}
	at, names := []any{p.Entity, p.At, p.Env, o.Call}, strings.Join(o.Names, "\n")
	list, err := scan(tx.Query, func(r *sql.Rows, f *far) error { return r.Scan(&f.upto, &f.whole) },
		`SELECT upto, whole FROM watched WHERE place = `+placeID+` AND call = ? AND names = ?`, append(at, names)...)
	switch {
	case err != nil:
		return false, err
	case len(list) == 0:
		list = make([]far, 1)
		err = w.begin(o, at, names)
	case list[0].whole:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	page, err := scan(tx.Query, func(r *sql.Rows, h *holding) error { return r.Scan(&h.key, &h.kept, &h.sent) }, holdings,
		p.Entity, p.At, p.Env, list[0].upto, p.Entity, p.At, p.Env, list[0].upto, o.Call, watchedAtOnce)
	if err != nil {
		return false, err
	}
	upto := list[0].upto
	for _, h := range page {
		upto = h.key
		kept, err := h.of(o.Call)
		if err == nil {
			err = w.put(o.Call, o.Of(kept), h.key)
		}
		if err != nil {
			return false, err
		}
	}
	more = len(page) == watchedAtOnce
	return more, tx.Change(`UPDATE watched SET upto = ?, whole = ? WHERE place = `+placeID+` AND call = ?`, append([]any{upto, !more}, at...)...)
}

// holding is what is kept of a record: all of it, or what one request has left.
type holding struct {
	key  string
	kept []byte
	sent bool
}

// holdings are those from a key on. It comes again in the next part: what is kept of it
// may be in two rows.
const holdings = `SELECT key, kept, FALSE FROM record WHERE place = ` + placeID + ` AND key >= ? AND kept IS NOT NULL
	UNION ALL SELECT key, kept, TRUE FROM sent WHERE place = ` + placeID + ` AND key >= ? AND call = ? AND element = '' AND answered AND kept IS NOT NULL
	ORDER BY key LIMIT ?`

func (h holding) of(call string) (record.Object, error) {
	if h.sent {
		return record.DecodeObject(h.kept)
	}
	all, err := record.ReadKept(long(h.kept))
	return all[call], err
}

// watch is whose the objects at a place are. It is of one transaction.
type watch struct {
	tx    store.Tx
	place record.Place
	asked bool
	calls map[string]calls.Object // that are watched
	fresh map[given]bool          // in this transaction, perhaps not noted yet
}

// given is an object of a call that a record has now.
type given struct{ key, call, object string }

// begin forgets what was known by other names, and has what claimants have in the log; from
// here on it is told of what is noted.
func (w *watch) begin(o calls.Object, at []any, names string) error {
	for _, one := range []struct {
		text string
		args []any
	}{
		{ensurePlace, at[:3]},
		{`DELETE FROM object WHERE place = ` + placeID + ` AND call = ?`, at},
		{`DELETE FROM watched WHERE place = ` + placeID + ` AND call = ?`, at},
		{`INSERT INTO watched (place, call, names) VALUES (` + placeID + `, ?, ?)`, append(at[:4:4], names)},
	} {
		if err := w.tx.Change(one.text, one.args...); err != nil {
			return err
		}
	}
	logs, err := readLog(w.tx.Query, `c.place = `+placeID, at[:3]...)
	for _, l := range logs {
		if err == nil {
			err = eachNote(l.data, func(n note) error {
				s, err := n.sent()
				if err != nil || !s.Answered || s.Call != o.Call || s.Element != "" {
					return err
				}
				return w.put(o.Call, o.Of(s.Kept), s.Key)
			})
		}
	}
	return err
}

// put notes a record as the one that has an object, unless another one is.
func (w *watch) put(call, object, key string) error {
	if object == "" {
		return nil
	}
	p := w.place
	return w.tx.Change(`INSERT INTO object (place, call, object, key) VALUES (`+placeID+`, ?, ?, ?) ON CONFLICT DO NOTHING`, p.Entity, p.At, p.Env, call, object, key)
}

// give has records have what is kept of them, where that is watched. Those that would
// take what is another one's are left out.
func (w *watch) give(list []calls.Sent) (left []calls.Sent, taken []calls.Taken, err error) {
	for _, s := range list {
		by, err := w.holder(s)
		if err != nil {
			return nil, nil, err
		}
		if by != "" && s.Takes {
			taken = append(taken, calls.Taken{Key: s.Key, Call: s.Call, By: by})
		}
	}
	if taken == nil {
		return list, nil, nil
	}
	return slices.DeleteFunc(slices.Clone(list), func(s calls.Sent) bool {
		return s.Takes && slices.ContainsFunc(taken, func(t calls.Taken) bool { return t.Key == s.Key && t.Call == s.Call })
	}), taken, nil
}

// holder is the other record that has the object of a request; of none it is this
// request's from now on.
func (w *watch) holder(s calls.Sent) (string, error) {
	if !s.Answered || s.Element != "" || len(s.Kept) == 0 {
		return "", nil
	}
	if err := w.ask(); err != nil {
		return "", err
	}
	o, watched := w.calls[s.Call]
	object := o.Of(s.Kept)
	if !watched || object == "" {
		return "", nil
	}
	at := []any{w.place.Entity, w.place.At, w.place.Env, s.Call, object}
	list, err := scan(w.tx.Query, func(r *sql.Rows, key *string) error { return r.Scan(key) },
		`SELECT key FROM object WHERE place = `+placeID+` AND call = ? AND object = ?`, at...)
	if err != nil {
		return "", err
	}
	switch {
	case len(list) == 0:
		err = w.put(s.Call, object, s.Key)
	case list[0] != s.Key:
		if has, err := w.has(list[0], o, object); has || err != nil {
			return list[0], err
		}
		err = w.tx.Change(`UPDATE object SET key = ? WHERE place = `+placeID+` AND call = ? AND object = ?`, append([]any{s.Key}, at...)...)
	}
	w.fresh[given{s.Key, s.Call, object}] = true
	return "", err
}

// has reports whether a record has an object still: it may have been deleted, or made anew.
func (w *watch) has(key string, o calls.Object, object string) (bool, error) {
	if w.fresh[given{key, o.Call, object}] {
		return true, nil
	}
	all, err := Standings(context.Background(), w.tx, calls.Claimant{}, w.place, []string{key})
	is := all[key]
	if o.Of(is.Kept[o.Call]) == object {
		return err == nil, err
	}
	for _, s := range is.Calls {
		if s.Answered && s.Call == o.Call && o.Of(s.Kept) == object {
			return true, nil
		}
	}
	return false, err
}

// ask finds out which calls are watched.
func (w *watch) ask() error {
	if w.asked {
		return nil
	}
	w.asked, w.calls, w.fresh = true, map[string]calls.Object{}, map[given]bool{}
	list, err := scan(w.tx.Query, func(r *sql.Rows, o *calls.Object) error {
		var names string
		err := r.Scan(&o.Call, &names)
		o.Names = strings.Split(names, "\n")
		return err
	}, `SELECT call, names FROM watched WHERE place = `+placeID, w.place.Entity, w.place.At, w.place.Env)
	for _, o := range list {
		w.calls[o.Call] = o
	}
	return err
}
