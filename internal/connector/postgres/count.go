package postgres

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

var _ connector.Counter = (*Endpoint)(nil)

// Count is the connector.Counter's. All tables are counted at one point in time.
func (e *Endpoint) Count(ctx context.Context, tables []catalog.Name) (map[catalog.Name]int64, error) {
	rows := map[catalog.Name]int64{}
	err := e.reading(ctx, "", func(s *session) error {
		for _, t := range tables {
			only, err := s.only(ctx, t)
			if err == nil {
				rows[t], err = one(ctx, s, pgx.RowTo[int64], "SELECT count(*) FROM "+only+t.SQL())
			}
			if err != nil {
				return fault.Wrap(err, "count %s", t)
			}
		}
		return nil
	})
	return rows, fault.Wrap(err, "count rows of %s", e.name)
}
