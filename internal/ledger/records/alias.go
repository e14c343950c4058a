package records

import (
	"context"
	"database/sql"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

const ensurePlace = `INSERT INTO place (entity, connection, env) VALUES (?, ?, ?) ON CONFLICT (entity, connection, env) DO NOTHING`

// Alias notes all pairs of old and new key of a place, instead of what was noted
// before.
func Alias(change store.Change, p record.Place, pairs [][2]string) error {
	at := []any{p.Entity, p.At, p.Env}
	const place = `(SELECT id FROM place WHERE entity = ? AND connection = ? AND env = ?)`
	if err := change(ensurePlace, at...); err != nil {
		return err
	}
	if err := change(`DELETE FROM alias WHERE place = `+place, at...); err != nil {
		return err
	}
	for _, pair := range pairs {
		err := change(`INSERT INTO alias (place, old, new) VALUES (`+place+`, ?, ?) ON CONFLICT (place, old, new) DO NOTHING`, append(at[:3:3], pair[0], pair[1])...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Aliases gives what keys of a place have become, by the old ones.
func Aliases(ctx context.Context, db store.Reader, p record.Place, keys []string) (map[string][]string, error) {
	became := map[string][]string{}
	for args := range listed(keys) {
		_, err := scan(reading(ctx, db), func(r *sql.Rows) (was string, err error) {
			var is string
			err = r.Scan(&was, &is)
			became[was] = append(became[was], is)
			return was, err
		}, `SELECT a.old, a.new FROM place p JOIN alias a ON a.place = p.id WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND a.old IN (`+marks+`)`,
			append([]any{p.Entity, p.At, p.Env}, args...)...)
		if err != nil {
			return nil, err
		}
	}
	return became, nil
}
