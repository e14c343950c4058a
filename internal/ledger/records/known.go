package records

import (
	"context"
	"database/sql"

	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

// Known gives keys, in their order, of records that a place holds something of: of
// those that the same step of the same flow, with the same inputs, spoke of last, in
// this run, one before, or a redrive of one. At most n behind a key.
func Known(ctx context.Context, db store.Reader, p record.Place, run, step, after string, n int) ([]string, error) {
	const home = ` JOIN run h ON h.uid = ? AND` + exception.Home
	return scan(reading(ctx, db), func(r *sql.Rows, key *string) error { return r.Scan(key) },
		`SELECT r.key FROM place p JOIN record r ON r.place = p.id JOIN recorded d ON d.id = r.chunk AND NOT d.doubted
			WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND (p.database IN ('', ?) OR ? = '') AND r.chunk >= p.floor
			AND (r.hash <> 0 OR r.kept IS NOT NULL) AND r.key > ?
			AND (d.run IN (SELECT f.id FROM run f`+home+`) AND substr(d.unit, 1, length(?) + 1) = ? || '/'
				OR d.run IN (SELECT a.run FROM attempt a JOIN exception e ON e.id = a.exception AND e.step = ? JOIN run f ON f.id = e.run`+home+`))
			ORDER BY r.key LIMIT ?`,
		p.Entity, p.At, p.Env, p.Database, p.Database, after, run, step, step, step, run, n)
}
