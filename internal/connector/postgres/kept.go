package postgres

import (
	"context"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// Kept is the connector.Keeper's.
func (e *Endpoint) Kept(ctx context.Context) ([]connector.Kept, error) {
	var all []connector.Kept
	err := e.glance(ctx, func(s *session) error {
		tables, err := s.findMarks(ctx)
		if err != nil || len(tables) == 0 {
			return err
		}
		all, err = list(ctx, s, pgx.RowToStructByPos[connector.Kept], `
			SELECT replace(run::text, '-', ''), unit, coalesce(sum(n_applied), 0)::int8, max(at)
			FROM (SELECT * FROM `+strings.Join(tables, " UNION ALL SELECT * FROM ")+`) marks GROUP BY run, unit ORDER BY run, unit`)
		return err
	})
	if missing(err) { // taken away in between
		return nil, nil
	}
	return all, fault.Wrap(err, "look for marks at %s", e.name)
}

var _ connector.Keeper = (*Endpoint)(nil)
