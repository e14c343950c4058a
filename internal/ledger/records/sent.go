package records

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// notedAtOnce is how many rows a statement writes at most: there are as many texts of
// it to be kept prepared.
const notedAtOnce = 32

const (
	noteHead = `INSERT INTO sent (place, key, call, element, database, run, claimant, hash, answered, at, kept)
		SELECT p.id, v.column1, v.column2, v.column3, ?, ?, ?, v.column4, v.column5, ?, v.column6 FROM (VALUES `
	noteRow  = `(?, ?, ?, ?, ?, ?)`
	noteTail = `) v JOIN place p ON p.entity = ? AND p.connection = ? AND p.env = ? WHERE TRUE
		ON CONFLICT (place, key, call, element) DO UPDATE SET database = excluded.database, run = excluded.run, hash = excluded.hash,
			answered = excluded.answered, at = excluded.at, kept = excluded.kept WHERE sent.claimant = excluded.claimant`
)

// Note keeps what is about to be sent for records of a place, or what became of it.
// Of one that did not take effect nothing is kept. Of two that say something of one
// request the later counts. What is another claimant's stays as it is.
func Note(change store.Change, run, claimant int64, p record.Place, list []calls.Sent, now time.Time) error {
	if err := change(ensurePlace, p.Entity, p.At, p.Env); err != nil {
		return err
	}
	var rows []any
	write := func() error {
		n := len(rows) / 6
		if n == 0 {
			return nil
		}
		args := slices.Concat([]any{p.Database, run, claimant, now.UnixMilli()}, rows, []any{p.Entity, p.At, p.Env})
		rows = rows[:0]
		return change(noteHead+noteRow+strings.Repeat(", "+noteRow, n-1)+noteTail, args...)
	}
	for _, s := range list {
		if s.Gone {
			if err := write(); err != nil {
				return err
			}
			err := change(`DELETE FROM sent WHERE place = `+placeID+` AND key = ? AND call = ? AND element = ? AND claimant = ?`,
				p.Entity, p.At, p.Env, s.Key, s.Call, s.Element, claimant)
			if err == nil && s.Call == "" { // calls.Freed
				err = change(`UPDATE sent SET claimant = 0 WHERE place = `+placeID+` AND key = ? AND claimant = ?`, p.Entity, p.At, p.Env, s.Key, claimant)
			}
			if err != nil {
				return err
			}
			continue
		}
		kept, err := keptOf(s)
		if err != nil {
			return err
		}
		if rows = append(rows, s.Key, s.Call, s.Element, int64(s.Hash), s.Answered, kept); len(rows) == 6*notedAtOnce {
			if err := write(); err != nil {
				return err
			}
		}
	}
	return write()
}

// keptOf is what is kept of a request, nil for nothing.
func keptOf(s calls.Sent) ([]byte, error) {
	if len(s.Kept) == 0 {
		return nil, nil
	}
	return record.EncodeValue(s.Kept)
}

const (
	ofPlace  = ` WHERE p.entity = ? AND p.connection = ? AND p.env = ?`
	anyKnown = `SELECT EXISTS (SELECT 1 FROM place p JOIN record r ON r.place = p.id` + ofPlace + ` AND r.key BETWEEN ? AND ?),
		EXISTS (SELECT 1 FROM place p JOIN sent s ON s.place = p.id` + ofPlace + ` AND s.key BETWEEN ? AND ?)
		OR ? AND EXISTS (SELECT 1 FROM place p JOIN claimant c ON c.place = p.id JOIN noted n ON n.claimant = c.id` + ofPlace + `)`
	standRecord = `SELECT r.key, r.state, r.attempts, r.hash, r.kept, r.chunk FROM place p JOIN record r ON r.place = p.id
		JOIN recorded d ON d.id = r.chunk AND NOT d.doubted` + ofPlace + ` AND (p.database IN ('', ?) OR ? = '') AND r.chunk >= p.floor AND r.key IN (`
	standSent = `SELECT 0 n, s.at at, s.key, s.call, s.element, s.hash, s.answered, s.kept FROM place p JOIN sent s ON s.place = p.id` + ofPlace + `
		AND (s.database IN ('', ?) OR ? = '') AND s.call <> '' AND s.key IN (`
	// standNoted goes with it: one statement sees what is moved from the one to the other once.
	standNoted = ` UNION ALL SELECT n.n, n.at, '', '', '', 0, FALSE, n.data FROM place p JOIN claimant c ON c.place = p.id JOIN noted n ON n.claimant = c.id` + ofPlace + `
		AND (n.database IN ('', ?) OR ? = '')`
	inOrder = ` ORDER BY n, at`
)

