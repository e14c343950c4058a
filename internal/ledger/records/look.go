package records

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

func reading(ctx context.Context, db store.Reader) func(string, ...any) (*sql.Rows, error) {
	return func(query string, args ...any) (*sql.Rows, error) { return db.QueryContext(ctx, query, args...) }
}

// Find gives what is kept of records by their keys, and where; of those that wait for
// others nothing is kept. The rest is not in it, nor what only chunks say that are
// doubted, nor what stands in another database than the place's. Whether the table is
// still the one that it was, who asks has to see.
func Find(ctx context.Context, db store.Reader, p record.Place, keys []string) (map[string]record.Remembered, error) {
	found := map[string]record.Remembered{}
	for args := range listed(keys) {
		_, err := scan(reading(ctx, db), func(r *sql.Rows, key *string) error {
			var one record.Remembered
			err := r.Scan(key, &one.Kept, &one.Made, &one.By)
			one.Kept = long(one.Kept)
			found[*key] = one
			return err
		}, `SELECT r.key, r.kept, d.made, o.uid || ' ' || d.unit FROM place p JOIN record r ON r.place = p.id
			JOIN recorded d ON d.id = r.chunk AND NOT d.doubted JOIN run o ON o.id = d.run WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND (p.database IN ('', ?) OR ? = '') AND r.chunk >= p.floor AND (r.kept IS NOT NULL OR r.state = ?) AND r.key IN (`+marks+`)`,
			append([]any{p.Entity, p.At, p.Env, p.Database, p.Database, slices.Index(outcomes, record.Pending)}, args...)...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Standing is how a record stands at a place.
type Standing struct {
	record.Place
	State    record.Outcome `json:"state"`
	Attempts int64          `json:"attempts"`
	Hash     string         `json:"hash,omitempty"` // of what it was mapped to last, 16 hex digits
	Mapping  string         `json:"mapping"`        // first 16 hex digits of the version
	Kept     record.Kept    `json:"kept,omitempty"`
	Gone     bool           `json:"gone,omitempty"` // the target was emptied since
	Run      string         `json:"run"`            // that spoke of it last
	At       time.Time      `json:"settled"`
}

// Of gives how a record stands, at all places where it is known.
func Of(ctx context.Context, db store.Reader, entity, key string) ([]Standing, error) {
	return scan(reading(ctx, db), func(r *sql.Rows, s *Standing) error {
		var state, hash, at int64
		var kept, mapping []byte
		err := r.Scan(&s.Entity, &s.Place.At, &s.Env, &state, &s.Attempts, &hash, &kept, &mapping, &s.Run, &at, &s.Gone)
		if err != nil {
			return err
		}
		s.State, s.Mapping, s.At = outcomes[min(int(state), len(outcomes)-1)], hex.EncodeToString(mapping), time.UnixMilli(at).UTC()
		if hash != 0 {
			s.Hash = fmt.Sprintf("%016x", uint64(hash))
		}
		if kept != nil {
			s.Kept, err = record.ReadKept(long(kept))
		}
		return err
	}, `SELECT p.entity, p.connection, p.env, r.state, r.attempts, r.hash, r.kept, d.mapping, o.flow || '-' || o.n, d.at, r.chunk < p.floor
		FROM place p JOIN record r ON r.place = p.id JOIN recorded d ON d.id = r.chunk JOIN run o ON o.id = d.run
		WHERE p.entity = ? AND r.key = ? ORDER BY p.connection, p.env`, entity, key)
}

// Check gives what cannot be true of what a run says about records, in words.
func Check(ctx context.Context, db store.Reader, run int64) ([]string, error) {
	strays, err := scan(reading(ctx, db), func(r *sql.Rows, said *string) error {
		var unit, state string
		var n, written int64
		err := r.Scan(&unit, &n, &written, &state)
		*said = fmt.Sprintf("chunk %d of %s is settled, but what it says about its records does not count", n, unit)
		if written >= 0 {
			*said = fmt.Sprintf("%d records stand as chunk %d of %s says, which is %s", written, n, unit, state)
		}
		return err
	}, `SELECT d.unit, d.n, d.written, coalesce(c.state, 'not there') FROM recorded d LEFT JOIN chunk c ON c.run = d.run AND c.unit = d.unit AND c.n = d.n
		WHERE d.run = ? AND d.written <> -2 AND (coalesce(c.state, '') = 'settled') <> (d.written >= 0) ORDER BY d.id LIMIT 20`, run)
	if err != nil {
		return nil, err
	}
	// Rows are found by their chunk only by looking at all of them: once, and only
	// where a chunk is that has none to its name.
	unsettled, err := scan(reading(ctx, db), func(r *sql.Rows, id *int64) error { return r.Scan(id) },
		`SELECT id FROM recorded WHERE run = ? AND written < 0 LIMIT 1`, run)
	if err != nil || len(unsettled) == 0 {
		return strays, err
	}
	rows, err := scan(reading(ctx, db), func(r *sql.Rows, said *string) error {
		var unit string
		var n, records int64
		err := r.Scan(&unit, &n, &records)
		*said = fmt.Sprintf("%d records stand as chunk %d of %s says, which is not settled", records, n, unit)
		return err
	}, `SELECT d.unit, d.n, count(*) FROM record r JOIN recorded d ON d.id = r.chunk WHERE d.run = ? AND d.written < 0 GROUP BY d.id ORDER BY d.id LIMIT 20`, run)
	return append(strays, rows...), err
}
