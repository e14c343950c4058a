package records

import (
	"context"
	"database/sql"
	"slices"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

// Later reports whether a later run than that of an exception has delivered its record
// since, as it was read then: what the exception has of it is older. Redrives do not
// count, they are of older runs themselves; nor does what was delivered before somebody
// put the exception's record right.
func Later(ctx context.Context, db store.Reader, p record.Place, key string, exception int64) (bool, error) {
	list, err := scan(reading(ctx, db), func(r *sql.Rows) (yes bool, err error) { return yes, r.Scan(&yes) },
		`SELECT EXISTS (SELECT 1 FROM exception e, place p JOIN record r ON r.place = p.id JOIN recorded d ON d.id = r.chunk AND NOT d.doubted
			JOIN run o ON o.id = d.run AND o.flow <> 'redrive'
			WHERE e.id = ? AND p.entity = ? AND p.connection = ? AND p.env = ? AND r.chunk >= p.floor AND r.key = ? AND r.state = ? AND r.hash <> 0 AND d.run > e.run
			AND d.at > max(e.first, coalesce((SELECT max(t.at) FROM patch t WHERE t.exception = e.id), 0)))`,
		exception, p.Entity, p.At, p.Env, key, slices.Index(outcomes, record.Applied))
	return err == nil && len(list) == 1 && list[0], err
}