// askedAtOnce are how many keys a statement asks for, the fewest that do: there are
// as many texts of it to be kept prepared.
var askedAtOnce = []int{20, 100, atOnce}

// fitting are keys as the arguments of a statement, and the text of its end.
func fitting(keys []string) (marks string, args []any) {
	n := askedAtOnce[slices.IndexFunc(askedAtOnce, func(n int) bool { return len(keys) <= n })]
	args = make([]any, n)
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)]
	}
	return strings.Repeat("?, ", n-1) + "?)", args
}

// Standings gives how records stand, and how far calls of theirs have come. Of
// those that stand in another database than the place's nothing is known. A claimant
// of the place (by; none has ID 0) is not told what its family has in the log: it
// knows that of its own records, and has none of the others'.
func Standings(ctx context.Context, db store.Reader, by calls.Claimant, p record.Place, keys []string) (map[string]calls.Standing, error) {
	found := map[string]calls.Standing{}
	if len(keys) == 0 {
		return found, nil
	}
	known, err := someKnown(ctx, db, by, p, slices.Min(keys), slices.Max(keys))
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(keys, atOnce) {
		marks, args := fitting(part)
		at := []any{p.Entity, p.At, p.Env, p.Database, p.Database}
		args = append(at[:len(at):len(at)], args...)
		if known.record {
			err = standing(ctx, db, found, standRecord+marks, args)
		}
		switch {
		case err != nil || !known.sent:
		case by.ID != 0:
			err = sentBefore(ctx, db, found, part, standSent+marks+inOrder, args)
		default:
			err = sentBefore(ctx, db, found, part, standSent+marks+standNoted+inOrder, append(args, at...))
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

type someOf struct{ record, sent bool }

// someKnown reports whether anything is known between two keys: of records that are
// new nothing is looked up.
func someKnown(ctx context.Context, db store.Reader, by calls.Claimant, p record.Place, from, to string) (someOf, error) {
	place := []any{p.Entity, p.At, p.Env}
	at := append(place[:3:3], from, to)
	return one(ctx, db, func(r *sql.Rows, s *someOf) error { return r.Scan(&s.record, &s.sent) }, anyKnown, slices.Concat(at, at, []any{by.ID == 0}, place)...)
}

func standing(ctx context.Context, db store.Reader, found map[string]calls.Standing, query string, args []any) error {
	list, err := scan(reading(ctx, db), scanRow, query, args...)
	for _, r := range list {
		s := calls.Standing{Hash: uint64(r.hash), Attempts: r.attempts}
		if r.kept != nil && err == nil {
			s.Kept, err = record.ReadKept(long(r.kept))
		}
		found[r.key] = s
	}
	return err
}

// sentBefore adds what is known of requests for some keys: as it stands in sent, and
// what is in the log laid over it.
func sentBefore(ctx context.Context, db store.Reader, found map[string]calls.Standing, keys []string, query string, args []any) error {
	wanted := make(map[string]bool, len(keys))
	for _, key := range keys {
		wanted[key] = true
	}
	_, err := scan(reading(ctx, db), func(r *sql.Rows, _ *struct{}) error {
		var one calls.Sent
		var n, at, hash int64
		var kept []byte
		err := r.Scan(&n, &at, &one.Key, &one.Call, &one.Element, &hash, &one.Answered, &kept)
		if err != nil {
			return err
		}
		if n == 0 {
			one.Hash = uint64(hash)
			one.Kept, err = record.DecodeObject(kept)
			s := found[one.Key]
			s.Calls = append(s.Calls, one)
			found[one.Key] = s
			return err
		}
		list, err := unpackNotes(kept, wanted)
		for _, one := range list {
			s := found[one.Key]
			s.Calls = laid(s.Calls, one)
			found[one.Key] = s
		}
		return err
	}, query, args...)
	return err
}

// laid are requests with what is known of one now.
func laid(list []calls.Sent, now calls.Sent) []calls.Sent {
	list = slices.DeleteFunc(list, func(s calls.Sent) bool { return s.Call == now.Call && s.Element == now.Element })
	if now.Gone {
		return list
	}
	return append(list, now)
}
