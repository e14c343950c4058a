package records

import (
	"context"
	"database/sql"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

const ensurePlace = `INSERT INTO place (entity, connection, env) VALUES (?, ?, ?) ON CONFLICT (entity, connection, env) DO NOTHING`

// placeID is the row of a place, by entity, connection and environment.
const placeID = `(SELECT id FROM place WHERE entity = ? AND connection = ? AND env = ?)`

// Alias notes all pairs of old and new key of a place that a step of a run's flow
// tells, instead of what it has told before. What other steps tell stays, so that
// the items of a loop have aliases of their own.
func Alias(change store.Change, run int64, step string, p record.Place, pairs [][2]string) error {
	at := []any{p.Entity, p.At, p.Env}
	if err := change(ensurePlace, at...); err != nil {
		return err
	}
	const told = `(SELECT flow || '/' || parent_node || '/' FROM run WHERE id = ?) || ?`
	// '' is what a ledger of version 8 had
	if err := change(`DELETE FROM alias WHERE place = `+placeID+` AND told IN ('', `+told+`)`, append(at[:3:3], run, step)...); err != nil {
		return err
	}
	for _, pair := range pairs {
		err := change(`INSERT INTO alias (place, old, new, told) VALUES (`+placeID+`, ?, ?, `+told+`) ON CONFLICT (place, old, new, told) DO NOTHING`,
			append(at[:3:3], pair[0], pair[1], run, step)...)
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
		_, err := scan(reading(ctx, db), func(r *sql.Rows, was *string) error {
			var is string
			err := r.Scan(was, &is)
			became[*was] = append(became[*was], is)
			return err
		}, `SELECT DISTINCT a.old, a.new FROM place p JOIN alias a ON a.place = p.id WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND a.old IN (`+marks+`)`,
			append([]any{p.Entity, p.At, p.Env}, args...)...)
		if err != nil {
			return nil, err
		}
	}
	return became, nil
}

// Telling is a step that told of aliases which are in force.
type Telling struct {
	Entity, At string
	Step       string // with its items
	Aliases    int64
}

// Tellings are those of a flow in an environment, by the steps' names.
func Tellings(ctx context.Context, db store.Reader, flow, env string) ([]Telling, error) {
	by := flow + "//" // of runs that nothing has called
	return scan(reading(ctx, db), func(r *sql.Rows, t *Telling) error {
		return r.Scan(&t.Entity, &t.At, &t.Step, &t.Aliases)
	}, `SELECT p.entity, p.connection, substr(a.told, length(?) + 1), count(*) FROM alias a JOIN place p ON p.id = a.place
		WHERE p.env = ? AND substr(a.told, 1, length(?)) = ? GROUP BY p.id, a.told ORDER BY 3, 1, 2`, by, env, by, by)
}
