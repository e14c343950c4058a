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
			err := change(`DELETE FROM sent WHERE place = (SELECT id FROM place WHERE entity = ? AND connection = ? AND env = ?) AND key = ? AND call = ? AND element = ? AND claimant = ?`,
				p.Entity, p.At, p.Env, s.Key, s.Call, s.Element, claimant)
			if err != nil {
				return err
			}
			continue
		}
		var kept []byte
		if len(s.Kept) > 0 {
			var err error
			if kept, err = record.EncodeValue(s.Kept); err != nil {
				return err
			}
		}
		if rows = append(rows, s.Key, s.Call, s.Element, int64(s.Hash), s.Answered, kept); len(rows) == 6*notedAtOnce {
			if err := write(); err != nil {
				return err
			}
		}
	}
	return write()
}

// Standings gives how records stand, and how far calls of theirs have come. Of
// those that stand in another database than the place's nothing is known.
func Standings(ctx context.Context, db store.Reader, p record.Place, keys []string) (map[string]calls.Standing, error) {
	found := map[string]calls.Standing{}
	for args := range listed(keys) {
		at := append([]any{p.Entity, p.At, p.Env}, p.Database, p.Database)
		list, err := scan(reading(ctx, db), scanRow, `SELECT r.key, r.state, r.attempts, r.hash, r.kept, r.chunk FROM place p JOIN record r ON r.place = p.id
			JOIN recorded d ON d.id = r.chunk AND NOT d.doubted WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND (p.database IN ('', ?) OR ? = '') AND r.chunk >= p.floor AND r.key IN (`+marks+`)`,
			append(at, args...)...)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			s := calls.Standing{Hash: uint64(r.hash)}
			if r.kept != nil {
				if s.Kept, err = record.ReadKept(long(r.kept)); err != nil {
					return nil, err
				}
			}
			found[r.key] = s
		}
		_, err = scan(reading(ctx, db), func(r *sql.Rows) (one calls.Sent, err error) {
			var hash int64
			var kept []byte
			if err = r.Scan(&one.Key, &one.Call, &one.Element, &hash, &one.Answered, &kept); err == nil {
				one.Hash = uint64(hash)
				one.Kept, err = record.DecodeObject(kept)
			}
			s := found[one.Key]
			s.Calls = append(s.Calls, one)
			found[one.Key] = s
			return one, err
		}, `SELECT s.key, s.call, s.element, s.hash, s.answered, s.kept FROM place p JOIN sent s ON s.place = p.id
			WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND (s.database IN ('', ?) OR ? = '') AND s.call <> '' AND s.key IN (`+marks+`) ORDER BY s.at`, append(at, args...)...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
