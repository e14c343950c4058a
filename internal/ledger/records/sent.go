package records

import (
	"context"
	"database/sql"
	"time"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// Note keeps what is about to be sent for records of a place, or what became of it.
// Of one that did not take effect nothing is kept.
func Note(change store.Change, run int64, p record.Place, list []calls.Sent, now time.Time) error {
	const place = `(SELECT id FROM place WHERE entity = ? AND connection = ? AND env = ?)`
	at := []any{p.Entity, p.At, p.Env}
	if err := change(ensurePlace, at...); err != nil {
		return err
	}
	for _, s := range list {
		key := append(at[:3:3], s.Key, s.Call, s.Element)
		if s.Gone {
			if err := change(`DELETE FROM sent WHERE place = `+place+` AND key = ? AND call = ? AND element = ?`, key...); err != nil {
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
		err := change(`INSERT INTO sent (place, key, call, element, database, run, hash, answered, at, kept) VALUES (`+place+`, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (place, key, call, element) DO UPDATE SET database = excluded.database, run = excluded.run, hash = excluded.hash,
			answered = excluded.answered, at = excluded.at, kept = excluded.kept`, append(key, p.Database, run, int64(s.Hash), s.Answered, now.UnixMilli(), kept)...)
		if err != nil {
			return err
		}
	}
	return nil
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
			WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND (s.database IN ('', ?) OR ? = '') AND s.key IN (`+marks+`) ORDER BY s.at`, append(at, args...)...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// finished forgets what was sent for records that have come to their end.
func finished(tx Tx, place int64, states []record.State) error {
	var keys []string
	for _, s := range states {
		if s.Outcome == record.Applied || s.Outcome == record.Equal {
			keys = append(keys, s.Key)
		}
	}
	some, err := scan(tx.Query, func(r *sql.Rows) (n int, err error) { return n, r.Scan(&n) }, `SELECT 1 FROM sent WHERE place = ? LIMIT 1`, place)
	if err != nil || len(some) == 0 || len(keys) == 0 {
		return err
	}
	for args := range listed(keys) {
		if err := tx.Change(`DELETE FROM sent WHERE place = ?`+among, append([]any{place}, args...)...); err != nil {
			return err
		}
	}
	return nil
}
